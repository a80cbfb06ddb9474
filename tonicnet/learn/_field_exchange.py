"""Swaps of tonic inputs or of encoders between units, and the exact change of the field residual by each."""

from __future__ import annotations

from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..circuit import Dynamics
from ..compiled._swaps import FieldArrays, sweep_of_swaps
from ..solve import Exchange, Swaps

ROWS = ("encoder", "input-weights")  # sets whose rows bring inputs to units
_STATES = (64, 256, 1024)  # at about so many partners are compared before all states are looked at
_SHARE = 4  # one partner in so many is looked at again, at the next count of states
_PARTNERS = 256  # that a unit looks at: all, or so many drawn anew for each sweep
_FINALISTS = 4  # partners whose change is computed at all states, at least


@final
class FieldExchange(Exchange):
    """e_s = D r(z_s) - y_s, when units i and j swap what they have.

    With p the change of the rate of i and q that of j at every state, weights w,

        change_ij = sum_s w_s (|e_s + D_i p_s + D_j q_s|^2 - |e_s|^2)

    for all j at once: two responses of (state, unit). ``encoders`` says that rows of E are swapped, else tonic inputs.

    These responses are what a search spends its time on, S N for each unit and S N^2 for a sweep. :meth:`best` takes
    them for all partners, of large networks for some drawn at random, at few states, for the best of these at more,
    and so on (successive halving: Jamieson and Talwalkar 2016, arXiv 1502.07943): what is told of a swap that is
    made is exact.
    """

    def __init__(
        self, dynamics: Dynamics, states: Float[Tensor, "sample state"], targets: Float[Tensor, "sample component"],
        weights: Float[Tensor, " sample"], *, encoders: bool,
    ) -> None:  # fmt: skip
        self._dynamics, self._samples = dynamics, (states, targets, weights)
        self._tonic, self._encoders = dynamics.tonic.clone(), encoders
        self._transfer, self._encoder = dynamics.circuit.phi, dynamics.circuit.into.T.contiguous().clone()
        self._ring = np.random.default_rng(0).permutation(len(self._tonic))

    @cached_property
    def _fields(self) -> list[FieldArrays]:
        """The field at few states, at more of them, and at all."""
        every = (len(self._samples[0]) // count for count in _STATES)
        return [self._field(one) for one in [*(one for one in every if one > 1), 1]]

    def _field(self, every: int) -> FieldArrays:
        circuit, (states, targets, weights) = self._dynamics.circuit, (one[::every] for one in self._samples)
        inputs = circuit.into.T @ states.T
        rates = self._transfer.value(inputs + self._tonic[:, None])
        error = circuit.out.T @ rates - targets.T
        arrays = (inputs, rates, error, weights, circuit.out, self._tonic)
        return FieldArrays(*(one.contiguous() for one in arrays))

    @property
    def theta(self) -> Tensor:
        """The numbers as they are now, in float64."""
        return (self._encoder.flatten() if self._encoders else self._tonic).double()

    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return the change of the loss by a swap with each other unit."""
        return self._changes(unit, self._fields[-1], np.arange(len(self._ring)))

    def best(self, unit: int) -> Swaps:
        """Return the best swap of a unit: exact for those that fewer states say are the best."""
        left = self._left()
        seen = np.roll(self._ring, -1 - int(np.argmax(self._ring == unit)))[: left[0]]
        changes = self._changes(unit, self._fields[0], seen)
        for field, count in zip(self._fields[1:], left[1:], strict=True):
            seen = seen[np.argpartition(changes, count - 1)[:count]]
            changes = self._changes(unit, field, seen)
        k = int(np.argmin(changes))
        return Swaps(((unit, int(seen[k])),), float(changes[k]))

    def _left(self) -> list[int]:
        """Return how many partners of a unit are compared at each level."""
        first, count = min(len(self._ring), _PARTNERS), len(self._fields)
        return [min(first, max(_FINALISTS, first // _SHARE**level)) for level in range(count)]

    def sweep(self, rng: np.random.Generator, units: int, fall: float) -> None:
        """Go over all units, in compiled code where there is some, with partners drawn anew."""
        self._ring = rng.permutation(units)
        order = rng.permutation(units)
        made = sweep_of_swaps(
            self._transfer.compiled, self._fields, self._left(), order, self._ring, fall=fall, rows=self._encoders
        )
        if made is None:
            self.improve(order, fall)
        elif self._encoders:
            for pair in made:
                self._encoder[pair] = self._encoder[pair[::-1].copy()]

    def _changes(self, unit: int, at: FieldArrays, others: Int[np.ndarray, " other"]) -> Float[np.ndarray, " other"]:
        """Return the change of the loss at some states by a swap with some other units."""
        they = torch.as_tensor(others, device=at.tonic.device)
        taken = self._transfer.value(at.inputs[unit] + at.tonic[they, None])
        given = self._transfer.value(at.inputs[they] + at.tonic[unit])
        own, other = (given, taken) if self._encoders else (taken, given)
        own, other = own.sub_(at.rates[unit]), other.sub_(at.rates[they])
        mine, theirs = at.decoder[unit], at.decoder[they]
        weighted, heavy = at.weights * at.error, at.weights * own
        linear = own @ (mine @ weighted) + ((other @ weighted.T) * theirs).sum(1)
        square = mine.square().sum() * torch.linalg.vecdot(heavy, own)
        both = (theirs @ mine) * torch.linalg.vecdot(heavy, other)
        square += theirs.square().sum(1) * (other.square_() @ at.weights)
        return (2 * (linear + both) + square).masked_fill(they == unit, 0.0).double().numpy(force=True)

    def swap(self, unit: int, other: int) -> None:
        """Let two units have each other's numbers."""
        pair = [unit, other]
        back, tonic = pair[::-1], self._tonic
        moved: Tensor = self._encoder if self._encoders else tonic
        moved[pair] = moved[back]
        for at in self._fields:
            if self._encoders:
                at.inputs[pair] = at.inputs[back]
            rates = self._transfer.value(at.inputs[pair] + tonic[pair, None])
            at.error.add_(at.decoder[pair].T @ (rates - at.rates[pair]))
            at.rates[pair] = rates


def swappable(learned: tuple[str, ...], sets: tuple[str, ...]) -> bool:
    """Return whether swaps of what is learned are known exactly: tonic inputs or encoders where nothing else acts."""
    return learned in (("bias",), *((name,) for name in ROWS)) and set(sets) <= {"bias", *ROWS}
