"""Adam and AMSGrad on the same residuals: the baselines people know."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual


@dataclass(frozen=True)
class Adam(Method):
    """Adam with a cosine schedule over ``epochs`` full-batch steps; with ``maximum``, AMSGrad.

        m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,   theta <- theta - rate m^ / (sqrt(v^) + eps)

    with m^, v^ corrected for their start at zero; AMSGrad divides by the largest v so far.

    Source: Kingma and Ba (2015), arXiv 1412.6980; Reddi, Kale and Kumar (2018), arXiv 1904.09237.
    """

    rate: float = 0.02
    epochs: int = 3000
    maximum: bool = False
    first: float = 0.9
    second: float = 0.999
    floor: float = 1e-8

    def begin(self, theta: Tensor) -> Memory:
        """Return moments of zero."""
        zero = torch.zeros_like(theta)
        return {"count": torch.zeros((), dtype=torch.float64), "mean": zero, "square": zero, "largest": zero}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step:
        """Return the theta after a step, and the loss before it."""
        del residual
        half = here.gradient()
        count = float(memory["count"]) + 1
        mean = torch.lerp(2 * half, memory["mean"], self.first)
        square = torch.lerp((2 * half).square(), memory["square"], self.second)
        largest = torch.maximum(memory["largest"], square) if self.maximum else square
        rate = self.rate * 0.5 * (1 + math.cos(math.pi * min((count - 1) / self.epochs, 1)))
        spread = (largest / (1 - self.second**count)).sqrt() + self.floor
        theta = here.theta - rate / (1 - self.first**count) * mean / spread
        kept = {"count": torch.tensor(count, dtype=torch.float64), "mean": mean, "square": square, "largest": largest}
        return Step(theta, here.loss, kept)
