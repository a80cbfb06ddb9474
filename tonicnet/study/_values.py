"""Values of a grid: what an argument may be given, what it stands for, and how it is labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Sized
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from .._names import check_name, name_of, shown
from ..network import Transfer
from ..task import Task, registered, tasks
from ..task import task as named_task


def several(given: Any) -> bool:
    """Return whether this is several values of a dim, and not one for all cells."""
    return isinstance(given, Sequence | Mapping | np.ndarray | range) and not isinstance(given, str | bytes)


def count_of(name: str, given: Any) -> int:
    """Return how many values there are; raise where they have no order, no end, or are none."""
    if isinstance(given, set | frozenset) or (not isinstance(given, Sized) and hasattr(given, "__iter__")):
        raise TypeError(f"{name} of a grid is a list of values, got {shown(given)}; write it as a list")
    count = len(given) if several(given) else 1
    if not count:
        raise ValueError(f"{name} of the grid is empty, so that there is nothing to run; give one value at least")
    return count


def listed(given: Any) -> tuple[list[Any], list[Any]]:
    """Return the values of a dim and their labels; those of a mapping are labelled by its keys."""
    if isinstance(given, Mapping):
        return list(given.values()), [check_name("label", str(one)) for one in given]
    values = [_plain(one) for one in (given if several(given) else [given])]
    return values, [label_of(one) for one in values]


def meant(name: str, value: Any) -> Any:
    """Return what a value stands for: a task by its name, or what a function makes."""
    if name == "task":
        return _task(value)
    if name == "transfer" and callable(value) and not isinstance(value, Transfer):
        return value()
    return value


def label_of(value: Any) -> str | int | float | bool:
    """Return how a value is called in the Dataset.

    >>> from tonicnet.network import LIF
    >>> label_of(3), label_of((28, 28)), label_of(None), label_of(LIF)
    (3, '28 x 28', 'none', 'LIF')
    """
    if value is None:
        return "none"
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Task):
        return value.name
    if isinstance(value, Transfer):
        return _transfer_label(value)
    if callable(value):
        return str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, tuple | list):
        return " x ".join(str(label_of(one)) for one in value)
    raise TypeError(f"a value of a grid is a number, a text, a task or a function, got {shown(value)}")


def coordinate(labels: Sequence[Any]) -> np.ndarray:
    """Return labels as a coordinate: numbers where all are, texts else."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in labels)
    truths = all(isinstance(one, bool) for one in labels)
    return np.array(labels) if numbers or truths else np.array([str(one) for one in labels])


def _transfer_label(transfer: Transfer) -> str:
    held = transfer.to_dict()
    needed = any(one.default is MISSING and one.default_factory is MISSING for one in fields(transfer))  # type: ignore[arg-type]
    usual = {} if needed else type(transfer)().to_dict()
    changed = {key: value for key, value in held.items() if usual.get(key) != value and key != "name"}
    return f"{held['name']} {json.dumps(changed)}" if changed else str(held["name"])


def _plain(value: Any) -> Any:
    """Return one of numpy's numbers or texts as one of Python."""
    return value.item() if isinstance(value, np.generic) else name_of(value)


def _task(value: Any) -> Task:
    if isinstance(value, str):
        factory = None if value in tasks() else registered(value)
        return named_task(value) if factory is None else factory()
    made = value() if callable(value) else value
    if not isinstance(made, Task):
        raise TypeError(f"task of a grid is a name, a tonicnet.Task, or a function that makes one, got {shown(value)}")
    return made
