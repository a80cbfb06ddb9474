"""Reading banks: is it one, is it of this network, and what does a row of it hold."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr

from .._files import load
from .._names import unknown
from .._share import shelf
from ..network import Network, models
from ..parameters import SETS
from ._entry import Entry, Scaling

_NEEDED = ("bias", "center", "scale", "speed", "dimension", "start")


def load_bank(source: str | os.PathLike[str]) -> xr.Dataset:
    """Read a bank: that of a shipped model by its name, a file, or a folder that holds ``bank.nc``.

    Raises ValueError for an unknown name or a Dataset that is not a bank, FileNotFoundError for a missing file.

    >>> bank = load_bank("atlas-1000")
    >>> bank["bias"].sizes["unit"]
    1000
    """
    path = Path(source)
    if path.is_dir():
        path = path / "bank.nc"
    elif not path.exists() and path.suffix != ".nc":
        path = shelf("models") / str(source) / "bank.nc"
        if not path.is_file():
            raise ValueError(f"{unknown('bank', str(source), models())} A path to a bank.nc works too.")
    bank = load(path)
    if not {"bias", "task"} <= set(bank.variables):
        raise ValueError(f"{path} is not a bank: it has no bias(task, unit); tonicnet.fit makes one")
    return bank


def check_bank(net: Network, bank: xr.Dataset) -> None:
    """Refuse a bank learned on other synapses, with both hashes and the remedy; hash the synapses as they are now."""
    if "bias" not in bank or "task" not in bank["bias"].dims or "unit" not in bank["bias"].dims:
        raise ValueError("this Dataset is not a bank: it has no bias(task, unit); make one with tonicnet.fit")
    mine, theirs = net.verify(), bank.attrs.get("network_sha256")
    if theirs != mine:
        raise ValueError(
            f"this bank was learned on network {theirs}, not on this one ({mine}); "
            "load its own network with tonicnet.load_network(<bank file>) or learn the tasks again"
        )
    if bank.sizes["unit"] != net.units:
        raise ValueError(f"this bank has biases for {bank.sizes['unit']} units, the network has {net.units}")
    for name in _NEEDED:
        if name not in bank:
            raise ValueError(f"this bank has no {name!r}; take an intact copy or learn it again")
    for name in dict.fromkeys((*_NEEDED, *(one.variable for one in SETS.values() if one.variable in bank))):
        if not np.isfinite(bank[name]).all():
            raise ValueError(
                f"this bank holds values of {name!r} that are not finite; take an intact copy or learn it again"
            )


def entry(bank: xr.Dataset, task: str) -> Entry:
    """Return one task of a bank."""
    names = [str(n) for n in bank["task"].values]
    if task not in names:
        raise ValueError(unknown("task in this bank", task, names))
    row = bank.isel(task=names.index(task))
    scaling = Scaling(
        task=task,
        center=_values(row, "center"),
        scale=_values(row, "scale"),
        speed=float(row["speed"]),
        dimension=int(row["dimension"]),
        start=_values(row, "start"),
    )
    return Entry(scaling, {name: _values(row, one.variable) for name, one in SETS.items() if one.variable in row})


def bare(net: Network, bias: xr.DataArray | np.ndarray) -> Entry:
    """Return an entry for a bias vector of one's own: task units are the network's, one task unit is a second."""
    vector = np.asarray(bias, dtype=np.float64)
    if vector.shape != (net.units,):
        raise ValueError(f"a bias vector for this network has shape ({net.units},), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(f"the bias of unit {int(np.argmin(np.isfinite(vector)))} is not finite")
    k = net.components
    return Entry(Scaling("bias", np.zeros(k), np.ones(k), 1.0, k, np.zeros((1, k))), {"bias": vector})


def _values(row: xr.Dataset, name: str) -> np.ndarray:
    return row[name].values.astype(np.float64)
