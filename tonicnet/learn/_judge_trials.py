"""How a theta does on trials: what share of the targets' variance the network alone explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..circuit import Learnable
from ..solve import Residual
from ._rate_windows import RateWindows
from ._score import Score, reached
from ._windows import Windows

_GOOD = 1e-4  # unexplained share of the variance: as good as can be seen
_LOST = 0.1  # unexplained share at which a trial was not learned


@dataclass(frozen=True)
class TrialJudge:
    """Holds the closed loop against the targets of trials, every step that counts.

    They begin as runs do, but the first of them at ``start``, where behaviours are to begin at any rates.
    """

    residual: Residual
    windows: Windows
    start: Tensor | None = None

    def score(self, learnable: Learnable, theta: Tensor, fine: int = 1, best: Score | None = None) -> Score:
        """Return R^2 = 1 - sum m (x - y)^2 / sum m (y - mean y)^2 over all trials and components."""
        del fine, best  # trials have their own steps
        loss = self._begun(learnable, theta).loss(theta)
        if not np.isfinite(loss):
            return Score({"lost": 1.0})
        left = loss / self._variance()
        return Score({"r_squared": 1 - left, "lost": float(left > _LOST)}, rank=(left,), standing=reached(left < _GOOD))

    def _begun(self, learnable: Learnable, theta: Tensor) -> Residual:
        """Return the residual of these numbers, its trials begun as they should."""
        if not isinstance(self.residual, RateWindows):
            return replace(self.residual, learnable=learnable)  # type: ignore[type-var]
        start = learnable.at(theta).state(self.windows.path[:, 0])
        if self.start is not None:
            start = torch.cat([self.start, start[len(self.start) :]])
        return replace(self.residual, learnable=learnable, start=start)

    def _variance(self) -> float:
        weight = self.windows.roots().square().double()
        target = self.windows.path[:, list(self.windows.scored)].transpose(0, 1).double()
        weight = weight.expand(target.shape)
        mean = (weight * target).sum((0, 1)) / weight.sum((0, 1)).clamp_min(1e-300)
        return float((weight * (target - mean).square()).sum()) or 1.0
