"""Reading labelled runs: which samples belong together, at what step, and whether they can be compared."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable
from ..labelled import DIMS, Door, even_step, labelled, numbered, opened, same_units, seconds_of
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


def stretches(run: Any, role: str = "run", *, finite: bool = True) -> list[Stretch]:
    """Return the segments of a run in order of time.

    Raises TypeError for what is not labelled data, ValueError for missing dims, uneven steps and (with
    ``finite``) samples that are NaN or infinite, naming the first.
    """
    run = as_run(run, role)
    output = output_of(run, role)
    time = time_of(output, role)
    found = [_stretch(output.isel(time=part), time[part], run, role) for part in parts_of(output, time)]
    if finite:
        for stretch in found:
            _refuse_gaps(stretch, role)
    return found


def single(run: Any, role: str = "run", *, finite: bool = True) -> Stretch:
    """Return the only segment of a run; raise ValueError where there are several."""
    found = stretches(run, role, finite=finite)
    if len(found) > 1:
        names = ", ".join(f"{i} {s.task!r}" for i, s in enumerate(found))
        raise ValueError(
            f"the {role} has {len(found)} segments ({names}), this measure takes one; "
            "pick it with tonicnet.measure.segment(run, index or task name), or use tonicnet.compare"
        )
    return found[0]


def as_run(run: Any, role: str = "run") -> Labelled:
    """Return a run as Dataset or DataArray: a table, a series or a file that has time of its own becomes one.

    Raises TypeError for what has no labels, such as a plain array.
    """
    if isinstance(run, xr.Dataset | xr.DataArray):
        return run
    if isinstance(run, str | os.PathLike):
        run = opened(run)
        return run if isinstance(run, xr.Dataset) else as_run(run, role)
    found = labelled(run, _door(role))
    if "time" not in found.coords:
        raise TypeError(
            f"the {role} must be an xarray Dataset or DataArray, or a table with time, got {type(run).__name__}"
        )
    return found


def output_of(run: Labelled, role: str) -> xr.DataArray:
    """Return the output (trial, time, component) of a run as numbers, its time in seconds or task time."""
    held = _held(run, role)
    if "time" not in held.dims or ("component" not in held.dims and held.ndim > 1 + ("trial" in held.dims)):
        raise ValueError(f"the {role} has dims {held.dims}; it needs 'time' and 'component' ('trial' may lack)")
    if "time" not in held.coords and "task_time" not in held.coords:
        raise ValueError(
            f"the {role} has no coordinate 'time' or 'task_time', so its step is unknown; add one, e.g. with "
            f"assign_coords(time=dt * numpy.arange({held.sizes['time']}))"
        )
    extra = set(held.dims) - {*DIMS}
    if extra:
        raise ValueError(
            f"the {role} has dims {held.dims}; choose one along {', '.join(sorted(map(str, extra)))} first"
        )
    plain = labelled(held, _door(role))
    about = {n: c for n, c in held.coords.items() if n not in plain.coords and set(c.dims) <= {"time"}}
    whole = plain.assign_coords(about).expand_dims([dim for dim in ("trial", "component") if dim not in plain.dims])
    return whole.transpose(*DIMS)


def _door(role: str) -> Door:
    return Door(f"the {role}")


def _held(run: Labelled, role: str) -> xr.DataArray:
    """Return the variable of a run that is its output; columns of a table side by side."""
    if isinstance(run, xr.DataArray):
        return run
    if "output" in run:
        return run["output"]
    if not run.data_vars or any(v.ndim != 1 for v in run.data_vars.values()):
        raise ValueError(f"the {role} has no variable 'output' (it has: {', '.join(map(str, run.data_vars))})")
    return labelled(run, _door(role))


def time_of(output: xr.DataArray, role: str) -> Float[np.ndarray, " time"]:
    name = "task_time" if "task_time" in output.coords else "time"
    time = seconds_of(output[name].values, str(output[name].attrs.get("units", "")), f"the {role}: {name}")
    if len(time) < 2:
        raise ValueError(f"the {role} has {len(time)} samples; a measure needs at least 2")
    return time


def parts_of(output: xr.DataArray, time: Float[np.ndarray, " time"]) -> list[slice]:
    """Cut where the segment's number or name changes, or where task time starts anew."""
    cut = np.diff(time) < 0
    for name in ("segment_index", "segment"):
        if name in output.coords and output[name].dims == ("time",):
            cut = cut | (output[name].values[1:] != output[name].values[:-1])
    edges = [0, *(np.flatnonzero(cut) + 1).tolist(), len(time)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _stretch(output: xr.DataArray, time: Float[np.ndarray, " time"], run: Labelled, role: str) -> Stretch:
    if len(time) < 2:
        raise ValueError(f"a segment of the {role} has 1 sample; a measure needs at least 2")
    even_step(time, f"the {role}")
    used = int(output["dimension"].values.flat[0]) if "dimension" in output.coords else output.sizes["component"]
    output = output.isel(component=slice(0, used))
    task = task_of(output) or str(run.attrs.get("task", ""))
    trials = output["trial"].values if "trial" in output.coords else np.arange(output.sizes["trial"])
    seconds = (
        output["time"].values.astype(np.float64) if "task_time" in output.coords and "time" in output.coords else None
    )
    return Stretch(
        values=np.asarray(output.values, dtype=np.float64),
        time=time,
        seconds=seconds,
        trials=np.asarray(trials),
        components=_names(run, output, task),
        task=task,
        kind=_kind(run),
        units=str(output.attrs.get("units", "1")),
        dimensioned="dimension" in output.coords,
    )


def _names(run: Labelled, output: xr.DataArray, task: str) -> tuple[str, ...]:
    """Return the names of the components: those of the task, or what the run calls them."""
    try:
        own = json.loads(str(run.attrs.get("components_of", "{}"))).get(task, ())
    except (ValueError, AttributeError, RecursionError):
        own = ()
    count = output.sizes["component"]
    known = output["component"].values if "component" in output.coords else range(count)
    return tuple(map(str, own if len(own) == count else known))


def task_of(output: xr.DataArray) -> str:
    return str(output["segment"].values.flat[0]) if "segment" in output.coords else ""


def _kind(run: Labelled) -> str:
    """Return the kind of task the run is of; empty where it does not say."""
    for name in ("task_kind", "kind"):
        if run.attrs.get(name) in KINDS:
            return str(run.attrs[name])
    return ""


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
    return Pair(run, _same_trials(run, truth) if same_trials else truth)


def _same_trials(run: Stretch, truth: Stretch) -> Stretch:
    """Return the truth with its trials in the order of the run's, where both label them alike."""
    if len(run.values) != len(truth.values):
        raise ValueError(
            f"the run has {len(run.values)} trials and the truth {len(truth.values)}; this measure pairs "
            "them by their start, so give both the same starts in the same order (initial=...)"
        )
    own, other = run.trials.tolist(), truth.trials.tolist()
    if own == other or sorted(map(str, own)) != sorted(map(str, other)) or len(set(own)) < len(own):
        return truth
    return replace(truth, values=truth.values[[other.index(label) for label in own]], trials=run.trials)


def fitted(run: Stretch, truth: Stretch) -> Stretch:
    """Keep the components that the truth has: those of its names, or else the first ones, as tasks use them."""
    same_units(run.units, truth.units, "the run and its truth")
    has, needs = run.values.shape[2], truth.values.shape[2]
    if has < needs or (has > needs and run.dimensioned):
        raise ValueError(f"the run uses {has} components and the truth has {needs}; they are not of one task")
    order = _order(run.components, truth.components)
    return replace(run, values=run.values[:, :, order], components=tuple(run.components[k] for k in order))


def _order(own: tuple[str, ...], names: tuple[str, ...]) -> list[int]:
    """Return where the components of these names stand; the first ones where either side only numbers them."""
    if numbered(own) or numbered(names) or own[: len(names)] == names:
        return list(range(len(names)))
    if not set(names) <= set(own):
        raise ValueError(
            f"the run has components {', '.join(own)} and the truth {', '.join(names)}; give both the same names"
        )
    return [own.index(name) for name in names]
