"""Grids in files: a TOML table of names and values, of the user or of the shelf."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._names import path_of, shown, unknown
from .._numbers import whole
from .._share import shelf
from ..files import read_toml

_PAIRED = "paired"  # tables of arguments that vary together
_RANGE = {"first", "count"}


def read_grid(source: str | os.PathLike[str]) -> dict[Any, Any]:
    """Return the grid in a TOML file, or that of a name on the shelf, as :func:`study` takes it.

    Each key is an argument; its value one number or text, a list, or ``{ count = 10 }`` (also with ``first``) for whole
    numbers in a row. A table ``[[paired]]`` holds lists of one length that vary together. A task that is a TOML file
    is looked for beside this one. Raises ValueError for other tables and for lists of several lengths.

    >>> read_grid("seeds")["seed"]
    range(0, 10)
    """
    path = _located(source)
    tables = read_toml(path)
    paired = tables.pop(_PAIRED, [])
    if not isinstance(paired, list) or not all(isinstance(one, dict) for one in paired):
        raise ValueError(f"{path}: {_PAIRED} is written [[{_PAIRED}]], a table of lists that vary together")
    grid: dict[Any, Any] = {name: _values(name, given, path) for name, given in tables.items()}
    return grid | dict(_together(one, path) for one in paired)


def grids() -> list[str]:
    """Return the names of the grids that ship with tonicnet.

    >>> "seeds" in grids()
    True
    """
    return sorted(file.stem for file in shelf("studies").glob("*.toml"))


def _located(source: str | os.PathLike[str]) -> Path:
    path = path_of(source)
    if path.is_file():
        return path
    named = shelf("studies") / f"{path.name}.toml"
    if named.is_file() and str(source) == path.name:
        return named
    raise ValueError(f"{unknown('grid', str(source), grids())} A path to a TOML file works too.")


def _values(name: str, given: Any, path: Path) -> Any:
    if isinstance(given, Mapping):
        if not given.keys() <= _RANGE or "count" not in given:
            raise ValueError(f"{path}: {name} is a value, a list, or {{ count = 10 }}, got {shown(dict(given))}")
        first = whole(f"{path}: first of {name}", given.get("first", 0), 0)
        return range(first, first + whole(f"{path}: count of {name}", given["count"]))
    if name != "task":
        return given
    return [_beside(one, path) for one in given] if isinstance(given, list) else _beside(given, path)


def _beside(task: Any, path: Path) -> Any:
    """Return a task's file where there is one beside the grid's; else the name as it is."""
    beside = path.parent / str(task)
    return str(beside) if isinstance(task, str) and task.endswith(".toml") and beside.is_file() else task


def _together(table: Mapping[str, Any], path: Path) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    columns = {name: list(_values(name, given, path)) for name, given in table.items() if not isinstance(given, str)}
    lengths = {len(column) for column in columns.values()}
    if len(columns) < len(table) or len(columns) < 2 or len(lengths) > 1:
        told = ", ".join(f"{name} {len(column)}" for name, column in columns.items()) or "none"
        raise ValueError(f"{path}: [[{_PAIRED}]] holds two lists at least, all of one length, got {told}")
    return tuple(columns), list(zip(*columns.values(), strict=True))
