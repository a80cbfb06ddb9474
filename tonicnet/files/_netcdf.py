"""Labelled data on disk: NetCDF through h5netcdf, written whole or not at all, and read only as it was written."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .._names import path_of, shown
from ._apart import read_apart
from ._hdf5 import memory, weigh
from ._seal import HDF5, HEAD, beyond, is_sealed, seal, unsealed
from ._write import destination, write

if TYPE_CHECKING:
    import xarray as xr

_LOG = logging.getLogger("tonicnet")
_STAMP = "tonicnet_version"  # an attribute of every Dataset that tonicnet makes
_NOTE = (
    "%s holds no SHA-256, so that damage to it cannot be told: tonicnet %s wrote it before files had one, or another "
    "program has changed it since; tonicnet.save(tonicnet.load(path), path) adds it"
)


def save(ds: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a Dataset to NetCDF; an existing file is replaced only once the new one is complete and on the disk.

    The file ends in a SHA-256 of what stands before it, by which :func:`load` tells damage from data; other NetCDF
    software does not see it. The file is built in memory, which needs as much again as the data.

    Arguments: ``ds``, any Dataset of tonicnet; ``path``, the file to write (its folder must exist).
    Returns the path. Raises TypeError for anything but a Dataset, FileNotFoundError for a missing folder, OSError where
    the disk is full and PermissionError for a folder that cannot be written to; what was at ``path`` is then untouched.

    >>> import tempfile, tonicnet as tn
    >>> where = tempfile.mkdtemp()
    >>> bank = tn.task("hopf").trajectory(1.0, 0.1, seed=0)
    >>> tn.load(tn.save(bank, f"{where}/hopf.nc")).sizes["time"]
    11
    """
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        raise TypeError(
            f"save takes an xarray.Dataset, got {type(ds).__name__}"
            + "; its to_dataset() makes one" * isinstance(ds, xr.DataArray)
        )
    destination(path)
    content = _netcdf(ds)
    return write(path, content, seal(content))


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a NetCDF file into memory and close it: one written by :func:`save`, or by others.

    A file of :func:`save` is held against its SHA-256 before anything else is done with it. All other files are read
    in a process of their own, with limits of time and memory, which takes about a second. No file makes tonicnet read
    another one. The log ``tonicnet`` gets a note where a file of tonicnet has no SHA-256: it was written by an earlier
    version, or changed since by another program. Variables with units of time are numbers, as they are in the file.

    Raises FileNotFoundError for a missing file, ValueError for one that is damaged, incomplete, or not NetCDF-4, and
    MemoryError for one that declares more than there is memory.

    >>> import tempfile
    >>> import xarray as xr
    >>> file = save(xr.Dataset({"x": ("time", [1.0, 2.0])}), tempfile.mkdtemp() + "/line.nc")
    >>> load(file)["x"].values.tolist()
    [1.0, 2.0]
    """
    file = path_of(path)
    if not file.is_file():
        raise FileNotFoundError(
            f"no file at {shown(str(file))[1:-1]}; give the path of a NetCDF file written by tonicnet"
        )
    try:
        content = _proven(file)
        ds = read_apart(file) if content is None else parse(content)
    except MemoryError as error:
        raise MemoryError(f"{file} is too large: {str(error) or 'there is no memory to read it'}") from error
    except OSError as error:
        if error.errno and not isinstance(error, FileNotFoundError):
            raise
        raise _broken(file, error) from error
    except Exception as error:
        raise _broken(file, error) from error
    if content is None and _STAMP in ds.attrs:
        _LOG.warning(_NOTE, file, ds.attrs[_STAMP])
    return ds


def packed(ds: xr.Dataset) -> bytes:
    """Return the bytes of the file that :func:`save` would write."""
    content = _netcdf(ds)
    return content + seal(content)


def parse(source: str | bytes) -> xr.Dataset:
    """Return the Dataset of a NetCDF file, by its path or its contents, weighed before its values are read."""
    import h5py
    import xarray as xr

    size = len(source) if isinstance(source, bytes) else os.stat(source).st_size
    with h5py.File(_opened(source), "r") as root:
        weigh(root, size)
    with xr.open_dataset(_opened(source), engine="h5netcdf", decode_timedelta=False) as ds:
        return ds.load().drop_encoding()  # written again it would cut longer names and round finer numbers


def _opened(source: str | bytes) -> str | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _netcdf(ds: xr.Dataset) -> bytes:
    """Return the bytes of a NetCDF file: h5netcdf meets no disk, whose errors it could not report."""
    import h5netcdf
    from xarray.backends.h5netcdf_ import H5NetCDFStore

    built = io.BytesIO()
    with h5netcdf.File(built, "w") as file:
        ds.dump_to_store(H5NetCDFStore(file))
    return built.getvalue()


def _proven(file: Path) -> bytes | None:
    """Return the contents of a file that is as its seal says, None for a file without one."""
    size = file.stat().st_size
    if size > memory():
        raise MemoryError(f"it has {size / 2**30:.3g} GiB, this machine {memory() / 2**30:.3g} GiB of memory")
    with file.open("rb") as stream:
        sealed = is_sealed(stream, size)
        stream.seek(0)
        if sealed:
            return unsealed(stream.read())
        _check_kind(stream, stream.read(HEAD), size)
    return None


def _check_kind(stream: IO[bytes], head: bytes, size: int) -> None:
    """Raise ValueError for what is plainly no HDF5 file, or only the first part of one."""
    if not size:
        raise ValueError("it is empty")
    if head[:3] == b"CDF":
        raise ValueError('it is NetCDF-3; write it again with xarray\'s to_netcdf(..., engine="h5netcdf")')
    if beyond(head, size) < 0:
        raise ValueError(f"it is cut off: it has {size} of {size - beyond(head, size)} bytes")
    at = 0
    while at < size:
        stream.seek(at)
        if stream.read(len(HDF5)) == HDF5:
            return
        at = max(2 * at, 512)
    raise ValueError(f"it begins with {head[:8].decode('latin-1')!a}, which is not how one begins")


def _broken(file: Path, error: Exception) -> ValueError:
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    said = "".join(c if c.isprintable() else " " for c in f"{kind}{error}"[:400])
    return ValueError(
        f"{file} is not a complete NetCDF file ({said}); it may be damaged, cut off or edited, so make it again or "
        "take a copy"
    )
