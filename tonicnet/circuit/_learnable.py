"""A circuit of which one set of numbers is learned, or several, as a flat vector theta, and all else is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..parameters import SETS, Learned, Together
from ._circuit import Circuit
from ._dynamics import Dynamics, Numbers, placed


@dataclass(frozen=True)
class Learnable:
    """theta -> the dynamics of ``circuit`` under it.

    ``numbers`` holds those of all sets that are in use, also of the learned ones, whose shapes theta takes, one behind
    the other in the order of ``learned``.
    """

    circuit: Circuit
    numbers: Numbers
    learned: tuple[str, ...] = ("bias",)

    @cached_property
    def set(self) -> Learned:
        """What is learned: one parameter set, or several together."""
        if len(self.learned) == 1:
            return SETS[self.learned[0]]
        return Together(tuple(SETS[name] for name in self.learned), self._sizes)

    @property
    def first(self) -> Float[Tensor, " number"]:
        """The numbers at the start, as theta, in float64."""
        device = self.circuit.device
        parts = [torch.as_tensor(self.numbers[name], dtype=torch.float64, device=device) for name in self.learned]
        return torch.cat([part.flatten() for part in parts])

    @property
    def size(self) -> int:
        """How many numbers are learned."""
        return sum(self._sizes)

    @cached_property
    def columns(self) -> int:
        """How many columns the features of the learned numbers have."""
        return self.set.columns(self.at(self.first).circuit)

    @cached_property
    def factor_columns(self) -> int:
        """How many columns the factors of the features have."""
        return self.set.factor_columns(self.at(self.first).circuit)

    def values(self, theta: Float[Tensor, " number"]) -> dict[str, Float[Tensor, "*shape"]]:
        """Return theta as the numbers of each learned set, in their shapes."""
        parts = zip(self.learned, theta.split(self._sizes), strict=True)
        return {name: part.view(self._shape(name)) for name, part in parts}

    def at(self, theta: Float[Tensor, " number"]) -> Dynamics:
        """Return the dynamics under theta."""
        return placed(self.circuit, {**self.numbers, **self.values(theta)}, self.learned)

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(int(np.prod(self._shape(name))) for name in self.learned)

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.numbers[name].shape)


def of_bias(circuit: Circuit, bias: Float[Tensor, " unit"] | np.ndarray | None = None) -> Learnable:
    """Return a circuit of which the tonic inputs are learned."""
    start = np.zeros(circuit.net.units) if bias is None else bias
    return Learnable(circuit, {"bias": start})
