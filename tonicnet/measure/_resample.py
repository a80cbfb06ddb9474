"""The same run at a coarser step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Float

from ._run import Labelled, Stretch, as_run, single


def resample(run: Labelled, dt: float) -> Labelled:
    """Return one segment of a run at another step in task time: every k-th sample, or a cubic spline between.

    Arguments: ``run`` with a single segment; ``dt`` the new step in task time, at least the old one.
    Raises ValueError for a finer step than the run has.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import resample
    >>> t = np.arange(9.0)
    >>> run = xr.DataArray(t[:, None], dims=("time", "component"), coords={"time": t})
    >>> resample(run, 2.0).values.ravel().tolist()
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    run = as_run(run)
    stretch = coarser(single(run), dt)
    coords = {"trial": stretch.trials, "time": stretch.time, "component": list(stretch.components)}
    output = xr.DataArray(stretch.values, dims=("trial", "time", "component"), coords=coords, name="output")
    output.attrs = {"units": stretch.units, "long_name": "output"}
    output = output if "trial" in run.dims else output.isel(trial=0, drop=True)
    if isinstance(run, xr.DataArray):
        return output
    return output.to_dataset().assign_attrs(run.attrs)


def coarser(stretch: Stretch, dt: float) -> Stretch:
    """Bring a stretch to the step ``dt``, which must not be finer than its own."""
    ratio = dt / stretch.dt
    if ratio < 1 - 1e-3:
        raise ValueError(f"a step of {dt:.6g} is finer than the run's {stretch.dt:.6g}; sample the run finer instead")
    whole = round(ratio)
    if abs(ratio - whole) < 1e-3 * ratio / len(stretch.time):
        return _picked(stretch, whole)
    time = np.arange(stretch.time[0], stretch.time[-1] + 1e-9 * dt, dt)
    values = _between(stretch, time)
    seconds = None if stretch.seconds is None else np.interp(time, stretch.time, stretch.seconds)
    return replace(stretch, values=values, time=time, seconds=seconds)


def _between(stretch: Stretch, time: Float[np.ndarray, " time"]) -> Float[np.ndarray, "trial time component"]:
    """Interpolate by cubic splines; by straight lines where some samples are not finite."""
    if np.isfinite(stretch.values).all():
        from scipy.interpolate import make_interp_spline

        return make_interp_spline(stretch.time, stretch.values, k=min(3, len(stretch.time) - 1), axis=1)(time)
    lines = [[np.interp(time, stretch.time, x) for x in trial.T] for trial in stretch.values]
    return np.array(lines).transpose(0, 2, 1)


def _picked(stretch: Stretch, every: int) -> Stretch:
    if every == 1:
        return stretch
    seconds = None if stretch.seconds is None else stretch.seconds[::every]
    return replace(stretch, values=stretch.values[:, ::every], time=stretch.time[::every], seconds=seconds)
