"""How units respond under the numbers of one row of a bank: tonic input, gain, scale round one transfer function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from ..network import Transfer
from ..parameters import Inner, PerUnit, Response, Values

Acting = tuple[PerUnit, Tensor]


@dataclass(frozen=True)
class Units:
    """r = s phi(g (h + b)) and what else acts on a unit, in the order of ``sets``, the outermost first.

    ``tonic`` is what the sets add to the input; inputs ``h`` of the methods hold it already, since it is added with
    what the synapses bring. ``learned`` names the sets by whose numbers :meth:`respond` differentiates too.
    """

    phi: Transfer
    sets: tuple[Acting, ...]
    tonic: Tensor
    learned: tuple[str, ...] = ()

    def rate(self, h: Tensor) -> Tensor:
        """Return the rates at inputs h."""
        return self._rate(h)

    def respond(self, h: Tensor) -> Response:
        """Return rates and derivatives at inputs h."""
        return self._respond(h)

    def part(self, some: slice) -> Units:
        """Return some of the units: those of a layer."""
        return replace(self, sets=tuple((one, t[some]) for one, t in self.sets), tonic=self.tonic[some])

    def around(self, inner: Values) -> Values:
        """Return the rates as a function of h, with ``inner`` in the place of phi."""
        for acting in reversed(self.sets):
            inner = _values_round(inner, *acting)
        return inner

    @cached_property
    def _rate(self) -> Values:
        return self.around(self.phi.value)

    @cached_property
    def _respond(self) -> Inner:
        inner: Inner = self._plain
        for numbers, t in reversed(self.sets):
            inner = _round(inner, numbers, t, numbers.name in self.learned)
        return inner

    def _plain(self, h: Tensor) -> Response:
        return Response(*self.phi.both(h))


def _round(inner: Inner, numbers: PerUnit, t: Tensor, learned: bool) -> Inner:
    return lambda h: numbers.respond(inner, h, t, learned)


def _values_round(inner: Values, numbers: PerUnit, t: Tensor) -> Values:
    return lambda h: numbers.rate(inner, h, t)
