"""What is wrong with a state that was read from a file: numbers no learning has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from torch import Tensor

from .._numbers import is_whole
from ._course import Problem
from ._courses import course_for
from ._score import Score
from ._settings import Settings
from ._state import Best, State

# how learning ends: see Learner
_ENDINGS = re.compile(
    r"|stopped after \d+ (epoch|step)s?|as good as its floor|stopped, since .*"
    r"|(stopped after \d+ closed-loop rounds?|not polished)( of restart \d+)?"
)
_LATEST = 10_000  # stage that any learning reaches
_COUNTS = ("restart", "stage", "step", "scored")


def fault(state: State, problem: Problem) -> str:
    """Return what is wrong with a state of the learning of a problem, in words; nothing if all is well."""
    return next(_faults(state, problem), "")


def _faults(s: State, problem: Problem) -> Iterator[str]:
    yield from _of_vectors(s, problem.learnable().size)
    yield from _of_counts(s, problem.settings)
    if not isinstance(s.ending, str) or not _ENDINGS.fullmatch(s.ending):
        yield f"its ending is {_shown(s.ending)}, which no learning has"
    if not all(isinstance(name, str) for name in s.picked):
        yield "it does not say by what method it learned"
    if not s.ending and not _goes_with_course(s, problem):
        yield f"its stage is {s.stage} after {s.scored} closed-loop rounds, which the course of this task has not"
    yield from _of_losses(s)
    if s.best is not None:
        yield from _of_best(s.best, s)


def _of_vectors(s: State, size: int) -> Iterator[str]:
    best = None if s.best is None else s.best.theta
    vectors = {"theta": s.theta, "begun": s.begun, "mean": s.mean, "best": best}
    for name, values in vectors.items():
        if values is not None:
            yield from _of_numbers(name, values, [(size,)])
    for name, values in (s.memory or {}).items():
        yield from _of_numbers(f"memory.{name}", values, [(size,), ()])


def _of_counts(s: State, settings: Settings) -> Iterator[str]:
    for name in _COUNTS:
        if not is_whole(getattr(s, name), 0):
            yield f"its {name} is {_shown(getattr(s, name))}, not a whole number from 0 on"
    if s.restart > settings.restarts:
        yield f"its restart is {s.restart}, of {settings.restarts}"
    if not _real(s.seconds) or s.seconds < 0:
        yield f"its seconds are {_shown(s.seconds)}"


def _goes_with_course(s: State, problem: Problem) -> bool:
    """Return whether the course has this stage, and as many scored ones before it as were scored."""
    if s.stage > _LATEST:
        return False
    stages = list(islice(course_for(problem).stages(problem), s.stage + 1))
    return len(stages) == s.stage + 1 and sum(stage.scored for stage in stages[:-1]) == s.scored


def _of_numbers(name: str, values: Tensor, shapes: Sequence[tuple[int, ...]]) -> Iterator[str]:
    if tuple(values.shape) not in shapes:
        yield f"{name} has shape {tuple(values.shape)} and needs {shapes[0]}"
    elif not bool(values.isfinite().all()):
        yield f"{name} holds numbers that are not finite"


def _of_losses(s: State) -> Iterator[str]:
    if not all(_real(loss) for loss in (*s.losses, *s.history)):
        yield "its losses are not all numbers"
    elif s.history != s.losses[len(s.losses) - len(s.history) :] or s.step != len(s.history):
        yield f"its losses do not go with step {s.step}"
    elif (s.memory is None) != (s.step == 0):
        yield f"what its method remembers does not go with step {s.step}"
    elif not all(is_whole(begin, 0) and begin <= len(s.losses) for begin in s.begins):
        yield "its stages do not begin among its losses"
    if len(s.nearest) > s.scored or not all(isinstance(one, int | float) for one in s.nearest):
        yield f"it has {len(s.nearest)} results of {_shown(s.scored)} closed-loop rounds, or some that are no numbers"


def _of_best(best: Best, s: State) -> Iterator[str]:
    if not is_whole(best.restart, 0) or best.restart > s.restart:
        yield f"its best is of restart {_shown(best.restart)}, of {s.restart}"
    if not _is_score(best.score):
        yield "the score of its best is none"


def _is_score(score: Score) -> bool:
    values, rank = score.values, score.rank
    named = isinstance(values, dict) and all(isinstance(value, int | float) for value in values.values())
    return named and all(isinstance(one, int | float) for one in rank)


def _real(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def _shown(value: Any) -> str:
    return ascii(value)[:60]
