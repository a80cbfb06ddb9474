"""Draws from a seed, and the numbers that ask for them."""

from __future__ import annotations

import numpy as np

from .._numbers import is_whole


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a seed. Raises ValueError unless it is a whole number >= 0."""
    if not is_whole(seed, 0):
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}")
    return np.random.Generator(np.random.Philox(int(seed)))


def picks(size: int, count: int, *, seed: int) -> np.ndarray:
    """Return ``count`` numbers below ``size``, none of them twice while they last."""
    return generator(seed).choice(size, count, replace=count > size)


def count_of(value: int, *, what: str) -> int:
    """Return ``value`` if it is a whole number of at least one; raise ValueError otherwise."""
    if not is_whole(value):
        raise ValueError(f"{what} must be a whole number >= 1, got {value!r}")
    return int(value)
