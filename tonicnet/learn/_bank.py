"""What learning leaves behind: one Dataset of biases, scalings, scores and provenance."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..network import Network
from ..task import Task
from ._learner import Learned
from ._score import NAMES, Score
from ._setup import Setup


def bank(net: Network, learned: list[Learned], setup: Setup) -> xr.Dataset:
    """Return the bank of a list of learned tasks."""
    entries = [made.target.entry for made in learned]
    epochs = max(1, *(len(made.losses) for made in learned))
    variables = {
        "bias": Variable(("task", "unit"), np.stack([m.bias for m in learned]), "1", "tonic input"),
        "center": Variable(("task", "component"), np.stack([e.center for e in entries]), "task", "origin of z"),
        "scale": Variable(("task", "component"), np.stack([e.scale for e in entries]), "task", "unit of z"),
        "speed": Variable(("task",), [e.speed for e in entries], "1/s", "task time per second"),
        "dimension": Variable(("task",), [e.dimension for e in entries], "1", "components the task uses"),
        "start": Variable(("task", "trial", "component"), np.stack([e.start for e in entries]), "task", "starts"),
        "loss": Variable(("task", "epoch"), _padded([m.losses for m in learned], epochs), "1", "loss by epoch"),
        "method": Variable(("task",), [m.method for m in learned], "1", "what learned it"),
        "noise": Variable(("task",), [setup.noise] * len(learned), "1", "tube width in standard deviations"),
        "learning_seed": Variable(("task",), [setup.seed] * len(learned), "1", "seed of learning"),
        "seconds": Variable(("task",), [m.seconds for m in learned], "s", "time learning took"),
        "outcome": Variable(("task",), [m.outcome for m in learned], "1", "how learning ended"),
    }
    coords = {
        "task": Variable(("task",), [m.target.task.name for m in learned], "1", "task"),
        "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
        "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
        "epoch": Variable(("epoch",), np.arange(epochs), "1", "step of the method"),
    }
    specs = {m.target.task.name: _spec(m.target.task) for m in learned}
    made = dataset(
        variables | _scores([m.score for m in learned]), coords,
        method=setup.method, noise=setup.noise, seed=setup.seed,
        network_sha256=net.sha256, network=json.dumps(net.to_dict()), tasks=json.dumps(specs),
    )  # fmt: skip
    return made


def _spec(task: Task) -> dict[str, Any]:
    """Return the task as plain tables; without its samples if a bank cannot carry so many."""
    try:
        return task.to_dict()
    except ValueError as error:
        return {"name": task.name, "kind": task.kind, "components": list(task.components), "samples": str(error)}


def _scores(scores: list[Score]) -> dict[str, Variable]:
    return {
        name: Variable(("task",), [s.values.get(name, np.nan) for s in scores], units, long_name)
        for name, (units, long_name) in NAMES.items()
    }


def grown(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return a bank with the rows of both, those of the old one as they were."""
    epochs = np.arange(max(old.sizes.get("epoch", 0), new.sizes["epoch"]))
    old, new = (part.reindex(epoch=epochs) if "epoch" in part.dims else part for part in (old, new))
    parts = [_complete(old, new), new]
    made = xr.concat(parts, dim="task", data_vars="all", join="exact", combine_attrs="drop_conflicts")
    tasks = {name: spec for part in (old, new) for name, spec in json.loads(part.attrs.get("tasks", "{}")).items()}
    made.attrs = new.attrs | {"tasks": json.dumps(tasks)}
    return made


def _complete(part: xr.Dataset, model: xr.Dataset) -> xr.Dataset:
    """Return a bank with every per-task variable of a newer one; what it does not know is empty or NaN."""
    missing = {}
    for name in model.data_vars.keys() - part.data_vars.keys():
        like = model[name].isel(task=[0] * part.sizes["task"])
        empty = np.full(like.shape, "" if like.dtype.kind in "UO" else np.nan)
        missing[name] = xr.Variable(like.dims, empty, like.attrs)
    return part.assign(missing)[list(model.data_vars)]


def _padded(losses: list[tuple[float, ...]], length: int) -> np.ndarray:
    return np.array([[*row, *[np.nan] * (length - len(row))] for row in losses])
