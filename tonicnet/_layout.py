"""The layout that every run has, whatever it is of: rates, spikes, or the task itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from ._labels import Variable, dataset

RUN = ("trial", "time", "component")


def run_dataset(
    output: Float[np.ndarray, "trial time component"],
    time: Float[np.ndarray, " time"],
    task_time: Float[np.ndarray, " time"],
    *,
    names: np.ndarray,
    index: Int[np.ndarray, " time"],
    dimension: Int[np.ndarray, " time"],
    components: Sequence[str],
    kind: str,
    speed: Float[np.ndarray, " time"] | None = None,
    time_units: str = "s",
    extra: dict[str, Variable] | None = None,
    **attrs: str | int | float | Mapping[str, Any],
) -> xr.Dataset:
    """Return the Dataset of a run: its output in task units, and at each sample the task in force.

    Arguments: ``time`` in ``time_units`` and ``task_time``, both at every sample, as are the ``names`` of the tasks in
    force, the ``index`` of the segment, the ``dimension`` of the task and its ``speed``; ``extra`` variables.
    """
    variables = {"output": Variable(RUN, output, "task", "output x = D r")}
    along = ("time",)
    coords = run_coords(len(output), time, components, time_units) | {
        "task_time": Variable(along, task_time, "task", "time of the task since the switch"),
        "segment": Variable(along, names, "1", "task in force"),
        "segment_index": Variable(along, index, "1", "number of the segment"),
        "dimension": Variable(along, dimension, "1", "components the task uses"),
    }
    if speed is not None:
        coords["speed"] = Variable(along, speed, "1/s", "task time per second")
    return dataset(variables | (extra or {}), coords, kind=kind, **attrs)


def run_coords(
    trials: int, time: Float[np.ndarray, " time"], components: Sequence[str], time_units: str = "s"
) -> dict[str, Variable]:
    """Return the coordinates of (trial, time, component)."""
    return {
        "trial": Variable(("trial",), np.arange(trials), "1", "trial"),
        "time": Variable(("time",), time, time_units, "time"),
        "component": Variable(("component",), list(components), "1", "component"),
    }
