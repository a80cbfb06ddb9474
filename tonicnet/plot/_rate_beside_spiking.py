"""One task as two runs and the truth have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import xarray as xr

from ._segments import Segment, segments

Truth = xr.Dataset | Mapping[str, xr.Dataset]


@dataclass(frozen=True)
class TaskRuns:
    """One task: its longest segment in either run, and its truth, all on the clock of the run."""

    name: str
    runs: dict[str, Segment]

    @property
    def rate(self) -> Segment:
        """What the rate network does."""
        return self.runs["rate"]

    @property
    def reference(self) -> Segment:
        """What the others are held against: the truth, or the rate run."""
        return self.runs.get("truth", self.rate)


def _shared(rate: list[Segment], spiking: list[Segment]) -> list[str]:
    """Return the tasks that both runs have; raise ValueError if there are none."""
    names = list(dict.fromkeys(p.task for p in rate))
    other = {p.task for p in spiking}
    shared = [name for name in names if name in other]
    if not shared:
        raise ValueError(
            f"the runs share no task: one has {', '.join(names)}, the other {', '.join(sorted(other))}; "
            "give runs of one schedule"
        )
    return shared


def runs_by_task(rate: list[Segment], spiking: list[Segment], truth: Truth | None) -> list[TaskRuns]:
    """Return the tasks of both runs, each with what there is of it."""
    return [_task_runs(task, rate, spiking, truth) for task in _shared(rate, spiking)]


def _task_runs(task: str, rate: list[Segment], spiking: list[Segment], truth: Truth | None) -> TaskRuns:
    """Return one task with its segment of each run, and its truth if it is given."""
    runs = {"rate": _longest(rate, task), "spiking": _longest(spiking, task)}
    _same_switch(runs)
    true = truth.get(task) if isinstance(truth, Mapping) and not isinstance(truth, xr.Dataset) else truth
    if true is None:
        return TaskRuns(task, runs)
    found = [p for p in segments(true, "truth") if p.task in (task, "")]
    return TaskRuns(task, {"truth": _in_seconds(found[0], runs["rate"]), **runs} if found else runs)


def _same_switch(runs: dict[str, Segment]) -> None:
    """Raise ValueError if the task begins at different times in the two runs."""
    rate, spiking = runs["rate"], runs["spiking"]
    if abs(rate.start - spiking.start) > 0.02 * (rate.stop - rate.start):
        raise ValueError(
            f"task {rate.task!r} begins at {rate.start:g} s in the rate run, at {spiking.start:g} s in the "
            "spiking run; the sheet lays one over the other, so give runs of one schedule"
        )


def _in_seconds(true: Segment, rate: Segment) -> Segment:
    """Return the truth on the clock of the run, at whose speed the task's time passes."""
    seconds = true.speed / rate.speed
    return replace(
        true,
        start=true.start * seconds,
        stop=true.stop * seconds,
        clock=true.clock * seconds,
        speed=rate.speed,
    )


def _longest(found: list[Segment], task: str) -> Segment:
    """Return the longest segment of a task."""
    return max((p for p in found if p.task == task), key=lambda p: p.stop - p.start)
