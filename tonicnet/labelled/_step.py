"""The step of samples: that of their own time, a given one, or one that both agree in."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ._grid import even_step, given_step

_CUT = "cut it into trials with tn.cut_trials, "
_AGREES = 0.02  # by which a given step may differ from the one that rounded stamps give


def stepped(array: xr.DataArray, dt: Any, *, what: str) -> xr.DataArray:
    """Return samples with a coordinate of time at even steps, t0 + k dt.

    ``dt``: the step in seconds of samples without time; where there is time too it must agree with it, and is taken,
    since it is exact. Raises ValueError where neither is there, where they differ, and for uneven time.

    >>> stepped(xr.DataArray(np.zeros(3), dims="time"), 0.5, what="a recording")["time"].values.tolist()
    [0.0, 0.5, 1.0]
    """
    if "time" not in array.dims:
        return array
    if "time" not in array.coords:
        return _at(array, 0.0, given_step(dt, f"{what} has no time of its own and"))
    if array.sizes["time"] < 2:
        return array
    time = array.coords["time"].values
    own = even_step(time, what, remedy=_CUT)
    if dt is None:
        return array
    step = given_step(dt, what)
    if abs(step - own) > _AGREES * own:
        raise ValueError(
            f"{what} has a step of {own:.6g} s by its own time, and dt={step:.6g} was given; leave dt out, or correct "
            "its time"
        )
    return _at(array, float(time[0]), step)


def step_of(array: xr.DataArray, dt: Any, what: str) -> float:
    """Return the step of samples that :func:`stepped` returned: the given one, or that of their time."""
    return even_step(array.coords["time"].values, what) if dt is None else given_step(dt, what)


def _at(array: xr.DataArray, begin: float, dt: float) -> xr.DataArray:
    units = array.coords["time"].attrs.get("units", "s") if "time" in array.coords else "s"
    time = begin + dt * np.arange(array.sizes["time"])
    return array.assign_coords(time=("time", time, {"units": units}))
