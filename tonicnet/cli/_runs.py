"""Runs: read and saved as files, and cut to what they do once they have settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import tonicnet as tn

from ._bank import check_netcdf

if TYPE_CHECKING:
    import xarray as xr

SETTLING = 1.0  # seconds left out after each switch where nothing else is said
_NEEDED = {"output", "segment", "segment_index", "task_time"}
_SMALL = {"spike_neuron": "int32", "spike_unit": "int32", "spike_trial": "int16"}


def read_run(path: Path) -> xr.Dataset:
    """Return the run of a file; raise ValueError for a file that holds something else."""
    check_netcdf(path, "a run is what tonicnet simulate writes")
    run = tn.load(path)
    if not set(run.variables) >= _NEEDED:
        raise ValueError(f"{path} is not a run: it has no output with segments; make one with tonicnet simulate")
    return run


def save_run(run: xr.Dataset, path: Path) -> Path:
    """Save a run, its spikes compressed: they are sorted, so a tenth of the bytes holds them without loss."""
    packed = run.assign(
        {name: run[name].astype(dtype, keep_attrs=True) for name, dtype in _SMALL.items() if name in run}
    )
    for name in packed.data_vars:
        if str(name).startswith("spike_"):
            packed[name].encoding = {"zlib": True, "complevel": 1, "shuffle": True}
    return tn.save(packed, path)


def settled(run: xr.Dataset, seconds: float) -> xr.Dataset:
    """Return a run without the first ``seconds`` of each segment, or without half of it if it is short."""
    import numpy as np

    if seconds < 0:
        raise ValueError(f"--discard is a number of seconds, zero or positive, got {seconds:g}")
    index, time = run["segment_index"].values, run["time"].values
    keep = np.zeros(len(time), dtype=bool)
    for k in np.unique(index):
        own = np.flatnonzero(index == k)
        since = time[own] - time[own[0]]
        keep[own] = since >= min(seconds, since[-1] / 2) - 1e-9
    return run.isel(time=keep)
