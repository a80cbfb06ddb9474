"""What files hold: NetCDF, text tables, NPY, read as data and never executed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._names import path_of, shown, unknown
from ..files import load
from ._table import read_table

_ELSEWHERE = {
    ".mat": "MATLAB's files are not read: load it with scipy.io.loadmat and give the array, or save it as CSV",
    ".xlsx": "workbooks are not read: save the sheet as CSV",
    ".xls": "workbooks are not read: save the sheet as CSV",
    ".ods": "workbooks are not read: save the sheet as CSV",
    ".parquet": "read it with pandas.read_parquet, and give the DataFrame",
    ".feather": "read it with pandas.read_feather, and give the DataFrame",
    ".h5": "read its arrays with h5py, and give them with dt",
    ".hdf5": "read its arrays with h5py, and give them with dt",
    ".npz": "take one array of it, numpy.load(file)[name], and give that with dt",
    ".json": "read it, and give the numbers as an array with dt",
    ".pkl": "pickles can execute code and are never read: save the numbers as CSV or NetCDF",
    ".pickle": "pickles can execute code and are never read: save the numbers as CSV or NetCDF",
}  # what to do with files of other kinds


def opened(path: str | os.PathLike[str], *, time: str | None = None, missing: bool = False) -> Any:
    """Return what a file holds: a Dataset, a table (with NaN for cells that are ``missing``), or an array.

    Raises as :func:`read_recording`.
    """
    file = path_of(path)
    if not is_file(file):
        raise FileNotFoundError(
            f"no file at {shown(str(file))[1:-1]}; give the path of a recording: {', '.join(READERS)}"
        )
    suffix = file.suffix.lower()
    if suffix in READERS:
        return READERS[suffix](file, time, missing)
    if suffix in _ELSEWHERE:
        raise ValueError(f"{shown(str(file))[1:-1]}: {_ELSEWHERE[suffix]}")
    raise ValueError(f"{shown(str(file))[1:-1]}: {unknown('file type', file.suffix, READERS)}")


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a file at a path; no text is too long or too odd to ask for."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _netcdf(file: Path, _time: str | None, _missing: bool) -> xr.Dataset:
    with file.open("rb") as stream:
        if stream.read(3) != b"CDF":
            return load(file)
    try:  # NetCDF-3; units: "seconds" stay numbers, of which versions of xarray think differently
        with xr.open_dataset(file, engine="scipy", decode_times=False) as held:
            return held.load()
    except Exception as error:
        raise _broken(file, "NetCDF-3", error) from error


def _text(file: Path, time: str | None, missing: bool) -> Any:
    return read_table(file.read_bytes(), str(file), time=time, missing=missing)


def _npy(file: Path, _time: str | None, _missing: bool) -> np.ndarray:
    try:
        values = np.array(np.load(file, mmap_mode="r", allow_pickle=False))  # a map is no longer than its file
    except Exception as error:
        raise _broken(file, "NPY array of numbers", error) from error
    return values


def _broken(file: Path, what: str, error: Exception) -> ValueError:
    return ValueError(
        f"{file} is not a complete {what} file ({type(error).__name__}: {error}); it may be cut off or "
        "edited, so export it again"
    )


READERS: dict[str, Callable[[Path, str | None, bool], Any]] = {
    ".nc": _netcdf,
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), _text),
    ".npy": _npy,
}
