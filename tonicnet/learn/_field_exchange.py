"""Swaps of tonic inputs or of encoders between units, and the exact change of the field residual by each."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics
from ..solve import Exchange, Swaps

ROWS = ("encoder", "input-weights")  # sets whose rows bring inputs to units
_STATES = 256  # from which partners are guessed, about
_FINALISTS = 12  # partners whose change is computed at all states


@final
class FieldExchange(Exchange):
    """e_s = D r(z_s) - y_s, when units i and j swap what they have.

    With p the change of the rate of i and q that of j at every state, weights w,

        change_ij = 2 D_i'<e p> + 2 D_j'<e q> + |D_i|^2 <p^2> + |D_j|^2 <q^2> + 2 D_i'D_j <p q>,   <x> = sum_s w_s x_s

    for all j at once: two responses of (state, unit). ``encoders`` says that rows of E are swapped, else tonic inputs.

    These responses are what a search spends its time on, S N for each unit and S N^2 for a sweep. :meth:`best` takes
    them at one state in so many for all partners, and at all states for the few that are best there: what is told of
    a swap that is made is exact.
    """

    def __init__(
        self, dynamics: Dynamics, states: Float[Tensor, "sample state"], weights: Float[Tensor, " sample"],
        error: Float[Tensor, "sample component"], *, encoders: bool,
    ) -> None:  # fmt: skip
        circuit = dynamics.circuit
        self._phi, self._out, self._encoders = circuit.phi.value, circuit.out, encoders
        self._norms, self._weights = circuit.out.square().sum(1), weights[:, None]
        self._input, self._tonic = states @ circuit.into, dynamics.tonic.clone()
        self._encoder = circuit.into.T.clone()
        self._rates, self._error = dynamics.units.rate(self._input + self._tonic), error.clone()
        self._some = slice(None, None, max(1, len(states) // _STATES))

    @property
    def theta(self) -> Tensor:
        """The numbers as they are now, in float64."""
        return (self._encoder.flatten() if self._encoders else self._tonic).double()

    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return the change of the loss by a swap with each other unit."""
        return self._changes(unit, slice(None), slice(None))

    def best(self, unit: int) -> Swaps:
        """Return the best swap of a unit: exact for those that some of the states say are the best."""
        if len(self._tonic) <= _FINALISTS or self._some.step == 1:
            return super().best(unit)
        guessed = self._changes(unit, self._some, slice(None))
        few = np.sort(np.argpartition(guessed, _FINALISTS)[:_FINALISTS])
        exact = self._changes(unit, slice(None), torch.as_tensor(few, device=self._tonic.device))
        k = int(np.argmin(exact))
        return Swaps(((unit, int(few[k])),), float(exact[k]))

    def _changes(self, unit: int, states: slice, others: slice | Tensor) -> Float[np.ndarray, " other"]:
        """Return the change of the loss, from some states, by a swap with some other units."""
        rates, weights, out = self._rates[states], self._weights[states], self._out[others]
        own, other = self._responses(unit, states, others)
        own, other = own - rates[:, unit : unit + 1], other - rates[:, others]
        weighted, mine = weights * self._error[states], self._out[unit]
        linear = (weighted @ mine) @ own + ((weighted.T @ other) * out.T).sum(0)
        heavy = weights * own
        square = self._norms[unit] * (heavy * own).sum(0) + self._norms[others] * (weights * other.square()).sum(0)
        change = 2 * linear + square + 2 * (out @ mine) * (heavy * other).sum(0)
        same = torch.arange(len(self._tonic), device=change.device)[others] == unit
        return change.masked_fill(same, 0.0).double().numpy(force=True)

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

    def _responses(self, unit: int, states: slice, others: slice | Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates of the unit with the numbers of some others, and theirs with its own, at some states."""
        inputs, tonic = self._input[states], self._tonic
        taken = self._phi(inputs[:, unit : unit + 1] + tonic[others])
        given = self._phi(inputs[:, others] + tonic[unit])
        return (given, taken) if self._encoders else (taken, given)


def swappable(learned: tuple[str, ...], sets: tuple[str, ...]) -> bool:
    """Return whether swaps of what is learned are known exactly: tonic inputs or encoders where nothing else acts."""
    return learned in (("bias",), *((name,) for name in ROWS)) and set(sets) <= {"bias", *ROWS}
