"""Which code Brian2 runs: in the notebook, compiled or numpy, or a C++ program; the caller's choice is put back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .._names import choose, shown

TARGETS = ("auto", "cython", "numpy")
CODES = (*TARGETS, "standalone")


@dataclass(frozen=True)
class Code:
    """A way to run a network: one of Brian2's runtime targets, or a C++ program.

    ``cache`` is the folder of the builds of C++ programs.
    """

    codegen: str = "auto"
    cache: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        choose("codegen", self.codegen, CODES)
        if not self.standalone and self.cache is not None:
            raise ValueError(f'cache is for codegen="standalone", got codegen={shown(self.codegen)}')

    @property
    def standalone(self) -> bool:
        """Whether it is a C++ program."""
        return self.codegen == "standalone"


def check_brian2() -> None:
    """Raise RuntimeError for settings of Brian2 under which nothing here can run: another device, single precision."""
    import brian2 as b2
    from brian2.devices.device import runtime_device

    if b2.get_device() is not runtime_device:
        raise RuntimeError(
            "Brian2 is set to another device; finish there, call brian2.device.reinit() and "
            'brian2.set_device("runtime"), and then simulate (codegen="standalone" needs no set_device)'
        )
    kept = np.dtype(b2.prefs["core.default_float_dtype"])
    if kept != np.float64:
        raise RuntimeError(
            f"Brian2 is set to {kept} (brian2.prefs.core.default_float_dtype), in which the same network spikes "
            "otherwise from one form, or one kind of code, to the next; set it to numpy.float64, and then simulate"
        )


@contextlib.contextmanager
def target(name: str) -> Iterator[None]:
    """Run with a code generation target; preferences and numpy's global random state are put back after."""
    choose("codegen", name, TARGETS)
    check_brian2()
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
