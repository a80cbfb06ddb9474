"""What runs in the process that reads a file of others: it limits itself, reads, and writes plain arrays to its output.

Python and numpy's arrays are all that comes back; the file is never parsed in the process that asked for it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

BROKEN, TOO_LARGE = 3, 4  # exit codes
_SECONDS = 10  # of computing, for a small file
_RATE = 20e6  # bytes a second that are read and handed over, at least
_ROOM = 2 * 2**30  # bytes of address space for Python and the libraries, which need a part of it


def main() -> None:
    """Read the file that the first argument names, and write its arrays to the standard output."""
    code = 0
    try:
        import h5netcdf  # noqa: F401  (before the limits, which are for reading)
        import xarray  # noqa: F401

        sys.stdout.buffer.write(_packed(_read(sys.argv[1])))
        sys.stdout.flush()
    except MemoryError as error:
        code = _end(TOO_LARGE, str(error) or "its values do not fit into the memory that its size promises")
    except BaseException as error:
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        code = _end(BROKEN, f"{kind}{error}")
    os._exit(code)  # what a damaged file has left behind is not taken apart


def _end(code: int, why: str) -> int:
    print(" ".join(why.split())[:400], file=sys.stderr, flush=True)
    return code


def _read(path: str) -> xr.Dataset:
    import h5py

    from ._hdf5 import weigh
    from ._netcdf import parse

    _limit(0)
    with h5py.File(path, "r") as root:
        declared = weigh(root, os.stat(path).st_size)
    _limit(declared)
    return parse(path)


def _limit(declared: int) -> None:
    """Limit memory and computing time to what so many bytes can need."""
    try:
        import resource
    except ImportError:  # not on this system: the time that the asking process waits is the limit
        return
    seconds = int(time.process_time() + _SECONDS + declared / _RATE)
    for what, most in (
        (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, _ROOM + 4 * declared), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):  # fmt: skip
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _packed(ds: xr.Dataset) -> bytes:
    """Return a Dataset as numpy's archive of arrays, with a JSON text ``about`` what they are."""
    import numpy as np

    arrays: dict[str, np.ndarray] = {}
    about = {
        "variables": [
            (str(name), list(one.dims), _array(arrays, one.values), _attrs(arrays, one.attrs))
            for name, one in ds.variables.items()
        ],
        "coords": [str(name) for name in ds.coords],
        "attrs": _attrs(arrays, ds.attrs),
    }
    archive = io.BytesIO()
    np.savez(archive, about=np.array(json.dumps(about)), allow_pickle=False, **arrays)
    return archive.getvalue()


def _array(arrays: dict[str, np.ndarray], values: np.ndarray) -> str | dict[str, Any]:
    if values.dtype.kind != "O" and values.dtype.kind != "T":
        return _kept(arrays, values)
    texts = ["" if one is None else one for one in values.ravel().tolist()]
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("it holds arrays of neither numbers, times nor texts")
    return {"texts": texts, "shape": values.shape}


def _attrs(arrays: dict[str, np.ndarray], held: dict[Any, Any]) -> dict[str, tuple[str, Any]]:
    return {str(name): _attribute(arrays, value) for name, value in held.items()}


def _attribute(arrays: dict[str, np.ndarray], value: Any) -> tuple[str, Any]:
    import numpy as np

    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        value = [str(one) for one in value.ravel()]
    if isinstance(value, np.ndarray | np.generic):
        return ("array" if isinstance(value, np.ndarray) else "number"), _kept(arrays, np.asarray(value))
    return "plain", value if isinstance(value, str | int | float | list) else str(value)


def _kept(arrays: dict[str, np.ndarray], values: np.ndarray) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = values
    return name
