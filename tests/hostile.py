"""Calls of the library with arguments that nobody should give: what comes back must be an error in a sentence.

``calls(seed)`` yields them for ever, the same for the same seed; ``verdict(call)`` says what became of one.
"""

from __future__ import annotations

import contextlib
import math
import re
import resource
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
import xarray as xr
from hostile_doors import doors as _doors

ALLOWED = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, RuntimeError)
LEAKED = (RecursionError, NotImplementedError, UnicodeError, np.linalg.LinAlgError)  # of these, by another name
LONGEST = 20  # seconds that a call may take before it counts as one without an end
_WORDS = 4  # of a sentence, at least


def _nested(depth: int) -> list[Any]:
    """Return a list in a list in a list."""
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


def _endless() -> list[Any]:
    """Return a list that holds itself."""
    made: list[Any] = []
    made.append(made)
    return made


def _masked() -> np.ndarray:
    return np.ma.masked_invalid([1.0, np.nan, 2.0])


NUMBERS: dict[str, Callable[[], Any]] = {
    "-1": lambda: -1, "0": lambda: 0, "-0.5": lambda: -0.5, "1.5": lambda: 1.5, "nan": lambda: math.nan,
    "inf": lambda: math.inf, "-inf": lambda: -math.inf, "1e-300": lambda: 1e-300, "5e-324": lambda: 5e-324,
    "1e9": lambda: 1e9, "10**9": lambda: 10**9, "1e300": lambda: 1e300, "10**400": lambda: 10**400,
    "2**63": lambda: 2**63, "-(2**64)": lambda: -(2**64), "True": lambda: True, "np.float64(3)": lambda: np.float64(3),
    "np.int64(10**12)": lambda: np.int64(10**12), "np.float16('nan')": lambda: np.float16("nan"),
    "Fraction(1, 3)": lambda: Fraction(1, 3), "Decimal('NaN')": lambda: Decimal("NaN"), "1j": lambda: 1j,
    "1e-12": lambda: 1e-12, "1e12": lambda: 1e12,
}  # fmt: skip
TEXTS: dict[str, Callable[[], Any]] = {
    "''": lambda: "", "a NUL": lambda: "a\x00b", "a lone surrogate": lambda: "a\ud800b",
    "a terminal escape": lambda: "\x1b[31mred", "a line break": lambda: "a\nb", "10,000 letters": lambda: "a" * 10_000,
    "'lorenz'": lambda: "lorenz", "a path": lambda: "no/such/place", "b'hopf'": lambda: b"hopf", "'nan'": lambda: "nan",
    "right-to-left": lambda: "\u202eabc", "Path('hopf')": lambda: Path("hopf"),
}  # fmt: skip
THINGS: dict[str, Callable[[], Any]] = {
    "None": lambda: None, "...": lambda: ..., "object()": object, "int": lambda: int, "len": lambda: len,
    "[]": list, "{}": dict, "()": tuple, "a set": lambda: {1, 2}, "a generator": lambda: (k for k in range(3)),
    "a list that holds itself": _endless, "a list 2000 deep": lambda: _nested(2000), "[None]": lambda: [None],
    "['a', 1]": lambda: ["a", 1], "{'a': object()}": lambda: {"a": object()}, "{1: 2}": lambda: {1: 2},
    "a date": lambda: datetime(2026, 1, 1), "range(10**12)": lambda: range(10**12), "slice(3)": lambda: slice(3),
    "[(\"hopf\", 1)]": lambda: [("hopf", 1)],
    "[(1, 'hopf')]": lambda: [(1, "hopf")], "[('hopf',)]": lambda: [("hopf",)],
    "[('hopf', nan)]": lambda: [("hopf", math.nan)], "[('hopf', 1e12)]": lambda: [("hopf", 1e12)],
}  # fmt: skip
ARRAYS: dict[str, Callable[[], Any]] = {
    "an empty array": lambda: np.array([]), "an array of no dimension": lambda: np.array(3.0),
    "an array of texts": lambda: np.array(["a", "b"]), "an array of objects": lambda: np.array([object()] * 3),
    "a complex array": lambda: np.array([1j, 2.0]), "a masked array": _masked, "ones(3)": lambda: np.ones(3),
    "NaN(20)": lambda: np.full(20, np.nan), "1e300(20)": lambda: np.full(20, 1e300), "ones((7, 7, 7, 7))":
    lambda: np.ones((7, 7, 7, 7)), "dates": lambda: np.array(["2026-01-01"], dtype="datetime64[D]"),
    "whole numbers (20)": lambda: np.arange(20), "bool(20)": lambda: np.ones(20, bool), "a record array": lambda:
    np.zeros(3, dtype=[("a", "f8"), ("b", "i4")]), "a wide broadcast": lambda: np.broadcast_to(1.0, (10**6, 10**6)),
    "a tensor": lambda: torch.ones(3), "a tensor that wants a gradient": lambda: torch.ones(20, requires_grad=True),
    "an empty Dataset": xr.Dataset, "a DataArray (y)": lambda: xr.DataArray(np.ones(3), dims="y"),
    "a Dataset (y)": lambda: xr.Dataset({"bias": ("y", np.ones(3))}), "a DataArray of texts":
    lambda: xr.DataArray(["a"], dims="unit"), "a DataArray (unit)": lambda: xr.DataArray(np.ones(20), dims="unit"),
    "a DataArray (task, unit)": lambda: xr.DataArray(np.ones((2, 20)), dims=("task", "unit")),
}  # fmt: skip
POOL = NUMBERS | TEXTS | THINGS | ARRAYS


@dataclass(frozen=True)
class Call:
    """A call of a door with some arguments replaced; ``words`` says which, as one would type it."""

    door: str
    function: Callable[..., Any]
    arguments: dict[str, Any]
    words: str


@dataclass(frozen=True)
class Verdict:
    """What became of a call: "taken" or "refused", or else what is wrong with it, and where."""

    kind: str
    error: str = ""
    where: str = ""


@dataclass
class Tally:
    """What became of many calls."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, call: Call) -> None:
        """Make a call and count it."""
        begun = time.process_time()
        seen = verdict(call)
        self.slowest = max(self.slowest, time.process_time() - begun)
        self.counts[seen.kind] += 1
        if seen.kind not in ("taken", "refused"):
            self.faults.append(f"{seen.kind}: {call.words}: {seen.error} ({seen.where})")


def calls(seed: int) -> Iterator[Call]:
    """Yield hostile calls for ever."""
    rng, doors = np.random.default_rng(seed), _doors()
    names = list(doors)
    while True:
        name = names[rng.integers(len(names))]
        function, arguments = doors[name]
        changed = list(
            rng.choice(list(arguments), size=min(len(arguments), int(rng.choice([1, 1, 1, 2]))), replace=False)
        )
        given = {key: _hostile(rng) for key in changed}
        words = ", ".join(f"{key}={label}" for key, (label, _) in given.items())
        yield Call(name, function, arguments | {k: value for k, (_, value) in given.items()}, f"{name}({words})")


def _hostile(rng: np.random.Generator) -> tuple[str, Any]:
    kind = (NUMBERS, NUMBERS, TEXTS, THINGS, ARRAYS)[rng.integers(5)]
    label = list(kind)[rng.integers(len(kind))]
    return label, kind[label]()


def verdict(call: Call) -> Verdict:
    """Make a call and say what became of it."""
    try:
        with warnings.catch_warnings(), _limit(LONGEST):
            warnings.simplefilter("ignore")
            call.function(**call.arguments)
    except _TooLong as error:
        return Verdict("without an end", where=_place(error))
    except ALLOWED as error:
        return _judged(error)
    except Exception as error:
        return Verdict("another type", _line(error), _place(error))
    return Verdict("taken")


def _judged(error: Exception) -> Verdict:
    if isinstance(error, LEAKED) or type(error).__module__.split(".")[0] not in ("builtins", "tonicnet"):
        return Verdict("another type", _line(error), _place(error))
    text = str(error.args[0] if error.args else error)
    if len(text.split()) < _WORDS or "\n" in text.strip():
        return Verdict("no sentence", _line(error), _place(error))
    return Verdict(
        "bare control characters" if re.search(r"[\x00-\x1f\x7f]", text) else "refused", _line(error), _place(error)
    )


def _line(error: BaseException) -> str:
    return ascii(f"{type(error).__name__}: {error}"[:200])


def _place(error: BaseException) -> str:
    frame = [f for f in traceback.extract_tb(error.__traceback__) if "tonicnet" in f.filename][-1:]
    return f"{Path(frame[0].filename).name}:{frame[0].lineno}" if frame else "?"


class _TooLong(BaseException):
    """A call took too long."""


@contextlib.contextmanager
def little_memory(room: int = 6 * 2**30) -> Iterator[None]:
    """Let the process take so many bytes more and no others, so that what was not weighed fails and hurts nobody."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class _limit:
    """Raise in a call that takes more than some seconds of the processor."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGVTALRM, self._stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        raise _TooLong
