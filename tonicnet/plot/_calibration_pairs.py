"""Predicted and measured values of a measure, paired task by task and size by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from ._requirements import require

_MAKERS = {"prediction": "tonicnet.spiking.predict", "measurement": "tonicnet.compare"}
_ROOM = 1.6  # factor between the outermost points and the frame


@dataclass(frozen=True)
class Pairs:
    """Predicted and measured values of every task of either, NaN where one of them lacks it; ``of`` names the sizes."""

    tasks: list[str]
    of: str
    sizes: list[str]
    predicted: Float[np.ndarray, "task size"]
    measured: Float[np.ndarray, "task size"]
    floor: Float[np.ndarray, " task"]

    @cached_property
    def known(self) -> Bool[np.ndarray, "task size"]:
        """Which pairs have both values."""
        return np.isfinite(self.predicted) & np.isfinite(self.measured)

    @cached_property
    def values(self) -> Float[np.ndarray, "2 pair"]:
        """Sizes of the known pairs."""
        return np.abs([self.predicted[self.known], self.measured[self.known]])

    @property
    def below(self) -> Bool[np.ndarray, "task size"]:
        """Which pairs are, on both sides, no more than the floor of their task."""
        return self.known & (np.fmax(abs(self.predicted), abs(self.measured)) <= self.floor[:, None])

    @property
    def floors(self) -> Float[np.ndarray, " floor"]:
        """The floors of the tasks drawn that reach into the frame."""
        own = self.floor[self.known.any(axis=1)]
        return own[own > self.limits[0]]

    @property
    def signed(self) -> bool:
        """Whether any value was negative."""
        return any(bool((side[self.known] < 0).any()) for side in (self.predicted, self.measured))

    @property
    def limits(self) -> tuple[float, float]:
        """What a frame must span to hold every pair clear of its edges."""
        return float(self.values.min()) / _ROOM, float(self.values.max()) * _ROOM


def paired(predicted: xr.Dataset, measured: xr.Dataset, measure: str) -> Pairs:
    """Return the pairs of a measure; raise ValueError where the two Datasets do not pair."""
    given = {"prediction": predicted, "measurement": measured}
    arrays = [_array(data, measure, role) for role, data in given.items()]
    other = _other(arrays)
    x, y = _aligned(arrays, other)
    floors = [_floor(data, measure, x["task"].values) for data in given.values()]
    pairs = Pairs(
        [str(name) for name in x["task"].values], other, [str(v) for v in x[other].values] if other else [""],
        x.values.reshape(len(x), -1), y.values.reshape(len(y), -1), np.fmax(*floors),
    )  # fmt: skip
    _check(pairs, measure)
    return pairs


def _array(data: xr.Dataset, measure: str, role: str) -> xr.DataArray:
    """Return the measure over task and at most one other dim, each task once; raise ValueError otherwise."""
    array = require(data, (measure, "task"), role=role, maker=_MAKERS[role])[measure]
    if "task" not in array.dims or array.ndim > 2:
        dims = ", ".join(map(str, array.dims)) or "no dims"
        raise ValueError(
            f"the {role} has {measure} over {dims}; it must be over task and at most one dim more; pick others with sel"
        )
    names = [str(name) for name in array["task"].values]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    if twice:
        raise ValueError(
            f"the {role} has {', '.join(twice)} more than once; give every task one place, sizes along a second dim"
        )
    return array


def _other(arrays: Sequence[xr.DataArray]) -> str:
    """Return the dim that both have beside ``task``, or nothing."""
    others = [next((str(dim) for dim in array.dims if dim != "task"), "") for array in arrays]
    if others[0] != others[1]:
        told = " and ".join(f"{role} {dim or 'none'}" for role, dim in zip(_MAKERS, others, strict=True))
        raise ValueError(f"beside task, both need the same second dim or none: {told}; pick one of it with sel")
    return others[0]


def _aligned(arrays: Sequence[xr.DataArray], other: str) -> list[xr.DataArray]:
    """Return both over every task that either has, NaN where it has none, and over the sizes that both have."""
    shared = {dim: _shared(arrays, dim) for dim in ("task", other) if dim}
    tasks = list(dict.fromkeys(name for array in arrays for name in array["task"].values.tolist()))
    sizes = {other: shared[other]} if other else {}
    return [array.sel(sizes).reindex(task=tasks).transpose("task", ...) for array in arrays]


def _shared(arrays: Sequence[xr.DataArray], dim: str) -> list[Any]:
    """Return the values of a dim that both have; raise ValueError if there are none."""
    first, second = (array[dim].values.tolist() for array in arrays)
    shared = [value for value in first if value in second]
    if not shared:
        one, two = (", ".join(map(str, names)) or "none" for names in (first, second))
        raise ValueError(f"predicted and measured share no {dim}: one has {one}, the other {two}; give the same")
    return shared


def _floor(data: xr.Dataset, measure: str, tasks: np.ndarray) -> Float[np.ndarray, " task"]:
    """Return the floor of each task, the largest over sizes; NaN where it is not known."""
    if f"{measure}_floor" not in data:
        return np.full(len(tasks), np.nan)
    floor = data[f"{measure}_floor"]
    return floor.max([dim for dim in floor.dims if dim != "task"]).reindex(task=tasks).values


def _check(pairs: Pairs, measure: str) -> None:
    """Raise ValueError for values of zero and for fewer than two pairs."""
    zero = pairs.known & ((pairs.predicted == 0) | (pairs.measured == 0))
    if zero.any():
        names = ", ".join(name for name, row in zip(pairs.tasks, zero, strict=True) if row.any())
        raise ValueError(f"{measure} of {names} is 0, which has no logarithm; leave it out with drop_sel(task=...)")
    if pairs.known.sum() < 2:
        raise ValueError(
            f"a calibration needs at least two pairs of finite values, got {pairs.known.sum()} of {measure} for tasks "
            f"{', '.join(pairs.tasks)}; give more tasks, or a measure that applies to them"
        )
