"""A task given by a recording: checked arrays, windows and states of them."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Float

from ._source import Source, generator

_SHORTEST = 4  # samples: a cubic spline needs them
_STORED = 300_000  # numbers a spec may carry
_DIMS = {1: ("time",), 2: ("time", "component"), 3: ("trial", "time", "component")}


@final
class Recording(Source):
    """Windows and states of recorded trials; between samples, a cubic spline."""

    has_flow = False

    def __init__(self, values: Float[np.ndarray, "trial time component"], dt: float) -> None:
        self.values, self.dt = values, dt
        self.dimension = values.shape[2]
        self.duration = (values.shape[1] - 1) * dt

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Raise TypeError: a recording has states, but no vector field."""
        raise TypeError(
            f"a recording has no vector field to evaluate at states of shape {x.shape}; use a method that "
            "learns from trajectories, or make a Task from a function dx/dt"
        )

    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return recorded states, none from the last quarter, so that each can be followed for a while."""
        early = self.values[:, : max(1, 3 * self.values.shape[1] // 4)]
        return self._draw(early, trials, seed)

    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return recorded states."""
        return self._draw(self.values, count, seed)

    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Return windows: from random samples, or from the recorded states that ``start`` names."""
        room = self._room(float(times[-1]))
        spots = self._spots(trials, room, seed) if start is None else self._found(start, room)
        return np.stack([self._window(trial, first, times) for trial, first in spots])

    def reference(self) -> tuple[Float[np.ndarray, "count component"], Float[np.ndarray, "count component"]]:
        """Return all samples and their time derivative."""
        slope = np.gradient(self.values, self.dt, axis=1)
        return self.values.reshape(-1, self.dimension), slope.reshape(-1, self.dimension)

    def data(self) -> dict[str, Any]:
        """Return the samples as nested lists. Raises ValueError for a recording too large for a spec."""
        if self.values.size > _STORED:
            raise ValueError(
                f"this recording holds {self.values.size} numbers, a spec carries at most {_STORED}; "
                "keep the recording's file and build the task from it again"
            )
        return {"recording": {"dt": self.dt, "values": self.values.tolist()}}

    def _draw(self, values: np.ndarray, count: int, seed: int) -> Float[np.ndarray, "count component"]:
        x = values.reshape(-1, self.dimension)
        return x[generator(seed).choice(len(x), count, replace=count > len(x))]

    def _room(self, length: float) -> int:
        """Return how many first samples a window of this length may start at."""
        room = int(np.floor((self.duration - length) / self.dt + 1e-6)) + 1
        if room < 1:
            raise ValueError(
                f"the recording lasts {self.duration:.6g}, a run of {length:.6g} was asked for; ask for less"
            )
        return room

    def _spots(self, trials: int, room: int, seed: int) -> list[tuple[int, int]]:
        picks = generator(seed).choice(len(self.values) * room, trials, replace=trials > len(self.values) * room)
        return [(int(pick) // room, int(pick) % room) for pick in picks]

    def _found(self, start: Float[np.ndarray, "trial component"], room: int) -> list[tuple[int, int]]:
        x = self.values[:, :room].reshape(-1, self.dimension)
        picks = [int(np.abs(x - state).max(axis=1).argmin()) for state in start]
        far = [float(np.abs(x[pick] - state).max()) for pick, state in zip(picks, start, strict=True)]
        if max(far) > 1e-6 * (1 + float(np.abs(x).max())):
            raise ValueError(
                f"a recording can only start where it has been: state {int(np.argmax(far))} of initial lies "
                f"{max(far):.3g} from every sample with enough recording after it; take states of "
                "task.initial(), or shorten the run"
            )
        return [(pick // room, pick % room) for pick in picks]

    def _window(self, trial: int, first: int, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "time component"]:
        at = times / self.dt
        if np.allclose(at, np.round(at), atol=1e-6):
            return self.values[trial, first + np.round(at).astype(int)]
        samples = self.values[trial, first:]
        from scipy.interpolate import CubicSpline

        return CubicSpline(np.arange(len(samples)), samples)(np.minimum(at, len(samples) - 1))


def recording(array: Any, dt: int | float | None) -> tuple[Recording, tuple[str, ...]]:
    """Return a checked recording and the labels of its components.

    ``array``: DataArray with dims time, (time, component) or (trial, time, component), its time in seconds;
    or a numpy array of these shapes and ``dt`` in seconds. Raises TypeError or ValueError in a sentence.
    """
    labelled = array if isinstance(array, xr.DataArray) else _labelled(array, dt)
    if isinstance(array, xr.DataArray) and dt is not None:
        raise ValueError("a DataArray carries its own time; give dt only with a plain array")
    ordered = _ordered(labelled)
    times = _times(ordered)
    values = np.array(ordered.values, dtype=float)
    _check_finite(values, times)
    labels = ordered.coords["component"].values if "component" in ordered.coords else range(values.shape[2])
    return Recording(values, _step(times)), tuple(map(str, labels))


def _labelled(array: Any, dt: int | float | None) -> xr.DataArray:
    try:
        values = np.asarray(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"a recording is a DataArray or an array of numbers, got {type(array).__name__}") from error
    if values.ndim not in _DIMS:
        raise ValueError(
            f"a recording has shape (time,), (time, component) or (trial, time, component), got {values.shape}"
        )
    if dt is None or not dt > 0 or not np.isfinite(dt):
        raise ValueError(f"a plain array needs dt, the sampling step in seconds, a positive number; got {dt!r}")
    time = np.arange(values.shape[-2] if values.ndim > 1 else len(values)) * float(dt)
    return xr.DataArray(values, dims=_DIMS[values.ndim], coords={"time": time})


def _ordered(array: xr.DataArray) -> xr.DataArray:
    strange = [dim for dim in array.dims if dim not in _DIMS[3]]
    if strange or "time" not in array.dims:
        raise ValueError(
            f"a recording has dims (time), (time, component) or (trial, time, component), got {array.dims}; "
            "rename or drop the others"
        )
    if array.dtype.kind not in "fiu":
        raise TypeError(f"a recording holds numbers, got dtype {array.dtype}")
    missing = {dim: 1 for dim in _DIMS[3] if dim not in array.dims}
    return array.expand_dims(missing).transpose(*_DIMS[3])


def _times(array: xr.DataArray) -> Float[np.ndarray, " time"]:
    if "time" not in array.coords:
        raise ValueError("the recording's time has no coordinate; give the DataArray a time coordinate in seconds")
    if array.coords["time"].dtype.kind not in "fiu":
        raise TypeError(f"time must be numbers in seconds, got dtype {array.coords['time'].dtype}")
    if min(array.shape) < 1 or array.sizes["time"] < _SHORTEST:
        raise ValueError(f"a recording needs at least {_SHORTEST} samples of something, got shape {array.shape}")
    return array.coords["time"].values.astype(float)


def _check_finite(values: Float[np.ndarray, "trial time component"], times: Float[np.ndarray, " time"]) -> None:
    bad = ~np.isfinite(values).all(axis=(0, 2))
    if bad.any():
        raise ValueError(
            f"the recording has NaN or infinite values at {int(bad.sum())} of {bad.size} times, first at "
            f"time {times[bad.argmax()]:.6g}; cut or fill them first"
        )


def _step(times: Float[np.ndarray, " time"]) -> float:
    steps = np.diff(times)
    dt = float((times[-1] - times[0]) / (len(times) - 1))
    off = ~(np.abs(steps - dt) <= 1e-3 * abs(dt))
    if not dt > 0 or off.any():
        raise ValueError(
            f"time must rise in equal steps; the step after time {times[off.argmax()]:.6g} is "
            f"{steps[off.argmax()]:.6g}, the mean step {dt:.6g}; resample the recording first"
        )
    return dt
