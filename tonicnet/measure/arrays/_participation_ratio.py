"""How many dimensions states use, on plain arrays: the participation ratio."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ._door import axes, door

BLOCKS = 10  # of a run, each left out in turn for the standard error


@door(x=axes("time unit"))
def participation_ratio_of(x: Float[np.ndarray, "time unit"]) -> float:
    """Return (sum_i l_i)^2 / sum_i l_i^2 of the eigenvalues l of the covariance: 1 for a line, d for a ball.

    Source: Gao et al. (2017), doi:10.1101/214262.

    >>> import numpy as np
    >>> from tonicnet.measure import participation_ratio_of
    >>> t = np.arange(0, 20 * np.pi, 0.01)
    >>> round(participation_ratio_of(np.stack([np.sin(t), np.cos(t), 0 * t], axis=1)), 3)
    2.0
    """
    return _ratio(covariance(x))


def covariance(x: Float[np.ndarray, "time unit"]) -> Float[np.ndarray, "unit unit"]:
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x)


def _ratio(covariance: Float[np.ndarray, "unit unit"]) -> float:
    """Return the ratio from traces: no eigenvalue is needed."""
    square = float((covariance**2).sum())
    return float(np.trace(covariance)) ** 2 / square if square > 0 else np.nan


def ratio_with_error(x: Float[np.ndarray, "time unit"]) -> tuple[float, float]:
    """Return the ratio and its jackknife error, from the moments of tenths of the run."""
    parts = np.array_split(x - x.mean(axis=0), BLOCKS)
    count = np.array([len(p) for p in parts])
    first, second = np.array([p.sum(axis=0) for p in parts]), np.array([p.T @ p for p in parts])

    def without(i: int) -> float:
        n = count.sum() - count[i]
        mean = (first.sum(axis=0) - first[i]) / n
        return _ratio((second.sum(axis=0) - second[i]) / n - np.outer(mean, mean))

    left = [without(i) for i in range(BLOCKS)]
    return _ratio(covariance(x)), float(np.sqrt((BLOCKS - 1) * np.var(left)))
