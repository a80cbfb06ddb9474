"""Adam on the same residuals: the baseline people know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ._residual import Residual


@dataclass
class Adam:
    """Adam with a cosine schedule over ``epochs`` full-batch steps.

    Source: Kingma and Ba (2015), arXiv 1412.6980.
    """

    rate: float = 0.02
    epochs: int = 3000

    def steps(self, residual: Residual, bias: Tensor) -> Iterator[tuple[Tensor, float]]:
        """Yield the bias after each step and its loss."""
        moving = bias.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([moving], lr=self.rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda k: 0.5 * (1 + math.cos(math.pi * min(k / self.epochs, 1)))
        )
        for _ in range(self.epochs):
            loss, half = residual.gradient(moving.detach())
            moving.grad = 2 * half.to(moving.dtype)
            yield moving.detach().clone(), loss
            optimiser.step()
            schedule.step()
