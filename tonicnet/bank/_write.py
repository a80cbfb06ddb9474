"""Writing banks: rows of numbers with their scalings, and rows carried to another network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..files import parse_json
from ..network import Network
from ..parameters import SETS
from ._check import DIMS, HASH
from ._entry import Entry, Scaling
from ._map_columns import map_variables, mixed_labels, plain_maps
from ._order import in_order
from ._rows import hashed


def written(
    net: Network,
    entries: Sequence[Entry],
    columns: Mapping[str, Variable] | None = None,
    coords: Mapping[str, Variable] | None = None,
    **attrs: str | int | float,
) -> xr.Dataset:
    """Return the bank of some entries on a network; ``columns`` and ``coords`` hold what else is known of each task."""
    scalings = [e.scaling for e in entries]
    variables = _numbers(net, entries) | {
        "center": Variable(("task", "component"), np.stack([s.center for s in scalings]), "task", "origin of z"),
        "scale": Variable(("task", "component"), np.stack([s.scale for s in scalings]), "task", "unit of z"),
        "speed": Variable(("task",), [s.speed for s in scalings], "1/s", "task time per second"),
        "dimension": Variable(("task",), [s.dimension for s in scalings], "1", "components the task uses"),
        "start": Variable(("task", "trial", "component"), np.stack([s.start for s in scalings]), "task", "starts"),
    }
    variables |= _inputs(scalings) | map_variables(scalings)
    used = {dim for name in _used(entries) for dim in SETS[name].dims}
    further = {
        "presynaptic": Variable(("presynaptic",), np.arange(net.units), "1", "unit that a synapse comes from"),
    }
    own = (
        {dim: one for dim, one in further.items() if dim in used}
        | mixed_labels(variables)
        | {
            "task": Variable(("task",), [s.task for s in scalings], "1", "task"),
            "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
            "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
        }
    )
    known = {"network_sha256": net.sha256, "network": json.dumps(net.to_dict())}
    columns = _hashes(net, len(entries)) | dict(columns or {})
    return hashed(dataset(variables | columns, own | dict(coords or {}), **(attrs | known)))


def _inputs(scalings: Sequence[Scaling]) -> dict[str, Variable]:
    """Return the scaling of inputs, where tasks are of samples."""
    centers = [s.input_center for s in scalings if s.input_center is not None]
    scales = [s.input_scale for s in scalings if s.input_scale is not None]
    if not centers:
        return {}
    return {
        "input_center": Variable(("task", "input"), np.stack(centers), "task", "origin of inputs"),
        "input_scale": Variable(("task", "input"), np.stack(scales), "task", "unit of inputs"),
        "classes": Variable(("task",), [s.classes for s in scalings], "1", "classes of the task; 0: it has targets"),
    }


def _numbers(net: Network, entries: Sequence[Entry]) -> dict[str, Variable]:
    """Return a variable for each parameter set that any entry has; neutral where an entry has none of it."""
    return {
        one.variable: Variable(
            ("task", *one.dims),
            _stacked([e.numbers[name] if name in e.numbers else one.neutral(net) for e in entries]),
            "1",
            one.long_name,
        )
        for name, one in SETS.items()
        if name in _used(entries)
    }


def _stacked(rows: list[np.ndarray]) -> np.ndarray:
    """Return the numbers of all rows; updates of a lower rank than others have zeros behind them."""
    shape = tuple(max(sizes) for sizes in zip(*(row.shape for row in rows), strict=True))
    widths = [[(0, most - size) for most, size in zip(shape, row.shape, strict=True)] for row in rows]
    return np.stack([np.pad(row, width) for row, width in zip(rows, widths, strict=True)])


def _used(entries: Sequence[Entry]) -> set[str]:
    """Return the names of all parameter sets that any entry has."""
    return {name for e in entries for name in e.numbers}


def _hashes(net: Network, rows: int) -> dict[str, Variable]:
    """Return the variable that says of each row which synapses it was learned on."""
    return {HASH: Variable(("task",), np.full(rows, net.sha256), "1", "SHA-256 of the synapses of the row")}


def grown(net: Network, old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return a bank with the rows of both, those of the old one as they were, units in the order of the network."""
    old, new = in_order(old), in_order(new)
    epochs = np.arange(max(old.sizes.get("epoch", 0), new.sizes["epoch"]))
    old, new = (part.reindex(epoch=epochs) if "epoch" in part.dims else part for part in (old, new))
    rank = max(part.sizes.get("rank", 0) for part in (old, new))
    old, new = (_of_rank(part, rank) for part in (old, new))
    parts = [_complete(net, old, new), _complete(net, new, old)]
    joined = xr.concat(parts, dim="task", data_vars="all", join="exact", combine_attrs="drop_conflicts")
    tasks = {
        name: spec
        for part in (old, new)
        for name, spec in parse_json(part.attrs.get("tasks", "{}"), "the list of tasks").items()
    }
    joined.attrs = new.attrs | {"tasks": json.dumps(tasks)}
    return joined


def _of_rank(part: xr.Dataset, rank: int) -> xr.Dataset:
    """Return a bank whose updates of synapses have this rank: further factors are zero and change nothing."""
    return part.pad(rank=(0, rank - part.sizes["rank"]), constant_values=0.0) if "rank" in part.dims else part


def _complete(net: Network, part: xr.Dataset, model: xr.Dataset) -> xr.Dataset:
    """Return a bank with every per-task variable of another: numbers neutral, all else empty or NaN."""
    neutral = {one.variable: one.neutral(net) for one in SETS.values() if not one.lacks(net)}
    neutral |= {HASH: net.sha256} | plain_maps(net.components)
    missing = {}
    for name in model.data_vars.keys() - part.data_vars.keys():
        like = model[name].isel(task=[0] * part.sizes["task"])
        empty = np.full(like.shape, "" if like.dtype.kind in "UO" else np.nan)
        values = np.broadcast_to(neutral[name], like.shape) if name in neutral else empty
        missing[name] = xr.Variable(like.dims, values, like.attrs)
    order = [*model.data_vars, *(name for name in part.data_vars if name not in model.data_vars)]
    return part.assign(missing)[order]


def carried(bank: xr.Dataset, net: Network, **values: np.ndarray) -> xr.Dataset:
    """Return a bank as one of another network, some of its variables replaced, given in the order of their dims."""
    ordered = {name: bank[name].transpose(*DIMS[name]) for name in values}
    moved = bank.assign({name: one.copy(data=values[name]) for name, one in ordered.items()})
    if HASH in bank:
        moved[HASH] = bank[HASH].copy(data=np.full(bank.sizes["task"], net.sha256))
    return hashed(moved.assign_attrs(network_sha256=net.sha256, network=json.dumps(net.to_dict())))
