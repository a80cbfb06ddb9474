"""How much one frozen network can hold: the bits of a flip-flop, or the systems of a list, by size, gain, draw, ..."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from itertools import islice
from typing import Any

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import choose, shown
from .._numbers import is_whole, real
from ..measure import units_needed
from ..task import task
from ._exponent import exponent_of
from ._grid_file import read_grid
from ._progress import Report
from ._study import study

# dense networks with a memory of their own; a weak encoder and a strong decoder hold the most bits of those tried
NETWORK = {
    "synapses": "dense", "transfer": "tanh", "gain": 1.2, "tau": 0.1, "dt": 0.05, "encoder_scale": 0.2,
    "decoder_scale": 5.0, "rounds": 2, "restarts": 0,
}  # fmt: skip
_MOST = 64  # bits that are tried
_MORE = ("accuracy", "r_squared", "valid_time", "validation_accuracy")  # scores of which more is better
_RULES = {"bits": ("accuracy", 0.99), "task": ("lost", 0.0)}  # by what is counted: score, and level that is enough


def capacity(
    grid: Mapping[Any, Any] | str | os.PathLike[str],
    *,
    bits: int | Iterable[int] | None = None,
    score: str | None = None,
    level: float | None = None,
    executor: Executor | Callable[[], Executor] | str | None = None,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    limit: float | None = None,
    run: bool = True,
    progress: bool | Report = True,
) -> xr.Dataset:
    """Measure how much networks hold by tonic inputs alone: memories of a flip-flop, or systems of a list.

    Each task has biases of its own and is learned by itself, so that the systems of one network do not disturb each
    other. What is counted is how many of them that one draw can be. A flip-flop of n bits has 2^n memories at once, in
    one bias vector: the bits that a draw holds are the most of which it learns n and all fewer.

    Arguments
    ---------
    grid : as for :func:`study`; "units" is needed, and any argument of :class:`Network` or :func:`fit` may be a dim:
        "gain", "components" (the rank of low-rank synapses), "draw", "bias_range", "seed". With a "task" the systems
        it lists are counted. Without, flip-flops are, on dense networks with ``tau`` 0.1 s, ``dt`` 0.05 s, gain 1.2,
        encoder scale 0.2 and decoder scale 5, learned in two rounds, unless the grid says otherwise.
    bits : how many bits are tried, from one on, or a list; 4 if not given.
    score, level : what must be reached to count as learned: a score of the study, "accuracy" of at least 0.99 for bits
        and "lost" of at most 0 for systems. Where less is better, level is the most there may be.
    executor, workers, store, limit, run, progress : as for :func:`study`. With a store the same call goes on where it
        was stopped, and more bits or sizes need only what is new.

    Returns the Dataset of the study, its dim ``task`` called ``bits`` where bits are counted, with ``learned``;
    ``capacity`` of each draw; ``exponent`` a of mean capacity ~ units^a with ``exponent_low`` and ``exponent_high``
    (95 % over draws), from the sizes that hold something and not all that was tried, NaN where fewer than two are
    left; and ``units_needed`` with its interval, the size at which half of the draws learn
    (:func:`tonicnet.measure.units_needed`). Raises as :func:`study`, and ValueError for bits beside a task, bits that
    are no whole numbers, and unknown scores.

    Source: flip-flops as a measure of memory, Sussillo and Barak (2013), doi:10.1162/NECO_a_00409.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> small = {"units": [20, 40], "seed": [0], "steps": 1, "rounds": 0}
    >>> found = capacity(small, bits=2, executor=ThreadPoolExecutor(1), progress=False)
    >>> found["capacity"].dims, found["learned"].dims
    (('units', 'seed'), ('bits', 'units', 'seed'))
    """
    given: dict[Any, Any] = dict(read_grid(grid) if isinstance(grid, str | os.PathLike) else _mapping(grid))
    named = any("task" in (key if isinstance(key, tuple) else (key,)) for key in given)
    if named and bits is not None:
        raise ValueError("bits= are those of flip-flops, and the grid names tasks to count; leave one of them out")
    counted = "task" if named else "bits"
    rule = _rule(counted, score, level)
    asked = given if named else _with_flip_flops(given, _bits(4 if bits is None else bits))
    found = study(
        asked, executor=executor, workers=workers, store=store, limit=limit, run=run, progress=progress
    )  # fmt: skip
    return counts_of(_dims(found, asked, counted), counted, *rule)


def counts_of(found: xr.Dataset, counted: str, score: str, level: float) -> xr.Dataset:
    """Return a study with what of it was learned, the capacity of each draw, exponents, and the units needed."""
    choose("score", score, sorted(map(str, found.data_vars)) if found["done"].any() else [score])
    values = found[score] if score in found else xr.full_like(found["done"], np.nan, dtype=float)
    learned = (values >= level if score in _MORE else values <= level).transpose(counted, ...)
    held = learned.sum(counted) if counted == "task" else _unbroken(learned)
    most = float(learned.sizes["task"] if counted == "task" else learned["bits"].max())
    words = "systems that one network holds" if counted == "task" else "bits that one network holds"
    made = {
        "learned": Variable(tuple(map(str, learned.dims)), learned.values, "1", f"whether {score} is enough"),
        "capacity": Variable(tuple(map(str, held.dims)), held.values, "1", words),
        **_exponents(held, most),
    }
    needed = units_needed(learned)
    beside = dataset(made, kind="capacity", score=score, level=level, counted=counted)
    return found.assign(beside.data_vars).assign(needed.data_vars).assign_attrs(beside.attrs)


def _mapping(grid: Any) -> Mapping[Any, Any]:
    if not isinstance(grid, Mapping):
        raise TypeError(f'grid is a mapping of names to values, {{"units": [64, 128]}}, or a file; got {shown(grid)}')
    return grid


def _rule(counted: str, score: str | None, level: float | None) -> tuple[str, float]:
    """Return the score that decides, and its level."""
    usual = _RULES[counted]
    if score is not None and not isinstance(score, str):
        raise TypeError(f"score is the name of a score of the study, such as {usual[0]!r}, got {shown(score)}")
    if score is not None and level is None and score != usual[0]:
        raise ValueError(f"score={shown(score)} needs level=, the value that is enough; give both")
    if level is not None and not np.isfinite(real(level)):
        raise ValueError(f"level is a number that the score must reach, got {shown(level)}")
    return score or usual[0], usual[1] if level is None else real(level)


def _bits(given: Any) -> list[int]:
    """Return the numbers of bits that are tried."""
    counts = range(1, int(given) + 1) if is_whole(given) else given
    several = isinstance(counts, Iterable) and not isinstance(counts, str)
    listed = list(islice(counts, _MOST + 1)) if several else []
    if not 0 < len(listed) <= _MOST or not all(is_whole(one) for one in listed):
        raise ValueError(f"bits is how many are tried, or a list of whole numbers, {_MOST} at most; got {shown(given)}")
    return sorted({int(one) for one in listed})


def _with_flip_flops(grid: Mapping[Any, Any], bits: list[int]) -> dict[Any, Any]:
    """Return a grid with flip-flops as tasks; what it does not say of networks and learning is as they were tried."""
    names = {name for key in grid for name in (key if isinstance(key, tuple) else (key,))}
    usual = NETWORK | {"components": bits[-1]}
    tasks = {f"{n} bits": task("flip-flop", bits=n, label=f"flip-flop-{n}") for n in bits}
    return {"task": tasks} | {name: value for name, value in usual.items() if name not in names} | dict(grid)


def _dims(found: xr.Dataset, grid: Mapping[Any, Any], counted: str) -> xr.Dataset:
    """Return a study whose tasks, units and draws are dims, also where there is one of them; bits are numbers."""
    for name in ("task", "units", "seed"):
        if name not in found.dims:
            found = found.assign_coords({name: found.coords.get(name, 0)}).expand_dims(name).transpose(..., name)
    if counted == "bits":
        numbers = [int(str(one).split()[0]) for one in grid["task"]]
        found = found.rename(task="bits").assign_coords(bits=numbers)
    return found


def _unbroken(learned: xr.DataArray) -> xr.DataArray:
    """Return the most bits of which all that were tried up to them are learned."""
    unbroken = learned.astype(int).cumprod("bits")
    return (unbroken * learned["bits"]).max("bits")


def _exponents(held: xr.DataArray, most: float) -> dict[str, Variable]:
    """Return exponents over all dims but units and draws."""
    ordered = held.transpose(..., "seed", "units")
    others, sizes = tuple(map(str, ordered.dims[:-2])), np.asarray(ordered["units"].values, dtype=float)
    cells = ordered.values.reshape(-1, *ordered.shape[-2:]).astype(float)
    rows = np.array([exponent_of(one, sizes, most) for one in cells]).reshape(*ordered.shape[:-2], 3)
    words = ("exponent of capacity over units", "its 2.5 % quantile over draws", "its 97.5 % quantile over draws")
    return {
        f"exponent{end}": Variable(others, rows[..., k], "1", words[k]) for k, end in enumerate(("", "_low", "_high"))
    }
