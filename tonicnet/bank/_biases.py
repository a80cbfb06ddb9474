"""Biases taken out of their bank, as ``bank["bias"]``: they keep the names of their tasks, and lose every scale."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..network import Network
from ..parameters import SETS
from ._rows import as_bank

ALONE = "these are biases alone, in network coordinates"  # what such a bank says of its scaling
_OTHERS = {one.variable: one.long_name for one in SETS.values() if one.variable != "bias"}


def rows_of(bias: xr.Dataset | xr.DataArray | np.ndarray) -> list[str | None]:
    """Return the names of the tasks of a bank, or of biases alone that have several; one None for a single vector."""
    if isinstance(bias, xr.Dataset) or (isinstance(bias, xr.DataArray) and {"task"} <= set(bias.dims) & {*bias.coords}):
        return [str(name) for name in bias["task"].values]
    return [None]


def check_biases(net: Network, bias: xr.DataArray) -> None:
    """Refuse another variable of a bank, and biases that tell the hash of another network. Raises ValueError."""
    if bias.name in _OTHERS:
        raise ValueError(
            f"these are the {_OTHERS[str(bias.name)]}s of a bank, not its biases; give bank['bias'], or the bank itself"
        )
    theirs = hash_of(bias)
    if theirs and theirs != net.verify():
        raise ValueError(
            f"this bias was learned on network {theirs}, not on this one ({net.sha256}); load its own network, or "
            "learn the task again"
        )


def hash_of(bias: xr.DataArray) -> str:
    """Return the hash of the network that biases were learned on, where they carry it."""
    coordinate = bias.coords["network_sha256"].item() if "network_sha256" in bias.coords else None
    return str(coordinate or bias.attrs.get("network_sha256", ""))


def as_rows(bias: xr.DataArray) -> xr.Dataset:
    """Return biases alone as a Dataset of rows: all that can be drawn of them, nothing that needs a scale.

    One vector without a task is the row "bias". Raises ValueError for an array without a dim ``unit``, and for
    another variable of a bank.

    >>> biases = xr.DataArray([1.0, 2.0], dims="unit", coords={"task": "hopf"}, name="bias")
    >>> as_rows(biases)["bias"].dims
    ('task', 'unit')
    """
    if "unit" not in bias.dims or set(bias.dims) - {"task", "unit"} or bias.name in _OTHERS:
        held = f"dims ({', '.join(map(str, bias.dims))})" + f", named {bias.name!r}" * (bias.name is not None)
        raise ValueError(f"biases are an array with dims (unit) or (task, unit), as bank['bias']; got one with {held}")
    named = bias if "task" in {*bias.coords, *bias.dims} else bias.assign_coords(task="bias")
    attrs = {"network_sha256": hash_of(bias)} if hash_of(bias) else {}
    rows = named.drop_vars("network_sha256", errors="ignore").to_dataset(name="bias").assign_attrs(attrs)
    return as_bank(rows)


def completed(net: Network, bias: xr.DataArray) -> xr.Dataset:
    """Return biases alone as a bank of a network, in network coordinates: centre 0, scales and speed 1.

    So a task unit is that of the network, and a unit of task time is a second, as in runs under a bare vector. Raises
    ValueError for biases of another network.
    """
    check_biases(net, bias)
    rows = as_rows(bias)
    count, k = rows.sizes["task"], net.components
    plain = {
        "center": (("task", "component"), np.zeros((count, k))),
        "scale": (("task", "component"), np.ones((count, k))),
        "speed": (("task",), np.ones(count)),
        "dimension": (("task",), np.full(count, k)),
        "start": (("task", "trial", "component"), np.zeros((count, 1, k))),
    }
    return rows.assign(plain).assign_attrs(network_sha256=net.sha256, scaling=ALONE)


def whole_bank(bank: xr.Dataset | xr.DataArray, purpose: str) -> xr.Dataset:
    """Return a bank; refuse biases alone, which cannot do what only a bank can. Raises ValueError."""
    if isinstance(bank, xr.DataArray):
        raise ValueError(f"biases alone carry no scales and no tasks, and {purpose} needs them; give the bank itself")
    return bank
