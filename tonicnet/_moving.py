"""Which components move at all: each is judged by its own size, since each may have a unit of its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

_ROUNDING = 1e-9  # of a component's own size: less is no movement
LEAST = 1e-8  # of the largest movement, which rounding carries over where components are mixed


def moving(
    spread: Float[np.ndarray, " component"], size: Float[np.ndarray, " component"], least: float = LEAST
) -> Bool[np.ndarray, " component"]:
    """Return which components move, from how far they spread and how large they are.

    One that spreads by less than ``least`` of the largest spread does not.

    >>> moving(np.array([14e-6, 64.0, 0.0]), np.array([7e-5, 200.0, 3.0])).tolist()
    [True, True, False]
    """
    return spread > np.maximum(_ROUNDING * size, least * spread.max(initial=0.0))


def sizes(x: Float[np.ndarray, "*sample component"]) -> Float[np.ndarray, " component"]:
    """Return the largest absolute value of each component."""
    return np.abs(x).reshape(-1, x.shape[-1]).max(axis=0, initial=0.0)
