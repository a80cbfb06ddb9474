"""A circuit of which one set of numbers is learned, as a flat vector theta, and all else is frozen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..parameters import SETS, ParameterSet
from ._circuit import Circuit
from ._dynamics import Dynamics, Numbers, placed


@dataclass(frozen=True)
class Learnable:
    """theta -> the dynamics of ``circuit`` under it.

    ``numbers`` holds those of all sets that are in use, also of the learned one, whose shape theta takes.
    """

    circuit: Circuit
    numbers: Numbers
    name: str = "bias"

    @property
    def set(self) -> ParameterSet:
        """The parameter set that is learned."""
        return SETS[self.name]

    @property
    def first(self) -> Float[Tensor, " number"]:
        """The numbers at the start, as theta, in float64."""
        return torch.as_tensor(self.numbers[self.name], dtype=torch.float64, device=self.circuit.device).flatten()

    @property
    def size(self) -> int:
        """How many numbers are learned."""
        return int(np.prod(self._shape))

    def values(self, theta: Float[Tensor, " number"]) -> Float[Tensor, "*shape"]:
        """Return theta in the shape of its set."""
        return theta.view(self._shape)

    def at(self, theta: Float[Tensor, " number"]) -> Dynamics:
        """Return the dynamics under theta."""
        return placed(self.circuit, {**self.numbers, self.name: self.values(theta)}, self.name)

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(self.numbers[self.name].shape)


def of_bias(circuit: Circuit, bias: Float[Tensor, " unit"] | np.ndarray | None = None) -> Learnable:
    """Return a circuit of which the tonic inputs are learned."""
    start = np.zeros(circuit.net.units) if bias is None else bias
    return Learnable(circuit, {"bias": start}, "bias")
