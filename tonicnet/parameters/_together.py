"""Several parameter sets learned at once: theta is the numbers of one behind those of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from ._learned import Factors, Here, Learned, Response
from ._set import ParameterSet


@final
@dataclass(frozen=True)
class Together(Learned):
    """J = (J_1, J_2, ...), block by block of theta; ``sizes`` are the numbers of each set.

    The curvature is J'J with all of its blocks: how one set could do what another does is seen by a step.
    """

    parts: tuple[ParameterSet, ...]
    sizes: tuple[int, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """What all parts read; nothing if that is not enough for one."""
        found = [part.reads for part in self.parts]
        return tuple(dict.fromkeys(name for names in found for name in names)) if all(found) else ()

    def columns(self, circuit: Any) -> int:
        """Return those of all parts."""
        return sum(self._widths(circuit))

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return the features of all parts, side by side."""
        return torch.cat([part.feature(response, here, circuit) for part in self.parts], -1)

    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> tuple[Any, ...]:
        """Return the features of all parts."""
        return tuple(part.feature_of_rates(response, here, circuit) for part in self.parts)

    def factor_columns(self, circuit: Any) -> int:
        """Return those of all parts."""
        return sum(part.factor_columns(circuit) for part in self.parts)

    def factored(self, response: Response, here: Here, circuit: Any) -> tuple[Factors, ...]:
        """Return the factors of all parts."""
        return tuple(one for part in self.parts for one in part.factored(response, here, circuit))

    def pulled(self, left: Tensor, factors: tuple[Factors, ...], circuit: Any) -> Tensor:
        """Return J'u of all parts."""
        found = zip(self.parts, factors, strict=True)
        return torch.cat([part.pulled(left, (own,), circuit) for part, own in found], -1)

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return J'u of all parts."""
        return torch.cat([part.gather(own, circuit) for part, own in self._split(sums, circuit)], -1)

    def within(self, sums: Tensor, k: int, circuit: Any) -> Tensor:
        """Return G_k' of each row, of all parts."""
        return torch.cat([part.within(own, k, circuit) for part, own in self._split(sums, circuit)], -1)

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return V of all parts."""
        changes = change.split(self.sizes)
        return torch.cat([part.scatter(own, circuit) for part, own in zip(self.parts, changes, strict=True)], -1)

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return the rows of all parts."""
        return torch.cat([part.rows(own, circuit) for part, own in self._split(feature, circuit)], -1)

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return the diagonals of all parts."""
        return torch.cat([part.diagonal(own, circuit) for part, own in self._split(feature, circuit)], -1)

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return what the stage adds for all parts."""
        found = zip(self.parts, feature, strict=True)
        return torch.cat([part.touched(kappa, local, own, circuit, closed) for part, own in found], -1)

    def read_out(self, seed: Tensor, rates: Tensor, circuit: Any) -> Tensor | None:
        """Return what the readout adds for the parts that are in it, zero for the others."""
        found = [part.read_out(seed, rates, circuit) for part in self.parts]
        if all(one is None for one in found):
            return None
        still: Callable[[int], Tensor] = lambda size: seed.new_zeros(*seed.shape[:2], size)  # noqa: E731
        return torch.cat([still(n) if one is None else one for one, n in zip(found, self.sizes, strict=True)], -1)

    def _widths(self, circuit: Any) -> list[int]:
        return [part.columns(circuit) for part in self.parts]

    def _split(self, wide: Tensor, circuit: Any) -> Iterator[tuple[ParameterSet, Tensor]]:
        return zip(self.parts, wide.split(self._widths(circuit), -1), strict=True)
