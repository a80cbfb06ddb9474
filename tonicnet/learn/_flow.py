"""The flow residual of a low-rank network: its vector field against the target's at sampled states."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ..simulate import Circuit
from ._residual import Normal, Residual


@dataclass(frozen=True)
class FlowResidual(Residual):
    """e_s = D phi(E z_s + b) - y_s,  where y_s = z_s + tau f(z_s) makes tau dz/dt = tau f(z).

    With P = phi'(E z + b), S x N, and weights w: curvature = (P' diag(w) P) o (D'D) and gradient =
    sum_s w_s P_s o (D' e_s); no Jacobian of S K rows is ever formed. A discrete network of step h = dt / tau
    has y_s = (z_s(t + dt) - (1 - h) z_s) / h instead.

    Arguments: ``states`` z and ``targets`` y (sample, component) in network coordinates, ``weights``
    (sample), at the circuit's precision; curvature is summed at that precision and returned in float64.
    """

    circuit: Circuit
    states: Float[Tensor, "sample component"]
    targets: Float[Tensor, "sample component"]
    weights: Float[Tensor, " sample"]

    def loss(self, bias: Tensor) -> float:
        """Return sum_s w_s |e_s|^2."""
        return self._sum_of_squares(self.circuit.phi.value(self._input(bias)) @ self.circuit.out - self.targets)

    def normal(self, bias: Tensor) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature in the biases."""
        rate, slope = self.circuit.phi.both(self._input(bias))
        error = rate @ self.circuit.out - self.targets
        weighted = slope * self.weights[:, None]
        gradient = (weighted * (error @ self.circuit.out.T)).double().sum(0)
        gram = (self.circuit.out @ self.circuit.out.T).double()
        return Normal(self._sum_of_squares(error), gradient, (weighted.T @ slope).double() * gram)

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the loss and half its gradient."""
        rate, slope = self.circuit.phi.both(self._input(bias))
        error = rate @ self.circuit.out - self.targets
        back = slope * (self.weights[:, None] * (error @ self.circuit.out.T))
        return self._sum_of_squares(error), back.double().sum(0)

    def thinned(self, every: int) -> FlowResidual:
        """Return the residual at one state in ``every``: cheap first steps see the same landscape."""
        kept = slice(None, None, every)
        weights = self.weights[kept] / self.weights[kept].sum()
        return FlowResidual(self.circuit, self.states[kept], self.targets[kept], weights)

    def _input(self, bias: Tensor) -> Tensor:
        return bias.to(self.states.dtype) + self.states @ self.circuit.into

    def _sum_of_squares(self, error: Tensor) -> float:
        return float((self.weights.double() * error.double().square().sum(1)).sum())
