"""True runs of the tasks of a bank, as long as the measures need them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..files import parse_json
from ..task import Task

Truths = dict[str, xr.Dataset]

# for each of tonicnet.task.KINDS: trials, and the length of each in segments of the run; longer ones give better floors
_SIZES = {"chaos": (4, 5), "cycle": (1, 2), "memory": (20, 1), "recording": (2, 2), "behaviour": (20, 1)}
_SEED = 11


def true_runs(bank: xr.Dataset, run: xr.Dataset) -> tuple[Truths, dict[str, str]]:
    """Return a true run for each task of a run, and for those that cannot be computed again the reason."""
    specs = _specs(bank)
    found: Truths = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(str(n) for n in run["segment"].values):
        try:
            if name not in specs:
                raise ValueError("the bank does not hold it")
            found[name] = _truth(Task.from_dict(specs[name]), *_grid(run, name))
        except ValueError as error:
            missing[name] = str(error)
    return found, missing


def _specs(bank: xr.Dataset) -> dict[str, Any]:
    try:
        return dict(parse_json(bank.attrs.get("tasks", "{}"), "the list of tasks"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the bank's list of tasks is not readable ({error}); take an intact copy") from error


def _grid(run: xr.Dataset, name: str) -> tuple[int, float]:
    """Return the samples of the longest segment of a task, and their step in task time."""
    index = run["segment_index"].values[run["segment"].values == name]
    longest = np.bincount(index).argmax()
    time = run["task_time"].values[run["segment_index"].values == longest]
    if len(time) < 2:
        raise ValueError(f"its segment of the run has {len(time)} samples")
    return len(time), float(time[-1] - time[0]) / (len(time) - 1)


def _truth(task: Task, samples: int, dt: float) -> xr.Dataset:
    trials, segments = _SIZES[task.kind]
    steps = segments * samples
    if np.isfinite(task.duration):
        steps = min(steps, int(task.duration / dt * (1 - 1e-9)))
    return task.trajectory(steps * dt, dt, trials=trials, seed=_SEED)
