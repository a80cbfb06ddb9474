"""Which code Brian2 runs: compiled where there is a compiler, numpy otherwise, and the caller's choice put back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from .._names import choose

TARGETS = ("auto", "cython", "numpy")


@contextlib.contextmanager
def target(name: str) -> Iterator[None]:
    """Run with a code generation target; preferences and numpy's global random state are put back after."""
    choose("codegen", name, TARGETS)
    import brian2 as b2

    kept, state = b2.prefs["codegen.target"], np.random.get_state()  # noqa: NPY002  (Brian2 draws from it)
    b2.prefs["codegen.target"] = resolve(name)
    try:
        yield
    finally:
        b2.prefs["codegen.target"] = kept
        np.random.set_state(state)  # noqa: NPY002


def resolve(name: str) -> str:
    """Return "cython" or "numpy"; raise RuntimeError if compiled code is asked for and there is no compiler."""
    if name == "numpy":
        return name
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    if CythonCodeObject.is_available():
        return "cython"
    if name == "auto":
        return "numpy"
    raise RuntimeError(
        'codegen="cython" needs a C++ compiler and found none that works; install one (g++ or clang), or use '
        'codegen="numpy", which is slower and gives the same dynamics'
    )
