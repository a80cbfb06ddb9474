"""How units respond under the numbers of one row of a bank: tonic input, gain, scale round one transfer function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

from torch import Tensor

from ..network import Transfer
from ..parameters import PerUnit, Response

Acting = tuple[PerUnit, Tensor]


@dataclass(frozen=True)
class Units:
    """r = s phi(g (h + b)) and what else acts on a unit, in the order of ``sets``, the outermost first.

    ``tonic`` is what the sets add to the input; inputs ``h`` of the methods hold it already, since it is added with
    what the synapses bring. ``learned`` names the set by whose numbers :meth:`respond` differentiates too.
    """

    phi: Transfer
    sets: tuple[Acting, ...]
    tonic: Tensor
    learned: str = ""

    def rate(self, h: Tensor) -> Tensor:
        """Return the rates at inputs h."""
        return reduce(_round_values, reversed(self.sets), self.phi.value)(h)

    def respond(self, h: Tensor) -> Response:
        """Return rates and derivatives at inputs h."""
        inner = partial(_plain, self.phi)
        return reduce(partial(_round, self.learned), reversed(self.sets), inner)(h)


def _plain(phi: Transfer, h: Tensor) -> Response:
    return Response(*phi.both(h))


def _round(learned: str, inner: Callable[[Tensor], Response], acting: Acting) -> Callable[[Tensor], Response]:
    numbers, t = acting
    return lambda h: numbers.respond(inner, h, t, numbers.name == learned)


def _round_values(inner: Callable[[Tensor], Tensor], acting: Acting) -> Callable[[Tensor], Tensor]:
    numbers, t = acting
    return lambda h: numbers.rate(inner, h, t)
