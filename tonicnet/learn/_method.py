"""How a residual is mended: the contract of every method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from ._residual import Residual

Memory = dict[str, Tensor]  # what a method keeps from step to step: float64 tensors, so that a file can hold them


@dataclass(frozen=True)
class Step:
    """A bias, its loss, and what the method remembers."""

    bias: Tensor
    loss: float
    memory: Memory


class Method(ABC):
    """A method holds settings only; what changes from step to step is in its memory, and steps are functions of it."""

    @abstractmethod
    def begin(self, bias: Tensor) -> Memory:
        """Return the memory before the first step of a stage."""

    @abstractmethod
    def step(self, residual: Residual, bias: Tensor, memory: Memory) -> Step | None:
        """Return the next step, or None when the method can do no better."""
