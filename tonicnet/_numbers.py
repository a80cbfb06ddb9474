"""Numbers from outside, checked."""

from __future__ import annotations

from numbers import Integral


def whole(name: str, number: object, least: int = 1) -> int:
    """Return a whole number of at least ``least``, of Python or numpy; raise ValueError for anything else."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {number!r}")
    return int(number)
