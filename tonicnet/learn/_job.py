"""One task to be learned on one network: what it is, its key, and the row of a bank that comes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr

from ..circuit import Circuit, circuit_of
from ..network import Network, NetworkSpec
from ..task import STILL, Task, recorded, sample_set
from ._corrected_field import check_field
from ._course import Problem
from ._courses import course_for
from ._forecast import Forecast
from ._learn import check_learned, check_placed, check_ranked
from ._learner import Learned, Learner
from ._progress import Report
from ._row import row_of
from ._sample_target import circuit_for, target_of
from ._screen import promising
from ._settings import Settings
from ._state import State
from ._threads import held_threads
from ._window_length import check_length

_TRIALS = 200  # of a behaviour that are hashed
_FINGERPRINTS: WeakKeyDictionary[Task, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class Job:
    """The recipe of a network, a task and settings: all that one row of a bank is computed from. It can be pickled.

    ``key`` is the same for the same job in any process and on any machine.

    >>> import pickle, tonicnet as tn
    >>> job = Job(tn.Network(units=40, seed=0).spec, tn.task("hopf"), Settings(rounds=0, steps=2))
    >>> bank = job.run()
    >>> bank["bias"].shape, job.key == Job(job.spec, tn.task("hopf"), job.settings).key
    ((1, 40), True)
    """

    spec: NetworkSpec
    task: Task
    settings: Settings
    start: Mapping[str, np.ndarray] | None = None

    @classmethod
    def on(cls, circuit: Circuit, task: Task, settings: Settings, start: Mapping[str, np.ndarray] | None = None) -> Job:
        """Return the job on a circuit that is there already, which it then uses."""
        job = cls(circuit.net.spec, task, settings, start)
        vars(job)["circuit"] = circuit
        return job

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("spec", "task", "settings", "start")}

    @cached_property
    def circuit(self) -> Circuit:
        """The circuit of the network, drawn when it is first needed."""
        net = Network.from_spec(self.spec)
        return circuit_of(net, self.settings.dtype(net), self.settings.device)

    @cached_property
    def problem(self) -> Problem:
        """What is to be learned."""
        target = target_of(self.task, self.circuit.net, self.settings.coordinates)
        plain = Problem(target, circuit_for(self.task, self.circuit), self.settings, self.start)
        count = self.settings.screen
        return plain if count == 1 else replace(plain, order=promising(plain, count))

    @property
    def key(self) -> str:
        """The SHA-256 of what the job is: recipe, task, settings, start. No synapses are drawn for it."""
        started = None if self.start is None else _started(self.start)
        settings = {one.name: getattr(self.settings, one.name) for one in fields(self.settings)}
        held = {"network": self.spec.to_dict(), "task": _known_fingerprint(self.task), "start": started} | settings
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()

    def run(
        self,
        *,
        report: Report = lambda _: None,
        keep: Callable[[State], None] = lambda _: None,
        state: State | None = None,
    ) -> xr.Dataset:
        """Learn, and return the bank of this one row."""
        with held_threads(self.settings.threads):
            learner = self.learner(report=report, keep=keep, state=state)
            learner.learn()
            return self.row(learner.result())

    def check(self) -> None:
        """Raise ValueError or TypeError for a task that cannot be learned on this network, before anything is.

        What is found out on the way, the states a field goes to and a speed that suits the network, is kept.
        """
        check_learned(self.settings.learn, self.circuit.net, self.task, self.settings.rank)
        if self.settings.method == "ranks":
            check_ranked(self.settings.learn, self.circuit.net)
        if self.settings.method == "grid":
            check_placed(self.circuit.net)
        check_field(self.circuit.net, self.task, self.settings.objective)
        course = course_for(self.problem)
        course.check(self.problem)
        check_length(self.problem.target, course.longest(self.problem))
        self.problem.target.scaling  # noqa: B018  (its states and speed are looked for)

    def learner(
        self,
        *,
        report: Report,
        keep: Callable[[State], None],
        state: State | None,
        forecast: Callable[[Forecast], None] | None = None,
    ) -> Learner:
        """Return who learns it, from a state on if one is given; ``forecast`` is called with what it will take."""
        return Learner(self.problem, report=report, keep=keep, state=state, forecast=forecast)

    def row(self, learned: Learned) -> xr.Dataset:
        """Return the bank of one row."""
        return row_of(self.circuit.net, self.task, learned, self.settings)


def identity_of(jobs: list[Job]) -> dict[str, Any]:
    """Return what some jobs on one network with the same settings are, as plain tables."""
    first = jobs[0]
    tasks = {job.task.name: _fingerprint(job.task) for job in jobs}
    starts = {job.task.name: _started(job.start) for job in jobs if job.start is not None}
    return {"network": first.circuit.net.sha256, "tasks": tasks, **asdict(first.settings), "start": starts}


def _started(start: Mapping[str, np.ndarray]) -> str:
    """Return a hash of the numbers that learning starts from."""
    digest = hashlib.sha256()
    for name in sorted(start):
        digest.update(name.encode() + np.ascontiguousarray(start[name], dtype=np.float64).tobytes())
    return digest.hexdigest()


def _known_fingerprint(task: Task) -> str:
    """Return the fingerprint of a task, computed once: a task is frozen, and a study has many jobs of one."""
    if task not in _FINGERPRINTS:
        _FINGERPRINTS[task] = _fingerprint(task)
    return _FINGERPRINTS[task]


def _fingerprint(task: Task) -> str:
    """Return a hash of what a task is: its spec, and what a callable or samples say beyond it."""
    named = {"name": task.name, "kind": task.kind, "dt": task.dt, "speed": task.speed, "truth": task.truth}
    parts: list[np.ndarray] = []
    if task.has_flow:
        try:
            named |= task.to_dict()
            Task.from_dict(task.to_dict())
        except ValueError:  # a callable has no other name than what it gives
            states = np.concatenate([task.states(64, seed=5), [task.center, task.scale]])
            parts = [states, task.flow(states)]
    else:
        named |= {"samples": sample_set(task).sha256} if task.kind in STILL else {}
        parts = [] if task.kind in STILL else [_samples(task)]
    digest = hashlib.sha256(json.dumps(named, sort_keys=True, default=str).encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
    return digest.hexdigest()


def _samples(task: Task) -> np.ndarray:
    if task.kind == "recording":
        return np.concatenate([recorded(task).ravel(), task.center, task.scale])
    drawn = task.trials(_TRIALS, seed=0)
    return np.concatenate([drawn[name].values.ravel() for name in ("input", "target", "mask")])
