"""A smooth function on a uniform grid, read between its points: what a neuron's curves are evaluated from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class Table(NamedTuple):
    """A function on a uniform grid: its low end, points per unit of input, values, and slope x grid step."""

    low: float
    per_unit: float
    value: Float[Tensor, " point"]
    rise: Float[Tensor, " point"]

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
        columns = (torch.as_tensor(c, dtype=dtype, device=device) for c in (value, slope * step))
        return cls(float(grid[0]), float(1 / step), *columns)


def look_up(table: Table, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
    """Return the value, by the tangent at the nearest point of the grid, and the rise there from point to point."""
    place = ((x - table.low) * table.per_unit).clamp_(0, len(table.value) - 1)
    nearest = place.round()
    index = nearest.nan_to_num(0.0).to(torch.int32).flatten()  # NaN stays in ``place``, and so in the result
    rise = table.rise.index_select(0, index).view(x.shape)
    return table.value.index_select(0, index).view(x.shape).addcmul_(place.sub_(nearest), rise), rise
