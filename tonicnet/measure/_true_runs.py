"""The true runs that a bank's runs are held against: computed from the tasks that the bank says it was learned on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from .._names import shown
from ..bank import whole_bank
from ..files import parse_json
from ..task import Task
from ._run import Labelled, stretches

Truths = Labelled | Mapping[str, Labelled]

# for each of tonicnet.task.KINDS: trials, and the length of each in segments of the run; longer ones give better floors
_SIZES = {"chaos": (4, 5), "cycle": (1, 2), "memory": (20, 1), "recording": (2, 2), "behaviour": (20, 1)}
_SEED = 11


def true_runs(bank: xr.Dataset, run: Labelled) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """Return a true run for each task of a run, from the bank's own specs, and for the others the reason why not.

    Each has the sampling step of the task's longest segment. They are as long as floors need: chaos four trials of
    five such segments, a cycle one of two, a memory twenty of one.

    Arguments: ``bank``, learned by tonicnet.fit; ``run``, of its network. Raises ValueError for a bank whose list of
    tasks cannot be read.

    >>> import tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> found, missing = true_runs(bank, tn.simulate(net, bank, task="hopf", duration=2.0))
    >>> dict(found["hopf"].output.sizes), missing
    ({'trial': 1, 'time': 403, 'component': 2}, {})
    """
    specs = _specs(bank)
    found: dict[str, xr.Dataset] = {}
    missing: dict[str, str] = {}
    for name, (samples, dt) in _grids(run).items():
        try:
            if name not in specs:
                raise ValueError("the bank does not hold it")
            found[name] = _true_run(Task.from_dict(specs[name]), samples, dt)
        except ValueError as error:
            missing[name] = str(error)
    return found, missing


def truths_of(truth: Truths | None, run: Labelled) -> Truths | None:
    """Return the truth as given, or computed, for each task of a run, if a bank is given in its place."""
    if isinstance(truth, xr.DataArray) and "unit" in truth.dims and "time" not in truth.dims:
        whole_bank(truth, "a true run")
    if not (isinstance(truth, xr.Dataset) and "bias" in truth and "output" not in truth):
        return truth
    found, missing = true_runs(truth, run)
    if missing:
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in missing.items())
        raise ValueError(f"this bank cannot give the truth of every task of the run ({reasons}); give true runs")
    return found


def _specs(bank: xr.Dataset) -> dict[str, Any]:
    if not isinstance(bank, xr.Dataset):
        raise TypeError(f"a bank is a Dataset from tonicnet.fit, got {shown(bank)}; load a file with tn.load_bank")
    try:
        return dict(parse_json(bank.attrs.get("tasks", "{}"), "the list of tasks"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the bank's list of tasks is not readable ({error}); take an intact copy") from error


def _grids(run: Labelled) -> dict[str, tuple[int, float]]:
    """Return, for each task of a run, the samples of its longest segment and their step in task time."""
    grids: dict[str, tuple[int, float]] = {}
    for stretch in stretches(run, finite=False):
        if len(stretch.time) > grids.get(stretch.task, (0, 0.0))[0]:
            grids[stretch.task] = len(stretch.time), stretch.dt
    return grids


def _true_run(task: Task, samples: int, dt: float) -> xr.Dataset:
    trials, segments = _SIZES[task.kind]
    steps = segments * samples
    if np.isfinite(task.duration):
        steps = min(steps, int(task.duration / dt * (1 - 1e-9)))
    return task.trajectory(steps * dt, dt, trials=trials, seed=_SEED)
