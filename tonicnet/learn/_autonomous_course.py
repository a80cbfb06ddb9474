"""Learning on a network without feedback: from its one start on, further and further."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

from ..solve import Residual
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._judge_trials import TrialJudge
from ._target import Target
from ._trajectory_course import rollout
from ._window_length import rollout_step
from ._window_sampling import whole_trials

_FIRST = 20  # steps of the first horizon
_LEAST = 2  # steps of a trial
_GROWTH = 1.5
_PATIENCE = 25  # steps: a horizon is often crossed after a plateau


@final
class AutonomousCourse(Course):
    """Horizons from the beginning of the trials that grow until all of them is followed."""

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return whether the network has nothing but its start to follow the target by."""
        return not problem.net.spec.feedback and problem.target.task.kind != "behaviour"

    def longest(self, problem: Problem) -> float:
        """Return the time of the fewest steps that can be followed."""
        _full(problem.target)
        return _LEAST * rollout_step(problem.target) * problem.target.unit

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of trials."""
        h = rollout_step(problem.target)
        rng = Draw(problem.settings.seed, 0)("examined")
        windows = whole_trials(problem.target, problem.circuit, rng, _full(problem.target), h)
        return TrialJudge(rollout(problem, problem.learnable(), windows, h), windows)

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        target, settings = problem.target, problem.settings
        h, full = rollout_step(target), _full(target)

        def followed(name: str, steps: int, scored: bool) -> Stage:
            def make(draw: Draw, _: Begun) -> Residual:
                windows = whole_trials(target, problem.circuit, draw(name), steps, h)
                return rollout(problem, problem.learnable(draw.restart), windows, h)

            return Stage(name, 2 * settings.steps if scored else settings.steps, make, scored, patience=_PATIENCE)

        length = min(_FIRST, full)
        while length < full:
            yield followed(f"{length} steps", length, False)
            length = int(_GROWTH * length)
        yield from (followed(f"{full} steps, {number}", full, True) for number in numbers(1))


def _full(target: Target) -> int:
    if not math.isfinite(target.task.duration):
        raise ValueError(
            f"a network without feedback follows a run from its start, and task {target.task.name!r} has runs of any "
            "length; give one of them: Task.from_array(task.trajectory(duration, dt), name=...)"
        )
    return int(target.task.duration / (rollout_step(target) * target.unit) + 1e-6)
