"""Short runs of every flow of an atlas beside its truth, in the plane in which pictures show it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..network import Network
from ..simulate import simulate
from ..task import Task

_PERIODS, _SAMPLES = 25, 40  # of each picture: periods, and samples of one
_SHARES = (1, 2, 4, 8)  # a true run that cannot be integrated is drawn for one in so many of the periods


def portraits(net: Network, bank: xr.Dataset, tasks: dict[str, Task], periods: dict[str, float]) -> xr.Dataset:
    """Return ``network`` and ``truth`` (task, sample, axis) of tasks of a bank, from the same state of the attractor.

    ``axis`` are the first and the last of a task's first three components, named in ``horizontal`` and ``vertical``.
    """
    found = {name: _portrait(net, bank, task, periods[name]) for name, task in tasks.items()}
    planes = {name: _plane(task) for name, task in tasks.items()}
    names = list(found)
    data = {
        which: Variable(("task", "sample", "axis"), np.stack([found[name][k] for name in names]), "1", words)
        for k, (which, words) in enumerate([("truth", "a true run"), ("network", "the network alone")])
    }
    for k, which in enumerate(("horizontal", "vertical")):
        labels = np.array([tasks[name].components[planes[name][k]] for name in names], dtype=object)
        data[which] = Variable(("task",), labels, "1", f"{which} component")
    coords = {"task": Variable(("task",), np.array(names, dtype=object), "1", "task")}
    return dataset(data, coords, kind="portraits", network_sha256=net.sha256)


def _portrait(net: Network, bank: xr.Dataset, task: Task, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a true run and the network's, (sample, axis), both from a state that the bank holds."""
    row = bank.sel(task=[task.name])  # a run checks all rows of the bank that it is given
    start = row["start"].values[0, :1, : task.dimension]
    dt, speed = period / _SAMPLES, float(row["speed"].item())
    every = max(1, int(np.ceil(dt / speed / (0.25 * net.tau))))
    duration = (_PERIODS * _SAMPLES - 1) * dt
    run = simulate(
        net, row, task=task.name, duration=duration / speed, dt=dt / speed / every, every=every, initial=start
    )
    plane = list(_plane(task))
    return _true_run(task, start, dt)[:, plane], run["output"].values[0][:, plane]


def _true_run(task: Task, start: np.ndarray, dt: float) -> np.ndarray:
    """Return the truth (sample, component) from a state, NaN from where its integration would take too long."""
    found = np.full((_PERIODS * _SAMPLES, task.dimension), np.nan)
    for share in _SHARES:
        count = len(found) // share
        try:
            found[:count] = task.trajectory((count - 1) * dt, dt, initial=start)["output"].values[0]
        except ValueError:
            continue
        break
    return found


def _plane(task: Task) -> tuple[int, int]:
    return (0, min(2, task.dimension - 1))
