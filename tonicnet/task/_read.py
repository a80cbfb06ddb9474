"""Recordings in files: NetCDF, CSV, NPY, read as data and never executed."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from .._names import choose, unknown
from ..files import load


def read_recording(
    path: str | os.PathLike[str], *, variable: str | None = None, dt: int | float | None = None
) -> xr.DataArray:
    """Read a recording from a file as a DataArray with dims (time, component) or (trial, time, component).

    ``path``: NetCDF (.nc; the one variable with a time dim, or the one that ``variable`` names), CSV (.csv; a
    header, a column ``time`` in seconds, the other columns are components) or NPY (.npy; shape (time,),
    (time, component) or (trial, time, component), with ``dt`` in seconds). Hand the result to
    :meth:`Task.from_array`. Raises FileNotFoundError for a missing file and ValueError, in one sentence, for
    one that is cut off, of another format, or not numbers.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "run.csv"
    >>> _ = file.write_text("time,x\\n0.0,1.0\\n0.1,0.9\\n")
    >>> dict(read_recording(file).sizes)
    {'time': 2, 'component': 1}
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"no file at {file}; give the path of a recording: .nc, .csv or .npy")
    if file.suffix not in READERS:
        raise ValueError(f"{file}: {unknown('file type', file.suffix, READERS)}")
    return READERS[file.suffix](file, variable, dt)


def _netcdf(file: Path, variable: str | None, dt: int | float | None) -> xr.DataArray:
    _only(dt is None, file, "NetCDF carries its own time; leave dt out")
    held = load(file)
    timed = [str(name) for name, values in held.data_vars.items() if "time" in values.dims]
    if variable is not None:
        return held[choose(f"variable in {file}", variable, timed)]
    _only(
        len(timed) == 1,
        file,
        f"needs one variable with a time dim, has {', '.join(timed) or 'none'}; name it with variable=",
    )
    return held[timed[0]]


def _csv(file: Path, variable: str | None, dt: int | float | None) -> xr.DataArray:
    _only(variable is None and dt is None, file, "variable= and dt= are not for CSV; it has a time column")
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            header, *lines = [line for line in csv.reader(stream) if line] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _broken(file, "CSV", error) from error
    names = [name.strip() for name in header]
    _only("time" in names, file, f"needs a column named time in its header, has {', '.join(names) or 'nothing'}")
    _only(len(set(names)) == len(names) > 1, file, "needs a time column and at least one more, each name once")
    values = _numbers(file, lines, len(names))
    at = names.index("time")
    return xr.DataArray(
        np.delete(values, at, axis=1),
        dims=("time", "component"),
        coords={"time": values[:, at], "component": names[:at] + names[at + 1 :]},
    )


def _numbers(file: Path, lines: list[list[str]], width: int) -> np.ndarray:
    _only(len(lines) > 0, file, "has a header but no rows")
    for row, line in enumerate(lines, start=1):
        _only(len(line) == width, file, f"row {row} has {len(line)} columns of {width}; it may be cut off")
    try:
        return np.array(lines, dtype=float)
    except ValueError as error:
        raise ValueError(f"{file} holds something that is not a number: {str(error)[:200]}") from error


def _npy(file: Path, variable: str | None, dt: int | float | None) -> xr.DataArray:
    _only(variable is None, file, "variable= is not for NPY; it holds one array")
    _only(dt is not None and dt > 0, file, f"NPY has no time; give dt, the step in seconds, got {dt!r}")
    try:
        values = np.array(np.load(file, mmap_mode="r", allow_pickle=False))  # a map is no longer than its file
    except Exception as error:
        raise _broken(file, "NPY array of numbers", error) from error
    _only(values.ndim in (1, 2, 3), file, f"needs (trial, time, component) or fewer, has shape {values.shape}")
    _only(values.dtype.kind in "fiu", file, f"needs numbers, has dtype {values.dtype}")
    dims = {1: ("time",), 2: ("time", "component"), 3: ("trial", "time", "component")}[values.ndim]
    time = np.arange(values.shape[dims.index("time")]) * float(dt or 1)
    return xr.DataArray(values, dims=dims, coords={"time": time})


def _only(fine: bool, file: Path, sentence: str) -> None:
    if not fine:
        raise ValueError(f"{file}: {sentence}")


def _broken(file: Path, what: str, error: Exception) -> ValueError:
    return ValueError(
        f"{file} is not a complete {what} file ({type(error).__name__}: {error}); it may be cut off or "
        "edited, so export it again"
    )


READERS: dict[str, Callable[[Path, str | None, int | float | None], xr.DataArray]] = {
    ".nc": _netcdf,
    ".csv": _csv,
    ".npy": _npy,
}
