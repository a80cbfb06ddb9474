"""A comparison as notebooks and scripts show it: one line a task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from .._card import Card, page, table
from ._measures import MEASURES


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %" if abs(value) >= 1e-4 or not value else "< 0.01 %"


_FORMATS: dict[str, Callable[[float], str]] = {"number": "{:.2g}".format, "percent": _percent}


def comparison_card(found: xr.Dataset) -> Card:
    """Return a comparison as a card: for each task what became of every run, and one measure beside its floor.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet.measure import compare
    >>> t = np.arange(0, 200, 0.1)
    >>> wave = lambda f: xr.DataArray(np.sin(f * t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> print(comparison_card(compare(wave(1.0), wave(1.05)).assign_coords(task=["wave"])))
    wave: b stays on the attractor; a cycle, 32 seen, period error -4.8 % (floor < 0.01 %)
    """
    runs = [str(name) for name in found["run"].values]
    rows = [[str(name), *_fates(found.sel(task=name), runs)] for name in found["task"].values]
    title = f"{len(runs)} {'runs' if len(runs) > 1 else 'run'} of {len(rows)} {'tasks' if len(rows) > 1 else 'task'}"
    lines = [_line(row, runs) for row in rows]
    return Card(page(title, {}, below=table(["task", *runs], rows)), "\n".join(lines))


def _fates(row: xr.Dataset, runs: list[str]) -> list[str]:
    """Return what became of each run of a task, in words."""
    name = _told(row)
    return [f"{row['outcome'].values[k]}{_number(row, name, k)}" for k in range(len(runs))]


def _told(row: xr.Dataset) -> str:
    """Return the first measure that applies to the task and has a floor; nothing if none does."""
    known = (name for name, measure in MEASURES.items() if measure.printed and f"{name}_floor" in row)
    return next((name for name in known if bool(np.isfinite(row[name]).any())), "")


def _number(row: xr.Dataset, name: str, run: int) -> str:
    """Return a measure of a run, and its floor, in words."""
    if not name:
        return ""
    measure, floors = MEASURES[name], row[f"{name}_floor"].values
    text, value = _FORMATS[measure.printed], float(row[name].values[run])
    known = floors[np.isfinite(floors)]
    beside = f" (floor {text(float(known.max()))})" if len(known) else ""
    label = measure.label.split(" (")[0]
    return f", {label} {text(value)}{beside}" if np.isfinite(value) else f", {label} unknown"


def _line(row: list[str], runs: list[str]) -> str:
    """Return the line of a task."""
    return f"{row[0]}: " + " | ".join(f"{run} {fate}" for run, fate in zip(runs, row[1:], strict=True))
