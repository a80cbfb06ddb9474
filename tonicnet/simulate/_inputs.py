"""Inputs that a user gives, in any container, as one row a step of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import shown
from ..bank import Segment
from ..labelled import DIMS, Door, check_finite, even_step, labelled, numbered

_DOOR = Door("the array of inputs", plain={2: DIMS[1:], 3: DIMS}, variables=("input",))
Live = Callable[[float, Float[np.ndarray, "trial component"]], Any]  # time (s) and output in task units to inputs
_SAME = 0.01  # of a step: by which those of inputs and of the run may differ
_EARLY = 1e-6  # of a step: a time this short before a sample is at it


def given_inputs(
    given: Any, segments: list[Segment], dt: float, trials: int, components: int
) -> Float[np.ndarray, "trial time component"] | None:
    """Return u (trial, time, component), one row a step of ``dt`` seconds; None if nothing is given.

    Inputs with a time of their own are held from each of their samples to the next, so that they keep their own pace;
    components come by their names, and those that are not given are zero. Raises ValueError in a sentence for inputs
    that do not last as long as the run, or are sampled more finely than it runs.
    """
    if given is None:
        return None
    steps = sum(segment.steps(dt) for segment in segments)
    found = labelled(given, _DOOR)
    check_finite(found, _DOOR.what)
    if "time" in found.coords and found.sizes["time"] > 1:
        found = found.isel(time=_held(_in_seconds(found, segments), steps, dt))
    u = _all_components(found, segments[0].entry.scaling.names[: segments[0].entry.dimension], components)
    whole = u.expand_dims({dim: 1 for dim in DIMS if dim not in u.dims}).transpose(*DIMS)
    if whole.sizes["trial"] not in (1, trials) or whole.shape[1:] != (steps, components):
        raise ValueError(
            f"inputs must be (time, component) = ({steps}, {components}), or with {trials} trials in front, "
            f"got {found.shape}"
        )
    _check_units(whole.values, segments, dt)
    return np.broadcast_to(whole.values, (trials, steps, components))


def answered(given: Any, shape: tuple[int, int], components: int, time: float) -> Float[np.ndarray, "trial component"]:
    """Return the inputs that a function gave for one step, zero in idle components of the network.

    Raises TypeError or ValueError in a sentence for what is no array of numbers, of another shape, or not finite.
    """
    try:
        u = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the function of inputs must return numbers, got {shown(given)} at {time:.6g} s") from error
    if u.shape != shape:
        raise ValueError(
            f"the function of inputs must return (trial, component) = {shape}, got shape {u.shape} at {time:.6g} s"
        )
    if not np.isfinite(u).all():
        raise ValueError(
            f"the function of inputs returned numbers that are not finite at {time:.6g} s; check its state"
        )
    return np.pad(u, ((0, 0), (0, components - shape[1])))


def _check_units(u: Float[np.ndarray, "trial time component"], segments: list[Segment], dt: float) -> None:
    """Raise ValueError for inputs to a task in whose coordinates they have no size; zeros have one anywhere."""
    cuts = np.cumsum([segment.steps(dt) for segment in segments])[:-1]
    for segment, part in zip(segments, np.split(u, cuts, axis=1), strict=True):
        if part.any():
            segment.entry.scaling.input_unit  # noqa: B018  (it raises)


def trials_of(given: Any) -> int:
    """Return how many trials inputs are of; 0 for none, or the same for all."""
    return 0 if given is None else int(labelled(given, _DOOR).sizes.get("trial", 0))


def lasting(given: Any, segment: Segment, dt: float) -> float:
    """Return how many seconds inputs of one task last, the last sample included; rows without a time are steps."""
    if given is None:
        return dt
    found = labelled(given, _DOOR)
    own = "time" in found.coords and found.sizes["time"] > 1
    return found.sizes["time"] * (even_step(_in_seconds(found, [segment]), _DOOR.what) if own else dt)


def _in_seconds(inputs: xr.DataArray, segments: list[Segment]) -> Float[np.ndarray, " time"]:
    """Return the times of inputs in seconds; raise ValueError for task time where tasks have several speeds."""
    time = inputs.coords["time"]
    if time.attrs.get("units") != "task":
        return np.asarray(time.values)
    speeds = {segment.entry.speed for segment in segments}
    if len(speeds) > 1:
        raise ValueError("the inputs are in task time, and the tasks of this run have several speeds; give seconds")
    return np.asarray(time.values) / speeds.pop()


def _held(time: Float[np.ndarray, " time"], steps: int, dt: float) -> np.ndarray:
    """Return which sample of inputs is in force at each step of the run."""
    own = even_step(time, _DOOR.what)
    if own < (1 - _SAME) * dt:
        raise ValueError(
            f"the inputs have a step of {own:.6g} s and the run one of {dt:.6g} s, which would leave some out; run "
            f"with dt={own:.6g}, or average the inputs over steps of the run"
        )
    own = dt if abs(own - dt) <= _SAME * dt else own
    if abs(time[0]) > 0.5 * dt:
        raise ValueError(
            f"the inputs begin at {time[0]:.6g} s and a run begins at 0; shift them, e.g. with "
            "inputs.assign_coords(time=inputs.time - inputs.time[0])"
        )
    lasts, needed = len(time) * own, steps * dt
    rounded = (0.5 + _SAME) * dt  # by which a run of whole steps may be longer than what was asked for
    if not needed - rounded <= lasts <= needed + own + rounded:
        raise ValueError(
            f"the inputs last {lasts:.6g} s (the last sample included) and the run {needed:.6g} s; give "
            "them for as long"
        )
    return np.minimum(np.floor(np.arange(steps) * dt / own + _EARLY).astype(int), len(time) - 1)


def _all_components(inputs: xr.DataArray, names: list[str], components: int) -> xr.DataArray:
    """Return inputs to all components of the network: those of these names, zero where none are given."""
    if "component" not in inputs.dims:
        return inputs.expand_dims("component", axis=-1) if components == 1 else inputs
    own = [str(name) for name in inputs.coords["component"].values] if "component" in inputs.coords else []
    if own and not numbered(own) and not numbered(names):
        strange = [name for name in own if name not in names]
        if strange and len(own) < components:
            raise ValueError(f"the inputs have components {', '.join(own)}, the task has {', '.join(names)}")
        order = [*names, *strange]
        inputs = inputs.reindex(component=order, fill_value=0.0)
    idle = components - inputs.sizes["component"]
    if idle > 0 and inputs.sizes["component"] == len(names):
        return inputs.drop_vars("component", errors="ignore").pad(component=(0, idle), constant_values=0.0)
    return inputs
