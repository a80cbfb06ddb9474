"""The labelled results of a task: runs, and trials of a behaviour."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .. import _layout
from .._labels import Variable, dataset
from .._random import checked_seed
from ._given_samples import input_dims
from ._sample_set import PARTS, SampleSet
from ._spec import Spec
from ._trials import Trials


def run_dataset(
    x: Float[np.ndarray, "trial time component"], times: Float[np.ndarray, " time"], *, spec: Spec, seed: int
) -> xr.Dataset:
    """Return reference runs, laid out as runs of a network are; their time is the task's own."""
    n = len(times)
    plane: dict[str, Any] = {"plane": json.dumps(spec.plane)} if spec.plane else {}
    return _layout.run_dataset(
        x, times, times, names=np.full(n, spec.name), index=np.zeros(n, int),
        dimension=np.full(n, len(spec.components)), components=spec.components, time_units="task",
        kind="truth", task_kind=spec.kind, seed=checked_seed(seed), **plane,
    )  # fmt: skip


def trials_dataset(drawn: Trials, *, spec: Spec, seed: int) -> xr.Dataset:
    """Return trials: what goes in, what should come out, and how much each error weighs."""
    times = np.arange(drawn.targets.shape[1]) * spec.sampling.dt
    return dataset(
        {
            "input": Variable(_layout.RUN, drawn.inputs, "task", f"input of {spec.name}"),
            "target": Variable(_layout.RUN, drawn.targets, "task", f"target of {spec.name}"),
            "mask": Variable(_layout.RUN, drawn.mask, "1", "weight of the squared error"),
        },
        coords=_layout.run_coords(len(drawn.targets), times, spec.components, "task"),
        kind="trials",
        task=spec.name,
        task_kind=spec.kind,
        seed=checked_seed(seed),
    )


def samples_dataset(held: SampleSet, chosen: np.ndarray, *, spec: Spec) -> xr.Dataset:
    """Return samples: what goes in, and the label or the targets of each."""
    dims = ("sample", *input_dims(len(held.shape)))
    variables = {"input": Variable(dims, held.inputs[chosen], "task", f"input of {spec.name}")}
    coords = {
        "sample": Variable(("sample",), chosen, "1", "number of the sample"),
        "part": Variable(("sample",), np.array(PARTS)[held.part[chosen]], "1", "what the sample is for"),
    }
    if held.features:
        coords["feature"] = Variable(("feature",), list(held.features), "1", "input")
    if held.classes:
        labels = np.array(spec.components)[held.labels[chosen]]
        variables["label"] = Variable(("sample",), labels, "1", "class of the sample")
    else:
        variables["target"] = Variable(("sample", "component"), held.targets[chosen], "task", f"target of {spec.name}")
        coords["component"] = Variable(("component",), list(spec.components), "1", "component")
    return dataset(variables, coords, kind="samples", task=spec.name, task_kind=spec.kind)
