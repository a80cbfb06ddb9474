"""The contract of numbers on the input side of units: what they multiply, and through what they reach the units."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ._learned import Factors, Here, Learned, Response
from ._set import ParameterSet


class Afferent(ParameterSet):
    """h += A v: numbers A, (unit, source), times a source v.

    dh_n / dA_nj = v_j. The feature has a column for each unit and source, dr_n/dh_n v_j; a run of rates takes v alone.
    """

    reads: ClassVar[tuple[str, ...]] = ("through",)

    @abstractmethod
    def source(self, here: Here, circuit: Any) -> Float[Tensor, "row source"]:
        """Return v, what the numbers multiply."""

    @abstractmethod
    def sources(self, circuit: Any) -> int:
        """Return the size of v."""

    def columns(self, circuit: Any) -> int:
        """Return units times sources."""
        return int(circuit.out.shape[0]) * self.sources(circuit)

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return dr_n/dh_n v_j."""
        return _outer(response.through, self.source(here, circuit))

    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return v."""
        del response
        return self.source(here, circuit)

    def factor_columns(self, circuit: Any) -> int:
        """Return units and sources."""
        return int(circuit.out.shape[0]) + self.sources(circuit)

    def factored(self, response: Response, here: Here, circuit: Any) -> tuple[Factors, ...]:
        """Return dr_n/dh_n and v_j: the feature itself is as many times larger as there are sources."""
        return (Factors(response.through, self.source(here, circuit)),)

    def pulled(self, left: Tensor, factors: tuple[Factors, ...], circuit: Any) -> Tensor:
        """Return sum_k D_kn sum_s left_ks v_sj (dr_n/dh_n)_s."""
        ((units, sources),) = factors
        if sources is None:
            return super().pulled(left, factors, circuit)
        weighted = left[..., None, :] * sources.mT[..., None, None, :, :]
        sums = (weighted.flatten(-4, -2) @ units).unflatten(-2, weighted.shape[-4:-1])
        return torch.einsum("...kjn,nk->...nj", sums, circuit.out).flatten(-2)

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return sum_k D_kn sums_kn,j."""
        out = circuit.out
        return torch.einsum("...knj,nk->...nj", sums.unflatten(-1, (len(out), -1)), out).flatten(-2)

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return D_kn A_nj."""
        return _outer(circuit.out.T, change.view(-1, self.sources(circuit)), each=True)

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return D_kn feature_n,j."""
        out = circuit.out
        return (feature.unflatten(-1, (len(out), -1))[:, None] * out.T[:, :, None]).flatten(-2)

    def curvature(self, gram: Tensor, circuit: Any) -> Tensor:
        """Return (F'F) o (D'D), unit by unit, each with its sources."""
        out = circuit.out
        units, count = len(out), self.sources(circuit)
        whole = gram.view(units, count, units, count) * (out @ out.T)[:, None, :, None]
        return whole.reshape(units * count, units * count)

    def within(self, sums: Tensor, k: int, circuit: Any) -> Tensor:
        """Return D_kn sums_nj of each row."""
        out = circuit.out
        return (sums.unflatten(-1, (len(out), -1)) * out[:, k : k + 1]).flatten(-2)

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return |D_n|^2 sum (dr_n/dh_n v_j)^2."""
        squares = feature.square().sum(0).view(len(circuit.out), -1)
        return (squares * circuit.out.square().sum(1)[:, None]).flatten()

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return local times v."""
        del kappa, closed
        return _outer(self.reached(local, circuit), feature.to(local.dtype)[:, None])

    def summed(self, local: Float[Tensor, "sample unit"], v: Float[Tensor, "sample source"], circuit: Any) -> Tensor:
        """Return the sum over samples of local_n v_j: J'u without a row of its own for each sample."""
        return (self.reached(local, circuit).T @ v).flatten()

    def reached(self, local: Float[Tensor, "*any unit"], circuit: Any) -> Float[Tensor, "*any row"]:
        """Return the adjoint of the units' inputs as that of the rows of A."""
        del circuit
        return local


class ThroughUnits(Afferent):
    """h += L A v: a few rows of numbers A, (row, source), reach the units through L.

    The feature is the row of each component itself, sum_n D_kn dr_n/dh_n L_nq v_j: far fewer columns than units have.
    """

    @abstractmethod
    def left(self, circuit: Any) -> Float[Tensor, "unit row"]:
        """Return L."""

    def columns(self, circuit: Any) -> int:
        """Return components times rows of A times sources."""
        return int(circuit.out.shape[1]) * int(self.left(circuit).shape[1]) * self.sources(circuit)

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return sum_n D_kn dr_n/dh_n L_nq v_j."""
        left = self.left(circuit)
        onto = (circuit.out[:, :, None] * left[:, None, :]).flatten(1)
        return _outer(response.through @ onto.to(response.through.dtype), self.source(here, circuit))

    def factor_columns(self, circuit: Any) -> int:
        """Return the columns of the feature."""
        return self.columns(circuit)

    def factored(self, response: Response, here: Here, circuit: Any) -> tuple[Factors, ...]:
        """Return the feature as one factor: it is small."""
        return Learned.factored(self, response, here, circuit)

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return what each component has of its own columns."""
        own = sums.unflatten(-1, (circuit.out.shape[1], -1))
        return own.diagonal(dim1=-3, dim2=-2).sum(-1)

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return the change at each component's own columns, zero elsewhere."""
        return torch.block_diag(*change[None, None].expand(circuit.out.shape[1], 1, -1))

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return the feature, component by component."""
        return feature.unflatten(-1, (circuit.out.shape[1], -1))

    def curvature(self, gram: Tensor, circuit: Any) -> Tensor:
        """Return the blocks of components of F'F, summed."""
        k = circuit.out.shape[1]
        return gram.unflatten(0, (k, -1)).unflatten(2, (k, -1)).diagonal(dim1=0, dim2=2).sum(-1)

    def within(self, sums: Tensor, k: int, circuit: Any) -> Tensor:
        """Return the columns of component k."""
        return sums.unflatten(-1, (circuit.out.shape[1], -1))[..., k, :]

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return the sum of squares over samples and components."""
        return self.rows(feature, circuit).square().sum((0, 1))

    def reached(self, local: Tensor, circuit: Any) -> Tensor:
        """Return L' local."""
        return local @ self.left(circuit).to(local.dtype)


def _outer(rows: Tensor, sources: Tensor, *, each: bool = False) -> Float[Tensor, "*any number"]:
    """Return rows_n sources_j, flat; ``each``: the sources are those of each row."""
    beside = sources if each else sources[..., None, :]
    return (rows[..., :, None] * beside).flatten(-2)
