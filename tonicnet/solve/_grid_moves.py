"""Numbers of units by moves on a grid, of which the change of the loss is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_FALL = 1e-7  # of the loss, which a move must bring: above rounding


@dataclass(frozen=True)
class GridMoves(Method):
    """Each unit in turn takes the number of a grid that lowers the loss most; a step goes over all of them.

    Gauss-Newton moves a number along its slope. A unit whose slope is zero wherever it matters, a hinge beyond the
    inputs, does not move by it; on a grid it does. ``grid`` gives the values, ``draw`` the random order of a sweep.
    """

    grid: tuple[float, ...]
    draw: Callable[[str], np.random.Generator]

    def begin(self, theta: Tensor) -> Memory:
        """Return that no sweep was made."""
        del theta
        return {"sweep": torch.zeros((), dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the numbers after a sweep; None where no move lowers the loss."""
        moves, values = residual.moves(here.theta), np.array(self.grid)
        assert moves is not None
        for unit in self.draw(f"sweep {int(memory['sweep'])}").permutation(len(here.theta)):
            changes = moves.changes(int(unit), values)
            best = int(np.argmin(changes))
            if changes[best] < -_FALL * here.loss:
                moves.move(int(unit), float(values[best]))
        there = residual.at(moves.theta)
        if not there.loss < here.loss:
            return None
        return Step(there.theta, there.loss, {"sweep": memory["sweep"] + 1}, there)
