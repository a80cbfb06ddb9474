"""Coordinate maps as variables of a bank: written where a row has one, and read from any bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from .._labels import Variable
from ._coordinate_map import CoordinateMap
from ._entry import Scaling

_KIND, _ORIGIN, _WIDTH, _MIXING = "coordinate_map", "map_origin", "map_width", "mixing"
_REMEDY = "take an intact copy or learn it again"


def map_variables(scalings: Sequence[Scaling]) -> dict[str, Variable]:
    """Return kinds, origins and widths of maps, and mixings; nothing of either that no row has."""
    k = len(scalings[0].center)
    found: dict[str, Variable] = {}
    if any(s.coordinates is not None for s in scalings):
        maps = [_whole(s, k) for s in scalings]
        dims = ("task", "component")
        found |= {
            _KIND: Variable(dims, np.stack([np.array(m.kinds) for m in maps]), "1", "coordinate map g, z from g(x)"),
            _ORIGIN: Variable(dims, np.stack([m.origin for m in maps]), "task", "origin of the coordinate map"),
            _WIDTH: Variable(dims, np.stack([m.width for m in maps]), "task", "width of the coordinate map"),
        }
    if any(s.mixing is not None for s in scalings):
        mixings = np.stack([_whole_mixing(s, k) for s in scalings])
        about = "mixing A of scaled components"
        found[_MIXING] = Variable(("task", "mixed", "component"), mixings, "1", about)
    return found


def mixed_labels(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the coordinate of mixed components, where some variable has this dim."""
    if _MIXING not in variables:
        return {}
    count = variables[_MIXING].values.shape[1]
    return {"mixed": Variable(("mixed",), [str(k) for k in range(count)], "1", "component of the network")}


def map_arrays(scalings: Sequence[Scaling]) -> dict[str, np.ndarray]:
    """Return what undoes the maps of some rows, as plain arrays (task, component); nothing where all are plain."""
    if all(s.plain for s in scalings):
        return {}
    k = len(scalings[0].center)
    maps = [_whole(s, k) for s in scalings]
    return {
        _KIND: np.stack([np.array(m.kinds) for m in maps]),
        _ORIGIN: np.stack([m.origin for m in maps]),
        _WIDTH: np.stack([m.width for m in maps]),
        "unmixing": np.linalg.inv(np.stack([_whole_mixing(s, k) for s in scalings])),
    }


def plain_maps(components: int) -> dict[str, Any]:
    """Return what rows without a map have in a bank in which others have one."""
    return {_KIND: "identity", _ORIGIN: 0.0, _WIDTH: 1.0, _MIXING: np.eye(components)}


def held_map(row: xr.Dataset) -> dict[str, Any]:
    """Return coordinate map and mixing of a row, as fields of its scaling; raise ValueError for damaged ones."""
    d = int(row["dimension"])
    return {"coordinates": _held_coordinates(row, d), "mixing": _held_mixing(row, d)}


def check_maps(bank: xr.Dataset) -> None:
    """Raise ValueError for maps and mixings that are not whole, naming the row."""
    for name in (name for name in (_ORIGIN, _WIDTH) if _KIND in bank and name not in bank):
        raise ValueError(f"this bank has {_KIND!r} and no {name!r}; {_REMEDY}")
    for number in range(bank.sizes["task"]):
        held_map(bank.isel(task=number))


def _held_coordinates(row: xr.Dataset, d: int) -> CoordinateMap | None:
    if _KIND not in row:
        return None
    kinds = tuple(str(kind) for kind in np.ravel(row[_KIND].values)[:d])
    if set(kinds) <= {"identity", "", "nan"}:  # "" and NaN: a row of a bank without maps, joined by hand
        return None
    try:
        numbers = (np.asarray(row[name].values, dtype=np.float64)[:d] for name in (_ORIGIN, _WIDTH))
        return CoordinateMap(kinds, *numbers)
    except ValueError as error:
        raise ValueError(f"the coordinate map of task {_name(row)!r} in this bank is damaged: {error}") from error


def _held_mixing(row: xr.Dataset, d: int) -> np.ndarray | None:
    if _MIXING not in row:
        return None
    whole = np.asarray(row[_MIXING].transpose("mixed", "component").values, dtype=np.float64)
    held = whole[:d, :d]
    if np.isnan(whole).all() or np.array_equal(held, np.eye(d)):
        return None
    if not (np.isfinite(held).all() and np.linalg.matrix_rank(held) == d):
        raise ValueError(f"the mixing of task {_name(row)!r} in this bank has no inverse; {_REMEDY}")
    return np.ascontiguousarray(held)


def _name(row: xr.Dataset) -> str:
    return str(row["task"].values)


def _whole(scaling: Scaling, k: int) -> CoordinateMap:
    """Return the map of all components of a network: idle ones, and those of a row without a map, as they are."""
    own, d = scaling.coordinates, scaling.dimension
    if own is None:
        return CoordinateMap(("identity",) * k, np.zeros(k), np.ones(k))
    idle = k - d
    return CoordinateMap(
        own.kinds + ("identity",) * idle, np.pad(own.origin, (0, idle)), np.pad(own.width, (0, idle), constant_values=1)
    )


def _whole_mixing(scaling: Scaling, k: int) -> np.ndarray:
    whole = np.eye(k)
    if scaling.mixing is not None:
        whole[: scaling.dimension, : scaling.dimension] = scaling.mixing
    return whole
