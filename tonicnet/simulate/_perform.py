"""A network that performs a behaviour on trials it has not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .._layout import RUN
from .._names import choose, shown
from .._numbers import whole
from ..files import parse_json
from ..network import Network
from ..task import Plant, Task, plant_of, rule_of
from ._run import simulate

_WHOLE = 1e-6  # a step this near to a multiple of another is one
_FINE = 10  # steps in one tau of a continuous network


def perform(
    net: Network,
    bank: xr.Dataset,
    task: Task | str,
    *,
    trials: int = 100,
    held_out: bool = True,
    seed: int = 0,
    **run: Any,
) -> xr.Dataset:
    """Run a network alone on trials of a behaviour, with their inputs, and return its output beside their targets.

    Arguments: ``net`` and ``bank``, a network and its bank; ``task``, a behaviour of the shelf, or the name of a row of
    the bank, from whose file the behaviour is then made again; ``trials``, how many; ``held_out``, trials that no fit
    learns from, or those of :meth:`Task.trials`; ``seed`` of the trials; ``run``, further arguments of
    :func:`simulate` (``noise``, ``rates``, ``dtype``, ``device``). Where a behaviour has a plant, as a reach has its
    arm, the output moves it and its state comes back as input, step by step.

    Returns the run: ``output``, ``input``, ``target`` and ``mask`` (trial, time, component), the components those of
    the task; of a plant also ``path(trial, time, axis)`` and ``goal(trial, axis)``. How good it is, says
    :func:`tonicnet.measure.performance`. Raises TypeError for a task that is no behaviour, ValueError for a name the
    bank does not hold and a step that does not divide that of the trials.

    >>> import tonicnet as tn
    >>> net = tn.Network(30, seed=0, components=3, synapses="dense", transfer="tanh", tau=0.1, dt=0.05)
    >>> bank = tn.fit(net, tn.task("go-no-go"), rounds=0, steps=2, progress=False)
    >>> perform(net, bank, "go-no-go", trials=4)["output"].shape
    (4, 61, 3)
    """
    behaviour, count = _behaviour(bank, task), whole("trials", trials)
    drawn = behaviour.held_out(count, seed=seed) if held_out else behaviour.trials(count, seed=seed)
    row = behaviour.name
    every = _every(net, behaviour.dt)
    plant = plant_of(behaviour, count, seed=seed, held_out=held_out)
    made = simulate(
        net, bank, task=row, duration=(drawn.sizes["time"] - 1) * behaviour.dt, trials=count, every=every,
        dt=net.spec.dt or behaviour.dt / every, initial=drawn["target"].values[:, 0],
        inputs=drawn["input"] if plant is None else _Held(plant, every), seed=seed, **run,
    )  # fmt: skip
    return _beside(made, drawn, behaviour, plant)


@dataclass
class _Held:
    """What a plant shows, held for all steps of the network within one of its own."""

    plant: Plant
    every: int
    asked: int = 0
    shown: Any = None

    def __call__(self, time: float, output: np.ndarray) -> np.ndarray:
        if self.asked % self.every == 0:
            self.shown = self.plant(time, output)
        self.asked += 1
        return np.asarray(self.shown)


def _behaviour(bank: xr.Dataset, task: Task | str) -> Task:
    found = task
    if isinstance(task, str):
        specs = parse_json(bank.attrs.get("tasks", "{}"), "the list of tasks")
        found = Task.from_dict(specs[choose("task of the bank", task, specs)])
    if not isinstance(found, Task):
        raise TypeError(f"task is a tonicnet.Task or the name of a row of the bank, got {shown(task)}")
    if found.kind != "behaviour":
        raise TypeError(f"task {found.name!r} is a {found.kind}, which has no trials to perform; use tonicnet.simulate")
    return found


def _every(net: Network, dt: float) -> int:
    """Return how many steps of the network one of the trials is."""
    own = net.spec.dt
    count = max(1, int(np.ceil(_FINE * dt / net.tau - _WHOLE))) if own is None else round(dt / own)
    if own is not None and (count < 1 or abs(dt / own - count) > _WHOLE * count):
        raise ValueError(
            f"the trials have a step of {dt:g} s, which is no multiple of the network's own, {own:g} s; draw a network "
            f"with dt={dt:g}, or the behaviour with dt={own:g}"
        )
    return count


def _beside(made: xr.Dataset, drawn: xr.Dataset, task: Task, plant: Plant | None) -> xr.Dataset:
    """Return a run with what it was asked for, the components those of the task."""
    run = made.isel(component=slice(0, task.dimension)).assign_coords(component=drawn["component"])
    for name in ("input", "target", "mask"):
        run[name] = (RUN, drawn[name].values, drawn[name].attrs)
    rule = rule_of(task)
    if plant is not None:
        about = {"units": "m", "long_name": "where the hand is"}
        run["path"] = (("trial", "time", "axis"), plant.path[:, : run.sizes["time"]], about)
        run["goal"] = (("trial", "axis"), plant.goal, about | {"long_name": "where it should be"})
    run.attrs |= {"task": task.name, "response": "" if rule is None else rule.response}
    return run
