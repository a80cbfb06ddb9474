"""One task as two runs and the truth have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import xarray as xr

from ._parts import Part, parts

Truth = xr.Dataset | Mapping[str, xr.Dataset]


@dataclass(frozen=True)
class Side:
    """One task: its longest segment in either run, and its truth, all on the clock of the run."""

    task: str
    runs: dict[str, Part]

    @property
    def rate(self) -> Part:
        """What the rate network does."""
        return self.runs["rate"]

    @property
    def known(self) -> Part:
        """What the others are held against: the truth, or the rate run."""
        return self.runs.get("truth", self.rate)


def _shared(made: list[Part], spiked: list[Part]) -> list[str]:
    names = list(dict.fromkeys(p.task for p in made))
    other = {p.task for p in spiked}
    shared = [name for name in names if name in other]
    if not shared:
        raise ValueError(
            f"the runs share no task: one has {', '.join(names)}, the other {', '.join(sorted(other))}; "
            "give runs of one schedule"
        )
    return shared


def sides(made: list[Part], spiked: list[Part], truth: Truth | None) -> list[Side]:
    """Return the tasks of both runs, each with what there is of it."""
    return [_side(task, made, spiked, truth) for task in _shared(made, spiked)]


def _side(task: str, made: list[Part], spiked: list[Part], truth: Truth | None) -> Side:
    runs = {"rate": _longest(made, task), "spiking": _longest(spiked, task)}
    _same_switch(runs)
    true = truth.get(task) if isinstance(truth, Mapping) and not isinstance(truth, xr.Dataset) else truth
    if true is None:
        return Side(task, runs)
    found = [p for p in parts(true, "truth") if p.task in (task, "")]
    return Side(task, {"truth": _in_seconds(found[0], runs["rate"]), **runs} if found else runs)


def _same_switch(runs: dict[str, Part]) -> None:
    rate, spiking = runs["rate"], runs["spiking"]
    if abs(rate.start - spiking.start) > 0.02 * (rate.stop - rate.start):
        raise ValueError(
            f"task {rate.task!r} begins at {rate.start:g} s in the rate run, at {spiking.start:g} s in the "
            "spiking run; the sheet lays one over the other, so give runs of one schedule"
        )


def _in_seconds(true: Part, rate: Part) -> Part:
    """Return the truth on the clock of the run, at whose speed the task's time passes."""
    seconds = true.speed / rate.speed
    return replace(
        true,
        start=true.start * seconds,
        stop=true.stop * seconds,
        clock=true.clock * seconds,
        speed=rate.speed,
    )


def _longest(found: list[Part], task: str) -> Part:
    return max((p for p in found if p.task == task), key=lambda p: p.stop - p.start)
