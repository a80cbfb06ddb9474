"""Swaps of tonic inputs or of encoders between units, and the exact change of the field residual by each."""

from __future__ import annotations

from typing import final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics
from ..solve import Exchange


@final
class FieldExchange(Exchange):
    """e_s = D r(z_s) - y_s, when units i and j swap what they have.

    With p the change of the rate of i and q that of j at every state, weights w,

        change_ij = 2 D_i'<e p> + 2 D_j'<e q> + |D_i|^2 <p^2> + |D_j|^2 <q^2> + 2 D_i'D_j <p q>,   <x> = sum_s w_s x_s

    for all j at once: two responses of (state, unit). ``encoders`` says that rows of E are swapped, else tonic inputs.
    """

    def __init__(
        self, dynamics: Dynamics, states: Float[Tensor, "sample component"], weights: Float[Tensor, " sample"],
        error: Float[Tensor, "sample component"], *, encoders: bool,
    ) -> None:  # fmt: skip
        circuit = dynamics.circuit
        self._phi, self._out, self._encoders = circuit.phi.value, circuit.out, encoders
        self._norms, self._weights = circuit.out.square().sum(1), weights[:, None]
        self._input, self._tonic = states @ circuit.into, dynamics.tonic.clone()
        self._encoder = circuit.into.T.clone()
        self._rates, self._error = dynamics.units.rate(self._input + self._tonic), error.clone()

    @property
    def theta(self) -> Tensor:
        """The numbers as they are now, in float64."""
        return (self._encoder.flatten() if self._encoders else self._tonic).double()

    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return the change of the loss by a swap with each other unit."""
        own, other = self._responses(unit)
        own, other = own - self._rates[:, unit : unit + 1], other - self._rates
        weighted, mine = self._weights * self._error, self._out[unit]
        linear = (weighted @ mine) @ own + ((weighted.T @ other) * self._out.T).sum(0)
        heavy = self._weights * own
        square = self._norms[unit] * (heavy * own).sum(0) + self._norms * (self._weights * other.square()).sum(0)
        change = 2 * linear + square + 2 * (self._out @ mine) * (heavy * other).sum(0)
        change[unit] = 0.0
        return change.double().numpy(force=True)

    def swap(self, unit: int, other: int) -> None:
        """Let two units have each other's numbers."""
        pair = [unit, other]
        back = pair[::-1]
        if self._encoders:
            self._input[:, pair], self._encoder[pair] = self._input[:, back], self._encoder[back]
        else:
            self._tonic[pair] = self._tonic[back]
        rates = self._phi(self._input[:, pair] + self._tonic[pair])
        self._error += (rates - self._rates[:, pair]) @ self._out[pair]
        self._rates[:, pair] = rates

    def _responses(self, unit: int) -> tuple[Tensor, Tensor]:
        """Return the rates of the unit with the numbers of every other one, and theirs with its own."""
        taken = self._phi(self._input[:, unit : unit + 1] + self._tonic)
        given = self._phi(self._input + self._tonic[unit])
        return (given, taken) if self._encoders else (taken, given)


def swappable(learned: tuple[str, ...], sets: tuple[str, ...]) -> bool:
    """Return whether swaps of what is learned are known exactly: tonic inputs or encoders where nothing else acts."""
    return learned in (("bias",), ("encoder",)) and set(sets) <= {"bias", "encoder"}
