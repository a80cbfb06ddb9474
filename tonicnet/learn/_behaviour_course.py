"""Learning an input/output behaviour: trials with their targets fed back, then less and less of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np

from ..solve import Residual
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._judge_trials import TrialJudge
from ._trajectory_course import rollout
from ._window_length import rollout_step
from ._window_sampling import trial_windows

_FORCING = (1.0, 0.5, 0.2)  # share of the target fed back, before the network is left alone
_WINDOW_STEPS = 6000  # of all trials together, which bounds the cost of a step
_TRIALS = (16, 200)  # least and most trials of a stage
_JUDGED = 100  # trials on which the network alone is judged


@final
class BehaviourCourse(Course):
    """Trials under generalised teacher forcing that fades, then the closed loop on new trials."""

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return whether this is a behaviour."""
        return problem.target.task.kind == "behaviour"

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of trials."""
        h = rollout_step(problem.target)
        rng = Draw(problem.settings.seed, 0)("examined")
        windows = trial_windows(problem.target, problem.circuit, rng, count=_JUDGED, forcing=0.0, h=h, thinned=False)
        return TrialJudge(rollout(problem, problem.learnable(), windows, h), windows)

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        target = problem.target
        h = rollout_step(target)
        count = int(np.clip(_WINDOW_STEPS / int(target.task.duration / (h * target.unit) + 1e-6), *_TRIALS))

        def trials(name: str, forcing: float, scored: bool) -> Stage:
            def make(draw: Draw, _: Begun) -> Residual:
                windows = trial_windows(target, problem.circuit, draw(name), count=count, forcing=forcing, h=h)
                return rollout(problem, problem.learnable(draw.restart), windows, h)

            return Stage(name, max(6, problem.settings.steps // 2), make, scored)

        for forcing in _FORCING if target.net.spec.feedback else ():
            yield trials(f"forcing {forcing:g}", forcing, False)
        yield from (trials(f"alone {number}", 0.0, True) for number in numbers(1))
