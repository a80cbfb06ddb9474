"""Files of others, read in a process of their own: a damaged one may loop, crash or swell there, and only there."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._process import run
from ._reader import BROKEN, TOO_LARGE

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

_READ = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from tonicnet.files import _reader; _reader.main()"
_PATIENCE = 120.0  # seconds for a small file; the reader's own limit, of computing time, is much lower
_RATE = 2e6  # bytes a second that the slowest disk gives


def read_apart(file: Path) -> xr.Dataset:
    """Return the Dataset of a NetCDF file that a process of its own has read and handed over as plain arrays.

    Raises ValueError, with what was wrong, for a file that it could not read or did not finish, MemoryError for one
    that declares too much.
    """
    made = _reader_of(file)
    if made.returncode == 0:
        return unpacked(made.stdout)
    said = made.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
    if made.returncode == TOO_LARGE:
        raise MemoryError(said)
    raise ValueError(said if made.returncode == BROKEN else _ending(made.returncode))


def _reader_of(file: Path) -> subprocess.CompletedProcess[bytes]:
    own = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    own |= {"HDF5_USE_FILE_LOCKING": "FALSE", "PYTHONWARNINGS": "ignore"}
    patience = _PATIENCE + os.stat(file).st_size / _RATE
    try:
        return run(
            [sys.executable, "-c", _READ, str(file.absolute()), json.dumps(sys.path)], timeout=patience,
            env=os.environ | own,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"reading it did not end within {patience:.0f} s") from None


def _ending(code: int) -> str:
    if code < 0 and -code == getattr(signal, "SIGXCPU", 0):
        return "reading it goes on for ever"
    return f"its reader ended with {signal.Signals(-code).name if code < 0 else code}"


def unpacked(packed: bytes) -> xr.Dataset:
    """Return the Dataset of what the reader has written: arrays without pickle, and a JSON text that says which."""
    import numpy as np
    import xarray as xr

    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        made = {name: (dims, _array(arrays, at), _attrs(arrays, attrs)) for name, dims, at, attrs in about["variables"]}
        attrs = _attrs(arrays, about["attrs"])
    coords = {name: made.pop(name) for name in about["coords"]}
    return xr.Dataset(made, coords, attrs)


def _array(arrays: Any, at: str | dict[str, Any]) -> np.ndarray:
    """Return an array by its name, or one of texts, which come as a list and a shape."""
    import numpy as np

    if isinstance(at, str):
        return np.asarray(arrays[at])
    texts = np.empty(len(at["texts"]), dtype=object)
    texts[:] = at["texts"]
    return texts.reshape(at["shape"])


def _attrs(arrays: Any, held: dict[str, Any]) -> dict[str, Any]:
    return {name: _attribute(arrays, kind, value) for name, (kind, value) in held.items()}


def _attribute(arrays: Any, kind: str, value: Any) -> Any:
    return value if kind == "plain" else arrays[value][()] if kind == "number" else arrays[value]
