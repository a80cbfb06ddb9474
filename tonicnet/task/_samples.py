"""Sampled arrays that a user gives: checked, with dims (trial, time, component) and even steps."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Float

DIMS = ("trial", "time", "component")
STORED = 300_000  # numbers a spec may carry
_GIVEN = {1: ("time",), 2: ("time", "component"), 3: DIMS}


@final
@dataclass(frozen=True)
class Samples:
    """Finite values at even steps ``dt``; ``labels`` name the components, if the array did."""

    values: Float[np.ndarray, "trial time component"]
    times: Float[np.ndarray, " time"]
    dt: float
    labels: tuple[str, ...] | None


def samples(array: Any, dt: int | float | None, *, what: str, shortest: int) -> Samples:
    """Return checked samples; ``what`` names the array in errors, ``shortest`` is the least it may hold.

    ``array``: DataArray with dims time, (time, component) or (trial, time, component), its time in seconds;
    or a numpy array of these shapes and ``dt`` in seconds. Raises TypeError or ValueError in a sentence.
    """
    if isinstance(array, xr.DataArray) and dt is not None:
        raise ValueError("a DataArray carries its own time; give dt only with a plain array")
    ordered = _ordered(array if isinstance(array, xr.DataArray) else _labelled(array, dt, what), what)
    times = _times(ordered, what, shortest)
    values = np.array(ordered.values, dtype=float)
    check_finite(values, times, what)
    labels = tuple(map(str, ordered.coords["component"].values)) if "component" in ordered.coords else None
    return Samples(values, times, _step(times, what) if dt is None else float(dt), labels)


def check_finite(
    values: Float[np.ndarray, "trial time component"], times: Float[np.ndarray, " time"], what: str
) -> None:
    """Raise ValueError, naming the first time, if a value is NaN or infinite."""
    bad = ~np.isfinite(values).all(axis=(0, 2))
    if bad.any():
        raise ValueError(
            f"{what} has NaN or infinite values at {int(bad.sum())} of {bad.size} times, first at "
            f"time {times[bad.argmax()]:.6g}; cut or fill them first"
        )


def storable(size: int, *, what: str) -> None:
    """Raise ValueError if ``what`` holds more numbers than a spec carries."""
    if size > STORED:
        raise ValueError(
            f"this {what} holds {size} numbers, a spec carries at most {STORED}; "
            "keep the file it came from and build the task from it again"
        )


def _labelled(array: Any, dt: int | float | None, what: str) -> xr.DataArray:
    try:
        values = np.asarray(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} is a DataArray or an array of numbers, got {type(array).__name__}") from error
    if values.ndim not in _GIVEN:
        raise ValueError(f"{what} has shape (time,), (time, component) or (trial, time, component), got {values.shape}")
    if not isinstance(dt, int | float | np.number) or not 0 < dt <= sys.float_info.max:
        raise ValueError(f"a plain array needs dt, the sampling step in seconds, a positive number; got {dt!r}")
    time = np.arange(values.shape[-2] if values.ndim > 1 else len(values)) * float(dt)
    return xr.DataArray(values, dims=_GIVEN[values.ndim], coords={"time": time})


def _ordered(array: xr.DataArray, what: str) -> xr.DataArray:
    strange = [dim for dim in array.dims if dim not in DIMS]
    if strange or "time" not in array.dims:
        raise ValueError(
            f"{what} has dims (time), (time, component) or (trial, time, component), got {array.dims}; "
            "rename or drop the others"
        )
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{what} holds numbers, got dtype {array.dtype}")
    missing = {dim: 1 for dim in DIMS if dim not in array.dims}
    return array.expand_dims(missing).transpose(*DIMS)


def _times(array: xr.DataArray, what: str, shortest: int) -> Float[np.ndarray, " time"]:
    if "time" not in array.coords:
        raise ValueError(f"{what}: time has no coordinate; give the DataArray a time coordinate in seconds")
    if array.coords["time"].dtype.kind not in "fiu":
        raise TypeError(f"time must be numbers in seconds, got dtype {array.coords['time'].dtype}")
    if min(array.shape) < 1 or array.sizes["time"] < shortest:
        raise ValueError(f"{what} needs at least {shortest} samples of something, got shape {array.shape}")
    return array.coords["time"].values.astype(float)


def _step(times: Float[np.ndarray, " time"], what: str) -> float:
    steps = np.diff(times)
    dt = float((times[-1] - times[0]) / (len(times) - 1))
    off = ~(np.abs(steps - dt) <= 1e-3 * abs(dt))
    if not dt > 0 or off.any():
        raise ValueError(
            f"time must rise in equal steps; the step after time {times[off.argmax()]:.6g} is "
            f"{steps[off.argmax()]:.6g}, the mean step {dt:.6g}; resample {what} first"
        )
    return dt
