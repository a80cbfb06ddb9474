"""Reading banks: the file, and what a row of it holds."""

from __future__ import annotations

import os

import numpy as np
import xarray as xr

from .._names import path_of, shown, unknown
from .._share import shelf
from ..files import load
from ..labelled import Door, labelled, same_units
from ..network import Network, models
from ..parameters import SETS
from ._biases import check_biases
from ._check import DIMS
from ._entry import Entry, Scaling
from ._map_columns import held_map
from ._order import in_order
from ._rows import as_bank, component_names, hashed

_VECTOR = Door("a bias vector", plain={1: ("unit",)}, rows="unit", dims=("unit",))


def load_bank(source: str | os.PathLike[str]) -> xr.Dataset:
    """Read a bank: that of a shipped model by its name, a file, or a folder that holds ``bank.nc``.

    Raises ValueError for an unknown name or a Dataset that is not a bank, FileNotFoundError for a missing file.

    >>> bank = load_bank("atlas-1000")
    >>> bank["bias"].sizes["unit"]
    1000
    """
    path = path_of(source)
    if path.is_dir():
        path = path / "bank.nc"
    elif not path.exists() and path.suffix != ".nc":
        path = shelf("models") / str(source) / "bank.nc"
        if not path.is_file():
            raise ValueError(f"{unknown('bank', str(source), models())} A path to a bank.nc works too.")
    bank = load(path)
    if not {"bias", "task"} <= set(bank.variables):
        raise ValueError(f"{path} is not a bank: it has no bias(task, unit); tonicnet.fit makes one")
    bank = as_bank(bank)
    return hashed(bank) if "network_sha256" in bank.attrs else bank


def entry(bank: xr.Dataset, task: str) -> Entry:
    """Return one task of a bank."""
    bank = as_bank(bank)
    names = [str(n) for n in bank["task"].values]
    if not isinstance(task, str) or task not in names:
        raise ValueError(unknown("task in this bank", task, names))
    row = in_order(bank.isel(task=names.index(task)))
    scaling = Scaling(
        task=task,
        center=_values(row, "center"),
        scale=_values(row, "scale"),
        speed=float(row["speed"]),
        dimension=int(row["dimension"]),
        start=_values(row, "start"),
        components=component_names(bank, task, int(row["dimension"])),
        input_center=_values(row, "input_center") if "input_center" in row else None,
        input_scale=_values(row, "input_scale") if "input_scale" in row else None,
        classes=int(row["classes"]) if "classes" in row else 0,
        **held_map(row),
    )
    return Entry(scaling, {name: _values(row, one.variable) for name, one in SETS.items() if one.variable in row})


def bare(net: Network, bias: xr.DataArray | np.ndarray, task: str | None = None) -> Entry:
    """Return an entry for a bias vector of one's own: task units are the network's, one task unit is a second.

    A DataArray may hold the biases of several tasks, of which ``task`` names one, and tells its units by their numbers;
    what carries the hash of its network, as the biases of a bank do, is refused by any other. Raises ValueError for
    another shape, other labels and numbers that are not finite, RuntimeError for a network whose synapses have changed.
    """
    if isinstance(bias, xr.DataArray):
        bias = _of_task(net, bias, task)
    elif task is not None:
        raise _unnamed(task)
    found = labelled(bias, _VECTOR)
    same_units(str(found.attrs.get("units", "")), "that of the transfer function's input", "a bias and the network")
    net.verify()
    vector = np.asarray(in_order(found.rename("bias").to_dataset())["bias"].values)
    if vector.shape != (net.units,):
        raise ValueError(f"a bias vector for this network has shape ({net.units},), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(f"the bias of unit {int(np.argmin(np.isfinite(vector)))} is not finite, or masked")
    k = net.components
    return Entry(Scaling("bias", np.zeros(k), np.ones(k), 1.0, k, np.zeros((1, k))), {"bias": vector})


def _of_task(net: Network, bias: xr.DataArray, task: str | None) -> xr.DataArray:
    """Return the biases of one task; raise ValueError where it is not clear which."""
    check_biases(net, bias)
    names = [str(name) for name in np.atleast_1d(bias["task"].values)] if "task" in bias.coords else []
    if task is not None and task not in names:
        raise ValueError(unknown("task of these biases", task, names)) if names else _unnamed(task)
    if "task" not in bias.dims:
        return bias
    if task is None and len(names) > 1:
        raise ValueError(f"these are the biases of {len(names)} tasks; say which with task=")
    return bias.isel(task=names.index(task) if task is not None else 0)


def _unnamed(task: str) -> ValueError:
    return ValueError(f"task {shown(task)} names a row of a bank; a bare bias vector has none, so leave task out")


def _values(row: xr.Dataset, name: str) -> np.ndarray:
    """Return numbers of a row, its dims in the order that arithmetic expects."""
    return np.ascontiguousarray(row[name].transpose(*DIMS[name][1:]).values, dtype=np.float64)
