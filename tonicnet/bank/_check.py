"""Is this a bank, is it of this network, and is it whole."""

from __future__ import annotations

from collections import Counter

import numpy as np
import xarray as xr

from .._names import shown
from ..network import Network, check_network
from ..parameters import SETS
from ._biases import completed
from ._map_columns import check_maps
from ._order import in_order
from ._rows import as_bank

HASH = "network_hash"  # of the synapses that each row was learned on
DIMS = {
    "center": ("task", "component"), "scale": ("task", "component"), "speed": ("task",), "dimension": ("task",),
    "start": ("task", "trial", "component"), "input_center": ("task", "input"), "input_scale": ("task", "input"),
    "classes": ("task",), **{one.variable: ("task", *one.dims) for one in SETS.values()},
}  # fmt: skip
_NEEDED = ("bias", "center", "scale", "speed", "dimension", "start")


def check_bank(net: Network, bank: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Return a bank, or one row of it, as a bank, if it is one of this network and whole.

    Biases alone, as ``bank["bias"]``, become a bank in network coordinates.

    What is no bank, one learned on other synapses, and one that is not whole are refused, each in a sentence.
    The synapses are hashed as they are now. Each row is held against them, also where rows of several banks were
    joined. Raises ValueError.
    """
    check_network(net)
    bank = completed(net, bank) if isinstance(bank, xr.DataArray) else as_bank(bank)
    if not isinstance(bank, xr.Dataset):
        raise TypeError(f"a bank is a Dataset that tonicnet.fit makes, got {shown(bank)}")
    if "bias" not in bank or "task" not in bank["bias"].dims or "unit" not in bank["bias"].dims:
        raise ValueError("this Dataset is not a bank: it has no bias(task, unit); make one with tonicnet.fit")
    _check_network(net.verify(), bank)
    if bank.sizes["unit"] != net.units:
        raise ValueError(f"this bank has biases for {bank.sizes['unit']} units, the network has {net.units}")
    for name in _NEEDED:
        if name not in bank:
            raise ValueError(f"this bank has no {name!r}; take an intact copy or learn it again")
    if bank.sizes.get("component") != net.components:
        raise ValueError(
            f"this bank has {bank.sizes.get('component')} components, the network has {net.components}; take an intact "
            "copy or learn it again"
        )
    if bank.sizes.get("presynaptic", net.units) != net.units:
        raise ValueError(
            f"this bank has synapses from {bank.sizes['presynaptic']} units, the network has {net.units}; take an "
            "intact copy or learn it again"
        )
    if net.feed_forward and bank.sizes.get("input", net.encoder.shape[1]) != net.encoder.shape[1]:
        raise ValueError(f"this bank has {bank.sizes['input']} inputs, the network has {net.encoder.shape[1]}")
    _check_names(bank)
    for name in [name for name in DIMS if name in bank]:
        _check_numbers(bank, name)
    _check_ranges(bank)
    check_maps(in_order(bank))
    return bank


def _check_network(mine: str, bank: xr.Dataset) -> None:
    rows = bank[HASH].values.astype(str).ravel().tolist() if HASH in bank else []
    theirs = {"this bank": bank.attrs.get("network_sha256", *rows[:1])}
    theirs |= {f"row {name!r} of this bank": row for name, row in zip(_names(bank), rows, strict=False)}
    for what, sha256 in theirs.items():
        if sha256 != mine:
            raise ValueError(
                f"{what} was learned on network {sha256}, not on this one ({mine}); "
                "load its own network with tonicnet.load_network(<bank file>) or learn the tasks again"
            )


def _check_names(bank: xr.Dataset) -> None:
    if "task" not in bank.coords:
        raise ValueError("this bank does not say which row is which task; take an intact copy or learn it again")
    name, count = Counter(_names(bank)).most_common(1)[0] if bank.sizes["task"] else ("", 1)
    if count > 1:
        raise ValueError(f"this bank holds task {name!r} {count} times; keep one of them, by bank.isel(task=[...])")


def _check_numbers(bank: xr.Dataset, name: str) -> None:
    held = bank[name]
    if set(held.dims) != set(DIMS[name]):
        raise ValueError(
            f"{name!r} of this bank has dims ({', '.join(map(str, held.dims))}) and needs ({', '.join(DIMS[name])}); "
            "take an intact copy or learn it again"
        )
    if held.dtype.kind not in "fiu":
        raise ValueError(f"{name!r} of this bank has dtype {held.dtype} and needs real numbers; take an intact copy")
    if not np.isfinite(held).all():
        raise ValueError(
            f"this bank holds values of {name!r} that are not finite; take an intact copy or learn it again"
        )


def _check_ranges(bank: xr.Dataset) -> None:
    most, dimension = bank.sizes["component"], bank["dimension"].values
    if not np.isin(dimension, np.arange(1, most + 1)).all():
        raise ValueError(
            f"'dimension' of this bank counts components, from 1 to {most}, and holds {_outside(dimension, 1, most)}; "
            "take an intact copy or learn it again"
        )
    for name in ("scale", "speed", *(("input_scale",) if "input_scale" in bank else ())):
        if not (bank[name].values > 0).all():
            raise ValueError(
                f"{name!r} of this bank is positive and holds {bank[name].values.min():g}; take an intact copy or "
                "learn it again"
            )


def _outside(numbers: np.ndarray, low: int, high: int) -> str:
    wrong = ~np.isin(numbers, np.arange(low, high + 1))
    return f"{numbers[wrong][0]:g}"


def _names(bank: xr.Dataset) -> list[str]:
    return [str(name) for name in bank["task"].values]
