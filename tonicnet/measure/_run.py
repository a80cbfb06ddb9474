"""Reading labelled runs: which samples belong together, at what step, and whether they can be compared."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable
from ..task import KINDS

Labelled = xr.Dataset | xr.DataArray


@dataclass(frozen=True)
class Stretch:
    """One segment of a run: the output of a task between two switches, in the task's own time and units."""

    values: Float[np.ndarray, "trial time component"]
    time: Float[np.ndarray, " time"]
    seconds: Float[np.ndarray, " time"] | None
    trials: np.ndarray
    components: tuple[str, ...]
    task: str
    kind: str
    units: str
    dimensioned: bool

    @property
    def dt(self) -> float:
        """The sampling step in task time."""
        return float((self.time[-1] - self.time[0]) / (len(self.time) - 1))

    def cut(self, count: int, *, start: int = 0) -> Stretch:
        """Return ``count`` samples from ``start`` on."""
        part = slice(start, start + count)
        seconds = None if self.seconds is None else self.seconds[part]
        return replace(self, values=self.values[:, part], time=self.time[part], seconds=seconds)

    def holding(self, values: Float[np.ndarray, "trial time component"]) -> Stretch:
        """Return the same stretch with other values, of any number of trials."""
        return replace(self, values=values, trials=np.arange(len(values)))

    @property
    def trial(self) -> dict[str, Variable]:
        """The coordinate of trials, for results."""
        return {"trial": Variable(("trial",), self.trials, "1", "trial")}


def stretches(run: Labelled, role: str = "run", *, finite: bool = True) -> list[Stretch]:
    """Return the segments of a run in order of time.

    Raises TypeError for what is not labelled data, ValueError for missing dims, uneven steps and (with
    ``finite``) samples that are NaN or infinite, naming the first.
    """
    output = output_of(run, role)
    time = time_of(output, role)
    found = [_stretch(output.isel(time=part), time[part], run, role) for part in parts_of(output, time)]
    if finite:
        for stretch in found:
            _refuse_gaps(stretch, role)
    return found


def single(run: Labelled, role: str = "run", *, finite: bool = True) -> Stretch:
    """Return the only segment of a run; raise ValueError where there are several."""
    found = stretches(run, role, finite=finite)
    if len(found) > 1:
        names = ", ".join(f"{i} {s.task!r}" for i, s in enumerate(found))
        raise ValueError(
            f"the {role} has {len(found)} segments ({names}), this measure takes one; "
            "pick it with tonicnet.measure.segment(run, index or task name), or use tonicnet.compare"
        )
    return found[0]


def output_of(run: Labelled, role: str) -> xr.DataArray:
    if isinstance(run, xr.Dataset):
        if "output" not in run:
            raise ValueError(f"the {role} has no variable 'output' (it has: {', '.join(map(str, run.data_vars))})")
        run = run["output"]
    elif not isinstance(run, xr.DataArray):
        raise TypeError(f"the {role} must be an xarray Dataset or DataArray, got {type(run).__name__}")
    for dim in ("time", "component"):
        if dim not in run.dims:
            raise ValueError(f"the {role} has dims {run.dims}; it needs 'time' and 'component' ('trial' may lack)")
    if "time" not in run.coords and "task_time" not in run.coords:
        raise ValueError(
            f"the {role} has no coordinate 'time' or 'task_time', so its step is unknown; add one, e.g. with "
            f"assign_coords(time=dt * numpy.arange({run.sizes['time']}))"
        )
    run = run if "trial" in run.dims else run.expand_dims("trial")
    extra = set(run.dims) - {"trial", "time", "component"}
    if extra:
        raise ValueError(f"the {role} has dims {run.dims}; choose one along {', '.join(sorted(map(str, extra)))} first")
    return run.transpose("trial", "time", "component")


def time_of(output: xr.DataArray, role: str) -> Float[np.ndarray, " time"]:
    name = "task_time" if "task_time" in output.coords else "time"
    time = np.asarray(output[name].values, dtype=np.float64)
    if len(time) < 2:
        raise ValueError(f"the {role} has {len(time)} samples; a measure needs at least 2")
    return time


def parts_of(output: xr.DataArray, time: Float[np.ndarray, " time"]) -> list[slice]:
    """Cut where the segment's number or name changes, or where task time starts anew."""
    cut = np.diff(time) <= 0
    for name in ("segment_index", "segment"):
        if name in output.coords and output[name].dims == ("time",):
            cut = cut | (output[name].values[1:] != output[name].values[:-1])
    edges = [0, *(np.flatnonzero(cut) + 1).tolist(), len(time)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _stretch(output: xr.DataArray, time: Float[np.ndarray, " time"], run: Labelled, role: str) -> Stretch:
    if len(time) < 2:
        raise ValueError(f"a segment of the {role} has 1 sample; a measure needs at least 2")
    _refuse_uneven(time, role)
    used = int(output["dimension"].values.flat[0]) if "dimension" in output.coords else output.sizes["component"]
    output = output.isel(component=slice(0, used))
    names = output["component"].values if "component" in output.coords else range(used)
    trials = output["trial"].values if "trial" in output.coords else np.arange(output.sizes["trial"])
    seconds = (
        output["time"].values.astype(np.float64) if "task_time" in output.coords and "time" in output.coords else None
    )
    return Stretch(
        values=np.asarray(output.values, dtype=np.float64),
        time=time,
        seconds=seconds,
        trials=np.asarray(trials),
        components=tuple(map(str, names)),
        task=task_of(output) or str(run.attrs.get("task", "")),
        kind=_kind(run),
        units=str(output.attrs.get("units", "1")),
        dimensioned="dimension" in output.coords,
    )


def task_of(output: xr.DataArray) -> str:
    return str(output["segment"].values.flat[0]) if "segment" in output.coords else ""


def _kind(run: Labelled) -> str:
    """Return the kind of task the run is of; empty where it does not say."""
    for name in ("task_kind", "kind"):
        if run.attrs.get(name) in KINDS:
            return str(run.attrs[name])
    return ""


def _refuse_uneven(time: Float[np.ndarray, " time"], role: str) -> None:
    steps = np.diff(time)
    if np.ptp(steps) > 1e-3 * abs(steps.mean()) + 1e-12 * np.abs(time).max():
        raise ValueError(
            f"the {role} is sampled unevenly (steps from {steps.min():.6g} to {steps.max():.6g}); "
            "measures need one step, so interpolate it first, e.g. with Dataset.interp(time=...)"
        )


def _refuse_gaps(stretch: Stretch, role: str) -> None:
    bad = ~np.isfinite(stretch.values)
    if not bad.any():
        return
    sample = int(bad.any(axis=(0, 2)).argmax())
    trial, component = np.argwhere(bad[:, sample])[0]
    at = (stretch.time if stretch.seconds is None else stretch.seconds)[sample]
    raise ValueError(
        f"the {role} is not finite from time {at:.6g} on (trial {stretch.trials[trial]}, component "
        f"{stretch.components[component]}); cut it there, leave that trial out, or see tonicnet.measure.lost"
    )


class Pair(NamedTuple):
    """A run beside its truth: the same components, the same step."""

    run: Stretch
    truth: Stretch


def paired(run: Stretch, truth: Stretch, *, same_trials: bool = False) -> Pair:
    """Bring a run to its truth's components and check that the two can be compared sample by sample."""
    run = fitted(run, truth)
    if not np.isclose(run.dt, truth.dt, rtol=1e-3):
        raise ValueError(
            f"the run's step is {run.dt:.6g} in task time and the truth's {truth.dt:.6g}; sample the truth "
            "at the run's step (Task.trajectory(duration, dt)), or use tonicnet.measure.resample(run, dt)"
        )
    if same_trials and len(run.values) != len(truth.values):
        raise ValueError(
            f"the run has {len(run.values)} trials and the truth {len(truth.values)}; this measure pairs "
            "them by their start, so give both the same starts in the same order (initial=...)"
        )
    return Pair(run, truth)


def fitted(run: Stretch, truth: Stretch) -> Stretch:
    """Keep the components that the truth has: the first ones, as tasks use them."""
    has, needs = run.values.shape[2], truth.values.shape[2]
    if has < needs or (has > needs and run.dimensioned):
        raise ValueError(f"the run uses {has} components and the truth has {needs}; they are not of one task")
    return replace(run, values=run.values[:, :, :needs], components=run.components[:needs])
