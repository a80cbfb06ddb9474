"""What neurons should put out at some states, as a residual in their tonic inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from ..network import LIF
from ..solve import Block, Linearisation, Normal, Residual


@dataclass(frozen=True)
class MatchedField(Residual):
    """sum_s |out' r(fed_s + b, pace_s) - wanted_s|^2 / S,    r = psi + w sigma + kappa dx/dt.

    ``fed`` is the input of the neurons beside the bias and ``pace`` its movement, per second; ``own`` is by how much a
    spike raises the input of its own neuron; ``out`` decodes (unit, row), or None where every unit is a row of its own.
    """

    neuron: LIF
    own: Float[Tensor, " unit"]
    fed: Float[Tensor, "state unit"]
    pace: Float[Tensor, "state unit"]
    wanted: Float[Tensor, "state row"]
    out: Float[Tensor, "unit row"] | None

    @property
    def rows(self) -> int:
        """Return states times rows of each."""
        return self.wanted.numel()

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at some tonic inputs."""
        return _MatchedAt(theta, self)

    def response(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates at the states, and their derivative by the tonic inputs."""
        x, neuron = self.fed + theta, self.neuron
        parts = zip(neuron.both(x), neuron.own(x), neuron.lead(x), strict=True)
        rate, slope = (plain + self.own * own + lead * self.pace for plain, own, lead in parts)
        return rate, slope


@dataclass(frozen=True)
class _MatchedAt(Linearisation):
    theta: Tensor
    residual: MatchedField

    @cached_property
    def _response(self) -> tuple[Tensor, Tensor]:
        return self.residual.response(self.theta)

    @cached_property
    def _error(self) -> Float[Tensor, "state row"]:
        rate, out = self._response[0], self.residual.out
        return (rate if out is None else rate @ out) - self.residual.wanted

    @property
    def loss(self) -> float:
        """The mean square that is left."""
        return float(self._error.square().sum() / len(self._error))

    def normal(self) -> Normal:
        """Return half the gradient, and the Gauss-Newton curvature."""
        error, slope, out = self._error, self._response[1], self.residual.out
        if out is None:
            return Normal((error * slope).mean(0), slope.square().mean(0).diag())
        gradient = ((error.T @ slope) * out.T).sum(0) / len(error)
        return Normal(gradient, (slope.T @ slope) * (out @ out.T) / len(error))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of one state after another."""
        root, out = len(self._error) ** -0.5, self.residual.out
        for error, slope in zip(self._error, self._response[1], strict=True):
            yield Block(root * error, root * (slope.diag() if out is None else (slope * out.T)))
