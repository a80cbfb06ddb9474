"""Stable fixed points of a network beside an attractor that has none, where it may end after a long time."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..circuit import Autonomous
from ..solve import distinct, zeros

_STARTS, _SCATTER = 400, 0.3
FAR = 1.5  # standard deviation of states, in scaled units, where another task may have been
_STEPS = 40  # of Newton's method
_STILL = 1e-4  # |F| of a fixed point, in units of z per tau
_NEAR = 0.8  # from a known state: as far as the target's own field is learned
APART = 0.05  # of two points, in scaled units


def spurious_fixed_points(
    alone: Autonomous, known: Float[np.ndarray, "state component"]
) -> Float[np.ndarray, "point component"]:
    """Return the stable fixed points of a low-rank network near known states.

    Newton's method on F(z) = -z + D r(E z) from known states and their surroundings; stable where loops of all
    eigenvalues of D diag(dr/dh) E through the synaptic filter decay.
    """
    rng = np.random.default_rng(0)
    start = known[rng.integers(len(known), size=_STARTS)]
    points = _stable(alone, start + _SCATTER * rng.standard_normal(start.shape))
    return points[distance_to(known, points) < _NEAR]


def stable_anywhere(alone: Autonomous) -> Float[np.ndarray, "point component"]:
    """Return the stable fixed points of a low-rank network that are found from where another task may have been."""
    return _stable(alone, FAR * np.random.default_rng(1).standard_normal((_STARTS, alone.size)))


def _stable(alone: Autonomous, start: Float[np.ndarray, "state component"]) -> Float[np.ndarray, "point component"]:
    ends = zeros(alone.flow, alone.jacobian, start, tolerance=_STILL, steps=_STEPS)
    points = ends.location[ends.speed < _STILL]
    gain = 1 + np.linalg.eigvals(alone.jacobian(points)) if len(points) else np.empty((0, 1))
    stable = alone.net.filter.growth(gain).real.max(axis=1, initial=-np.inf) < 0
    return distinct(points[stable], APART)


def distance_to(
    known: Float[np.ndarray, "state component"], points: Float[np.ndarray, "point component"]
) -> Float[np.ndarray, " point"]:
    """Return the distance of each point to the nearest known state."""
    from scipy.spatial import cKDTree

    return cKDTree(known).query(points)[0] if len(points) else np.empty(0)
