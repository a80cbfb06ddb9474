"""Telling the user how learning goes: a bar, a callback, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

from ._course import Stage

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

    def left(self, step: int, took: float, *, rounds: int) -> float:
        """Return seconds left at most, once a step took so long."""
        self._took.append(took)
        steps = self._stage.steps if self._stage else 0
        more = max(0, rounds) if self._stage and self._stage.scored else 0
        return float(median(self._took)) * (steps - step + more * steps)


def reporter(progress: bool | Report) -> Report:
    """Return what is called after every step with task, stage, step, loss and score."""
    if callable(progress):
        return progress
    if not isinstance(progress, bool):
        raise TypeError(f"progress is True, False or a function of a dict, got {progress!r}")
    return _Bar() if progress else lambda _: None


class _Bar:
    """A tqdm bar for each task; the notebook's own only where ipywidgets can draw it."""

    def __init__(self) -> None:
        if find_spec("ipywidgets") is not None:
            from tqdm.auto import tqdm
        else:
            from tqdm.std import tqdm
        self._new = tqdm
        self._bar: Any = None
        self._task = ""

    def __call__(self, event: dict[str, Any]) -> None:
        if event["task"] != self._task:
            if self._bar is not None:
                self._bar.close()
            self._task = event["task"]
            self._bar = self._new(desc=self._task, unit="step", dynamic_ncols=True)
        self._bar.update()
        left = f"at most {event['left']:.0f} s left in this stage" if event["left"] >= 1 else "soon done"
        self._bar.set_postfix_str(
            f"{event['stage']}, loss {event['loss']:.2e}, {left}, closed loop: {event['score'] or '-'}"
        )
