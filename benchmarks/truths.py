"""A run beside several true runs of its length: beside one alone, D_stsp depends on which one it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

Measure = Callable[[np.ndarray, np.ndarray], float]


def typical(of: Measure, truths: Sequence[np.ndarray], run: np.ndarray) -> float:
    """Return the median over true runs of a measure of a run (sample, component) against them."""
    return float(np.median([of(truth, run) for truth in truths]))


def typical_floor(of: Measure, truths: Sequence[np.ndarray]) -> float:
    """Return the median of a measure over all pairs of true runs."""
    return float(np.median([of(one, other) for one, other in permutations(truths, 2)]))
