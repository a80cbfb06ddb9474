"""Stamps of time as seconds, and which name among many means time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from ._units import PLAIN, SECONDS, magnitude

_NAMES = re.compile(
    r"(?P<word>time|times|t|timestamps?|datetime|date)"
    r"(?:[\s_]*[\[(/,]?\s*(?P<unit>[a-zµμ]+)\s*[\])]?)?",
    re.IGNORECASE,
)
_BARE = ("seconds", "secs", "sec", "milliseconds", "msec", "ms", "microseconds", "us", "µs")  # units as names


def seconds_of(stamps: Any, units: str = "", what: str = "time") -> Float[np.ndarray, " time"]:
    """Return stamps as seconds: numbers in ``units``, dates (since the first) or time differences.

    Units "", "1" and "task" leave numbers as they are. Raises ValueError for an unknown unit and for stamps that are
    missing, TypeError for what is no time.

    >>> seconds_of([0, 20, 40], "ms").tolist()
    [0.0, 0.02, 0.04]
    """
    plain, unit = magnitude(stamps)
    if unit not in ("", "s"):
        raise ValueError(f"{what} has the unit {unit}, which is no unit of time; give it in seconds")
    values = np.asanyarray(plain)
    if values.dtype.kind in "mM":
        return _of_dates(values, what)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"{what} is numbers, dates or time differences, got dtype {values.dtype}")
    return _present(np.ma.filled(values.astype(np.float64), np.nan) * size_of(units, what), what)


def size_of(units: str, what: str = "time") -> float:
    """Return the seconds in a unit of time; 1 for units that say nothing."""
    word = units.strip().partition(" since ")[0].strip()
    if word in PLAIN:
        return 1.0
    known = word if word in SECONDS else word.lower()
    if known not in SECONDS:
        raise ValueError(
            f"{what} has units {units!r}, which is no unit of time known here; use s, ms, us, ns, min or h"
        )
    return SECONDS[known]


def time_like(name: Any) -> str | None:
    """Return the unit in a name that means time ("" if it tells none), or None if the name does not mean time.

    >>> time_like("t [ms]"), time_like("Time"), time_like("x")
    ('ms', '', None)
    """
    if not isinstance(name, str):
        return None
    text = name.strip()
    if text.lower() in _BARE:
        return text.lower()
    found = _NAMES.fullmatch(text)
    unit = (found["unit"] or "") if found else ""
    return unit if found and (not unit or unit.lower() in SECONDS) else None


def time_among(names: Iterable[Any], what: str) -> Any | None:
    """Return the name that means time: "time" itself, or else the only one that does; None if none does.

    Raises ValueError where several could.
    """
    found = [name for name in names if time_like(name) is not None]
    exact = [name for name in found if name == "time"]
    if len(exact or found) > 1:
        raise ValueError(f"{what} has several that could be time: {', '.join(map(str, found))}; name it with time=")
    return (exact or found or [None])[0]


def as_seconds(array: xr.DataArray, what: str) -> xr.DataArray:
    """Return an array whose coordinate of time, if it has one, is in seconds (or in the task's own time)."""
    if "time" not in array.coords or "time" not in array.dims:
        return array.drop_vars("time", errors="ignore")
    time = array.coords["time"]
    units = str(time.attrs.get("units", ""))
    values = seconds_of(time.values, units, f"{what}: time")
    attrs = {"units": units if units in PLAIN and units else "s"}
    return array.assign_coords(time=("time", values, attrs))


def _of_dates(values: np.ndarray, what: str) -> Float[np.ndarray, " time"]:
    fine = values.astype("M8[ns]" if values.dtype.kind == "M" else "m8[ns]")
    if np.isnat(fine).any():
        raise ValueError(f"{what} is missing at sample {int(np.isnat(fine).argmax())}; leave that sample out")
    since = fine - fine.flat[0] if fine.dtype.kind == "M" and fine.size else fine
    return since.astype("m8[ns]").astype(np.int64) * 1e-9


def _present(times: Float[np.ndarray, " time"], what: str) -> Float[np.ndarray, " time"]:
    if not np.isfinite(times).all():
        raise ValueError(f"{what} is missing at sample {int((~np.isfinite(times)).argmax())}; leave that sample out")
    return times
