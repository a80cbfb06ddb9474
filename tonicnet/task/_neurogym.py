"""Environments of neurogym as behaviours; neurogym is imported only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from .._names import choose
from .._numbers import positive
from ._behaviour import by_rule
from ._definition import LEAST, Definition
from ._factory import task_factory
from ._sampled import sampled
from ._task import Task
from ._trials import Trials

_LOOKED = 256  # trials that are looked at for their length and their actions
_TRIES = 100  # trials that are drawn again for being longer than all of these
_SEED = 20130401
Looks = list[tuple[np.ndarray, np.ndarray]]  # observations and right actions of trials
_ANSWER = "decision"  # neurogym's name of the period in which a choice is made


def from_neurogym(name: str, *, dt: float | None = None, **options: Any) -> Task:
    """Make a behaviour of an environment of neurogym: observations go in, the right actions should come out.

    Trials are drawn anew for each seed, as those of the shelf are: :meth:`Task.trials`, :meth:`Task.held_out` and
    :func:`tonicnet.perform` take it, and :func:`tonicnet.measure.response_accuracy` says how many choices are right.
    Each action is an output, 1 where it is right and 0 elsewhere. The action that all trials begin with, to fixate, has
    no output: it is taken while no other output is up. Actions that are vectors are outputs themselves. Where there is
    a period ``decision``, errors count in full in it and wherever the right action is another than at first, elsewhere
    at a fifth. Trials that end early count to their end.

    Arguments: ``name`` of a trial-based environment that knows the right action, as ``"GoNogo-v0"``; ``dt``, its step
    in seconds, its own if not given; ``options`` of the environment, as ``timing={"delay": 500}`` in milliseconds.

    Raises ImportError without neurogym, and ValueError for an unknown name (the nearest is suggested), options it does
    not take, and an environment that has no trials, does not know the right action, or draws what no seed decides.
    Source: Molano-Mazon et al. 2022, doi:10.31234/osf.io/aqc9n.

    >>> from_neurogym("GoNogo-v0", dt=0.05).components                    # doctest: +SKIP
    ('action go', 'fixation', 'nogo', 'go')
    """
    return _made(name, dt, options)


@task_factory("neurogym", package="neurogym")
def _made(name: str, dt: float | None, options: Mapping[str, Any]) -> Task:
    """Return the task of an environment with its step and options."""
    choose("neurogym environment", name, _known())
    env, same = (_environment(name, dt, options) for _ in range(2))
    trials = _seeded(env, _SEED, name)
    _check_same(trials, _seeded(same, _SEED, name), name)
    first = _Looked.of(trials, env.action_space, name)
    step = float(env.dt) / 1000
    rule = Environment(step, (first.longest - 1) * step, name, dt, dict(options), first)
    about = getattr(env, "metadata", {})
    cite = " ".join(str(about[key]) for key in ("paper_name", "paper_link") if about.get(key))
    words = {"name": name, "title": f"{name} of neurogym", "cite": cite}
    spec, source = sampled("behaviour", by_rule(rule), components=None, center=None, scale=None, **words)
    return Task._made(replace(spec, truth=rule.truth()), source)


class _Looked(NamedTuple):
    """What trials of an environment are like: the length of the longest, and which actions are outputs."""

    longest: int
    actions: tuple[int, ...] | None  # None: vectors, which are outputs themselves

    @classmethod
    def of(cls, trials: Looks, space: Any, name: str) -> _Looked:
        longest = max(len(seen) for seen, _ in trials)
        if longest < 2:
            raise ValueError(f"trials of {name} have one step, and a behaviour needs two; choose another environment")
        if not hasattr(space, "n"):
            return cls(longest, None)
        begin = {int(right[0]) for _, right in trials}
        found = {int(action) for _, right in trials for action in right}
        if not found <= set(range(int(space.n))):
            raise ValueError(
                f"{name} has actions 0 to {space.n - 1} and says that {max(found)} would be right; choose "
                "another environment"
            )
        return cls(longest, tuple(sorted(found - begin if len(begin) == 1 and len(found) > 1 else found)))


@final
@dataclass(frozen=True)
class Environment(Definition):
    """Trials that an environment of neurogym draws; ``asked`` is the step that was asked for."""

    name: str
    asked: float | None
    options: Mapping[str, Any]
    looked: _Looked

    def __post_init__(self) -> None:
        """Check nothing: the environment has."""

    def check(self) -> None:
        """Check nothing: the environment has."""

    @property
    def response(self) -> str:  # type: ignore[override]
        """What is measured of a run: choices, or nothing of its own where actions are vectors."""
        return "" if self.looked.actions is None else "levels"

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The actions, and what is observed."""
        env = _environment(self.name, self.asked, self.options)
        seen = _labels(env.observation_space, int(np.prod(env.observation_space.shape)), "observation")
        if self.looked.actions is None:
            return (*_labels(env.action_space, int(np.prod(env.action_space.shape)), "action", "action "), *seen)
        named = _labels(env.action_space, int(env.action_space.n), "action", "action ")
        return (*(named[action] for action in self.looked.actions), *seen)

    def truth(self) -> dict[str, Any]:
        """Return nothing: what chance is depends on the environment."""
        return {}

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials of an environment that is made anew and seeded."""
        env = _environment(self.name, self.asked, self.options)
        _seed(env, int(rng.integers(2**31)))
        trials = self.blank(count)
        for n in range(count):
            seen, right, answers = self._fitting(env)
            outputs, length = right.shape[1], len(right)
            trials.inputs[n, :length, outputs:] = seen
            trials.targets[n, :length, :outputs] = right
            trials.targets[n, length:, :outputs] = right[-1]
            trials.mask[n, :length, :outputs] = np.where(answers, 1.0, LEAST)[:, None]
        return trials.done()

    def _fitting(self, env: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is seen, what is right, and where it counts in full, of a trial that is not too long."""
        for _ in range(_TRIES):
            seen, right = _trial(env, self.name)
            if len(seen) <= self.looked.longest:
                return seen.reshape(len(seen), -1), self._outputs(right), _answers(env, right)
        raise ValueError(f"trials of {self.name} last much longer than {self.duration:g} s; give it another timing")

    def _outputs(self, right: np.ndarray) -> Float[np.ndarray, "time output"]:
        if self.looked.actions is None:
            return right.reshape(len(right), -1).astype(float)
        return (right[:, None] == np.array(self.looked.actions)).astype(float)


def _seed(env: Any, seed: int) -> None:
    """Seed an environment, and begin a block of trials where it has blocks: it began one when it was made, unseeded."""
    env.seed(seed)
    if hasattr(env, "new_block"):
        env.new_block()


def _seeded(env: Any, seed: int, name: str) -> Looks:
    """Return observations and right actions of the first trials of a seed."""
    _seed(env, seed)
    return [_trial(env, name) for _ in range(_LOOKED)]


def _check_same(one: Looks, other: Looks, name: str) -> None:
    """Raise ValueError where two environments of one seed draw other trials."""
    if not all(np.array_equal(a, b) for both in zip(one, other, strict=True) for a, b in zip(*both, strict=True)):
        raise ValueError(f"{name} draws other trials each time for the same seed; choose another environment")


def _trial(env: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return observations (time, ...) and right actions (time, ...) of a new trial."""
    try:
        env.new_trial()
        seen, right = np.array(env.ob, dtype=float), np.array(env.gt)
    except (AttributeError, NotImplementedError) as error:
        raise ValueError(
            f"{name} does not know the right action of each step of a trial, from which a behaviour is learned; choose "
            "another environment"
        ) from error
    if len(seen) != len(right) or not np.isfinite(seen).all():
        raise ValueError(
            f"{name} gives {len(seen)} observations and {len(right)} right actions in a trial, or some that are not "
            "finite; choose another environment"
        )
    return seen, right - getattr(env.action_space, "start", 0)


def _answers(env: Any, right: np.ndarray) -> np.ndarray:
    """Return at which steps of a trial errors count in full: everywhere where no period is one of answers."""
    if _ANSWER not in getattr(env, "start_ind", {}):
        return np.ones(len(right), dtype=bool)
    flat = right.reshape(len(right), -1)
    found: np.ndarray = (flat != flat[0]).any(axis=1)
    found[env.start_ind[_ANSWER] : env.end_ind[_ANSWER]] = True
    return found


def _labels(space: Any, count: int, kind: str, before: str = "") -> list[str]:
    """Return names of the entries of a space, which neurogym has in groups."""
    found = [f"{kind} {n}" for n in range(count)]
    for name, places in (getattr(space, "name", None) or {}).items():
        held = list(places) if isinstance(places, Iterable) else [places]
        for n, place in enumerate(held, 1):
            found[place] = f"{before}{name}" + (f" {n}" if len(held) > 1 else "")
    return found


def _environment(name: str, dt: float | None, options: Mapping[str, Any]) -> Any:
    """Return an environment without its wrappers."""
    step = {} if dt is None else {"dt": round(1000 * positive("dt", dt), 6)}
    try:
        return _neurogym().make(name, **step, **options).unwrapped
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        given = ", ".join((*step, *options)) or "no options"
        raise ValueError(f"neurogym cannot make {name} with {given}: {error}") from error


def _known() -> list[str]:
    return sorted(importlib.import_module(f"{_neurogym().__name__}.envs.registration").ALL_ENVS)


def _neurogym() -> Any:
    try:
        return importlib.import_module("neurogym")
    except ImportError as error:
        raise ImportError('neurogym is not installed; run: pip install "tonicnet[neurogym]"') from error
