"""Learning a recording on a low-rank network: its smoothed field first, then shooting through its noise."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np

from ..circuit import EULER, RK4
from ..solve import Residual, Sum
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._field_residual import FieldResidual
from ._judge import AttractorJudge
from ._latent_windows import LatentWindows
from ._target import Target
from ._training_states import recorded_field
from ._window_length import horizon, noisy, rollout_step
from ._window_sampling import recorded_windows

_THIN = 3  # one state in so many for the first steps of the field fit
_WINDOW_STEPS = {True: 10_000, False: 2000}  # of all windows together: noise is averaged over many samples
_ROUND = 8  # steps of a round
_ANCHOR = 0.01  # weight of the smoothed field beside the windows, which keeps the way back to the attractor


@final
class RecordingCourse(Course):
    """The field of the smoothed recording, and rounds of multiple shooting on the recording as it is.

    A window starts where theta wants it to, not where noise put its first sample, so that nothing is
    biased by the noise of the starts; all its samples are scored.
    """

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return whether this is a recording on a network that has a field."""
        return problem.latent and problem.target.task.kind == "recording"

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of attractors."""
        return AttractorJudge.of(problem)

    def longest(self, problem: Problem) -> float:
        """Return the time of a window of shooting."""
        target = problem.target
        return _length(target) * _stride(target) * rollout_step(target) * target.unit

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        target, settings = problem.target, problem.settings
        drawn: dict[int, FieldResidual] = {}

        def field(draw: Draw) -> FieldResidual:
            if draw.restart not in drawn:
                drawn[draw.restart] = recorded_field(problem, problem.learnable(draw.restart), draw("flow"))
            return drawn[draw.restart]

        yield Stage("coarse field", settings.steps, lambda draw, _: field(draw).thinned(_THIN), scored=False)
        last = not settings.rounds
        yield Stage("field", max(1, settings.steps // 2), lambda draw, _: field(draw), scored=last, polish=False)
        h = _stride(target) * rollout_step(target)
        length = _length(target)
        count = int(np.clip(_WINDOW_STEPS[noisy(target)] / length, 48, 1000))

        def shooting(name: str) -> Stage:
            def make(draw: Draw, _: Begun) -> Residual:
                every = tuple(range(0 if noisy(target) else 1, length + 1))
                windows = recorded_windows(
                    target, problem.circuit, draw(name), count=count, driven=0, steps=length, h=h, scored=every
                )
                rollout = LatentWindows(
                    problem.learnable(draw.restart), windows, h, EULER if target.net.spec.dt else RK4,
                    free=noisy(target), room=settings.room,
                )  # fmt: skip
                return Sum(((1.0, rollout), (_ANCHOR, field(draw))))

            return Stage(name, _ROUND, make)

        yield from (shooting(f"shooting {number}") for number in numbers(1))


def _length(target: Target) -> int:
    """Return the steps of a window of shooting."""
    return max(4, round(horizon(target) / (_stride(target) * rollout_step(target) * target.unit)))


def _stride(target: Target) -> int:
    """Return how many samples of a finely sampled recording a step may take: up to half a tau."""
    return 1 if target.net.spec.dt else max(1, int(0.5 / rollout_step(target) + 1e-9))
