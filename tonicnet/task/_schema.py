"""Strict tables: which keys a table may have, and what each must hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._names import shown, unknown

_DEEPEST = 64


def plain(value: Any, *, depth: int = 0) -> Any:
    """Return a value with Python's numbers in the place of numpy's, in lists and tables too.

    Raises ValueError for lists that are deeper than any table of a task, or hold themselves.
    """
    if depth > _DEEPEST:
        raise ValueError(
            f"a task's tables are at most {_DEEPEST} lists deep, got {shown(value)} within more; unpack it"
        )
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(plain(item, depth=depth + 1) for item in value)
    return {key: plain(item, depth=depth + 1) for key, item in value.items()} if isinstance(value, Mapping) else value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(_number, value))


def _states(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(_numbers, value))


CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text in quotes", lambda value: isinstance(value, str)),
    "texts": (
        "a list of texts",
        lambda value: isinstance(value, list | tuple) and all(isinstance(v, str) for v in value),
    ),
    "number": ("a finite number", _number),
    "positive": ("a positive number", lambda value: _number(value) and value > 0),
    "numbers": ("a list of finite numbers", _numbers),
    "states": ("a list of states, each a list of finite numbers", _states),
    "table": ("a table", lambda value: isinstance(value, Mapping)),
}


def check(table: Any, schema: Mapping[str, str], *, where: str, required: tuple[str, ...] = ()) -> None:
    """Raise ValueError, naming ``where``, for an unknown key, a missing one, or a value of the wrong type.

    ``schema`` maps each key to a name in ``CHECKS``.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} must be a table, got {type(table).__name__}")
    for key, value in table.items():
        if key not in schema:
            raise ValueError(f"{where}: {unknown('key', key, schema)}")
        needed, holds = CHECKS[schema[key]]
        if not holds(value):
            raise ValueError(f"{where}: {key} must be {needed}, got {shown(value)}")
    missing = [key for key in required if key not in table]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing; add {'it' if len(missing) == 1 else 'them'}")
