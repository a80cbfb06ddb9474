"""Sweeps of swaps of what two units have, each the best that a field knows, in compiled code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from . import _structures as c
from ._curve import CompiledCurve
from ._library import call, library
from ._structures import address


class FieldArrays(NamedTuple):
    """The error of a field at some states, and what it is made of: contiguous, of one precision, changed in place."""

    inputs: Float[Tensor, "unit sample"]
    rates: Float[Tensor, "unit sample"]
    error: Float[Tensor, "component sample"]
    weights: Float[Tensor, " sample"]
    decoder: Float[Tensor, "unit component"]
    tonic: Float[Tensor, " unit"]


def sweep_of_swaps(
    curve: Callable[[torch.dtype], CompiledCurve | None],
    fields: Sequence[FieldArrays],
    left: Sequence[int],
    order: Int[np.ndarray, " unit"],
    ring: Int[np.ndarray, " unit"],
    *,
    fall: float,
    rows: bool,
) -> Int[np.ndarray, "swap unit"] | None:
    """Swap tonic inputs, or ``rows`` of the encoder, a unit after another, and return who swapped with whom.

    ``fields`` see more and more of the states, the last one all of them; ``left`` says how many partners of a unit are
    compared at each, the first ones those behind it in the ``ring``. A swap has to bring ``fall`` of the loss. None
    where torch is to do it: another device, a curve that is not compiled, no compiler.
    """
    tonic = fields[0].tonic
    found = curve(tonic.dtype) if tonic.device.type == "cpu" else None
    loaded = None if found is None else library()
    if found is None or loaded is None:
        return None
    structures = (c.Field * len(fields))(*(_field(one, found, rows=rows) for one in fields))
    held = [np.ascontiguousarray(one, dtype=np.int64) for one in (left, order, ring)]
    pairs, made = np.zeros((len(tonic), 2), dtype=np.int64), np.zeros(1, dtype=np.int64)
    places = (ctypes.addressof(structures), *map(address, held))
    search = c.Search(len(tonic), len(fields), *places, fall, address(pairs))
    call(loaded, "swaps", found.dtype, search, address(made))
    return pairs[: made[0]]


def _field(arrays: FieldArrays, curve: CompiledCurve, *, rows: bool) -> c.Field:
    counts = (arrays.inputs.shape[1], arrays.decoder.shape[1], int(rows))
    return c.Field(*counts, *(one.data_ptr() for one in arrays), curve.structure)
