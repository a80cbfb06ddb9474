"""The contract of every method: from a residual at one theta to the next theta."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ._residual import Linearisation, Residual

Memory = dict[str, Tensor]  # what a method keeps from step to step: float64 tensors, so that a file can hold them


@dataclass(frozen=True)
class Step:
    """A theta, the loss that is reported for the step, what the method remembers; ``at``, if it is known already, is
    the residual linearised at the new theta."""

    theta: Tensor
    loss: float
    memory: Memory
    at: Linearisation | None = None


class Method(ABC):
    """A method holds settings only; what changes from step to step is in its memory, and steps are functions of it."""

    stall: ClassVar[float] = 0.03  # a stage ends when its patience of steps lowers the loss by less than this share

    @abstractmethod
    def begin(self, theta: Tensor) -> Memory:
        """Return the memory before the first step of a stage."""

    @abstractmethod
    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the next step from ``residual`` at one theta, or None when the method can do no better."""
