"""Damped Gauss-Newton (Levenberg-Marquardt) on the exact normal equations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ._residual import Normal, Residual

_FLOOR = 1e-7  # of the damping, in units of the mean diagonal of the curvature: J'J is singular to rounding
_TRIES = 12  # dampings tried before a step is given up


@dataclass
class GaussNewton:
    """One Levenberg-Marquardt loop: solve (H + damping mean(diag H)) step = -gradient, keep what lowers the loss.

    The damping falls to a third when the loss fell by more than half of what the model promised, doubles
    when by less than a quarter, and is multiplied by four and the step retried on a rise or a failed
    Cholesky factorisation.

    Source: Marquardt (1963), doi:10.1137/0111030; the gain-ratio rule: Madsen, Nielsen, Tingleff (2004).
    """

    damping: float = 1e-1

    def steps(self, residual: Residual, bias: Tensor) -> Iterator[tuple[Tensor, float]]:
        """Yield ever better biases and their loss; stop when no step lowers it any more."""
        while True:
            here = residual.normal(bias)
            found = self._descend(residual, here, bias)
            if found is None:
                return
            bias, loss = found
            yield bias, loss

    def _descend(self, residual: Residual, here: Normal, bias: Tensor) -> tuple[Tensor, float] | None:
        for _ in range(_TRIES):
            step = self._solve(here)
            if step is not None:
                loss = residual.loss(bias + step)
                if loss < here.loss:
                    self._adapt((here.loss - loss) / _promise(here, step))
                    return bias + step, loss
            self.damping *= 4
        return None

    def _solve(self, here: Normal) -> Tensor | None:
        ridge = self.damping * here.curvature.diagonal().mean()
        damped = here.curvature.clone()
        damped.diagonal().add_(ridge)
        factor, failed = torch.linalg.cholesky_ex(damped)
        return None if failed else -torch.cholesky_solve(here.gradient[:, None], factor)[:, 0]

    def _adapt(self, gain_ratio: float) -> None:
        if gain_ratio > 0.5:
            self.damping = max(self.damping / 3, _FLOOR)
        elif gain_ratio < 0.25:
            self.damping *= 2


def _promise(here: Normal, step: Tensor) -> float:
    """Return by how much the quadratic model falls over a step."""
    return -float(2 * here.gradient @ step + step @ (here.curvature @ step))
