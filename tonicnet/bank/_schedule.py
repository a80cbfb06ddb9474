"""Which row of a bank runs when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .._names import name_of, shown
from .._numbers import real
from ..network import Network, check_moving
from ._check import check_bank
from ._entry import Entry
from ._read import bare, entry

Schedule = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Segment:
    """A stretch of a run under one bias."""

    entry: Entry
    duration: float

    def steps(self, dt: float) -> int:
        """Return how many steps of ``dt`` the segment lasts."""
        if not math.isfinite(self.duration / dt):
            raise ValueError(f"a step of {dt} s is too short for {self.duration} s; give a larger dt")
        count = round(self.duration / dt)
        if count < 1:
            raise ValueError(f"segment {self.entry.task!r} of {self.duration} s is shorter than one step of {dt} s")
        return count


def plan(
    net: Network,
    bias: xr.Dataset | xr.DataArray | np.ndarray,
    *,
    duration: float | None,
    schedule: Schedule | None,
    task: str | None = None,
) -> list[Segment]:
    """Return the segments of a run from either a duration (one task) or a schedule of (task, seconds).

    Raises ValueError for a bank of another network, an unknown task, or when it is not clear what to run.
    """
    check_moving(net, "a run")
    task = name_of(task)
    if (duration is None) == (schedule is None):
        raise ValueError("give either duration= (seconds under one bias) or schedule= ([(task, seconds), ...])")
    if schedule is not None and task is not None:
        raise ValueError("a schedule names its tasks; leave task= out, or give duration= with it")
    if not isinstance(bias, xr.Dataset):
        if schedule is not None:
            raise ValueError("a schedule names tasks and needs a bank; a bare bias vector runs with duration= only")
        return [Segment(bare(net, bias, task), _seconds(duration))]
    bias = check_bank(net, bias)
    if schedule is None:
        return [Segment(entry(bias, _only(bias, task)), _seconds(duration))]
    pairs = _pairs(schedule)
    entries = {name: entry(bias, name) for name, _ in pairs}
    return [Segment(entries[name], seconds) for name, seconds in pairs]


def _only(bank: xr.Dataset, task: str | None) -> str:
    names = [str(n) for n in bank["task"].values]
    if task is None and len(names) > 1:
        raise ValueError(f"this bank holds {len(names)} tasks; say which with task= (one of {', '.join(names)})")
    return names[0] if task is None else task


def _pairs(schedule: Schedule) -> list[tuple[str, float]]:
    if not isinstance(schedule, tuple | list) or not all(isinstance(p, tuple | list) and len(p) == 2 for p in schedule):
        raise TypeError(f"schedule is a list of (task, seconds) pairs, got {shown(schedule)}")
    if not schedule:
        raise ValueError("the schedule is empty; give at least one (task, seconds) pair")
    return [(str(name_of(name)), _seconds(seconds)) for name, seconds in schedule]


def _seconds(duration: float | None) -> float:
    if not 0 < real(duration) < np.inf:
        raise ValueError(f"a duration is a positive number of seconds, got {shown(duration)}")
    return real(duration)
