"""Early stopping: any method, watched on samples that it does not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual


@dataclass(frozen=True)
class EarlyStopping(Method):
    """Steps of ``method`` until ``held_out`` has not fallen for ``patience`` of them, or ``steps`` were taken.

    The last step goes back to the theta at which it was least.

    Source: Prechelt (1998), doi:10.1007/3-540-49430-8_3.
    """

    method: Method
    held_out: Callable[[Tensor], float]
    steps: int
    patience: int

    def begin(self, theta: Tensor) -> Memory:
        """Return the memory of the method, and this theta as the best so far."""
        return self.method.begin(theta) | _numbers(self.held_out(theta), 0, 0) | {"best": theta}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the next step; back to the best one when it is time to stop, and then None."""
        least, since, taken = (float(memory[name]) for name in _NAMES)
        if since > self.patience:
            return None
        made = self.method.step(residual, here, memory)
        if made is None:
            return self._back(memory, here.loss, taken)
        value = self.held_out(made.theta)
        better = value <= least
        told = _numbers(min(value, least), 0 if better else since + 1, taken + 1)
        kept = made.memory | told | {"best": made.theta if better else memory["best"]}
        if not better and (since + 1 > self.patience or taken + 1 >= self.steps):
            return self._back(kept, made.loss, taken + 1)
        return Step(made.theta, made.loss, kept, made.at)

    def _back(self, memory: Memory, loss: float, taken: float) -> Step:
        ended = _numbers(float(memory["least"]), self.patience + 1, taken)
        return Step(memory["best"], loss, memory | ended)


_NAMES = ("least", "since", "taken")


def _numbers(*values: float) -> Memory:
    return {name: torch.tensor(float(v), dtype=torch.float64) for name, v in zip(_NAMES, values, strict=True)}
