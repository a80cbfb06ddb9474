"""Learning from trajectories: driven first, then alone for longer and longer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np
import torch

from ..circuit import EULER, RK4, Learnable, placed
from ..solve import Residual
from ._continuous_windows import ContinuousWindows
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._discrete_windows import DiscreteWindows
from ._judge import AttractorJudge
from ._latent_windows import LatentWindows
from ._target import Target
from ._window_length import WARM_UP, horizon, rollout_step
from ._window_sampling import recorded_windows
from ._windows import Windows

_WINDOWS = (64, 256)  # least and most windows of a stage
_ROWS = 6  # of the residual for each unknown: with fewer, new windows are not what was learned
_SCORED = 24  # components times scored steps of a window


@final
class TrajectoryCourse(Course):
    """Driven windows, then closed-loop windows that double until they reach the horizon, then new ones."""

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return True: every task but a behaviour has runs, and behaviours have a course of their own before this."""
        return problem.target.task.kind != "behaviour"

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of attractors."""
        return AttractorJudge.of(problem)

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
            yield _windows(problem, f"{closed} steps", closed, max(6, 3 * steps // 4), False)
            closed *= 2
        yield from (_windows(problem, f"{full} steps, {n}", full, max(6, steps // 2), True) for n in numbers(1))


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
        count = int(np.clip(_ROWS * learnable.size / (len(at) * k), *_WINDOWS))
        drawn = recorded_windows(
            target, problem.circuit, draw(name), count=count, driven=warm, steps=closed, h=h, scored=at
        )
        return rollout(problem, learnable, drawn, h)

    return Stage(name, steps, make, scored)


def _spread(driven: int, closed: int, count: int) -> tuple[int, ...]:
    """Return ``count`` scored steps at most, evenly over the closed loop, its last one included."""
    return tuple(sorted({driven + max(1, round(closed * k / count)) for k in range(1, count + 1)}))


def rollout(problem: Problem, learnable: Learnable, windows: Windows, h: float) -> Residual:
    """Return the trajectory residual that suits the network."""
    net, settings = problem.net, problem.settings
    if problem.latent:
        return LatentWindows(learnable, windows, h, EULER if net.spec.dt else RK4, room=settings.room)
    still = placed(problem.circuit, {"bias": torch.zeros(net.units)})
    start = still.state(windows.path[:, 0])
    kind = DiscreteWindows if net.spec.dt else ContinuousWindows
    return kind(learnable, windows, start, h, room=settings.room, curved=settings.curved(net))
