"""One task as two runs and the truth have it."""

from __future__ import annotations

from dataclasses import dataclass

from ._segments import Segment


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


def runs_by_task(rate: list[Segment], spiking: list[Segment], truth: dict[str, list[Segment]]) -> list[TaskRuns]:
    """Return the tasks of both runs, each with what there is of it."""
    return [_task_runs(task, rate, spiking, truth.get(task, [])) for task in _shared(rate, spiking)]


def _task_runs(task: str, rate: list[Segment], spiking: list[Segment], truth: list[Segment]) -> TaskRuns:
    """Return one task with its segment of each run, and its truth if it is given."""
    runs = {"rate": _longest(rate, task), "spiking": _longest(spiking, task)}
    _same_switch(runs)
    return TaskRuns(task, {"truth": truth[0].on_clock_of(runs["rate"]), **runs} if truth else runs)


def _same_switch(runs: dict[str, Segment]) -> None:
    """Raise ValueError if the task begins at different times in the two runs."""
    rate, spiking = runs["rate"], runs["spiking"]
    if abs(rate.start - spiking.start) > 0.02 * (rate.stop - rate.start):
        raise ValueError(
            f"task {rate.task!r} begins at {rate.start:g} s in the rate run, at {spiking.start:g} s in the "
            "spiking run; the sheet lays one over the other, so give runs of one schedule"
        )


def _longest(found: list[Segment], task: str) -> Segment:
    """Return the longest segment of a task."""
    return max((p for p in found if p.task == task), key=lambda p: p.stop - p.start)
