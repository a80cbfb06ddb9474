"""Learning an input/output behaviour: trials with their targets fed back, then less and less of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from ..circuit import placed
from ..solve import Residual
from ..task import Task, rule_of
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._judge_trials import TrialJudge
from ._trajectory_course import rollout
from ._window_length import rollout_step
from ._window_sampling import in_a_tube, trial_windows
from ._windows import ROWS_A_NUMBER

_FORCING = (1.0, 0.5, 0.2, 0.1, 0.05)  # share of the target fed back, before the network is left alone
_WINDOW_STEPS = 6000  # of all trials together, which bounds the cost of a step
_TRIALS = (16, 200)  # least and most trials of a stage
_SCORED = (12, 40)  # least and most steps of a trial that are scored in one stage, drawn at random
_ENOUGH = 1e-4  # mean squared error, in scaled units, below which more steps on the same trials teach nothing
_BEFORE = 6.0  # tau before a trial: its first target is fed back, or the network waits, for a part of them
_SCATTER = 1.0  # greatest standard deviation of the inputs to units whose responses are the rates before that
_SPREAD = 4.0  # the same of latents, in scaled units: idle ones reach several
_JUDGED = 100  # trials on which the network alone is judged
_ROUGH = {torch.float32: 1e-2, torch.float64: 1e-3}  # of the rows of curvature: see Sweep


@final
class BehaviourCourse(Course):
    """Trials under generalised teacher forcing that fades, then the closed loop on new trials.

    The latent of a low-rank network is its whole state: the target that is fed back to it is noisy, so that it learns
    to lead back from a tube round its trials. The rates of another network hold more than what is fed back.
    """

    objective: ClassVar[str] = "trajectory"

    def suits(self, problem: Problem) -> bool:
        """Return whether this is a behaviour."""
        return problem.target.task.kind == "behaviour"

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of trials."""
        h = rollout_step(problem.target)
        draw = Draw(problem.settings.seed, 0)
        windows = trial_windows(problem.target, problem.circuit, draw("examined"), count=_JUDGED, forcing=0.0, h=h)
        anywhere = _fed(problem) and _may_wait(problem.target.task)
        start = _scattered(problem, draw("examined, starts"), _JUDGED // 2) if anywhere else None
        if start is not None and problem.latent:
            windows = replace(windows, begin=torch.cat([start, windows.path[len(start) :, 0]]))
        return TrialJudge(rollout(problem, problem.learnable(), windows, h), windows, start)

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        for forcing in _FORCING if problem.target.net.spec.feedback else ():
            yield _stage(problem, f"forcing {forcing:g}", forcing, False)
        yield from (_stage(problem, f"alone {number}", 0.0, True) for number in numbers(1))


def _stage(problem: Problem, name: str, forcing: float, scored: bool) -> Stage:
    target, h = problem.target, rollout_step(problem.target)
    fed, waits = _fed(problem), _may_wait(target.task)
    before = round(_BEFORE / h) if fed else 0
    warm, wait = (0, before) if waits else (0 if problem.latent else before, 0)
    scatters = fed and (waits or not problem.latent)
    count = int(np.clip(_WINDOW_STEPS / int(target.task.duration / (h * target.unit) + 1e-6), *_TRIALS))

    def make(draw: Draw, _: Begun) -> Residual:
        learnable = problem.learnable(draw.restart)
        outputs = int((target.task.trials(_TRIALS[0])["mask"] > 0).any(("trial", "time")).sum())
        rows = int(np.clip(ROWS_A_NUMBER * learnable.size / (count * outputs), *_SCORED))
        windows = trial_windows(
            target,
            problem.circuit,
            draw(name),
            count=count,
            forcing=forcing,
            h=h,
            scored=rows,
            warm=warm,
            wait=wait,
        )
        start = _scattered(problem, draw(f"{name}, starts"), count) if scatters else None
        if problem.latent:
            windows = in_a_tube(windows, problem.settings.noise, draw(f"{name}, noise"))
            windows, start = replace(windows, begin=start), None
        return rollout(problem, learnable, windows, h, rough=_ROUGH[problem.circuit.dtype], start=start)

    return Stage(name, max(1, problem.settings.steps // 2), make, scored, enough=_ENOUGH)


def _fed(problem: Problem) -> bool:
    """Return whether units are fed what the network puts out: its trials then begin in random states."""
    return problem.target.net.spec.feedback


def _may_wait(task: Task) -> bool:
    """Return whether trials may begin late: those of a rule, all at one target, which stays until an input comes.

    Where trials begin at different targets, as memories do, a run is told where to begin. Where targets move without an
    input, time counts from the start. Trials that were given, and not drawn by a rule, are taken as they are.
    """
    if rule_of(task) is None:
        return False
    drawn = task.trials(_TRIALS[0])
    target, inputs, counts = (drawn[name].values for name in ("target", "input", "mask"))
    if np.ptp(target[:, 0], axis=0).any():
        return False
    moved = np.any((target != target[:, :1]) & (counts > 0), axis=2)
    return bool((_first(np.any(inputs != 0, axis=2)) < _first(moved)).all())


def _first(happened: np.ndarray) -> np.ndarray:
    """Return the first step of each trial at which something happened, or the number of steps where none did."""
    return np.where(happened.any(axis=1), happened.argmax(axis=1), happened.shape[1])


def _scattered(problem: Problem, rng: np.random.Generator, count: int) -> Tensor:
    """Return states at random, from which trials begin: rates, or latents where these are the whole state.

    Networks with strong synapses have several states of rest under one input. A behaviour that is learned from one of
    them fails from the others, in which a run may begin, or which an earlier trial or behaviour may leave behind. So it
    is with components that a task leaves idle. Latents are scattered only where trials may wait: elsewhere a run is
    told all of them.
    """
    if problem.latent:
        sizes = _SPREAD * rng.uniform(size=(count, 1))
        return problem.circuit.tensor(sizes * rng.standard_normal((count, problem.net.components)))
    still = placed(problem.circuit, {"bias": torch.zeros(problem.net.units)})
    sizes = _SCATTER * rng.uniform(size=(count, 1))
    return still.units.rate(problem.circuit.tensor(sizes * rng.standard_normal((count, problem.net.units))))
