"""Units as compiled code reads them: frozen arrays by component, and a transfer function it knows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from ..compiled import _structures as c
from ..compiled._curve import CompiledCurve
from ..network import Transfer

_TORCH = {"float64": torch.float64, "float32": torch.float32}


class CompiledUnits(NamedTuple):
    """r(h) = scale phi(gain h) of frozen units; ``arrays`` are kept because the structure points at them."""

    structure: c.Units
    curve: CompiledCurve
    arrays: tuple[np.ndarray | None, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of units and components."""
        return int(self.structure.units), int(self.structure.components)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision."""
        return self.curve.dtype


def units_of(
    encoder: Float[np.ndarray, "unit component"],
    decoder: Float[np.ndarray, "component unit"],
    transfer: Transfer,
    dtype: str = "float64",
    *,
    gain: Float[np.ndarray, " unit"] | None = None,
    scale: Float[np.ndarray, " unit"] | None = None,
) -> CompiledUnits | None:
    """Return units for compiled code; None where it does not know their transfer function."""
    curve = transfer.compiled(_TORCH[dtype])
    if curve is None:
        return None
    n, k = encoder.shape
    arrays = (
        c.solid(encoder.T, curve.dtype, (k, n)),
        c.solid(decoder, curve.dtype, (k, n)),
        None if gain is None else c.solid(gain, curve.dtype, (n,)),
        None if scale is None else c.solid(scale, curve.dtype, (n,)),
    )
    return CompiledUnits(c.Units(n, k, *map(c.address, arrays), curve.structure), curve, arrays)
