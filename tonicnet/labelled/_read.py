"""Recordings in files, as labelled arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import xarray as xr

from .._names import choose, path_of
from ._array import Door, labelled
from ._open import opened
from ._step import stepped
from ._time import time_like


def read_recording(
    path: str | os.PathLike[str],
    *,
    variable: str | None = None,
    dt: Any = None,
    time: str | None = None,
) -> xr.DataArray:
    """Read a recording from a file as a DataArray with dims (time, component) or (trial, time, component).

    Arguments
    ---------
    path : NetCDF (.nc; the one variable with a time dim, or the one that ``variable`` names; one-dimensional variables
        are components side by side), a table (.csv, .tsv, .txt, .dat), or NPY (.npy; shape (time,), (time, component)
        or (trial, time, component)). In a table one column is time: the one so called (``time``, ``t``, ``time_ms``),
        or a first column without a name; the others are components. Byte-order mark, semicolons, decimal commas and a
        column that counts rows are understood.
    variable : name of a variable in NetCDF.
    dt : sampling step in seconds, of files without time; with time it must agree with it, and is then the exact step.
    time : name of the column, variable or dim that is time, where it is not clear.

    Hand the result to :meth:`Task.from_array`. Raises FileNotFoundError for a missing file and ValueError, in one
    sentence, for one that is cut off, of another format, has missing values (row and column are named), or not numbers.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "run.csv"
    >>> _ = file.write_text("time,x\\n0.0,1.0\\n0.1,0.9\\n")
    >>> dict(read_recording(file).sizes)
    {'time': 2, 'component': 1}
    """
    file = path_of(path)
    held = opened(file, time=time)
    if variable is not None:
        held = _chosen(held, variable, file)
    elif isinstance(held, xr.Dataset):
        held = _only(held, file)
    try:
        return stepped(labelled(held, Door(str(file)), time=time), dt, what=str(file))
    except TypeError as error:  # a file's fault, not the caller's
        raise ValueError(str(error)) from error


def _chosen(held: Any, variable: str, file: Path) -> xr.DataArray:
    if not isinstance(held, xr.Dataset):
        raise ValueError(f"{file}: variable= names a variable of NetCDF; leave it out for this file")
    return held[choose(f"variable in {file}", variable, [str(name) for name in held.data_vars])]


def _only(held: xr.Dataset, file: Path) -> xr.Dataset:
    """Return a Dataset without the variables that do not change over time."""
    timed = [n for n, v in held.data_vars.items() if any(time_like(dim) is not None for dim in v.dims)]
    if len(timed) < 2 or all(held[n].ndim == 1 for n in timed):
        return held[timed] if timed else held
    raise ValueError(
        f"{file}: needs one variable with a time dim, has {', '.join(map(str, timed))}; name it with variable="
    )
