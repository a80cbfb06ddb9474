"""How many numbers a parameter set has on a network, and the largest network on which it has so many at most."""

from __future__ import annotations

from math import prod

from ..learn import sets_of
from ..network import Network
from ..parameters import SETS, sets_for

_MOST = 1 << 20  # units of a network that is looked for


def numbers_of(learn: str, net: Network, rank: int, units: int | None = None) -> int:
    """Return how many numbers are learned on a network, or on one of its kind of another size.

    >>> from tonicnet.network import Network
    >>> net = Network(units=100, seed=0)
    >>> numbers_of("bias", net, 1), numbers_of("decoder", net, 1), numbers_of("bias+gain", net, 1, units=30)
    (100, 300, 60)
    """
    size = net.units if units is None else units
    sizes = {"unit": size, "presynaptic": size, "component": net.components, "rank": rank}
    sizes["input"] = net.encoder.shape[1]
    sets = sets_for(sets_of(learn), net)
    return sum(prod(sizes[dim] for dim in SETS[name].dims) for name in sets)


def units_for(learn: str, net: Network, rank: int, numbers: int) -> int:
    """Return the units of the largest network of this kind on which at most ``numbers`` are learned.

    Raises ValueError where the smallest network has more.
    """
    least = net.components
    if numbers_of(learn, net, rank, least) > numbers:
        raise ValueError(
            f'numbers={numbers} is less than learn="{learn}" has on the smallest network, '
            f"{numbers_of(learn, net, rank, least)} on {least} units; ask for more, or leave {learn!r} out"
        )
    low, high = least, _MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if numbers_of(learn, net, rank, middle) <= numbers else (low, middle)
    return low
