"""Units as compiled code reads them: frozen arrays by component, and a transfer function it knows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from ..network import LIF, Relu, Sigmoid, Softplus, Tanh, Transfer
from . import _structures as c

_KINDS: dict[type[Transfer], int] = {LIF: 0, Tanh: 1, Relu: 2, Softplus: 3, Sigmoid: 4}
_TORCH = {"float64": torch.float64, "float32": torch.float32}


class CompiledCurve(NamedTuple):
    """A transfer function, with the numbers that its table is read from."""

    structure: c.Curve
    pairs: Float[np.ndarray, "point 2"] | None
    dtype: np.dtype[Any]


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


@lru_cache(maxsize=32)
def curve_of(transfer: Transfer, dtype: str) -> CompiledCurve | None:
    """Return a transfer function for compiled code, in "float64" or "float32"; None for one it does not know."""
    kind = _KINDS.get(type(transfer))
    if kind is None or dtype not in _TORCH:
        return None
    if not isinstance(transfer, LIF):
        return CompiledCurve(c.Curve(kind, 0, None, 0.0, 0.0), None, np.dtype(dtype))
    table = transfer.table(_TORCH[dtype])
    pairs = np.stack([table.value.numpy(), table.rise.numpy()], axis=1)
    structure = c.Curve(kind, len(pairs), c.address(pairs), table.low, table.per_unit)
    return CompiledCurve(structure, pairs, np.dtype(dtype))


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
    curve = curve_of(transfer, dtype)
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
