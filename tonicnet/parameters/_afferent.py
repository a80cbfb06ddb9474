"""The contract of numbers on the input side of units: what they multiply, and through what they reach the units."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ._learned import Here, Response
from ._set import ParameterSet


class Afferent(ParameterSet):
    """h += L A v: numbers A times a source v, (number of rows) x (number of sources), reach the units through L.

    dh_n / dA_qj = L_nq v_j. L is the identity where :meth:`left` gives None. The feature has a column for each unit and
    source, dr_n/dh_n v_j; a run of rates takes v alone.
    """

    reads: ClassVar[tuple[str, ...]] = ("through",)

    @abstractmethod
    def source(self, here: Here, circuit: Any) -> Float[Tensor, "row source"]:
        """Return v, what the numbers multiply."""

    @abstractmethod
    def sources(self, circuit: Any) -> int:
        """Return the size of v."""

    def left(self, circuit: Any) -> Float[Tensor, "unit through"] | None:
        """Return L, through which the numbers reach the units; None if each unit has its own."""
        del circuit
        return None

    def columns(self, circuit: Any) -> int:
        """Return units times sources."""
        return int(circuit.out.shape[0]) * self.sources(circuit)

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return dr_n/dh_n v_j."""
        v = self.source(here, circuit)
        return (response.through[..., :, None] * v[..., None, :]).flatten(-2)

    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return v."""
        del response
        return self.source(here, circuit)

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return L' (sum_k D_kn sums_kn,j)."""
        out = circuit.out
        each = sums.unflatten(-1, (len(out), -1))
        return self._reached(torch.einsum("...knj,nk->...nj", each, out), circuit)

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return D_kn (L A)_nj."""
        left = self.left(circuit)
        units = change.view(-1, self.sources(circuit))
        units = units if left is None else left @ units
        return (circuit.out.T[:, :, None] * units).flatten(1)

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return L' (D_kn feature_n,j)."""
        out = circuit.out
        each = feature.unflatten(-1, (len(out), -1))[:, None] * out.T[:, :, None]
        return self._reached(each, circuit)

    def curvature(self, gram: Tensor, circuit: Any) -> Tensor:
        """Return (F'F) o (D'D), unit by unit, each with its sources; through L on both sides."""
        out = circuit.out
        units, count = len(out), self.sources(circuit)
        whole = gram.view(units, count, units, count) * (out @ out.T)[:, None, :, None]
        whole = whole.reshape(units * count, units * count)
        one = whole if self.left(circuit) is None else self._reached(whole.view(-1, units, count), circuit).mT
        return one if self.left(circuit) is None else self._reached(one.reshape(-1, units, count), circuit)

    def within(self, sums: Tensor, k: int, circuit: Any) -> Tensor:
        """Return L' (D_kn sums_nj) of each row."""
        out = circuit.out
        return self._reached(sums.unflatten(-1, (len(out), -1)) * out[:, k : k + 1], circuit)

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return |D_n|^2 sum (dr_n/dh_n v_j)^2; from the rows where the numbers reach the units through L."""
        if self.left(circuit) is not None:
            return self.rows(feature, circuit).square().sum((0, 1))
        squares = feature.square().sum(0).view(len(circuit.out), -1)
        return (squares * circuit.out.square().sum(1)[:, None]).flatten()

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return L' local times v."""
        del kappa, closed
        left = self.left(circuit)
        own = local if left is None else local @ left.to(local.dtype)
        return (own[..., None] * feature.to(local.dtype)[:, None, None, :]).flatten(2)

    def summed(self, local: Float[Tensor, "sample unit"], v: Float[Tensor, "sample source"], circuit: Any) -> Tensor:
        """Return L' of the sum over samples of local_n v_j: J'u without a row of its own for each sample."""
        return self._reached(local.T @ v, circuit)

    def _reached(self, units: Float[Tensor, "*any unit source"], circuit: Any) -> Float[Tensor, "*any number"]:
        left = self.left(circuit)
        return (units if left is None else torch.einsum("...nj,nq->...qj", units, left)).flatten(-2)
