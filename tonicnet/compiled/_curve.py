"""Transfer functions in compiled code: value and slope of every number of an array, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import _structures as c
from ._compiler import processor
from ._library import call, library
from ._pieces import pieces_of

KINDS = {"lif": 0, "tanh": 1, "relu": 2, "softplus": 3, "sigmoid": 4}
_DTYPES: dict[torch.dtype, np.dtype[Any]] = {torch.float64: np.dtype("float64"), torch.float32: np.dtype("float32")}
_WIDE = "avx512f"  # registers that hold all pieces of a curve
_WORTH = 1 << 13  # numbers from which on a call costs less than torch; below it nothing is compiled for them


class CompiledCurve(NamedTuple):
    """A transfer function; ``arrays``, a table's values with their rises and its pieces, are pointed at."""

    structure: c.Curve
    arrays: tuple[np.ndarray | None, ...]
    dtype: np.dtype[Any]

    @classmethod
    def named(cls, name: str, dtype: torch.dtype) -> CompiledCurve | None:
        """Return a function given by its formula; None for one, or for a precision, that is not compiled."""
        if name not in KINDS or dtype not in _DTYPES:
            return None
        return cls(c.Curve(KINDS[name], 0, None, 0.0, 0.0, None), (), _DTYPES[dtype])

    @classmethod
    def read(cls, low: float, per_unit: float, value: Tensor, rise: Tensor) -> CompiledCurve | None:
        """Return a function that is read from a table; None for a precision, or a device, that is not compiled."""
        if value.dtype not in _DTYPES or value.device.type != "cpu":
            return None
        pairs = np.stack([value.numpy(), rise.numpy()], axis=1)
        pieces = None
        if value.dtype == torch.float32 and _WIDE in processor():
            pieces = pieces_of(low, per_unit, *(numbers.double().numpy() for numbers in (value, rise)))
        structure = c.Curve(KINDS["lif"], len(pairs), c.address(pairs), low, per_unit, c.address(pieces))
        return cls(structure, (pairs, pieces), _DTYPES[value.dtype])


def value(curve: Callable[[torch.dtype], CompiledCurve | None], x: Tensor) -> Tensor | None:
    """Return phi(x); None where torch is to do it: few numbers, another device, gradients asked for, no compiler."""
    made = _computed(curve, x, slope=False)
    return made[0] if made else None


def both(curve: Callable[[torch.dtype], CompiledCurve | None], x: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return phi(x) and phi'(x); None where torch is to do it, as for :func:`value`."""
    made = _computed(curve, x, slope=True)
    return (made[0], made[1]) if made else None


def _computed(curve: Callable[[torch.dtype], CompiledCurve | None], x: Tensor, *, slope: bool) -> list[Tensor]:
    found = curve(x.dtype) if _suits(x) else None
    loaded = None if found is None else library()
    if found is None or loaded is None:
        return []
    made = [torch.empty_like(x) for _ in range(1 + slope)]
    places = [x.data_ptr(), made[0].data_ptr(), made[1].data_ptr() if slope else None]
    call(loaded, "elementwise", found.dtype, found.structure, *places, x.numel())
    return made


def _suits(x: Tensor) -> bool:
    """Whether x is large, on the CPU, without gaps in memory, and no derivative of what is done is recorded."""
    if x.numel() < _WORTH or x.device.type != "cpu" or (x.requires_grad and torch.is_grad_enabled()):
        return False
    return x.is_contiguous() or (x.dim() > 1 and x.mT.is_contiguous())
