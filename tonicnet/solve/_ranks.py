"""Permutations by gradients: Adam moves the numbers, and those that were drawn take their places by rank."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ._adam import Adam
from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual


@dataclass(frozen=True)
class RankReplacement(Method):
    """``every`` steps of Adam on numbers that are free; then each is replaced by the drawn number of the same rank.

    A step is one replacement, so that theta is always a permutation of what was drawn. Adam takes all samples, at a
    rate in units of the root mean square of the numbers. A replacement may raise the loss: the step in which Adam ends
    its epochs returns the best permutation that was tried.

    Source: Qiu and Suda (2020), arXiv 2003.02570; Cai, Chen and Qiao (2024), arXiv 2407.01033.
    """

    adam: Adam
    every: int

    def begin(self, theta: Tensor) -> Memory:
        """Return the memory of Adam, the drawn numbers in their order, and that no permutation was tried."""
        none = torch.full((), math.inf, dtype=torch.float64)
        return self.adam.begin(theta) | {"sorted": theta.sort().values, "best": theta, "least": none}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step:
        """Return the permutation after one replacement."""
        own = {name: memory[name] for name in ("sorted", "best", "least")}
        moved, drawn = memory, own["sorted"]
        unit = float(drawn.square().mean().sqrt()) or 1.0
        theta = here.theta / unit
        for _ in range(self.every):
            made = self.adam.step(residual, _InUnits(theta, residual.at(unit * theta), unit), moved)
            theta, moved = made.theta, made.memory
        there = residual.at(ranked(theta, drawn))
        if there.loss < float(memory["least"]):
            own |= {"best": there.theta, "least": torch.tensor(there.loss, dtype=torch.float64)}
        if float(moved["count"]) >= self.adam.epochs:
            there = residual.at(own["best"])
        return Step(there.theta, there.loss, moved | own, there)


def ranked(theta: Float[Tensor, " number"], drawn: Float[Tensor, " number"]) -> Float[Tensor, " number"]:
    """Return the drawn numbers, given in rising order, in the order of theta.

    >>> ranked(torch.tensor([0.3, -2.0, 5.0]), torch.tensor([1.0, 2.0, 3.0])).tolist()
    [2.0, 1.0, 3.0]
    """
    placed = torch.empty_like(drawn)
    placed[theta.argsort(stable=True)] = drawn
    return placed


@dataclass(frozen=True)
class _InUnits(Linearisation):
    """A residual as a function of theta in some unit."""

    theta: Float[Tensor, " number"]
    here: Linearisation
    unit: float

    @property
    def loss(self) -> float:
        return self.here.loss

    def gradient(self) -> Tensor:
        return self.unit * self.here.gradient()

    def blocks(self):  # type: ignore[no-untyped-def]
        return self.here.blocks()
