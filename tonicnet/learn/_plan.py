"""The stages of learning: which residual, for how many steps, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..measure import limit_cycle_of
from ..simulate import EULER, RK4, Circuit
from ._flow import FlowResidual
from ._latent import LatentRollout
from ._residual import Residual, Sum
from ._sample import flow_residual, flow_windows, recorded_windows
from ._sweep import RateRollout
from ._target import Target

_THIN = 3  # one state in so many for the first steps of the flow fit
_HORIZON = 4.5  # closed-loop windows of chaos, in the task's time scale: half a Lyapunov time of Lorenz
_CYCLE_HORIZON = 1.25  # closed-loop windows of cycles, in periods
_POLISH_STEP = 0.5  # of polishing rollouts, in tau: RK4 is exact to 1e-4 there
_WINDOW_STEPS = 3000  # of all windows together, which bounds the cost of a step
_WARM_UP = 3.0  # driven time before closed-loop windows, in tau


@dataclass(frozen=True)
class Stage:
    """One residual to be mended for at most ``steps`` steps; ``make`` draws it when its turn comes.

    The network is run alone after a ``scored`` stage.
    """

    name: str
    steps: int
    make: Callable[[np.random.Generator], Residual]
    scored: bool = True


def flow_plan(target: Target, circuit: Circuit, *, noise: float, steps: int) -> Iterator[Stage]:
    """Yield the flow fit, on few states and then on all, and rounds of closed-loop polish with the flow beside it.

    A memory may be good without polish; chaos and cycles gain by it and are scored after their first round.
    """
    drawn: list[FlowResidual] = []

    def flow(rng: np.random.Generator) -> FlowResidual:
        if not drawn:
            drawn.append(flow_residual(target, circuit, rng, noise=noise))
        return drawn[0]

    yield Stage("coarse flow", max(1, steps // 2), lambda rng: flow(rng).thinned(_THIN), scored=False)
    yield Stage("flow", steps, flow, scored=target.task.kind == "memory")
    h = _step(target, _POLISH_STEP)
    tableau = EULER if target.net.spec.dt else RK4
    length = max(4, round(horizon(target) / (h * target.unit)))
    count = int(np.clip(_WINDOW_STEPS / length, 48, 128))

    def polish(rng: np.random.Generator) -> Residual:
        windows = flow_windows(target, circuit, rng, count=count, steps=length, h=h, noise=noise)
        return Sum([(1.0, LatentRollout(circuit, windows, h, tableau)), (1.0, flow(rng))])

    while True:
        yield Stage("polish", 12, polish)


def trajectory_plan(target: Target, circuit: Circuit, *, noise: float, steps: int) -> Iterator[Stage]:
    """Yield driven windows, then closed-loop windows that double until they reach the horizon, then new ones."""
    del noise
    h = _sample_step(target)
    tableau = EULER if target.net.spec.dt else RK4
    full = max(4, round(horizon(target) / (h * target.unit)))
    warm = max(2, round(_WARM_UP / h))

    def windows(closed: int) -> Callable[[np.random.Generator], Residual]:
        def make(rng: np.random.Generator) -> Residual:
            count = int(np.clip(_WINDOW_STEPS / closed, 48, 192))
            made = recorded_windows(target, circuit, rng, count=count, driven=warm, steps=closed, h=h)
            if target.net.low_rank:
                return LatentRollout(circuit, made, h, tableau)
            start = circuit.resting_rates(made.path[:, 0], torch.zeros(target.net.units, dtype=circuit.dtype))
            return RateRollout(circuit, made, start, h, tableau)

        return make

    closed = max(2, full // 16)
    while closed < full:
        yield Stage(f"{closed} steps", max(6, steps // 6), windows(closed), scored=False)
        closed *= 2
    while True:
        yield Stage(f"{full} steps", max(6, steps // 4), windows(full))


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


def _step(target: Target, wanted: float) -> float:
    dt = target.net.spec.dt
    return wanted if dt is None else dt / target.net.tau


def _sample_step(target: Target) -> float:
    """Return the rollout step in tau: the network's own, a recording's sampling if fine enough, else half a tau."""
    dt = target.net.spec.dt
    if dt is not None:
        return dt / target.net.tau
    own = target.task.dt / target.unit
    return min(own, _POLISH_STEP) if target.task.kind == "recording" else _POLISH_STEP
