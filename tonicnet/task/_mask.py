"""Which errors count: the mask of an input/output behaviour, checked and spread over all trials."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from ._samples import DIMS, check_finite


def given_mask(
    mask: Any, shape: tuple[int, ...], times: Float[np.ndarray, " time"]
) -> Float[np.ndarray, "trial time component"]:
    """Return the weights (trial, time, component) that ``mask`` gives; ones if it is None.

    Raises TypeError for what is no numbers, and ValueError, in a sentence, for a shape that does not fit and
    for weights that are not finite, negative, or all zero.
    """
    named = _by_name(mask) if isinstance(mask, xr.DataArray) else mask
    weights = _spread_over(_numbers(1.0 if named is None else named), shape)
    check_finite(weights, times, "the mask")
    negative = (weights < 0).any(axis=(0, 2))
    if negative.any():
        raise ValueError(
            f"the mask has negative weights, first at time {times[negative.argmax()]:.6g}; "
            "it weighs squared errors, so give numbers >= 0"
        )
    if not weights.any():
        raise ValueError("the mask is zero everywhere, so no error would count; give a positive weight somewhere")
    return weights


def _numbers(mask: Any) -> np.ndarray:
    try:
        return np.array(mask, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the mask must be an array of numbers >= 0, got {mask!r:.80}") from error


def _by_name(mask: xr.DataArray) -> np.ndarray:
    if not set(mask.dims) <= {*DIMS}:
        raise ValueError(f"the mask has dims {mask.dims}; name them {', '.join(DIMS)}, or drop the others")
    return mask.variable.set_dims(DIMS).values


def _spread_over(weights: np.ndarray, shape: tuple[int, ...]) -> Float[np.ndarray, "trial time component"]:
    """Broadcast to (trial, time, component); what fits (time) or (trial, time) exactly is read so."""
    aligned = weights[..., None] if weights.shape in (shape[:2], shape[1:2]) else weights
    try:
        return np.broadcast_to(aligned, shape)
    except ValueError as error:
        raise ValueError(
            f"the mask has shape {weights.shape}, which does not fit {shape} (trial, time, component); "
            "give that shape, (trial, time), (time,), or one that broadcasts"
        ) from error
