"""What a report shows of a task: a run of the network alone, and the truth from the same state."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from ..files import parse_json
from ..network import Network
from ..simulate import simulate
from ..task import Task

_MOST_POINTS = 3000  # of a curve, at most
_STEPS_PER_TAU = 10


@dataclass(frozen=True)
class TaskCurves:
    """One task of a bank: its curves on one clock (s), in task units; ``note`` says what is missing, and why."""

    task: str
    components: tuple[str, ...]
    time: Float[np.ndarray, " time"]
    network: Float[np.ndarray, "time component"]
    truth: Float[np.ndarray, "time component"] | None
    note: str


def task_curves(net: Network, bank: xr.Dataset, name: str, seconds: float, seed: int) -> TaskCurves:
    """Run one task of a bank alone, and its truth beside it."""
    task, why = _stored_task(bank, name)
    if task is not None and task.kind == "behaviour":
        return _trial(net, bank, task, seed)
    row = bank.sel(task=name)
    count = int(row["dimension"])
    names = tuple(map(str, range(count))) if task is None else task.components
    try:
        run = simulate(net, bank, task=name, duration=seconds, seed=seed)
    except ValueError as error:
        return TaskCurves(name, names, np.empty(0), np.empty((0, count)), None, f"no run: {error}")
    kept = run.isel(time=slice(None, None, _stride(run.sizes["time"])))
    output = kept["output"].values[0, :, :count]
    truth = None
    if task is not None:
        truth, why = _truth(task, kept, output[0])
    return TaskCurves(name, names, kept["time"].values, output, truth, why)


def _stored_task(bank: xr.Dataset, name: str) -> tuple[Task | None, str]:
    """Return a task from the bank, or None and the reason why it cannot be rebuilt."""
    try:
        return Task.from_dict(parse_json(bank.attrs.get("tasks", "{}"), "the list of tasks")[name]), ""
    except KeyError:
        return None, f"no truth: {bank.attrs.get('scaling', 'the bank does not hold the task')}"
    except (ValueError, TypeError, AttributeError) as error:
        return None, f"no truth: {error}"


def _truth(task: Task, run: xr.Dataset, start: Float[np.ndarray, " component"]) -> tuple[np.ndarray | None, str]:
    """Return the truth at the samples of a run: from its first state, or any window of a recording."""
    clock = run["task_time"].values
    step = float(clock[-1]) / (len(clock) - 1)
    try:
        if task.has_flow:
            return task.trajectory(float(clock[-1]), step, initial=start[None])["output"].values[0], ""
        length = min(float(clock[-1]), task.duration * (1 - 1e-9))
        found = task.trajectory(length, step)["output"].values[0]
    except ValueError as error:
        return None, f"no truth: {error}"
    return found, "the truth is a window of the recording, from a state of its own"


def _trial(net: Network, bank: xr.Dataset, task: Task, seed: int) -> TaskCurves:
    """Run one trial of a behaviour with its inputs, beside its targets where they count."""
    trial = task.trials(1, seed=seed).isel(trial=0)
    fine = 1 if net.spec.dt else max(1, math.ceil(task.dt / (net.tau / _STEPS_PER_TAU) - 1e-9))
    inputs = _inputs(trial["input"].values[:-1], fine, net.components)
    target = np.where(trial["mask"].values > 0, trial["target"].values, np.nan)
    clock = np.arange(len(target)) * task.dt
    try:
        run = simulate(
            net, bank, task=task.name, duration=len(inputs) * task.dt / fine, dt=task.dt / fine, inputs=inputs,
            initial=trial["target"].values[0], every=fine,
        )  # fmt: skip
    except ValueError as error:
        return TaskCurves(task.name, task.components, clock, np.full_like(target, np.nan), target, f"no run: {error}")
    output = run["output"].values[0, :, : target.shape[1]]
    return TaskCurves(
        task.name, task.components, clock, output, target, "one trial, with its inputs; the truth is its target"
    )


def _inputs(values: Float[np.ndarray, "time input"], fine: int, count: int) -> Float[np.ndarray, "step component"]:
    """Return the inputs of a trial at each of ``fine`` steps a sample, zero for components without one."""
    repeated = np.repeat(values, fine, axis=0)
    return np.pad(repeated, ((0, 0), (0, count - repeated.shape[1])))


def _stride(count: int) -> int:
    """Return which samples to keep, one in so many, so that a curve is not too long for a page."""
    return max(1, math.ceil(count / _MOST_POINTS))
