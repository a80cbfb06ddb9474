"""How long a network is asked to follow its target alone, and in which steps."""

from __future__ import annotations

from ..measure import limit_cycle_of
from ._target import Target

_HORIZON = 4.5  # closed-loop windows of chaos, in the task's time scale: half a Lyapunov time of Lorenz
_CYCLE_HORIZON = 1.25  # closed-loop windows of cycles, in periods
_STEP = 0.5  # of rollouts, in tau: RK4 is exact to 1e-4 there


def horizon(target: Target) -> float:
    """Return how long, in task time, a network is asked to follow the target alone."""
    task = target.task
    if task.kind == "memory":
        return 2 * _HORIZON * task.time_scale
    if task.kind == "chaos":
        return _HORIZON * task.time_scale
    dt = 0.1 * target.unit
    length = min(task.duration, 60 * task.time_scale)
    cycle = limit_cycle_of(task.trajectory(length, dt)["output"].values[0], dt)
    return _CYCLE_HORIZON * cycle.period if cycle.cycles else _HORIZON * task.time_scale


def rollout_step(target: Target) -> float:
    """Return the step of rollouts in tau: the network's own, a recording's sampling if it is finer, else half a tau."""
    dt = target.net.spec.dt
    if dt is not None:
        return dt / target.net.tau
    if target.task.has_flow:
        return _STEP
    return min(target.task.dt / target.unit, _STEP)
