"""How long a network is asked to follow its target alone, and in which steps."""

from __future__ import annotations

import math

import numpy as np

from ..circuit import RK4, runge_kutta
from ._corrected_field import advanced
from ._target import Target

_HORIZON, _LONGEST = 4.5, 9.0  # closed-loop windows of chaos last half a Lyapunov time within these time scales
_PAIRS, _APART, _SPAN, _RATE_STEP = 128, 1e-6, 20.0, 0.25  # states, their distance, time scales and steps (tau) apart
_NOISY, _CLEAN = 2.4, 1e-3  # the same for recordings with noise of more than so many standard deviations
_CYCLE_HORIZON = 1.25  # closed-loop windows of cycles, in periods
_STATES = 2000  # of which errors of steps are looked at
WARM_UP = 15.0  # driven time before a network with a memory of its own is left alone, in tau
_COARSEST, _FINEST, _EXACT = 2, 6, 5e-4  # parts of a step of chaos; error of one over the rms of the field
_STEP = 0.5  # of rollouts, in tau: RK4 is exact to a few 1e-4 there


def horizon(target: Target) -> float:
    """Return how long, in task time, a network is asked to follow the target alone."""
    task, scale = target.reference, target.time_scale
    if task.kind == "memory":
        return 2 * _HORIZON * scale
    if task.kind == "chaos":
        return float(np.clip(_half_lyapunov_time(target), _HORIZON * scale, _LONGEST * scale))
    if math.isfinite(target.period):
        return _CYCLE_HORIZON * target.period
    return min((_NOISY if noisy(target) else _HORIZON) * scale, 0.9 * task.duration)


def _half_lyapunov_time(target: Target) -> float:
    """Return 0.5 / rate, the mean rate at which pairs of true states part once they have turned where they grow.

    The rate is read off the second half of 20 time scales. Infinite where states do not part.
    """
    rng = np.random.default_rng(5)
    z = target.known[rng.integers(len(target.known), size=_PAIRS)]
    both = np.concatenate([z, z + _APART * rng.standard_normal(z.shape)])
    steps = math.ceil(_SPAN * target.time_scale / (_RATE_STEP * target.unit))
    logs = []
    for step in range(1, steps + 1):
        both = runge_kutta(target.flow, both, _RATE_STEP, RK4)
        if step in (steps // 2, steps):
            logs.append(float(np.log(np.linalg.norm(both[:_PAIRS] - both[_PAIRS:], axis=1)).mean()))
    rate = (logs[-1] - logs[0]) / ((steps - steps // 2) * _RATE_STEP * target.unit)
    return 0.5 / rate if rate > 0 else math.inf


def check_length(target: Target, needed: float) -> None:
    """Raise ValueError for a target that lasts less than a window of so much task time."""
    if needed > target.task.duration * (1 + 1e-9):
        raise ValueError(
            f"task {target.task.name!r} lasts {target.task.duration:g}, a window needs {needed:g}; "
            "record for longer, or raise its speed"
        )


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


def refinement(target: Target, h: float) -> int:
    """Return into how many parts a step of ``h`` tau is cut where chaos is run: the least that is exact.

    RK4 in steps of h / n misses the field by

        |z(h/n) - RK4(z, h/n)| / (h/n),

    of which the rms over known states is to be at most 5e-4 of that of the field. What a network learns is as exact,
    and with coarser steps it learns to make up for their errors. Two parts at least. Where six do not suffice, as for
    fields with corners, finer steps gain little, and two are taken.
    """
    rng = np.random.default_rng(7)
    z = target.known[rng.integers(len(target.known), size=_STATES)]
    size = np.sqrt(np.mean(target.flow(z) ** 2))
    for parts in range(_COARSEST, _FINEST + 1):
        step = h / parts
        missed = runge_kutta(target.flow, z, step, RK4) - advanced(target.flow, z, step)
        if np.sqrt(np.mean(missed**2)) <= _EXACT * size * step:
            return parts
    return _COARSEST
