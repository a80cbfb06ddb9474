"""A smooth function on a uniform grid, read between its points: what a neuron's curves are evaluated from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..compiled._curve import CompiledCurve
from ..compiled._curve import both as compiled_both
from ..compiled._curve import value as compiled_value

_TILE = 1 << 17  # numbers at a time in torch: its passes over them then stay in the cache


Samples = tuple[np.ndarray, np.ndarray, np.ndarray]  # a fine uniform grid of inputs, values and slopes on it


class Table(NamedTuple):
    """A function on a uniform grid: its low end, points per unit of input, values, and slope x grid step.

    ``curve`` is the same table for compiled code, where there is such code for its precision and device.
    """

    low: float
    per_unit: float
    value: Float[Tensor, " point"]
    rise: Float[Tensor, " point"]
    curve: CompiledCurve | None

    @classmethod
    def of(
        cls,
        grid: Float[np.ndarray, " point"],
        value: Float[np.ndarray, " point"],
        slope: Float[np.ndarray, " point"],
        dtype: torch.dtype,
        device: torch.device,
    ) -> Table:
        """Return the table of values and slopes on a grid; beyond its ends the function is flat."""
        slope = np.concatenate([[0.0], slope[1:-1], [0.0]])
        step = grid[1] - grid[0]
        low, per_unit = float(grid[0]), float(1 / step)
        values, rises = (torch.as_tensor(c, dtype=dtype, device=device) for c in (value, slope * step))
        return cls(low, per_unit, values, rises, CompiledCurve.read(low, per_unit, values, rises))


def look_up(table: Table, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the value, by the tangent at the nearest point of the grid."""
    made = compiled_value(lambda _: table.curve, x)
    return _in_tiles(table, x)[0] if made is None else made


def look_up_both(table: Table, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
    """Return the value, by the tangent at the nearest point of the grid, and the slope of the tangent."""
    made = compiled_both(lambda _: table.curve, x)
    if made is None:
        value, rise = _in_tiles(table, x)
        made = value, rise.mul_(table.per_unit)
    return made


def _in_tiles(table: Table, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return values and rises from point to point, a tile at a time where no derivative is recorded."""
    if x.numel() <= _TILE or x.requires_grad:
        return _at(table, x)
    flat = x.reshape(-1)
    made = torch.empty_like(flat), torch.empty_like(flat)
    for first in range(0, len(flat), _TILE):
        part = slice(first, first + _TILE)
        for whole, tile in zip(made, _at(table, flat[part]), strict=True):
            whole[part] = tile
    return made[0].view(x.shape), made[1].view(x.shape)


def _at(table: Table, x: Tensor) -> tuple[Tensor, Tensor]:
    place = ((x - table.low) * table.per_unit).clamp_(0, len(table.value) - 1)
    nearest = place.round()
    index = nearest.nan_to_num(0.0).to(torch.int32).flatten()  # NaN stays in ``place``, and so in the result
    rise = table.rise.index_select(0, index).view(x.shape)
    return table.value.index_select(0, index).view(x.shape).addcmul_(place.sub_(nearest), rise), rise
