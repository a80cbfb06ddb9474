"""Return maps on plain arrays: local maxima, and how far pairs of them lie from a known map."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ._door import axes, door

_NEAREST = 8  # known pairs through which the line is drawn
_POINT = 1e-2  # a spread of maxima below this, in sd of the component, is a cycle's one point


@door(x=axes("time"))
def maxima_of(x: Float[np.ndarray, " time"]) -> tuple[Float[np.ndarray, " event"], Float[np.ndarray, " event"]]:
    """Return where (in samples) and how high the local maxima of ``x`` are, by the parabola through three samples.

    >>> import numpy as np
    >>> at, height = maxima_of(np.sin(np.arange(0, 20, 0.1)))
    >>> (at / 10).round(3).tolist(), height.round(4).tolist()
    ([1.571, 7.854, 14.137], [1.0, 1.0, 1.0])
    """
    k = np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:])) + 1
    return vertices(x, k)


def vertices(
    x: Float[np.ndarray, " time"], peaks: Int[np.ndarray, " event"]
) -> tuple[Float[np.ndarray, " event"], Float[np.ndarray, " event"]]:
    """Return where and how high the parabola through the three samples round each peak is highest."""
    left, mid, right = x[peaks - 1], x[peaks], x[peaks + 1]
    shift = 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-300)
    return peaks + shift, mid - 0.25 * (left - right) * shift


def residual_of(known: Float[np.ndarray, "event 2"], pairs: Float[np.ndarray, "event2 2"], scale: float) -> float:
    """Return the rms distance of pairs of maxima from local lines through the known ones, in sd of the latter."""
    from scipy.spatial import cKDTree

    spread = float(known[:, 0].std())
    unit = spread if spread > _POINT * scale else scale
    _, near = cKDTree(known[:, :1]).query(pairs[:, :1], k=min(_NEAREST, len(known)))
    x, y = known[near, 0], known[near, 1]
    off, rise = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    slope = (off * rise).sum(axis=1) / np.maximum((off**2).sum(axis=1), 1e-12 * unit**2)
    within = np.clip(pairs[:, 0], x.min(axis=1), x.max(axis=1))
    guess = y.mean(axis=1) + slope * (within - x.mean(axis=1))
    return float(np.sqrt(((pairs[:, 1] - guess) ** 2).mean())) / unit
