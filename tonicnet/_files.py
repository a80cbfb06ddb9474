"""Labelled data on disk: NetCDF through h5netcdf, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def save(ds: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a Dataset to NetCDF; an existing file is replaced only once the new one is complete.

    Arguments: ``ds``, any Dataset of tonicnet; ``path``, the file to write (its folder must exist).
    Returns the path. Raises TypeError for anything but a Dataset, FileNotFoundError for a missing folder
    and PermissionError for one that cannot be written to; what was at ``path`` is then untouched.

    >>> import tempfile, tonicnet as tn
    >>> where = tempfile.mkdtemp()
    >>> bank = tn.task("hopf").trajectory(1.0, 0.1, seed=0)
    >>> tn.load(tn.save(bank, f"{where}/hopf.nc")).sizes["time"]
    11
    """
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        raise TypeError(f"save takes an xarray.Dataset, got {type(ds).__name__}")
    with atomic(path) as temporary:
        ds.to_netcdf(temporary, engine="h5netcdf")
    return Path(path)


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a Dataset written by :func:`save` into memory and close the file.

    Raises FileNotFoundError for a missing file and ValueError for one that is not complete NetCDF.

    >>> import tempfile
    >>> import xarray as xr
    >>> file = save(xr.Dataset({"x": ("time", [1.0, 2.0])}), tempfile.mkdtemp() + "/line.nc")
    >>> load(file)["x"].values.tolist()
    [1.0, 2.0]
    """
    import xarray as xr

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"no file at {file}; give the path of a NetCDF file written by tonicnet")
    try:
        with xr.open_dataset(file, engine="h5netcdf") as ds:
            return ds.load()
    except Exception as error:
        raise ValueError(
            f"{file} is not a complete NetCDF file ({type(error).__name__}: {error}); "
            "it may be cut off or edited, so make it again or take a copy"
        ) from error


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Hand out a temporary file in the target's folder and rename it over the target if all went well."""
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"no folder {target.parent} to write {target.name} into; create it first")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise PermissionError(
            f"cannot write into {target.parent} ({error.strerror}); choose a folder you can write to"
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
