"""Learning a vector field on a low-rank network: the field itself, then polish in closed loop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count as numbers
from typing import ClassVar, final

import numpy as np

from ..circuit import EULER, RK4
from ..solve import FrozenCurvature, Residual, Sum
from ._confirming_judge import attractor_judge
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._field_residual import FieldResidual
from ._latent_windows import LatentWindows
from ._moving_field import moving_field
from ._training_states import field_residual, idle_shares, rest_residual
from ._window_length import horizon, refinement, rollout_step
from ._window_sampling import true_windows

_THIN, _BENT = 4, 2  # one state in so many in the first steps; in the curvature of the others
_SHARE, _CHAOS_SHARE = 0.6, 1.2  # of the steps asked for, on few states and then again on all
_STRAIGHT = 0.75  # the same, of units that adapt, whose steps are not bent
_WINDOW_STEPS = 3000  # of all windows of the first round together, which bounds the cost of a step
_GROWTH = 4  # times as many windows a round has at most
_AHEAD = 1  # rounds by which chaos is ahead of others in its windows
_POLISH, _DAMPING = 9, 1e-4  # steps of a round; it begins near where the one before ended
_FIRST = 3  # the same of the first of several rounds of chaos, after which new windows tell more than further steps
_LOOKS = 3  # steps of a round of chaos between two runs of the network alone
_IDLE = 0.003  # weight of squared errors of windows in components that the task leaves idle
_REST_WEIGHT = 0.02  # of the field where the network rests, beside the field elsewhere; of chaos half the loss at most
_TINY = 1e-30  # a loss that is none


@final
class FieldCourse(Course):
    """The field fit, on few states and then on all, and rounds of closed-loop polish with the field beside it.

    A few windows are fitted much better than new ones are predicted. An easy cycle is good after its first round all
    the same. For the others each of the next rounds has more windows. Chaos has many from the first round on, and is
    also judged within each round, which ends where it is good: the attractor can change from step to step, much more
    than the loss does, where true parameters beside the task's own have a cycle. Its field is fitted longer, since
    rounds hold the field they begin with.

    A memory may be good without polish; chaos and cycles gain by it and are scored after their first round.
    """

    objective: ClassVar[str] = "field"

    def suits(self, problem: Problem) -> bool:
        """Return whether network and task have fields."""
        return problem.latent and problem.target.task.has_flow

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of attractors."""
        return attractor_judge(problem)

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the stages."""
        target, settings, drawn = problem.target, problem.settings, _Once(problem)
        alone = target.task.kind == "memory" or not settings.rounds
        if problem.net.transfer.adapts:
            yield from _adapting(problem, math.ceil(_STRAIGHT * settings.steps), alone)
            return
        share = _CHAOS_SHARE if target.task.kind == "chaos" else _SHARE
        steps = math.ceil(share * settings.steps)
        yield Stage("coarse field", steps, lambda draw, _: drawn(draw).thinned(_THIN), scored=False)
        yield Stage("field", steps, lambda draw, _: _bent(drawn(draw)), scored=alone, polish=False)
        yield from (_round(problem, drawn, number) for number in numbers(1))


def _round(problem: Problem, drawn: _Once, number: int) -> Stage:
    """Return a closed-loop round."""
    target, settings = problem.target, problem.settings
    chaotic = target.task.kind == "chaos"
    h, name = rollout_step(target), f"polish {number}"
    fine = refinement(target, h) if chaotic and not target.net.spec.dt else 1
    ahead = _AHEAD if chaotic else 0
    length = max(4, round(horizon(target) / (h * target.unit)))
    count = int(np.clip(_WINDOW_STEPS / length, 48, 128)) * min(number + ahead, _GROWTH)
    tableau = EULER if target.net.spec.dt else RK4

    def make(draw: Draw, begun: Begun) -> Residual:
        windows = true_windows(
            target, problem.running, draw(name), count=count, steps=fine * length, h=h / fine,
            noise=settings.noise, shares=idle_shares(problem, _IDLE),
        )  # fmt: skip
        learnable = problem.learnable(draw.restart)
        runs = replace(learnable, circuit=problem.running)
        rollout = LatentWindows(
            runs, windows, h / fine, tableau, room=settings.room, summed=settings.dtype(problem.net), lines=True
        )  # fmt: skip
        rollout = rollout.bounded(begun()) if chaotic else rollout
        field = Sum(((1.0, rollout), (1.0, FrozenCurvature(drawn(draw), begun))))
        beside = rest_residual(problem, learnable, begun(), draw(f"{name}, rests"))
        if beside is None:
            return field
        most = field.loss(begun()) / max(beside.loss(begun()), _TINY) if chaotic else _REST_WEIGHT
        return Sum((*field.parts, (min(_REST_WEIGHT, most), beside)))

    early = chaotic and number == 1 < settings.rounds
    steps, looks = _FIRST if early else _POLISH, _LOOKS if chaotic else 0
    return Stage(name, steps, make, damping=_DAMPING, growth=_GROWTH, ahead=ahead, looks=looks, fine=fine)


def _adapting(problem: Problem, steps: int, alone: bool) -> Iterator[Stage]:
    """Yield the stages of units that adapt: fields on paths, new ones in each round.

    Their closed loop has a current for every unit and no windows that are closed in the latent.
    """

    def field(name: str, count: int, thin: int = 1, *, scored: bool = True, polish: bool = True) -> Stage:
        def make(draw: Draw, begun: Begun) -> Residual:
            learnable = problem.learnable(draw.restart)
            made = moving_field(problem, learnable, draw(name), thin)
            if not polish:
                return made
            beside = rest_residual(problem, learnable, begun(), draw(f"{name}, rests"))
            return made if beside is None else Sum((*made.parts, (_REST_WEIGHT, beside)))

        return Stage(name, count, make, scored=scored, polish=polish)

    yield field("coarse field", steps, _THIN, scored=False, polish=False)
    yield field("field", steps, scored=alone, polish=False)
    yield from (field(f"new paths {number}", _POLISH) for number in numbers(1))


def _bent(residual: FieldResidual) -> FieldResidual:
    """Return the residual with fewer samples in its curvature, unless a linear problem is solved by it at once."""
    return residual if residual.linear else replace(residual, bent=_BENT)


class _Once:
    """The field residual of a restart, drawn when it is first needed."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[int, FieldResidual] = {}

    def __call__(self, draw: Draw) -> FieldResidual:
        if draw.restart not in self._known:
            learnable = self._problem.learnable(draw.restart)
            self._known = {draw.restart: field_residual(self._problem, learnable, draw("flow"))}
        return self._known[draw.restart]
