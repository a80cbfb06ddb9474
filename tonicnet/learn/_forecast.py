"""What learning a task will take, found out before its first step: a few of its rows are timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor

from ..solve import GIB, SOLVERS, Cost, FrozenCurvature, Residual, Sum
from ._course import Stage
from ._field_residual import FieldResidual
from ._latent_windows import LatentWindows
from ._rate_windows import RateWindows

_FEW, _MORE = 10, (3, 2)  # one window, or state, in so many is timed; a line through two times gives that of all
_REPEATS = 2  # of which the faster counts


class Ahead(NamedTuple):
    """A stage that is to come: its residual, and the solver of its steps (None for a first-order method)."""

    stage: Stage
    residual: Residual
    cost: Cost | None


@dataclass(frozen=True)
class Forecast:
    """Steps, seconds and bytes that learning a task will take at most: its stages, without restarts and judging.

    ``open`` says that closed-loop rounds may follow, for which it is too early to say.
    """

    steps: int
    seconds: float
    bytes: int
    open: bool = False

    def sentence(self) -> str:
        """Return it in words.

        >>> Forecast(42, 80.0, 2**28).sentence()
        'at most 42 steps, about 80 s (1.9 s a step), 0.25 GiB'
        """
        each = self.seconds / max(1, self.steps)
        size = f"{self.bytes / GIB:.2g} GiB" + (", then closed-loop rounds if it is not good" if self.open else "")
        return f"at most {self.steps} steps, about {_short(self.seconds)} s ({_short(each)} s a step), {size}"


def _short(number: float) -> str:
    """Return a number in two digits that count."""
    return f"{float(f'{number:.2g}'):g}"


def forecast_of(ahead: Sequence[Ahead], theta: Tensor, *, rounds: int) -> Forecast:
    """Return what stages will take, the last of them ``rounds`` times if it is a closed-loop round.

    Stages alike in residual, rows and solver take as long as each other, and one of them is timed.
    """
    end = ahead[-1].stage
    polish = end.polish
    again = max(1, rounds) if polish else 1
    steps = sum(one.stage.steps for one in ahead) + (again - 1) * end.steps
    kinds = [(type(one.residual), one.residual.rows, one.cost) for one in ahead]
    took = {kind: _seconds(one, theta) for kind, one in dict(zip(kinds, ahead, strict=True)).items()}
    each = [one.stage.steps * took[kind] for kind, one in zip(kinds, ahead, strict=True)]
    seconds = sum(each) + (end.rounds(1, again) - 1) * each[-1]
    most = max(0 if one.cost is None else one.cost.bytes for one in ahead)
    return Forecast(steps, seconds, most, open=bool(rounds) and not polish and not end.last)


def _seconds(ahead: Ahead, theta: Tensor) -> float:
    """Return the time of one step, from those of two small parts of it."""
    few = part_of(ahead.residual, _FEW)
    _timed(ahead, theta, few)  # what is built or tabulated at the first call is not of a step
    took = _fastest(ahead, theta, few)
    more = next((part for share in _MORE if (part := part_of(ahead.residual, share)).rows > few.rows), None)
    if more is None:
        return took
    slope = max(0.0, (_fastest(ahead, theta, more) - took) / (more.rows - few.rows))
    return took + slope * (ahead.residual.rows - few.rows)


def _fastest(ahead: Ahead, theta: Tensor, part: Residual) -> float:
    return min(_timed(ahead, theta, part) for _ in range(_REPEATS))


def _timed(ahead: Ahead, theta: Tensor, part: Residual) -> float:
    begun = time.thread_time()  # what others do on a busy machine does not count, since it would be multiplied
    here = part.at(theta)
    if ahead.cost is None:
        here.gradient()
    else:
        model = SOLVERS[ahead.cost.solver](here)
        model.solve(model.mean_diagonal())
    return time.thread_time() - begun


def part_of(residual: Residual, share: int) -> Residual:
    """Return a residual of one window or state in ``share``."""
    if isinstance(residual, Sum):
        return Sum(tuple((weight, part_of(part, share)) for weight, part in residual.parts))
    if isinstance(residual, FrozenCurvature):
        return part_of(residual.part, share)
    if isinstance(residual, FieldResidual):
        return residual.thinned(share)
    if isinstance(residual, RateWindows | LatentWindows):
        few = slice(0, max(1, len(residual.windows.path) // share))
        windows = next(iter(residual.windows.tiles(few.stop)))[1]
        if isinstance(residual, RateWindows):
            return replace(residual, windows=windows, start=residual.start[few])
        return replace(residual, windows=windows)
    return residual
