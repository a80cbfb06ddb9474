"""The flow residual of a low-rank network: its vector field against the target's at sampled states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..simulate import Circuit
from ._residual import GIB, Block, Normal, Products, Residual


@dataclass(frozen=True)
class FlowResidual(Residual):
    """e_s = D phi(E z_s + b) - y_s,  where y_s = z_s + tau f(z_s) makes tau dz/dt = tau f(z).

    With P = phi'(E z + b), S x N, and weights w: curvature = (P' diag(w) P) o (D'D) and gradient =
    sum_s w_s P_s o (D' e_s); no Jacobian of S K rows is ever formed. Matrix-free, J v = P (v o D') and
    J'u = sum_k D_k o (P' u_k), two thin products. A discrete network of step h = dt / tau has
    y_s = (z_s(t + dt) - (1 - h) z_s) / h instead.

    Arguments: ``states`` z and ``targets`` y (sample, component) in network coordinates, ``weights``
    (sample), at the circuit's precision; ``room``, bytes that temporaries may take; ``curved``, the precision
    in which curvature is multiplied (loss and gradient keep the circuit's).
    """

    circuit: Circuit
    states: Float[Tensor, "sample component"]
    targets: Float[Tensor, "sample component"]
    weights: Float[Tensor, " sample"]
    room: int = GIB
    curved: torch.dtype | None = None

    @property
    def rows(self) -> int:
        """Return samples times components."""
        return self.targets.numel()

    def row_bytes(self, units: int) -> int:
        """Return the memory of P, which stands for the rows."""
        return self.states.element_size() * len(self.states) * units

    def loss(self, bias: Tensor) -> float:
        """Return sum_s w_s |e_s|^2."""
        return sum(
            self._sum_of_squares(part, self.circuit.phi.value(self._input(bias, part)) @ self.circuit.out)
            for part in self._tiles(len(bias))
        )

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the loss and half its gradient."""
        loss, gradient = 0.0, torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        for part in self._tiles(len(bias)):
            made, back, _ = self._linear(bias, part)
            loss, gradient = loss + made, gradient + back
        return loss, gradient

    def normal(self, bias: Tensor) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature in the biases."""
        loss, gradient = 0.0, torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        curvature = self.states.new_zeros(len(bias), len(bias))
        for part in self._tiles(len(bias)):
            made, back, slope = self._linear(bias, part)
            loss, gradient = loss + made, gradient + back
            self._add_gram(curvature, self.weights[part].sqrt()[:, None] * slope)
        return Normal(loss, gradient, curvature.mul_(self.circuit.out @ self.circuit.out.T))

    def products(self, bias: Tensor) -> Products:
        """Return the matrix-free form, with P kept in bfloat16 where curvature is."""
        loss, gradient, kept = 0.0, torch.zeros(len(bias), dtype=torch.float64, device=bias.device), []
        diagonal = torch.zeros_like(gradient)
        for part in self._tiles(len(bias)):
            made, back, slope = self._linear(bias, part)
            loss, gradient = loss + made, gradient + back
            slope = self.weights[part].sqrt()[:, None] * slope
            diagonal += slope.square().sum(0).double()
            kept.append(slope if self.curved is None else slope.to(self.curved))
        p, out = torch.cat(kept), self.circuit.out
        del kept

        def curvature(v: Tensor) -> Tensor:
            along = p @ (v.to(out.dtype)[:, None] * out).to(p.dtype)
            return ((along.T @ p).to(out.dtype) * out.T).sum(0).to(v.dtype)

        return Products(loss, gradient, diagonal * out.double().square().sum(1), curvature)

    def blocks(self, bias: Tensor) -> Iterator[Block]:
        """Yield the rows sqrt(w_s) P_s o D_k, a tile of samples at a time."""
        for part in self._tiles(len(bias), copies=3 + self.targets.shape[1]):
            rate, slope = self.circuit.phi.both(self._input(bias, part))
            root = self.weights[part].sqrt()[:, None]
            error = root * (rate @ self.circuit.out - self.targets[part])
            jacobian = (root * slope)[:, None, :] * self.circuit.out.T
            yield Block(error.reshape(-1), jacobian.reshape(-1, len(bias)))

    def thinned(self, every: int) -> FlowResidual:
        """Return the residual at one state in ``every``: cheap first steps see the same landscape."""
        kept = slice(None, None, every)
        weights = self.weights[kept] / self.weights[kept].sum()
        return replace(self, states=self.states[kept], targets=self.targets[kept], weights=weights)

    def _tiles(self, units: int, copies: int = 4) -> Iterator[slice]:
        """Yield parts of the samples whose temporaries, ``copies`` of S x N, stay within the room."""
        count = max(1, self.room // (copies * units * self.states.element_size()))
        for first in range(0, len(self.states), count):
            yield slice(first, first + count)

    def _linear(self, bias: Tensor, part: slice) -> tuple[float, Tensor, Tensor]:
        """Return a tile's loss, half gradient and P."""
        rate, slope = self.circuit.phi.both(self._input(bias, part))
        error = rate @ self.circuit.out - self.targets[part]
        weighted = self.weights[part, None] * error
        back = ((weighted.T @ slope) * self.circuit.out.T).sum(0).double()
        return float((weighted.double() * error.double()).sum()), back, slope

    def _add_gram(self, curvature: Tensor, slope: Tensor) -> None:
        if self.curved is None:
            curvature.addmm_(slope.T, slope)
        else:
            low = slope.to(self.curved)
            curvature += low.T @ low

    def _input(self, bias: Tensor, part: slice) -> Tensor:
        return torch.addmm(bias.to(self.states.dtype), self.states[part], self.circuit.into)

    def _sum_of_squares(self, part: slice, made: Tensor) -> float:
        error = (made - self.targets[part]).double()
        return float((self.weights[part].double() * error.square().sum(1)).sum())
