"""Damped Gauss-Newton (Levenberg-Marquardt)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._method import Memory, Method, Step
from ._quadratic import SOLVERS, Quadratic, Solution
from ._residual import Linearisation, Residual

_BEND = 0.375  # the longest bend, in units of the length of its step
_FLOOR = 1e-7  # of the damping, in units of the mean diagonal of the curvature: J'J is singular to rounding
_TRIES = 12  # dampings tried before a step is given up


@dataclass(frozen=True)
class GaussNewton(Method):
    """One Levenberg-Marquardt step: solve (H + damping mean(diag H)) step = -gradient, keep what lowers the loss.

    The damping falls to a third when the loss fell by more than half of what the model promised, doubles
    when by less than a quarter, and is multiplied by four and the step retried on a rise or a failed
    factorisation.

    A step v is bent by what the errors do beside J v, where a residual tells that cheaply (``changed``):

        (H + damping mean(diag H)) bend = -J'(e(theta + v) - e(theta) - J v)

    The loss of a field lies in narrow valleys that bend, where this takes far fewer steps. A long bend is left out: the
    errors are then no nearly quadratic function along v.

    Sources: Marquardt (1963), doi:10.1137/0111030; the gain-ratio rule: Madsen, Nielsen, Tingleff (2004); bent steps:
    Transtrum and Sethna (2012), arXiv 1201.5885, there with a derivative along v.
    """

    solver: str = "primal"
    damping: float = 1e-1

    def begin(self, theta: Tensor) -> Memory:
        """Return the first damping."""
        del theta
        return {"damping": torch.tensor(self.damping, dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return a theta of lower loss, or None when no damping finds one."""
        model = SOLVERS[self.solver](here)
        scale, damping = model.mean_diagonal(), float(memory["damping"])
        if not scale > 0:  # nothing moves the residual
            return None
        for _ in range(_TRIES):
            solved = model.solve(damping * scale)
            if solved is not None:
                there = residual.at(here.theta + _bent(here, model, solved))
                if there.loss < model.loss:
                    adapted = _adapted(damping, model, solved.step, there.loss)
                    kept = {"damping": torch.tensor(adapted, dtype=torch.float64)}
                    return Step(there.theta, there.loss, kept, there)
            damping *= 4
        return None


def _bent(here: Linearisation, model: Quadratic, solved: Solution) -> Tensor:
    """Return the step, bent where that is cheap and the bend short."""
    changed = None if solved.again is None else here.changed(solved.step)
    if solved.again is None or changed is None:
        return solved.step
    bend = solved.again(changed - model.times(solved.step))
    return solved.step + bend if bend.norm() < _BEND * solved.step.norm() else solved.step


def _adapted(damping: float, model: Quadratic, change: Tensor, loss: float) -> float:
    gain_ratio = (model.loss - loss) / model.promise(change)
    if gain_ratio > 0.5:
        return max(damping / 3, _FLOOR)
    return 2 * damping if gain_ratio < 0.25 else damping
