"""Learning kept in a file as it goes, and gone on with after the process was killed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from .._labels import Variable, dataset
from .._names import path_of
from ..files import claim, load, parse_json, save
from ._job import Job, identity_of
from ._score import Score, Standing
from ._state import Best, State
from ._state_faults import fault

_SHARE = 20  # a checkpoint is written when so many times its own duration have passed
_NUMBERS = ("restart", "stage", "step", "scored", "seconds", "ending")
_AGAIN = "take an intact copy, give another path, or remove the file to begin anew"
_LISTS = ("history", "losses", "begins", "nearest", "picked")


class Checkpoint:
    """The states of all tasks of one call of fit, in one NetCDF file that is replaced whole.

    ``identity`` says which run it is: network, tasks, settings. A file of another run is refused, and one whose states
    are not as a run wrote them. As a context it keeps other processes from the same file.
    """

    def __init__(self, path: Path | None, identity: dict[str, Any], states: dict[int, State]) -> None:
        self.path, self.identity, self._states = path, identity, states
        self._next = 0.0

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: str | Path | None, jobs: list[Job]) -> Iterator[Checkpoint]:
        """Hand out the checkpoint at ``path``, with what it holds if the file is there, and claim it meanwhile.

        Raises ValueError for a file that this run cannot go on from, RuntimeError if another process uses it.
        """
        if path is None:
            yield cls(None, {}, {})
            return
        file = path_of(path)
        if not file.parent.is_dir():
            raise FileNotFoundError(f"no folder {file.parent} for the checkpoint {file.name}; create it first")
        identity = identity_of(jobs)
        with claim(file):
            yield cls(file, identity, _held(file, identity, jobs) if file.exists() else {})

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


def _held(file: Path, identity: dict[str, Any], jobs: list[Job]) -> dict[int, State]:
    """Return the states in a file of this run."""
    held = load(file)
    _check(file, held, identity)
    states = _states(file, held)
    for number, state in states.items():
        wrong = fault(state, jobs[number].problem) if 0 <= number < len(jobs) else f"it has a task {number}"
        if wrong:
            raise ValueError(f"{file} is not as tonicnet.fit left it: {wrong}; {_AGAIN}")
    if held.attrs["states_sha256"] != _digest(states, held.attrs["identity"], held.attrs["states"]):
        raise ValueError(f"{file} is not as tonicnet.fit left it: its numbers were changed; {_AGAIN}")
    return states


def _check(file: Path, held: xr.Dataset, identity: dict[str, Any]) -> None:
    try:
        theirs = parse_json(held.attrs["identity"], "the identity")
        earlier = "states_sha256" not in held.attrs or not identity.keys() <= theirs.keys()  # it had fewer settings
        differing = [key for key in identity if theirs.get(key) != identity[key]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _foreign(file) from None
    if earlier:
        raise ValueError(
            f"{file} is the checkpoint of an earlier version of tonicnet ({held.attrs.get('tonicnet_version')}), from "
            "which this one cannot go on; finish it with that version, give another path, or remove the file to begin "
            "anew"
        )
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
            dims = () if values.ndim == 0 else ("number",)
            variables[f"{name}_{number}"] = Variable(dims, values.cpu().numpy(), "1", f"{name} of task {number}")
    plain = json.dumps({str(number): _plain(state) for number, state in states.items()})
    who = json.dumps(identity)
    return dataset(
        variables, kind="checkpoint", identity=who, states=plain, states_sha256=_digest(states, who, plain)
    )  # fmt: skip


def _digest(states: dict[int, State], identity: str, plain: str) -> str:
    """Return the hash of all that a checkpoint holds: a file may be whole and its numbers not those of the run."""
    digest = hashlib.sha256(f"{identity}\0{plain}".encode())
    for number, state in sorted(states.items()):
        for name, values in sorted(_arrays(state).items()):
            digest.update(f"\0{number} {name} {tuple(values.shape)}\0".encode())
            digest.update(values.numpy(force=True).astype(np.float64).tobytes())
    return digest.hexdigest()


def _arrays(state: State) -> dict[str, torch.Tensor]:
    arrays = {"theta": state.theta, "begun": state.begun}
    arrays |= {f"memory.{k}": v for k, v in (state.memory or {}).items()}
    arrays |= {} if state.mean is None else {"mean": state.mean}
    return arrays if state.best is None else arrays | {"best": state.best.theta}


def _plain(state: State) -> dict[str, Any]:
    plain = {name: getattr(state, name) for name in _NUMBERS} | {n: list(getattr(state, n)) for n in _LISTS}
    best = None if state.best is None else asdict(state.best.score) | {"restart": state.best.restart}
    return plain | {"best": best, "memory": None if state.memory is None else sorted(state.memory)}


def _foreign(file: Path) -> ValueError:
    return ValueError(f"{file} is not a checkpoint of tonicnet.fit; give another path, or remove it")


def _states(file: Path, held: xr.Dataset) -> dict[int, State]:
    try:
        plain = parse_json(held.attrs["states"], "the states")
        return {int(number): _state(held, number, values) for number, values in plain.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _foreign(file) from None


def _state(held: xr.Dataset, number: str, plain: dict[str, Any]) -> State:
    def array(name: str) -> torch.Tensor:
        return torch.tensor(held[f"{name}_{number}"].values, dtype=torch.float64)

    memory = None if plain["memory"] is None else {k: array(f"memory.{k}") for k in plain["memory"]}
    fields: dict[str, Any] = {n: plain[n] for n in _NUMBERS} | {n: tuple(plain.get(n, ())) for n in _LISTS}
    best = None if plain["best"] is None else _best(array("best"), dict(plain["best"]))
    mean = array("mean") if f"mean_{number}" in held else None
    return State(array("theta"), array("begun"), memory=memory, mean=mean, best=best, **fields)


def _best(theta: torch.Tensor, plain: dict[str, Any]) -> Best:
    restart, rank, standing = plain.pop("restart"), tuple(plain.pop("rank")), Standing(plain.pop("standing"))
    return Best(theta, Score(rank=rank, standing=standing, **plain), restart)


def _moved(state: State, device: torch.device) -> State:
    memory = None if state.memory is None else {k: v.to(device) for k, v in state.memory.items()}
    best = None if state.best is None else replace(state.best, theta=state.best.theta.to(device))
    mean = None if state.mean is None else state.mean.to(device)
    return replace(
        state, theta=state.theta.to(device), begun=state.begun.to(device), memory=memory, mean=mean, best=best
    )
