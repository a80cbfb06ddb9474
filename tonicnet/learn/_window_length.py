"""How long a network is asked to follow its target alone, and in which steps."""

from __future__ import annotations

import math

from ._target import Target

_HORIZON = 4.5  # closed-loop windows of chaos, in the task's time scale: half a Lyapunov time of Lorenz
_NOISY, _CLEAN = 2.4, 1e-3  # the same for recordings with noise of more than so many standard deviations
_CYCLE_HORIZON = 1.25  # closed-loop windows of cycles, in periods
WARM_UP = 15.0  # driven time before a network with a memory of its own is left alone, in tau
_STEP = 0.5  # of rollouts, in tau: RK4 is exact to 1e-4 there


def horizon(target: Target) -> float:
    """Return how long, in task time, a network is asked to follow the target alone."""
    task, scale = target.reference, target.time_scale
    if task.kind == "memory":
        return 2 * _HORIZON * scale
    if task.kind == "chaos":
        return _HORIZON * scale
    if math.isfinite(target.period):
        return _CYCLE_HORIZON * target.period
    return min((_NOISY if noisy(target) else _HORIZON) * scale, 0.9 * task.duration)


def noisy(target: Target) -> bool:
    """Return whether a recording has noise worth the name."""
    return target.task.kind == "recording" and float(target.smooth.noise.max()) > _CLEAN


def rollout_step(target: Target) -> float:
    """Return the step of rollouts in tau: the network's own, a recording's sampling if it is finer, else half a tau."""
    dt = target.net.spec.dt
    if dt is not None:
        return dt / target.net.tau
    if target.task.has_flow:
        return _STEP
    return min(target.task.dt / target.unit, _STEP)
