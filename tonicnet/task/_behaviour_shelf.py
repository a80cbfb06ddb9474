"""The shelf of behaviours: a TOML file each, with options, source and truth; trials are drawn by a rule."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._names import choose, shown
from .._share import shelf
from ..files import read_toml
from ._behaviour import by_rule
from ._decision_behaviours import ContextIntegration, GoNoGo
from ._definition import Definition
from ._factory import task_factory
from ._memory_behaviours import DelayedMatch, FlipFlop
from ._reach import Reach
from ._sampled import sampled
from ._schema import check
from ._task import Task
from ._timing_behaviours import IntervalTiming, ReadySetGo, Sine

RULES: dict[str, type[Definition]] = {
    "flip-flop": FlipFlop, "delayed-match": DelayedMatch, "context-integration": ContextIntegration,
    "interval-timing": IntervalTiming, "ready-set-go": ReadySetGo, "reach": Reach, "sine": Sine, "go-no-go": GoNoGo,
}  # fmt: skip
_FILE = {"name": "text", "title": "text", "cite": "text", "options": "table", "truth": "table"}
_SAME = 1e-9  # relative difference of numbers that say the same


def behaviours() -> list[str]:
    """Return the names of the behaviours on the shelf, which :func:`task` makes tasks of.

    >>> import tonicnet as tn
    >>> "go-no-go" in tn.behaviours()
    True
    """
    return sorted(RULES)


def behaviour_options(name: str) -> dict[str, float]:
    """Return the options of a behaviour with their usual values, times in seconds.

    Raises ValueError for an unknown name (the nearest is suggested).

    >>> import tonicnet as tn
    >>> tn.behaviour_options("flip-flop")["bits"]
    3
    """
    return dict(_entry(choose("behaviour", name, RULES))["options"])


def made_behaviour(name: str, options: Mapping[str, Any]) -> Task:
    """Return a behaviour of the shelf with its options, among which ``label`` is a name for the task."""
    own = dict(options)
    label = own.pop("label", name)
    RULES[name].of(name, _entry(name)["options"], own)  # a spec cannot hold some of what it refuses
    return _behaviour(name, label, own)


@task_factory("behaviour")
def _behaviour(name: str, label: str, options: Mapping[str, Any]) -> Task:
    """Return the behaviour ``name`` with its options, as a task of the name ``label``."""
    entry = _entry(choose("behaviour", name, RULES))
    rule = RULES[name].of(name, entry["options"], options)
    words = {"name": label, "title": entry["title"], "cite": entry["cite"]}
    spec, source = sampled("behaviour", by_rule(rule), components=None, center=None, scale=None, **words)
    return Task._made(replace(spec, truth=rule.truth()), source)


@functools.cache
def _entry(name: str) -> dict[str, Any]:
    """Return the file of a behaviour, checked."""
    file = shelf("tasks") / "behaviours" / f"{name}.toml"
    held, where = read_toml(file), f"behaviour {name!r}"
    check(held, _FILE, where=where, required=tuple(_FILE))
    if held["name"] != name:
        raise ValueError(f"{where}: its file names {shown(held['name'])}; rename the file or correct the name")
    check_truth(where, held["truth"], RULES[name].of(name, held["options"], {}).truth())
    return held


def check_truth(where: str, said: Mapping[str, Any], follows: Mapping[str, Any]) -> None:
    """Raise ValueError where facts that are stated are not those that follow from the options."""
    if set(said) != set(follows):
        raise ValueError(
            f"{where}: [truth] must state {', '.join(sorted(follows))}, got {', '.join(sorted(said)) or 'nothing'}"
        )
    for key, value in follows.items():
        if not _same(said[key], value):
            raise ValueError(
                f"{where}: [truth] says {key} = {shown(said[key])}, from its options follows {shown(value)}; "
                "correct one of them"
            )


def _same(one: Any, other: Any) -> bool:
    pairs = list(zip(one, other, strict=False)) if isinstance(other, list) else [(one, other)]
    lengths = not isinstance(other, list) or (isinstance(one, list) and len(one) == len(other))
    return lengths and all(isinstance(a, int | float) and math.isclose(a, b, rel_tol=_SAME) for a, b in pairs)
