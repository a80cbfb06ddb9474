"""Adam on some samples at a time, an epoch a step."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from torch import Tensor

from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual


class Batched(Residual):
    """A residual that is a mean over samples, of which some can be taken alone."""

    @property
    @abstractmethod
    def samples(self) -> int:
        """Return how many samples there are."""

    @abstractmethod
    def batch(self, at: Int[np.ndarray, " some"], rng: np.random.Generator) -> Residual:
        """Return the mean over some samples; ``rng`` draws what is random in them."""


@dataclass(frozen=True)
class Epochs(Method):
    """All samples in a random order, ``size`` at a time: one step of ``adam`` for each batch.

    ``adam`` may be what keeps it within limits.

    ``draw`` gives the random numbers of an epoch by its number, so that learning may stop and go on at any of them.
    """

    adam: Method
    size: int
    draw: Callable[[int], np.random.Generator]

    def batches(self, residual: Residual) -> int:
        """Return how many batches an epoch has."""
        assert isinstance(residual, Batched)
        return math.ceil(residual.samples / self.size)

    def begin(self, theta: Tensor) -> Memory:
        """Return the memory of Adam."""
        return self.adam.begin(theta)

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step:
        """Return the theta after an epoch, and the mean of the losses of its batches, each before its step."""
        assert isinstance(residual, Batched)
        count, theta, losses = self.batches(residual), here.theta, []
        rng = self.draw(round(float(memory["count"])) // count)
        for at in np.array_split(rng.permutation(residual.samples), count):
            part = residual.batch(at, rng)
            made = self.adam.step(part, part.at(theta), memory)
            assert made is not None  # a first-order step is always taken
            theta, memory = made.theta, made.memory
            losses.append(made.loss)
        return Step(theta, float(np.mean(losses)), memory)
