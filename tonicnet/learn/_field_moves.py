"""Tonic inputs on a grid, and the exact change of squared errors by the move of one of them."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics
from ..solve import Moves


@final
class FieldMoves(Moves):
    """e_s = D r(z_s) - y_s, when unit i gets another tonic input.

    With p the change of its rate at every state and weights w, the loss changes by 2 D_i'<e p> + |D_i|^2 <p^2>,
    <x> = sum_s w_s x_s: for all values at once, a response of (state, value) for each unit.
    """

    def __init__(
        self,
        dynamics: Dynamics,
        states: Float[Tensor, "sample state"],
        targets: Float[Tensor, "sample component"],
        weights: Float[Tensor, " sample"],
    ) -> None:
        circuit = dynamics.circuit
        self._phi, self._out, self._weights = circuit.phi.value, circuit.out, weights[:, None]
        self._input, self._tonic = states @ circuit.into, dynamics.tonic.clone()
        self._error = dynamics.rate(states) @ circuit.out - targets

    @property
    def theta(self) -> Tensor:
        """The tonic inputs as they are now, in float64."""
        return self._tonic.double()

    def changes(self, unit: int, values: Float[np.ndarray, " value"]) -> Float[np.ndarray, " value"]:
        """Return the change of the loss by each of some tonic inputs of a unit."""
        p = self._step(unit, torch.as_tensor(values).to(self._tonic))
        heavy, own = self._weights * p, self._out[unit]
        change = 2 * (self._error @ own) @ heavy + own.square().sum() * (heavy * p).sum(0)
        return change.double().numpy(force=True)

    def move(self, unit: int, value: float) -> None:
        """Give a unit this tonic input."""
        self._error += self._step(unit, self._tonic.new_tensor([value])) * self._out[unit]
        self._tonic[unit] = value

    def _step(self, unit: int, values: Float[Tensor, " value"]) -> Float[Tensor, "sample value"]:
        """Return the change of the unit's rate at every state by each value."""
        driven = self._input[:, unit : unit + 1]
        return self._phi(driven + values) - self._phi(driven + self._tonic[unit])
