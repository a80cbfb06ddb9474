"""A grid of fits: named dims with values, and the job at each of its places, made when it is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from .._names import shown, unknown
from ..learn import Job, Settings
from ..network import ARGUMENTS, recipe
from ..task import Task
from ._values import count_of, listed, meant, several

MOST = 2_000_000  # cells of a grid: fits beyond take years, and their labels gigabytes
_LEARNING = tuple(one.name for one in fields(Settings) if one.name != "seed")
KNOWN = ("task", "learning_seed", *ARGUMENTS, *_LEARNING)
_NEEDED = ("task", "units")


@dataclass(frozen=True)
class Dim:
    """One axis of a grid: the arguments that vary along it, and for each place their values and labels."""

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    labels: tuple[tuple[Any, ...], ...]
    fixed: bool = False

    @property
    def name(self) -> str:
        """The name of the axis in the Dataset."""
        return "_".join(self.names)


@dataclass(frozen=True)
class Grid:
    """All combinations of the values of some dims."""

    dims: tuple[Dim, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each dim has."""
        return tuple(len(one.values) for one in self.dims)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def place(self, index: int) -> tuple[int, ...]:
        """Return where a cell lies along each dim; the last dim varies fastest."""
        found = []
        for count in reversed(self.shape):
            index, at = divmod(index, count)
            found.append(at)
        return tuple(reversed(found))

    def given(self, index: int) -> dict[str, Any]:
        """Return the arguments of a cell."""
        pairs = zip(self.dims, self.place(index), strict=True)
        return {name: value for dim, at in pairs for name, value in zip(dim.names, dim.values[at], strict=True)}

    def told(self, index: int) -> str:
        """Return where a cell lies, in words; what is the same for all cells is left out."""
        pairs = [(dim, at) for dim, at in zip(self.dims, self.place(index), strict=True) if not dim.fixed]
        words = [f"{name} {lab}" for dim, at in pairs for name, lab in zip(dim.names, dim.labels[at], strict=True)]
        return ", ".join(words) or "the only cell"

    def job(self, index: int) -> Job:
        """Return the job of a cell. Raises ValueError or TypeError, naming the cell, for what no fit can have."""
        given = self.given(index)
        seed = given.setdefault("seed", 0)
        learning = {"threads": 1, "seed": given.get("learning_seed", seed)}
        try:
            spec = recipe({name: given[name] for name in ARGUMENTS if name in given})
            settings = Settings(**learning | {name: given[name] for name in _LEARNING if name in given})
        except (ValueError, TypeError, MemoryError) as error:
            raise type(error)(f"at {self.told(index)}: {error}") from error
        return Job(spec, given["task"], settings)

    @cached_property
    def keys(self) -> list[str]:
        """The key of every cell's job, all of them checked on the way."""
        return [self.job(index).key for index in range(len(self))]

    @property
    def tasks(self) -> list[Task]:
        """The tasks, each once."""
        return list(dict.fromkeys(dim.values[k][i] for dim, k, i in self._places("task")))

    @property
    def objects(self) -> dict[str, Any]:
        """The values that are no plain numbers or texts, by dim and label."""
        held = [(dim, k, i) for name in ("task", "transfer") for dim, k, i in self._places(name)]
        return {f"{dim.names[i]} {dim.labels[k][i]!r}": dim.values[k][i] for dim, k, i in held}

    def _places(self, name: str) -> list[tuple[Dim, int, int]]:
        found = [(dim, dim.names.index(name)) for dim in self.dims if name in dim.names]
        return [(dim, k, i) for dim, i in found for k in range(len(dim.values))]


def grid_of(given: Any) -> Grid:
    """Return the grid of a mapping of dims to values, as :func:`study` takes it, its size checked before it is built.

    >>> grid = grid_of({"task": "hopf", "units": [40, 80], ("steps", "rounds"): [(5, 0), (9, 1)], "seed": range(3)})
    >>> grid.shape, grid.told(4)
    ((1, 2, 2, 3), 'units 40, steps 9, rounds 1, seed 1')
    """
    if not isinstance(given, Mapping):
        raise TypeError(f'grid is a mapping of names to values, {{"units": [64, 128]}}, got {shown(given)}')
    if not given:
        raise ValueError('the grid is empty; give it a task and units at least, {"task": "hopf", "units": [64, 128]}')
    _check_names([name for key in given for name in _names(key)])
    _check_count(given)
    return Grid(tuple(_dim(_names(key), values) for key, values in given.items()))


def _names(key: Any) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (key,)


def _check_names(names: list[str]) -> None:
    for name in names:
        if name not in KNOWN:
            raise ValueError(f"grid: {unknown('dim', name, KNOWN)}")
        if names.count(name) > 1:
            raise ValueError(f"grid: {name!r} is given twice; values that vary together are one dim")
    for name in _NEEDED:
        if name not in names:
            raise ValueError(f"the grid has no {name!r}, without which there is no fit; add it")


def _check_count(given: Mapping[Any, Any]) -> None:
    counts = {"_".join(_names(key)): count_of(str(key), values) for key, values in given.items()}
    total = math.prod(counts.values())
    if total > MOST:
        shape = " x ".join(f"{count} {name}" for name, count in counts.items() if count > 1)
        raise ValueError(f"the grid has {total:,} cells ({shape}); {MOST:,} at most are run: ask for fewer values")


def _dim(names: tuple[str, ...], given: Any) -> Dim:
    if len(names) == 1:
        values, labels = listed(given)
        rows, tags = [(meant(names[0], one),) for one in values], [(one,) for one in labels]
    else:
        pairs = [_paired(names, row) for row in (given.values() if isinstance(given, Mapping) else given)]
        rows = [tuple(meant(name, one) for name, one in zip(names, row[0], strict=True)) for row in pairs]
        tags = [tuple(row[1]) for row in pairs]
    if len(set(tags)) < len(tags):
        twice = next(tag for k, tag in enumerate(tags) if tag in tags[:k])
        raise ValueError(f"{' and '.join(names)} of the grid has {shown(twice)} twice; give each value once")
    return Dim(names, tuple(rows), tuple(tags), fixed=not several(given))


def _paired(names: tuple[str, ...], row: Any) -> tuple[list[Any], list[Any]]:
    if not isinstance(row, list | tuple) or len(row) != len(names):
        raise ValueError(f"{' and '.join(names)} vary together, so that each entry has {len(names)}, got {shown(row)}")
    pairs = [listed([one]) for one in row]
    return [values[0] for values, _ in pairs], [labels[0] for _, labels in pairs]
