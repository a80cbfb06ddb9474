"""Random numbers from a seed that is checked: the seed of a run is kept with it, in a file, as a 64-bit number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._names import shown
from ._numbers import is_whole

_SEEDS = 2**63


def checked_seed(seed: Any) -> int:
    """Return a seed; raise ValueError unless it is a whole number from 0 to 2^63 - 1.

    >>> checked_seed(np.int64(3))
    3
    """
    if not is_whole(seed, 0) or int(seed) >= _SEEDS:
        raise ValueError(f"seed must be a whole number >= 0 and below 2**63, got {shown(seed)}")
    return int(seed)


def generator(seed: Any) -> np.random.Generator:
    """Return the generator of a seed."""
    return np.random.Generator(np.random.Philox(checked_seed(seed)))
