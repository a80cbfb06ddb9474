"""Libraries of compiled functions: built and loaded at the first use, never at import."""

from __future__ import annotations

import ctypes
import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ._compiler import build_library, compiler

SOURCE = Path(__file__).with_name("kernel.cpp")
SWITCH = "TONICNET_COMPILED"


@lru_cache
def library(source: Path | None = None) -> ctypes.CDLL | None:
    """Return the compiled functions of a source, built now if the cache does not hold them; None where there are none.

    None comes with one warning a process if there is no compiler, one for each source that does not compile, and
    silently if the environment says ``TONICNET_COMPILED=0``.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    command = _command()
    if command is None:
        return None
    try:
        return _loaded(source or SOURCE, command)
    except (RuntimeError, OSError) as error:
        _warn(f"the compiled loops could not be built or loaded ({error})")
        return None


@lru_cache(maxsize=1)
def _command() -> list[str] | None:
    found = compiler()
    if found is None:
        _warn("no C++ compiler was found")
    return found


def _loaded(source: Path, command: list[str]) -> ctypes.CDLL:
    """Return the library of the cache; one that is whole and yet cannot be loaded here is built again."""
    built = build_library(source, command)
    try:
        return ctypes.CDLL(str(built))
    except OSError:
        built.unlink(missing_ok=True)
        return ctypes.CDLL(str(build_library(source, command)))


def call(loaded: ctypes.CDLL, name: str, dtype: np.dtype[Any], *arguments: Any) -> None:
    """Call a function of one precision on structures (by reference), whole numbers and addresses."""
    function = getattr(loaded, f"tonic_{name}_{dtype.name}")
    function.restype = None
    function(*(ctypes.byref(a) if isinstance(a, ctypes.Structure) else _word(a) for a in arguments))


def _word(number: int | None) -> ctypes.c_int64 | ctypes.c_void_p:
    """Return an address, which may be None, or a count: both are 64 bits wide."""
    return ctypes.c_void_p(None) if number is None else ctypes.c_int64(number)


def _warn(reason: str) -> None:
    warnings.warn(
        f"{reason}, so rate networks run in torch and true runs in numpy, many times slower; install g++ (Debian: "
        f"apt install build-essential) or name a compiler in CXX, or set {SWITCH}=0 to hide this",
        RuntimeWarning,
        stacklevel=4,
    )
