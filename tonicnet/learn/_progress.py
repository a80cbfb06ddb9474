"""Telling the user how learning goes: a bar, a callback, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

Report = Callable[[dict[str, Any]], None]


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
        self._bar.set_postfix_str(f"{event['stage']}, loss {event['loss']:.2e}, closed loop: {event['score'] or '-'}")
