"""Reading banks: the file, and what a row of it holds."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr

from .._names import unknown
from .._share import shelf
from ..files import load
from ..network import Network, models
from ..parameters import SETS
from ._check import DIMS
from ._entry import Entry, Scaling
from ._order import in_order


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


def entry(bank: xr.Dataset, task: str) -> Entry:
    """Return one task of a bank."""
    names = [str(n) for n in bank["task"].values]
    if task not in names:
        raise ValueError(unknown("task in this bank", task, names))
    row = in_order(bank.isel(task=names.index(task)))
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
    """Return an entry for a bias vector of one's own: task units are the network's, one task unit is a second.

    A DataArray with labels along ``unit`` is taken by them. Raises ValueError for another shape, other labels and
    numbers that are not finite, RuntimeError for a network whose synapses have changed.
    """
    if isinstance(bias, xr.DataArray) and "unit" in bias.dims:
        bias = in_order(bias.rename("bias").to_dataset())["bias"]
    net.verify()
    vector = np.asarray(bias, dtype=np.float64)
    if vector.shape != (net.units,):
        raise ValueError(f"a bias vector for this network has shape ({net.units},), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(f"the bias of unit {int(np.argmin(np.isfinite(vector)))} is not finite")
    k = net.components
    return Entry(Scaling("bias", np.zeros(k), np.ones(k), 1.0, k, np.zeros((1, k))), {"bias": vector})


def _values(row: xr.Dataset, name: str) -> np.ndarray:
    """Return numbers of a row, its dims in the order that arithmetic expects."""
    return np.ascontiguousarray(row[name].transpose(*DIMS[name][1:]).values, dtype=np.float64)
