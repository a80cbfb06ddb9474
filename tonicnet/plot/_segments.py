"""A run as pictures see it: its segments on the clock of the run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from ..files import parse_json
from ..measure._run import Stretch, stretches
from ._requirements import RUN, require
from ._text import as_text

Window = tuple[float, float]


@dataclass(frozen=True)
class Segment:
    """One segment of a run; components the task leaves ``idle`` are not in ``values``.

    ``center`` and ``spread`` are mean and standard deviation of the whole segment, also after a cut; ``plane`` holds
    the two components in whose plane the task says it is seen, if it does.
    """

    task: str
    start: float
    stop: float
    clock: Float[np.ndarray, " time"]
    values: Float[np.ndarray, "trial time component"]
    components: tuple[str, ...]
    speed: float
    center: Float[np.ndarray, " component"]
    spread: Float[np.ndarray, " component"]
    idle: tuple[str, ...] = ()
    plane: tuple[str, ...] = ()

    @property
    def moving(self) -> Bool[np.ndarray, " component"]:
        """Which components change at all, by more than a thousandth of the most mobile one."""
        reach = np.ptp(np.nan_to_num(self.values), axis=1).max(axis=0)
        return reach > max(1e-3 * reach.max(), 1e-9)

    @property
    def scaled(self) -> Float[np.ndarray, "trial time component"]:
        """Values in standard deviations from the mean."""
        return (self.values - self.center) / self.spread

    def scaled_as(self, other: Segment) -> Segment:
        """Return the segment with the mean and standard deviation of another of the same task."""
        return replace(self, center=other.center, spread=other.spread)

    def on_clock_of(self, run: Segment) -> Segment:
        """Return the segment on the clock of a run, at whose speed the time of their task passes."""
        seconds = self.speed / run.speed
        return replace(
            self, start=self.start * seconds, stop=self.stop * seconds, clock=self.clock * seconds, speed=run.speed
        )

    def within_deviations(self, most: float) -> Segment:
        """Return the segment without what is more standard deviations from the mean: gaps stand there."""
        return replace(self, values=np.where(np.abs(self.scaled) <= most, self.values, np.nan))

    def starting_at(self, start: float) -> Segment:
        """Return the segment moved in time, so that it begins at ``start``."""
        later = start - self.start
        return replace(self, start=start, stop=self.stop + later, clock=self.clock + later)

    def only(self, count: int) -> Segment:
        """Return the first trial, and of it the first components."""
        return replace(
            self, values=self.values[:1, :, :count], components=self.components[:count],
            center=self.center[:count], spread=self.spread[:count],
        )  # fmt: skip

    def within(self, window: Window) -> Segment:
        """Return what lies in a window of the run's time, with one sample beyond either end."""
        low, high = np.searchsorted(self.clock, window)
        kept = slice(max(int(low) - 1, 0), int(high) + 1)
        start, stop = max(self.start, window[0]), min(self.stop, window[1])
        return replace(self, start=start, stop=stop, clock=self.clock[kept], values=self.values[:, kept])

    def overlaps(self, window: Window) -> bool:
        """Return whether anything of the segment lies in the window."""
        return self.start < window[1] and self.stop > window[0]


def segments(run: object, role: str = "run") -> list[Segment]:
    """Return the segments of a run in order of time."""
    checked_run = require(run, ("output",), role=role, maker=RUN)
    found = stretches(checked_run, role, finite=False)
    starts = [float(_clock(s)[0]) for s in found]
    stops = [*starts[1:], float(_clock(found[-1])[-1])]
    names, plane = _component_names(checked_run), _plane(checked_run)
    cut = [_segment(s, a, b) for s, a, b in zip(found, starts, stops, strict=True)]
    return [replace(p, idle=names[len(p.components) :], plane=plane) for p in cut]


def segments_within(found: list[Segment], window: Window | None) -> list[Segment]:
    """Return the segments cut to a window of the run's time."""
    if window is None:
        return found
    span = checked(window, (found[0].start, found[-1].stop))
    return [p.within(span) for p in found if p.overlaps(span)]


def checked(window: Window, span: Window) -> Window:
    """Return a window as two numbers; raise ValueError if it has no length or lies outside the run."""
    low, high = (float(w) for w in window)
    if not (low < high and low < span[1] and high > span[0]):
        raise ValueError(
            f"window is (start, stop) within {span[0]:g} to {span[1]:g}, the time of the run; got {window!r}"
        )
    return max(low, span[0]), min(high, span[1])


def clock_label(run: xr.Dataset) -> str:
    """Return the label of the time axis: seconds for runs, task time for a task's own trajectory."""
    units = run["time"].attrs.get("units", "s") if "time" in run.coords else "task"
    return "time (s)" if units == "s" else "time (task units)"


def component_label(name: str) -> str:
    """Return the words for a component: its letter, or its number as such."""
    return f"component {name}" if name.isdigit() else as_text(name, 20)


def _component_names(run: xr.Dataset) -> tuple[str, ...]:
    """Return the names of all components of a run."""
    count = run["output"].sizes.get("component", 0)
    return tuple(map(str, run["component"].values if "component" in run.coords else range(count)))


def _plane(run: xr.Dataset) -> tuple[str, ...]:
    """Return the two components in whose plane the task says it is seen; none if it does not say."""
    try:
        names = parse_json(run.attrs.get("plane", "[]"), "the plane of a run")
    except ValueError:
        return ()
    return tuple(map(str, names)) if isinstance(names, list) and len(names) == 2 else ()


def _clock(stretch: Stretch) -> Float[np.ndarray, " time"]:
    """Return the time of a stretch in seconds, in task time where it has no other."""
    return stretch.time if stretch.seconds is None else stretch.seconds


def _segment(stretch: Stretch, start: float, stop: float) -> Segment:
    """Return a stretch of a run as a segment that begins and ends at these times."""
    clock = _clock(stretch)
    speed = float((stretch.time[-1] - stretch.time[0]) / (clock[-1] - clock[0]))
    center, spread = _moments(stretch.values)
    return Segment(stretch.task, start, stop, clock, stretch.values, stretch.components, speed, center, spread)


def _moments(
    values: Float[np.ndarray, "trial time component"],
) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
    """Return mean and standard deviation of each component; 1 for the latter where nothing moves."""
    known = np.ma.masked_invalid(values)
    center = known.mean(axis=(0, 1)).filled(0.0)
    spread = known.std(axis=(0, 1)).filled(0.0)
    moves = spread > 1e-9 * np.maximum(np.abs(center), 1e-300)
    return center, np.where(moves, spread, 1.0)
