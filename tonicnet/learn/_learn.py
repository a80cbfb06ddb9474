"""Which numbers a fit learns: one parameter set, or the sum of several."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .._names import choose, shown
from .._numbers import real
from ..network import Network
from ..parameters import LEARNABLE, MASK, PERMUTATIONS, SETS, UPDATE, sets_for
from ..task import Task

WHAT = "parameter set to learn"
_PLUS = "+"


def summed(learn: Any) -> str:
    """Return what is learned as one text: a name, or names joined by a plus, in the order of :data:`LEARNABLE`.

    Raises TypeError for what is neither a name nor some, ValueError for unknown names, none, or one given twice.

    >>> summed(("gain", "bias")), summed("scale")
    ('bias+gain', 'scale')
    """
    names = _names(learn)
    for name in names:
        choose(WHAT, name, LEARNABLE)
        if names.count(name) > 1:
            raise ValueError(f"learn names {name!r} twice; a sum holds each parameter set once")
    if not names:
        raise ValueError(f"learn names no parameter set; give one or more of {', '.join(sorted(LEARNABLE))}")
    return _PLUS.join(name for name in LEARNABLE if name in names)


def sets_of(learn: str) -> tuple[str, ...]:
    """Return the names in what :func:`summed` gave."""
    return tuple(learn.split(_PLUS))


_BY_GRADIENT = ("gauss-newton", "adam", "amsgrad")
_BY_SEARCH = {MASK: ("search", "annealed", "straight-through"), **dict.fromkeys(PERMUTATIONS, ("search", "ranks"))}


def check_method(learn: str, method: str) -> None:
    """Refuse a method that is not one of what is learned, and sums with what is searched for; raise ValueError."""
    names = sets_of(learn)
    searched = [name for name in names if name in _BY_SEARCH]
    if searched and len(names) > 1:
        raise ValueError(
            f'learn="{learn}" adds {searched[0]!r}, which is searched for, to other numbers; learn it alone, and the '
            "others from its bank with start="
        )
    known = _BY_SEARCH.get(names[0], (*_BY_GRADIENT, "grid") if learn == "bias" else _BY_GRADIENT)
    if method not in ("auto", *known):
        listed = ", ".join(f'"{one}"' for one in ("auto", *known))
        raise ValueError(f'method="{method}" does not learn {learn!r}; take one of {listed}')


def check_ranked(learn: str, net: Network) -> None:
    """Refuse ranks where units have several numbers, which have no order; raise ValueError."""
    (name,) = sets_for(sets_of(learn), net)
    each = SETS[name].neutral(net).size // net.units
    if each > 1:
        raise ValueError(
            f'method="ranks" orders units by one number each, and learn="{learn}" moves {each} numbers of each; use '
            'method="search", or learn "permutation"'
        )


def check_placed(net: Network) -> None:
    """Refuse a grid where no squared errors of one hidden layer are learned; raise ValueError."""
    if not net.feed_forward or len(net.spec.layers) > 1:
        raise ValueError(
            'method="grid" places the tonic inputs of one hidden layer by the squares of samples; use "gauss-newton", '
            'or draw a network with synapses="feed-forward" and one number of units'
        )


def check_screened(learn: str) -> None:
    """Refuse to screen for what Gauss-Newton steps do not learn; raise ValueError."""
    if sets_of(learn)[0] in _BY_SEARCH:
        raise ValueError(
            f'screening takes Gauss-Newton steps, and learn="{learn}" is searched for; leave screen out, or screen for '
            '"bias"'
        )


def check_limits(learn: str, nonnegative: bool, decoder_norm: float | None) -> None:
    """Refuse limits of numbers that are not learned; raise ValueError or TypeError."""
    names = sets_of(learn)
    if not isinstance(nonnegative, bool):
        raise TypeError(f"nonnegative is True or False, got {shown(nonnegative)}")
    if nonnegative and not any(name in SETS and SETS[name].signed for name in names):
        raise ValueError(
            f'nonnegative=True holds the signs of gains and scales, and learn="{learn}" has none; leave it out, or '
            'learn "gain" or "scale"'
        )
    if decoder_norm is None:
        return
    if not 0 < real(decoder_norm) < math.inf:
        raise ValueError(f"decoder_norm is a positive multiple of the drawn norm, got {shown(decoder_norm)}")
    if len({"scale", "decoder"} & set(names)) != 1:
        raise ValueError(
            f'decoder_norm bounds a learned decoder or learned scales, and learn="{learn}" has '
            f'{"both" if "scale" in names else "neither"}; leave it out, or learn one of "scale" and "decoder"'
        )


def given_range(learn: str, given: Any) -> tuple[float, float] | None:
    """Return the range of tonic inputs as two numbers; raise ValueError or TypeError for one that no bias meets."""
    if given is None:
        return None
    told = f"bias_range is two numbers, the least and the greatest bias, got {shown(given)}"
    if isinstance(given, str) or not isinstance(given, Iterable) or len(ends := list(given)) != 2:
        raise TypeError(told)
    low, high = (real(end) for end in ends)
    if math.isnan(low) or math.isnan(high):
        raise ValueError(told)
    if not low < high:
        why = "no bias lies" if low > high else f"all biases would be {low:g}"
        raise ValueError(f"{why} in a bias_range from {low:g} to {high:g}; give the least first, and a greater one")
    if "bias" not in sets_of(learn):
        raise ValueError(f'bias_range holds tonic inputs, and learn="{learn}" has none; leave it out, or learn "bias"')
    return low, high


def check_learned(learn: str, net: Network, task: Task, rank: int) -> None:
    """Refuse numbers that a network has not, or that no task of this kind can tell; raise ValueError."""
    for name in sets_of(learn):
        for one in sets_for((name,), net):
            if missing := SETS[one].lacks(net):
                raise ValueError(f'learn="{name}" needs {missing}')
        if name == UPDATE and net.low_rank and rank > net.components:
            raise ValueError(
                f"rank={rank} is more than an update of low-rank synapses of {net.components} components can have; "
                f"give rank={net.components} at most"
            )
        if name == UPDATE and net.feed_forward and rank > net.encoder.shape[1]:
            raise ValueError(
                f"rank={rank} is more than an update of the weights of {net.encoder.shape[1]} inputs can have; give "
                f"rank={net.encoder.shape[1]} at most"
            )
        if name == "encoder" and not net.spec.feedback and task.kind != "behaviour":
            raise ValueError(
                f"task {task.name!r} has no inputs and this network no feedback, so nothing passes through its "
                'encoder; learn "bias" or "recurrent", or draw the network with feedback=True'
            )


def _names(learn: Any) -> list[Any]:
    if isinstance(learn, str):
        return [name.strip() for name in learn.split(_PLUS)]
    if not isinstance(learn, Iterable):
        raise TypeError(f"learn is the name of a parameter set, or a list of names, got {shown(learn)}")
    return list(learn)
