"""What the compiled functions are handed: the structures of kernel.cpp, field by field, over numpy's arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

Whole, Real, Pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


class Explicit(Protocol):
    """An explicit Runge-Kutta tableau: a strictly lower triangle of stages, and weights."""

    @property
    def stages(self) -> tuple[tuple[float, ...], ...]:
        """Rows of the triangle, the first one empty."""

    @property
    def weights(self) -> tuple[float, ...]:
        """One number a stage."""


class Curve(ctypes.Structure):
    """A transfer function: which one, its table if it is read from one, and its pieces if it has them."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("kind", Whole), ("points", Whole), ("pairs", Pointer), ("low", Real), ("per_unit", Real),
        ("pieces", Pointer),
    ]  # fmt: skip


class Units(ctypes.Structure):
    """Frozen arrays by component, gains and scales, and the transfer function."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("units", Whole), ("components", Whole), ("encoder", Pointer), ("decoder", Pointer), ("gain", Pointer),
        ("scale", Pointer), ("curve", Curve),
    ]  # fmt: skip


class Tableau(ctypes.Structure):
    """An explicit Runge-Kutta method as square arrays."""

    _fields_: ClassVar[Sequence[Any]] = [("count", Whole), ("stages", Pointer), ("weights", Pointer)]


class Plan(ctypes.Structure):
    """How long a run is, how it steps and what is kept of it."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("trials", Whole), ("steps", Whole), ("every", Whole), ("dense", Whole), ("modes", Whole), ("renew", Whole),
        ("h", Real), ("method", Tableau),
    ]  # fmt: skip


class Arrays(ctypes.Structure):
    """What a run reads and writes."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("tonic", Pointer), ("tonic_stride", Whole), ("inputs", Pointer), ("noise", Pointer), ("state", Pointer),
        ("displacements", Pointer), ("kept", Pointer), ("grown", Pointer),
    ]  # fmt: skip


class Windows(ctypes.Structure):
    """Windows that are run side by side, and what is kept at every stage, or at some of them."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("windows", Whole), ("steps", Whole), ("h", Real), ("method", Tableau), ("tonic", Pointer),
        ("closed", Pointer), ("fed", Pointer), ("states", Pointer), ("every", Whole), ("jacobian", Pointer),
        ("received", Pointer), ("through", Pointer), ("rate", Pointer), ("by_gain", Pointer), ("by_scale", Pointer),
    ]  # fmt: skip


class Adjoint(ctypes.Structure):
    """The adjoint of windows, for one row of a Jacobian after another."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("windows", Whole), ("steps", Whole), ("components", Whole), ("rows", Whole), ("h", Real),
        ("method", Tableau), ("closed", Pointer), ("jacobian", Pointer), ("last", Pointer), ("begin", Pointer),
        ("kappa", Pointer), ("start", Pointer),
    ]  # fmt: skip


class Synapses(ctypes.Structure):
    """A dense matrix, or a sparse one by rows, and whether the output is fed back."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("matrix", Pointer),
        ("starts", Pointer),
        ("places", Pointer),
        ("feedback", Whole),
    ]


class Field(ctypes.Structure):
    """A field's error at some states, what it is made of, and whether rows of encoders are swapped."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("samples", Whole), ("components", Whole), ("rows", Whole), ("inputs", Pointer), ("rates", Pointer),
        ("error", Pointer), ("weights", Pointer), ("decoder", Pointer), ("tonic", Pointer), ("curve", Curve),
    ]  # fmt: skip


class Search(ctypes.Structure):
    """A sweep of swaps: fields by level, partners left at each, the order of units, and where swaps are written."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("units", Whole), ("levels", Whole), ("fields", Pointer), ("left", Pointer), ("order", Pointer),
        ("ring", Pointer), ("fall", Real), ("pairs", Pointer),
    ]  # fmt: skip


def address(array: np.ndarray | None) -> int | None:
    """Return where an array's numbers begin; the array must outlive the call it is handed to."""
    return None if array is None else array.ctypes.data


def solid(array: Any, dtype: np.dtype[Any] | type, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers as a contiguous array, refused if its shape is not the one that compiled code will read."""
    found = np.ascontiguousarray(array, dtype=dtype)
    if found.shape != shape:
        raise ValueError(f"compiled code reads an array of shape {shape} here, got {found.shape}; reshape it")
    return found
