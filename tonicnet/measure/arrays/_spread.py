"""How widely a truth spreads: the scale in which distances to it are given."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def spread_of(x: Float[np.ndarray, "*sample component"]) -> Float[np.ndarray, " component"]:
    """Return the standard deviation per component; for one that hardly moves the largest, and never zero."""
    spread = x.reshape(-1, x.shape[-1]).std(axis=0)
    largest = float(spread.max())
    size = max(float(np.abs(x).max()), 1.0)
    return np.where(spread > 1e-3 * largest, spread, largest) if largest > 1e-9 * size else np.ones_like(spread)


def total_variance(x: Float[np.ndarray, "*sample component"]) -> float:
    """Return the variance over all samples, summed over components."""
    return float(x.reshape(-1, x.shape[-1]).var(axis=0).sum())
