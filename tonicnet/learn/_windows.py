"""Stretches of the target that a network must follow: driven by it first, then alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """Windows of ``driven`` steps with the target fed back, then closed-loop steps, in network coordinates.

    ``path`` holds the target at every step (window, step, component), the start included; the output is
    scored at the steps ``scored`` (from 1 to the last).
    """

    path: Float[Tensor, "window step component"]
    driven: int
    scored: tuple[int, ...]

    def __post_init__(self) -> None:
        last = self.path.shape[1] - 1
        if not self.scored or min(self.scored) < 1 or max(self.scored) > last or self.driven > last:
            raise ValueError(f"scored steps {self.scored} and {self.driven} driven steps must lie in 1 .. {last}")

    @property
    def steps(self) -> int:
        """Return how many steps a window lasts up to its last scored one."""
        return max(self.scored)

    @property
    def weight(self) -> float:
        """Return the weight of one scored (window, step): all together weigh one."""
        return 1 / (len(self.path) * len(self.scored))

    def fed(self, step: int, node: float) -> Float[Tensor, "window component"] | None:
        """Return what is fed back at ``step + node`` of a driven step, linear between samples; None when closed."""
        if step >= self.driven:
            return None
        return torch.lerp(self.path[:, step], self.path[:, step + 1], node)

    def error(self, step: int, output: Tensor) -> Tensor:
        """Return output minus target at a step."""
        return output - self.path[:, step]
