"""A task as notebooks show it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from .. import _svg
from .._card import page

if TYPE_CHECKING:
    from ._task import Task

_SCALES, _POINTS = 40, 600  # how long a run is drawn, in time scales of the task, and in how many points
_STARTS = 24  # runs of a memory
_ALIKE = 0.1  # correlations this near are taken as one: a run of no whole number of periods has some by chance


def task_card(task: Task) -> str:
    """Return a task as HTML: what it is, what is known of it, a portrait and its components over time."""
    facts = {
        "kind": task.kind,
        "components": ", ".join(task.components),
        "speed": "chosen when learning" if task.speed is None else f"{task.speed:g} task-time units per second",
        "known": ", ".join(f"{n} {_short(v)}" for n, v in task.truth.items() if not n.endswith("tolerance")),
        "source": task.cite,
    }
    shown = {name: value for name, value in facts.items() if value}
    try:
        pictures = _pictures(task)
    except (ValueError, TypeError, ArithmeticError) as error:
        pictures, shown["no picture"] = (), str(error)
    return page(f"Task {task.name}" + (f": {task.title}" if task.title else ""), shown, pictures=pictures)


def _pictures(task: Task) -> tuple[str, ...]:
    length = min(_SCALES * task.time_scale, task.duration * (1 - 1e-9))
    if not np.isfinite(length):
        return ()
    step = task.dt if np.isfinite(task.duration) else length / _POINTS
    start = task.states(_STARTS) if task.kind == "memory" else None  # seen on its way: it rests on its attractor
    run = task.trajectory(length, step, initial=start)
    some = run.isel(time=slice(None, None, max(1, run.sizes["time"] // _POINTS)))
    t, x = some["time"].values, some["output"].values[..., :3]
    rows = [(t, _apart(x[0], k)) for k in range(x.shape[-1])] if len(x) == 1 else [(t, trial[:, 0]) for trial in x]
    course = _svg.curves(rows, label="output over time", width=170)
    if x.shape[-1] == 1:
        return (course,)
    one, two = _view(x[0])
    return _svg.curves([(trial[:, one], trial[:, two]) for trial in x], label="portrait", width=100), course


def _view(x: np.ndarray) -> tuple[int, int]:
    """Return the two components that are least correlated, the first pair that nearly is: together they tell most."""
    moving = np.where(np.ptp(x, axis=0) > 0, x - x.mean(axis=0), 1.0)
    likeness = np.abs(moving.T @ moving) / np.outer(*[np.linalg.norm(moving, axis=0)] * 2)
    pairs = list(itertools.combinations(range(x.shape[1]), 2))
    least = min(likeness[pair] for pair in pairs)
    return next(pair for pair in pairs if likeness[pair] <= least + _ALIKE)


def _apart(x: np.ndarray, k: int) -> np.ndarray:
    """Return a component in a row of its own, in its own height."""
    return (x[:, k] - x[:, k].mean()) / max(float(np.ptp(x[:, k])), 1e-12) - 1.2 * k


def _short(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_short, value))})"
    return str(value)
