"""How widely a truth spreads: the scale in which distances to it are given."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..._moving import moving, sizes

_LEAST = 1e-7  # of the largest movement: the integration of runs that come to rest leaves some 1e-8


def spread_of(x: Float[np.ndarray, "*sample component"]) -> Float[np.ndarray, " component"]:
    """Return the standard deviation per component; for one that does not move the largest, and never zero.

    Each component is judged by its own size, since each may have a unit of its own. One that spreads by less than 1e-7
    of the largest spread does not move either: it only came to rest.
    """
    spread = x.reshape(-1, x.shape[-1]).std(axis=0)
    moves = moving(spread, sizes(x), _LEAST)
    return np.where(moves, spread, float(spread.max())) if moves.any() else np.ones_like(spread)


def total_variance(x: Float[np.ndarray, "*sample component"]) -> float:
    """Return the variance over all samples, summed over components."""
    return float(x.reshape(-1, x.shape[-1]).var(axis=0).sum())
