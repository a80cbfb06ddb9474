"""Points among states: which are near, and which are the same."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_APART = 0.05  # two points, in scaled units


def distance_to(
    known: Float[np.ndarray, "state component"], points: Float[np.ndarray, "point component"]
) -> Float[np.ndarray, " point"]:
    """Return the distance of each point to the nearest known state."""
    from scipy.spatial import cKDTree

    return cKDTree(known).query(points)[0] if len(points) else np.empty(0)


def distinct(points: Float[np.ndarray, "point component"]) -> Float[np.ndarray, "other component"]:
    """Return the points without those that lie beside an earlier one.

    >>> distinct(np.array([[0.0], [0.01], [1.0]])).ravel().tolist()
    [0.0, 1.0]
    """
    found: list[np.ndarray] = []
    for point in points:
        if all(np.linalg.norm(point - other) > _APART for other in found):
            found.append(point)
    return np.array(found).reshape(-1, points.shape[1])
