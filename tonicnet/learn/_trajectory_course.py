"""Learning from trajectories: driven first, then alone for longer and longer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from ..circuit import EULER, RK4, Learnable, placed
from ..network import Network
from ..solve import Residual
from ._adams_windows import AdamsWindows
from ._confirming_judge import attractor_judge
from ._continuous_windows import ContinuousWindows
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._discrete_windows import DiscreteWindows
from ._latent_windows import LatentWindows
from ._rate_windows import RateWindows
from ._target import Target
from ._window_length import WARM_UP, horizon, rollout_step
from ._window_sampling import recorded_windows
from ._windows import ROWS_A_NUMBER, Windows

_WINDOWS = (64, 256)  # least and most windows of a stage
_SCORED = 24  # components times scored steps of a window
_ROUGH = {torch.float32: 3e-3, torch.float64: 3e-4}  # of the rows of curvature: a step is then right to some per cent
_FINE = 0.3  # tau: up to here samples are so near each other that a multistep method is as exact as it must be
_STABLE = 0.6  # step times gain of the synapses up to which it is stable, whatever their eigenvalues


@final
class TrajectoryCourse(Course):
    """Driven windows, then closed-loop windows that double until they reach the horizon, then new ones."""

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return True: every task but a behaviour has runs, and behaviours have a course of their own before this."""
        return problem.target.task.kind != "behaviour"

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of attractors."""
        return attractor_judge(problem)

    def longest(self, problem: Problem) -> float:
        """Return the time of the driven steps and the longest closed loop; a field has runs of any length."""
        target, h = problem.target, rollout_step(problem.target)
        if target.task.has_flow:
            return 0.0
        return (round(WARM_UP / h) + _full(target)) * h * target.unit

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        target, steps = problem.target, problem.settings.steps
        full = _full(target)
        closed = max(2, full // 4)
        while closed < full:
            yield _windows(problem, f"{closed} steps", closed, max(1, 3 * steps // 4), False)
            closed *= 2
        yield from (_windows(problem, f"{full} steps, {n}", full, max(1, steps // 2), True) for n in numbers(1))


def _full(target: Target) -> int:
    """Return the steps of the longest closed loop."""
    return max(4, round(horizon(target) / (rollout_step(target) * target.unit)))


def _windows(problem: Problem, name: str, closed: int, steps: int, scored: bool) -> Stage:
    target, k = problem.target, problem.net.components
    h = rollout_step(target)
    warm = round(WARM_UP / h)

    def make(draw: Draw, _: Begun) -> Residual:
        at = _spread(warm, closed, max(1, _SCORED // k))
        learnable = problem.learnable(draw.restart)
        count = int(np.clip(ROWS_A_NUMBER * learnable.size / (len(at) * k), *_WINDOWS))
        drawn = recorded_windows(
            target, problem.circuit, draw(name), count=count, driven=warm, steps=closed, h=h, scored=at
        )
        return rollout(problem, learnable, drawn, h, rough=_ROUGH[problem.circuit.dtype])

    return Stage(name, steps, make, scored)


def _spread(driven: int, closed: int, count: int) -> tuple[int, ...]:
    """Return ``count`` scored steps at most, evenly over the closed loop, its last one included."""
    return tuple(sorted({driven + max(1, round(closed * k / count)) for k in range(1, count + 1)}))


def rollout(
    problem: Problem, learnable: Learnable, windows: Windows, h: float, *, rough: float = 0.0,
    start: Tensor | None = None,
) -> Residual:  # fmt: skip
    """Return the trajectory residual that suits the network; ``rough`` is the share of curvature that may be lost.

    Rates begin at ``start`` (window, unit), or where they rest without tonic inputs while the first target is fed back.
    """
    net, settings = problem.net, problem.settings
    if problem.latent:
        return LatentWindows(learnable, windows, h, EULER if net.spec.dt else RK4, room=settings.room)
    if start is None:
        start = placed(problem.circuit, {"bias": torch.zeros(net.units)}).state(windows.path[:, 0])
    curved = settings.curved(net) if not rough or settings.precision == "bfloat16" else None
    return _rate_windows(net, windows, h)(learnable, windows, start, h, room=settings.room, curved=curved, rough=rough)


def _rate_windows(net: Network, windows: Windows, h: float) -> type[RateWindows]:
    """Return the windows of rates whose method suits: what is fed must not jump within a multistep method."""
    if net.spec.dt:
        return DiscreteWindows
    smooth = windows.driven > 0 and windows.inputs is None
    fine = h <= _FINE * (1 + 1e-9) and h * net.spec.gain <= _STABLE * (1 + 1e-9)
    return AdamsWindows if smooth and fine else ContinuousWindows
