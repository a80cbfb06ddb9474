"""How far a study is: a bar where somebody watches, lines in a log, and each failure as it comes."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .._bar import bar, watched
from .._names import shown

_EVERY = 60.0  # seconds between lines where nobody watches
_ROWS = 20  # failures that are told one by one
Report = Callable[[dict[str, Any]], None]


class Progress:
    """Tells what is done, what failed, and how much time is left."""

    def __init__(self, progress: bool | Report, total: int, held: int) -> None:
        self._report = progress if callable(progress) else None
        self._tells, self._total, self._held = progress is True, total, held
        self._done, self._failures = 0, Counter[str]()
        self._began = self._last = time.monotonic()
        self._bar = bar(self._tells, total=total + held, initial=held, unit="fit")

    @property
    def left(self) -> float:
        """Seconds that the rest will take at the pace so far."""
        spent = time.monotonic() - self._began
        return spent / max(self._done, 1) * (self._total - self._done)

    def step(self, where: str, failure: str) -> None:
        """Count a job that has ended."""
        self._done += 1
        self._bar.update()
        if failure:
            self._failed(where, failure)
        if self._report is not None:
            told = {"done": self._done, "total": self._total, "held": self._held, "failed": self._failures.total()}
            self._report(told | {"left": self.left, "cell": where, "failure": failure})
        elif self._tells and not watched() and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            self._say(f"{self._done} of {self._total} fits, {self._failures.total()} failed, {self.left:.0f} s left")

    def close(self) -> None:
        """End the bar, and tell the failures by their sentences."""
        self._bar.close()
        if self._tells and self._failures:
            self._say("\n".join(f"{count:6d} x  {failure}" for failure, count in self._failures.most_common(_ROWS)))

    def _failed(self, where: str, failure: str) -> None:
        self._failures[failure] += 1
        self._bar.set_postfix(failed=self._failures.total())
        if self._tells and self._failures.total() <= _ROWS:
            self._say(f"failed: {where}: {failure}")

    def _say(self, text: str) -> None:
        if watched():
            self._bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)


def check_progress(progress: object) -> None:
    """Raise TypeError for what is no way to tell progress."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress is True, False, or a function that takes a dict, got {shown(progress)}")
