"""How a number grows with the size of networks: the exponent of a power law, with an interval over draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._random import generator

_INTERVAL = (0.025, 0.975)
_FEWEST = 2  # sizes that a line needs
_DIGITS = 9  # of an exponent, behind the point: what is more is rounding


class Exponent(NamedTuple):
    """The slope of the logarithm of a mean over draws against that of size, and its interval of 95 %."""

    middle: float
    low: float
    high: float


def exponent_of(
    counts: Float[np.ndarray, "draw size"], sizes: Float[np.ndarray, " size"], most: float, *, resamplings: int = 1000
) -> Exponent:
    """Return a of mean count ~ size^a, from the sizes where the mean is above zero and below ``most``.

    A count that reaches ``most`` may be larger than what was asked for, and would flatten the law. The interval is that
    of draws, resampled with replacement at each size by itself. NaN where fewer than two sizes are left; the interval
    also with one draw. Source: Efron and Tibshirani (1993), doi:10.1201/9780429246593.

    >>> counts = np.array([[1.0, 2.0, 4.0, 5.0]] * 3)
    >>> [round(one, 3) for one in exponent_of(counts, np.array([10.0, 20.0, 40.0, 80.0]), 5)]
    [1.0, 1.0, 1.0]
    """
    rng, (draws, count) = generator(0), counts.shape
    middle = _slope(counts.mean(axis=0), sizes, most)
    if draws < 2:
        return Exponent(middle, np.nan, np.nan)
    at = rng.integers(draws, size=(resamplings, draws, count))
    means = np.take_along_axis(counts[None], at, axis=1).mean(axis=1)
    slopes = np.array([_slope(mean, sizes, most) for mean in means])
    known = slopes[np.isfinite(slopes)]
    low, high = np.quantile(known, _INTERVAL) if len(known) else (np.nan, np.nan)
    return Exponent(middle, float(low), float(high))


def _slope(means: Float[np.ndarray, " size"], sizes: Float[np.ndarray, " size"], most: float) -> float:
    kept = (means > 0) & (means < most)
    if kept.sum() < _FEWEST:
        return float("nan")
    return round(float(np.polyfit(np.log(sizes[kept]), np.log(means[kept]), 1)[0]), _DIGITS)
