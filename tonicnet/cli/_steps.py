"""A job of several steps: what is being done, how long it took, and how long the rest will take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

import typer

from ._table import seconds, table

_CERTAIN = 10.0  # seconds that count for the expected pace: one short step does not tell that of all others


class Steps:
    """Announces steps and times them; ``expected`` holds the seconds of each, right up to one common factor.

    >>> Steps({"learning": 30.0, "running": 10.0}).begin()
    'about 40 s in all'
    """

    def __init__(self, expected: Mapping[str, float]) -> None:
        self._expected = dict(expected)
        self._took: dict[str, float] = {}

    def begin(self) -> str:
        """Return how long all steps may take."""
        return f"about {sum(self._expected.values()):.0f} s in all"

    def left(self) -> float:
        """Return the seconds left, at the pace of the steps so far."""
        done = sum(self._expected.get(name, 0.0) for name in self._took)
        pace = (sum(self._took.values()) + _CERTAIN) / (done + _CERTAIN)
        return pace * sum(spent for name, spent in self._expected.items() if name not in self._took)

    @contextlib.contextmanager
    def step(self, name: str, words: str) -> Iterator[None]:
        """Announce a step and time it."""
        typer.echo(f"... {words} (about {self.left():.0f} s left)")
        begin = time.perf_counter()
        yield
        self._took[name] = time.perf_counter() - begin

    def summary(self) -> str:
        """Return how long each step took."""
        rows = [[words, seconds(spent)] for words, spent in self._took.items()]
        rows.append(["all together", seconds(sum(self._took.values()))])
        return table(["step", "took"], rows)
