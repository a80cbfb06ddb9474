"""The labelled results of a task: runs, and trials of a behaviour."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from ._spec import Spec
from ._trials import Trials

_DIMS = ("trial", "time", "component")


def run_dataset(
    x: Float[np.ndarray, "trial time component"], times: Float[np.ndarray, " time"], *, spec: Spec, seed: int
) -> xr.Dataset:
    """Return reference runs, laid out as runs of a network are."""
    n = len(times)
    return dataset(
        {"output": Variable(_DIMS, x, "1", f"state of {spec.name}")},
        coords={
            **_coords(len(x), times, spec),
            "task_time": Variable(("time",), times, "1", "time in the task's own units"),
            "segment": Variable(("time",), np.full(n, spec.name), "1", "task in force"),
            "segment_index": Variable(("time",), np.zeros(n, int), "1", "position in the schedule"),
            "dimension": Variable(("time",), np.full(n, len(spec.components)), "1", "components in use"),
        },
        kind="truth",
        task_kind=spec.kind,
        seed=int(seed),
    )


def trials_dataset(drawn: Trials, *, spec: Spec, seed: int) -> xr.Dataset:
    """Return trials: what goes in, what should come out, and how much each error weighs."""
    times = np.arange(drawn.targets.shape[1]) * spec.sampling.dt
    return dataset(
        {
            "input": Variable(_DIMS, drawn.inputs, "1", f"input of {spec.name}"),
            "target": Variable(_DIMS, drawn.targets, "1", f"target of {spec.name}"),
            "mask": Variable(_DIMS, drawn.mask, "1", "weight of the squared error"),
        },
        coords=_coords(len(drawn.targets), times, spec),
        kind="trials",
        task=spec.name,
        task_kind=spec.kind,
        seed=int(seed),
    )


def _coords(trials: int, times: Float[np.ndarray, " time"], spec: Spec) -> dict[str, Variable]:
    return {
        "trial": Variable(("trial",), np.arange(trials), "1", "trial"),
        "time": Variable(("time",), times, "1", "time in the task's own units"),
        "component": Variable(("component",), list(spec.components), "1", "component of the task"),
    }
