"""Which errors count: the mask of an input/output behaviour, checked and spread over all trials."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from ..labelled import DIMS, Door, aligned, by_position, check_finite, labelled
from ._samples import check_times

_DOOR = Door("the mask", plain={k: DIMS[3 - k :] for k in range(4)}, variables=("mask",), flags=True)


def given_mask(mask: Any, targets: xr.DataArray) -> Float[np.ndarray, "trial time component"]:
    """Return the weights (trial, time, component) that ``mask`` gives; ones if it is None.

    Raises TypeError for what is no numbers, and ValueError, in a sentence, for a shape that does not fit, labels that
    differ from the targets', and for weights that are not finite, negative, or all zero.
    """
    weights = aligned(labelled(1.0 if mask is None else mask, _DOOR), targets, "mask and targets")
    check_times(weights, targets, "mask and targets")
    values = weights.values if by_position(weights) else weights.variable.set_dims(DIMS).transpose(*DIMS).values
    spread = targets.copy(data=_spread_over(values, targets.shape))
    check_finite(spread, "the mask")
    negative = (spread.values < 0).any(axis=(0, 2))
    if negative.any():
        raise ValueError(
            f"the mask has negative weights, first at time {targets['time'].values[negative.argmax()]:.6g}; "
            "it weighs squared errors, so give numbers >= 0"
        )
    if not spread.values.any():
        raise ValueError("the mask is zero everywhere, so no error would count; give a positive weight somewhere")
    return np.asarray(spread.values)


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
