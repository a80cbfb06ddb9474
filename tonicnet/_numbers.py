"""Numbers from outside: what counts as one, and the checks of a door. numpy's numbers count, bool does not."""

from __future__ import annotations

import math
import sys
from numbers import Integral
from typing import Any

from ._names import shown


def is_whole(number: object, least: int = 1) -> bool:
    """Return whether this is a whole number, of Python or numpy, of at least ``least``.

    >>> is_whole(3), is_whole(3.0), is_whole(True), is_whole(0)
    (True, False, False, False)
    """
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= least


def real(number: Any) -> float:
    """Return a number, of Python or numpy, or an array without axes, as a float; NaN for anything else.

    A Brian2 quantity of time is a number, of seconds; one of another unit is none. No comparison holds for NaN, so that
    ``0 < real(x) < math.inf`` is the whole check of a positive number.

    >>> real(2), real("2"), real(True), real(None)
    (2.0, nan, nan, nan)
    """
    kind = getattr(getattr(number, "dtype", None), "kind", "f")
    if isinstance(number, bool | str | bytes) or kind not in "fiuO" or not _time_or_bare(number):
        return math.nan
    if getattr(number, "ndim", 0):
        return math.nan
    try:
        return math.nan if bool(getattr(number, "mask", False)) else float(number)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _time_or_bare(number: Any) -> bool:
    """Return whether a number has no unit of Brian2, or one of time."""
    brian2 = sys.modules.get("brian2")  # nobody has a Quantity who has not imported it
    if brian2 is None or not isinstance(number, brian2.Quantity):
        return True
    return bool(number.dim.is_dimensionless or number.dim is brian2.second.dim)


def whole(name: str, number: Any, least: int = 1) -> int:
    """Return a whole number of at least ``least``; raise ValueError for anything else."""
    if not is_whole(number, least):
        raise ValueError(f"{name} must be a whole number of at least {least}, got {shown(number)}")
    return int(number)


def positive(name: str, number: Any) -> float:
    """Return a positive finite number; raise ValueError for anything else."""
    if not 0 < real(number) < math.inf:
        raise ValueError(f"{name} must be a positive number, got {shown(number)}")
    return real(number)


def seconds(name: str, number: Any) -> float:
    """Return a finite number of seconds, zero or more; raise ValueError for anything else."""
    if not 0 <= real(number) < math.inf:
        raise ValueError(f"{name} must be zero or a positive number of seconds, got {shown(number)}")
    return real(number)


def fraction(name: str, number: Any) -> float:
    """Return a number above 0 and up to 1; raise ValueError for anything else."""
    if not 0 < real(number) <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {shown(number)}")
    return real(number)
