"""Learning an input/output behaviour: trials with their targets fed back, then less and less of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np
import torch

from ..solve import Residual
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._judge_trials import TrialJudge
from ._trajectory_course import rollout
from ._window_length import rollout_step
from ._window_sampling import trial_windows

_FORCING = (1.0, 0.5, 0.2)  # share of the target fed back, before the network is left alone
_WINDOW_STEPS = 6000  # of all trials together, which bounds the cost of a step
_TRIALS = (16, 200)  # least and most trials of a stage
_ROWS = 6  # of the residual for each unknown
_SCORED = (12, 40)  # least and most steps of a trial that are scored in one stage, drawn at random
_ENOUGH = 1e-4  # mean squared error, in scaled units, below which more steps on the same trials teach nothing
_WARM_UP = 6.0  # tau before a trial in which its first target is fed back: rates are then at rest
_JUDGED = 100  # trials on which the network alone is judged
_ROUGH = {torch.float32: 1e-2, torch.float64: 1e-3}  # of the rows of curvature: see Sweep


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
        windows = trial_windows(problem.target, problem.circuit, rng, count=_JUDGED, forcing=0.0, h=h)
        return TrialJudge(rollout(problem, problem.learnable(), windows, h), windows)

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        for forcing in _FORCING if problem.target.net.spec.feedback else ():
            yield _stage(problem, f"forcing {forcing:g}", forcing, False)
        yield from (_stage(problem, f"alone {number}", 0.0, True) for number in numbers(1))


def _stage(problem: Problem, name: str, forcing: float, scored: bool) -> Stage:
    target, h = problem.target, rollout_step(problem.target)
    warm = round(_WARM_UP / h) if target.net.spec.feedback and not problem.latent else 0
    count = int(np.clip(_WINDOW_STEPS / int(target.task.duration / (h * target.unit) + 1e-6), *_TRIALS))

    def make(draw: Draw, _: Begun) -> Residual:
        learnable = problem.learnable(draw.restart)
        outputs = int((target.task.trials(_TRIALS[0])["mask"] > 0).any(("trial", "time")).sum())
        rows = int(np.clip(_ROWS * learnable.size / (count * outputs), *_SCORED))
        windows = trial_windows(
            target, problem.circuit, draw(name), count=count, forcing=forcing, h=h, scored=rows, warm=warm
        )
        return rollout(problem, learnable, windows, h, rough=_ROUGH[problem.circuit.dtype])

    return Stage(name, max(6, problem.settings.steps // 2), make, scored, enough=_ENOUGH)
