"""Learning kept in a file as it goes, and gone on with after the process was killed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from .._files import load, save
from .._labels import Variable, dataset
from ..network import Network
from ..task import Task, recorded
from ._score import Score
from ._setup import Setup
from ._state import Best, State
from ._target import Target

_TRIALS = 200  # of a behaviour that are hashed
_SHARE = 20  # a checkpoint is written when so many times its own duration have passed
_NUMBERS = ("restart", "stage", "step", "scored", "seconds", "ending")
_LISTS = ("history", "losses", "picked")


class Checkpoint:
    """The states of all tasks of one call of fit, in one NetCDF file that is replaced whole.

    ``identity`` says which run it is: network, tasks, settings. A file of another run is refused.
    """

    def __init__(self, path: Path | None, identity: dict[str, Any], states: dict[int, State]) -> None:
        self.path, self.identity, self._states = path, identity, states
        self._next, self._dirty = 0.0, False

    @classmethod
    def open(cls, path: str | Path | None, net: Network, targets: list[Target], setup: Setup) -> Checkpoint:
        """Return the checkpoint at ``path``, with what it holds if the file is there."""
        identity = _identity(net, targets, setup)
        file = None if path is None else Path(path)
        if file is not None and not file.parent.is_dir():
            raise FileNotFoundError(f"no folder {file.parent} for the checkpoint {file.name}; create it first")
        if file is None or not file.exists():
            return cls(file, identity, {})
        held = load(file)
        _check(file, held, identity)
        return cls(file, identity, _states(file, held, net.units))

    def state(self, number: int, device: torch.device) -> State | None:
        """Return where the learning of a task stands, if it has begun."""
        found = self._states.get(number)
        return None if found is None else _moved(found, device)

    def keeper(self, number: int) -> Callable[[State], None]:
        """Return what is called after every step of a task."""
        return lambda state: self._keep(number, state)

    def _keep(self, number: int, state: State) -> None:
        self._states[number] = state
        if self.path is not None and (state.ending or time.monotonic() >= self._next):
            self.write(number, state)

    def write(self, number: int, state: State) -> None:
        """Write all states to the file now."""
        self._states[number] = state
        if self.path is None:
            return
        began = time.monotonic()
        save(_dataset(self._states, self.identity), self.path)
        now = time.monotonic()
        self._next = now + _SHARE * (now - began)


def _identity(net: Network, targets: list[Target], setup: Setup) -> dict[str, Any]:
    tasks = {t.task.name: _fingerprint(t) for t in targets}
    return {"network": net.sha256, "tasks": tasks, **asdict(setup)}


def _fingerprint(target: Target) -> str:
    """Return a hash of what a task is: its spec, its states, and its field there (a callable has no other name)."""
    task = target.task
    states = np.concatenate([task.states(64, seed=5), [task.center, task.scale]])
    parts = [states, task.flow(states) if task.has_flow else _samples(task)]
    digest = hashlib.sha256(json.dumps(_spec(task), sort_keys=True, default=str).encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
    return digest.hexdigest()


def _spec(task: Task) -> dict[str, Any]:
    """Return what names a task; its samples are hashed apart."""
    return {"name": task.name, "kind": task.kind, "dt": task.dt, "speed": task.speed, "truth": task.truth}


def _samples(task: Task) -> np.ndarray:
    if task.kind == "recording":
        return recorded(task)
    drawn = task.trials(_TRIALS, seed=0)
    return np.stack([drawn[name].values for name in ("input", "target", "mask")])


def _check(file: Path, held: xr.Dataset, identity: dict[str, Any]) -> None:
    try:
        theirs = json.loads(held.attrs["identity"])
        differing = [key for key in identity if theirs.get(key) != identity[key]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _foreign(file) from None
    if differing:
        key = differing[0]
        raise ValueError(
            f"{file} is the checkpoint of another run: its {key} was {theirs.get(key)}, now it is {identity[key]}; "
            "give another path, or remove the file to begin anew"
        )


def _dataset(states: dict[int, State], identity: dict[str, Any]) -> xr.Dataset:
    variables: dict[str, Variable] = {}
    for number, state in states.items():
        for name, values in _arrays(state).items():
            dims = () if values.ndim == 0 else ("unit",)
            variables[f"{name}_{number}"] = Variable(dims, values.cpu().numpy(), "1", f"{name} of task {number}")
    told = {str(number): _told(state) for number, state in states.items()}
    return dataset(variables, kind="checkpoint", identity=json.dumps(identity), states=json.dumps(told))


def _arrays(state: State) -> dict[str, torch.Tensor]:
    arrays = {"bias": state.bias} | {f"memory.{k}": v for k, v in (state.memory or {}).items()}
    return arrays if state.best is None else arrays | {"best": state.best.bias}


def _told(state: State) -> dict[str, Any]:
    plain = {name: getattr(state, name) for name in _NUMBERS} | {n: list(getattr(state, n)) for n in _LISTS}
    score = None if state.best is None else asdict(state.best.score)
    return plain | {"score": score, "memory": None if state.memory is None else sorted(state.memory)}


def _foreign(file: Path) -> ValueError:
    return ValueError(f"{file} is not a checkpoint of tonicnet.fit; give another path, or remove it")


def _states(file: Path, held: xr.Dataset, units: int) -> dict[int, State]:
    try:
        told = json.loads(held.attrs["states"])
        made = {int(number): _state(held, number, values) for number, values in told.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _foreign(file) from None
    if any(len(bias) != units for s in made.values() for bias in (s.bias, s.best.bias if s.best else s.bias)):
        raise _foreign(file)
    return made


def _state(held: xr.Dataset, number: str, told: dict[str, Any]) -> State:
    def array(name: str) -> torch.Tensor:
        return torch.tensor(held[f"{name}_{number}"].values, dtype=torch.float64)

    memory = None if told["memory"] is None else {k: array(f"memory.{k}") for k in told["memory"]}
    best = None if told["score"] is None else Best(array("best"), Score(**told["score"]))
    plain: dict[str, Any] = {n: told[n] for n in _NUMBERS} | {n: tuple(told[n]) for n in _LISTS}
    return State(bias=array("bias"), memory=memory, best=best, **plain)


def _moved(state: State, device: torch.device) -> State:
    memory = None if state.memory is None else {k: v.to(device) for k, v in state.memory.items()}
    best = None if state.best is None else replace(state.best, bias=state.best.bias.to(device))
    return replace(state, bias=state.bias.to(device), memory=memory, best=best)
