"""Swaps of tonic inputs or of encoders between units, and the exact change of the field residual by each."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics
from ..solve import Exchange, Swaps

ROWS = ("encoder", "input-weights")  # sets whose rows bring inputs to units
_STATES = 256  # from which partners are guessed, about
_PARTNERS = 256  # that a unit looks at: all, or so many drawn anew each time
_FINALISTS = 12  # partners whose change is computed at all states


class _Samples(NamedTuple):
    """What is known at some states: inputs of units without the tonic ones, their rates, the error, and its weights."""

    inputs: Float[Tensor, "unit sample"]
    rates: Float[Tensor, "unit sample"]
    error: Float[Tensor, "component sample"]
    weights: Float[Tensor, " sample"]


@final
class FieldExchange(Exchange):
    """e_s = D r(z_s) - y_s, when units i and j swap what they have.

    With p the change of the rate of i and q that of j at every state, weights w,

        change_ij = 2 D_i'<e p> + 2 D_j'<e q> + |D_i|^2 <p^2> + |D_j|^2 <q^2> + 2 D_i'D_j <p q>,   <x> = sum_s w_s x_s

    for all j at once: two responses of (state, unit). ``encoders`` says that rows of E are swapped, else tonic inputs.

    These responses are what a search spends its time on, S N for each unit and S N^2 for a sweep. :meth:`best` takes
    them at one state in so many for all partners, of large networks for some drawn at random, and at all states for
    the few that are best there: what is told of a swap that is made is exact.
    """

    def __init__(
        self, dynamics: Dynamics, states: Float[Tensor, "sample state"], weights: Float[Tensor, " sample"],
        error: Float[Tensor, "sample component"], *, encoders: bool,
    ) -> None:  # fmt: skip
        circuit = dynamics.circuit
        self._phi, self._out, self._encoders = circuit.phi.value, circuit.out, encoders
        self._norms, self._tonic = circuit.out.square().sum(1), dynamics.tonic.clone()
        self._encoder = circuit.into.T.clone()
        inputs = states @ circuit.into
        rates = dynamics.units.rate(inputs + self._tonic)
        every = max(1, len(states) // _STATES)
        self._all = _Samples(inputs.T.contiguous(), rates.T.contiguous(), error.T.clone(), weights)
        self._some = self._all if every == 1 else _Samples(*(one[..., ::every].contiguous() for one in self._all))
        self._rng = np.random.default_rng(0)

    @property
    def theta(self) -> Tensor:
        """The numbers as they are now, in float64."""
        return (self._encoder.flatten() if self._encoders else self._tonic).double()

    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return the change of the loss by a swap with each other unit."""
        return self._changes(unit, self._all, slice(None))

    def best(self, unit: int) -> Swaps:
        """Return the best swap of a unit: exact for those that some of the states say are the best."""
        if len(self._tonic) <= _FINALISTS or self._some is self._all:
            return super().best(unit)
        seen = self._partners()
        guessed = self._changes(unit, self._some, seen)
        few = np.sort(np.argpartition(guessed, _FINALISTS)[:_FINALISTS])
        few = few if isinstance(seen, slice) else seen.numpy(force=True)[few]
        exact = self._changes(unit, self._all, torch.as_tensor(few, device=self._tonic.device))
        k = int(np.argmin(exact))
        return Swaps(((unit, int(few[k])),), float(exact[k]))

    def _partners(self) -> slice | Tensor:
        count = len(self._tonic)
        if count <= _PARTNERS:
            return slice(None)
        drawn = np.sort(self._rng.choice(count, _PARTNERS, replace=False))
        return torch.as_tensor(drawn, device=self._tonic.device)

    def _changes(self, unit: int, at: _Samples, others: slice | Tensor) -> Float[np.ndarray, " other"]:
        """Return the change of the loss at some states by a swap with some other units."""
        mine, out = self._out[unit], self._out[others]
        own, other = self._responses(unit, at, others)
        own, other = own.sub_(at.rates[unit]), other.sub_(at.rates[others])
        weighted = at.weights * at.error
        linear = own @ (mine @ weighted) + ((other @ weighted.T) * out).sum(1)
        heavy = at.weights * own
        both = torch.linalg.vecdot(heavy, other)
        square = self._norms[unit] * torch.linalg.vecdot(heavy, own)
        square += self._norms[others] * (other.square_() @ at.weights)
        change = 2 * linear + square + 2 * (out @ mine) * both
        same = torch.arange(len(self._tonic), device=change.device)[others] == unit
        return change.masked_fill(same, 0.0).double().numpy(force=True)

    def swap(self, unit: int, other: int) -> None:
        """Let two units have each other's numbers."""
        pair = [unit, other]
        back = pair[::-1]
        moved: Tensor = self._encoder if self._encoders else self._tonic
        moved[pair] = moved[back]
        for at in {id(one): one for one in (self._all, self._some)}.values():
            if self._encoders:
                at.inputs[pair] = at.inputs[back]
            rates = self._phi(at.inputs[pair] + self._tonic[pair, None])
            at.error.add_(self._out[pair].T @ (rates - at.rates[pair]))
            at.rates[pair] = rates

    def _responses(self, unit: int, at: _Samples, others: slice | Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates of the unit with the numbers of some others, and theirs with its own, at some states."""
        taken = self._phi(at.inputs[unit] + self._tonic[others, None])
        given = self._phi(at.inputs[others] + self._tonic[unit])
        return (given, taken) if self._encoders else (taken, given)


def swappable(learned: tuple[str, ...], sets: tuple[str, ...]) -> bool:
    """Return whether swaps of what is learned are known exactly: tonic inputs or encoders where nothing else acts."""
    return learned in (("bias",), *((name,) for name in ROWS)) and set(sets) <= {"bias", *ROWS}
