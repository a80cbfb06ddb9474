"""Steps that stay within limits: Gauss-Newton on the limited model, the closed form of linear residuals, projection."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._limits import Limits
from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_FLOOR = 1e-9  # of the ridge, in units of the mean diagonal of the curvature over that of the weights
_ROUNDED = 10.0  # roundings of the largest diagonal, below which a curvature is not known
_TRIES = 12  # dampings tried before a step is given up
_LEAST = 1e-7  # damping


@dataclass(frozen=True)
class ClosedForm(Method):
    """The minimum of a residual that is linear in theta, within limits, in one step; a second one has nothing to do."""

    limits: Limits

    def begin(self, theta: Tensor) -> Memory:
        """Return that nothing was solved."""
        del theta
        return {"solved": torch.zeros((), dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the minimum; None if it was reached before, or if theta is as good."""
        if float(memory["solved"]):
            return None
        curvature, right, floor = _model(here, self.limits)
        found = self.limits.minimum(curvature, right, floor)
        if found is None:
            return None
        return _taken(residual, here, found.theta, self.limits, {"solved": torch.ones_like(memory["solved"])})


@dataclass(frozen=True)
class LimitedGaussNewton(Method):
    """Levenberg-Marquardt steps of which each minimises the damped model within the limits.

        min_x  2 g'(x - theta) + (x - theta)'(H + damping mean(diag H)) (x - theta),   x within the limits

    Damping falls to a third after a step that lowers the loss, and grows fourfold and is tried again after a rise.
    """

    limits: Limits
    damping: float = 1e-1

    def begin(self, theta: Tensor) -> Memory:
        """Return the first damping."""
        del theta
        return {
            "damping": torch.tensor(self.damping, dtype=torch.float64), "ridge": torch.zeros((), dtype=torch.float64)
        }  # fmt: skip

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return a theta of lower loss within the limits, or None when no damping finds one."""
        curvature, right, floor = _model(here, self.limits)
        scale, damping, ridge = (
            float(curvature.diagonal().mean()),
            float(memory["damping"]),
            float(memory.get("ridge", 0.0)),
        )
        if not scale > 0:
            return None
        diagonal = curvature.diagonal().clone()
        for _ in range(_TRIES):
            curvature.diagonal().copy_(diagonal + damping * scale)
            found = self.limits.minimum(curvature, right + damping * scale * here.theta, floor, ridge)
            if found is not None:
                ridge = found.ridge
                kept = {"damping": max(damping / 3, _LEAST), "ridge": ridge}
                numbers = {name: torch.tensor(value, dtype=torch.float64) for name, value in kept.items()}
                made = _taken(residual, here, found.theta, self.limits, numbers)
                if made is not None:
                    return made
            damping *= 4
        return None


@dataclass(frozen=True)
class Projected(Method):
    """Steps of another method, each followed by the projection onto the limits."""

    method: Method
    limits: Limits

    def begin(self, theta: Tensor) -> Memory:
        """Return the memory of the method."""
        return self.method.begin(theta)

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the projected step."""
        made = self.method.step(residual, here, memory)
        return None if made is None else Step(self.limits.projected(made.theta), made.loss, made.memory)


def _model(here: Linearisation, limits: Limits) -> tuple[Tensor, Tensor, float]:
    """Return H and c of the model x'H x - 2 c'x at theta, in float64, and the least ridge that rounding allows."""
    normal = here.normal()
    curvature = normal.curvature.to(torch.float64, copy=True)
    diagonal, known = curvature.diagonal(), limits.weights[limits.weights > 0]
    weight = float(known.mean()) if len(known) else 1.0
    rounding = _ROUNDED * torch.finfo(normal.curvature.dtype).eps * float(diagonal.max())
    floor = max(_FLOOR * float(diagonal.mean()), rounding) / weight
    return curvature, curvature @ here.theta - normal.gradient, floor


def _taken(residual: Residual, here: Linearisation, theta: Tensor, limits: Limits, memory: Memory) -> Step | None:
    """Return the step to a theta; None where it does not lower the loss, unless the limits did not hold before."""
    there = residual.at(theta)
    return Step(theta, there.loss, memory, there) if there.loss < here.loss or not limits.hold(here.theta) else None
