"""Telling the user how learning goes: a bar and a line a task, a callback, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, median
from typing import Any, final

import xarray as xr

from .._bar import bar
from ._course import Stage
from ._forecast import Forecast

_LONG = 30  # seconds of learning that are told also where nobody watches

Report = Callable[[dict[str, Any]], None]


class Pace:
    """Time left, from how long steps took: of the stage, and of the closed-loop rounds that may still come."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._index = -1
        self._took: list[float] = []

    def enter(self, index: int, stage: Stage) -> None:
        """Begin a stage; steps of another one no longer count."""
        if index != self._index:
            self._took = []
        self._index, self._stage = index, stage

    def left(self, step: int, took: float, *, rounds: float) -> float:
        """Return seconds left at most, once a step took so long; ``rounds`` as long as the stage may follow."""
        self._took.append(took)
        steps = self._stage.steps if self._stage else 0
        more = max(0.0, rounds) if self._stage and self._stage.scored else 0
        return self._usual() * (steps - step + more * steps)

    def _usual(self) -> float:
        """Return what a step takes: the median, or the mean where some steps are followed by a run of the network."""
        return (mean if self._stage and self._stage.looks else median)(self._took)


class Progress:
    """What is told while tasks are learned, one after the other: here, nothing."""

    def begin(self, task: str, number: int, count: int) -> None:
        """Say that a task is begun, the ``number``-th of so many."""

    @property
    def forecast(self) -> Callable[[Forecast], None] | None:
        """Who is told what a task will take, before its first step; None: nobody, and it is not found out."""
        return None

    def step(self, event: dict[str, Any]) -> None:
        """Say that a step was taken: task, stage, step, loss, score and more."""

    def end(self, row: xr.Dataset) -> None:
        """Say what became of the task, given its row of the bank."""

    def close(self) -> None:
        """Leave nothing open, also where learning failed."""


def progress_of(asked: bool | Report) -> Progress:
    """Return who tells: nobody, the function given, or a bar and a line a task."""
    if callable(asked):
        return _Called(asked)
    if not isinstance(asked, bool):
        raise TypeError(f"progress is True, False or a function of a dict, got {asked!r}")
    return _Shown() if asked else Progress()


@final
class _Called(Progress):
    """Calls a function of the user after every step."""

    def __init__(self, function: Report) -> None:
        self._function = function

    def step(self, event: dict[str, Any]) -> None:
        self._function(event)


@final
class _Shown(Progress):
    """A bar for each task where somebody watches, and one line of text, wherever that goes, once it is learned."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task = ""

    def begin(self, task: str, number: int, count: int) -> None:
        self._task = f"{task} (task {number} of {count})" if count > 1 else task
        self._bar = bar(True, desc=self._task, unit="step", dynamic_ncols=True, leave=False)

    @property
    def forecast(self) -> Callable[[Forecast], None]:
        return self._foretold

    def _foretold(self, forecast: Forecast) -> None:
        """Show it on the bar; where nobody watches, only a long wait is worth a line."""
        self._bar.set_postfix_str(forecast.sentence())
        if self._bar.disable and forecast.seconds > _LONG:
            print(f"{self._task}: {forecast.sentence()}", flush=True)

    def step(self, event: dict[str, Any]) -> None:
        self._bar.update()
        left = f"at most {event['left']:.0f} s left in this stage" if event["left"] >= 1 else "soon done"
        scored = f", {event['judged']}: {event['score'] or '-'}" if event["judged"] else ""
        self._bar.set_postfix_str(f"{event['stage']}, loss {event['loss']:.2e}, {left}{scored}")

    def end(self, row: xr.Dataset) -> None:
        self.close()
        print(f"{self._task}, {row['seconds'].item():.0f} s: {row['outcome'].item()}", flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
