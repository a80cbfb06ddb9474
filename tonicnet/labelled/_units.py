"""Numbers with units of Brian2, and units that are words."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

_SECONDS = {
    1.0: "s sec secs second seconds",
    1e-3: "ms msec msecs msecond millisecond milliseconds",
    1e-6: "us µs μs usec usecs usecond microsecond microseconds",
    1e-9: "ns nsec nsecs nsecond nanosecond nanoseconds",
    60.0: "min mins minute minutes",
    3600.0: "h hr hrs hour hours",
    86400.0: "d day days",
}
SECONDS = {word: size for size, words in _SECONDS.items() for word in words.split()}  # in each unit of time
_DEEPEST = 64  # dimensions of an array
PLAIN = ("", "1", "task", "dimensionless")  # units that say nothing of the outside world


def magnitude(value: Any) -> tuple[Any, str]:
    """Return a value without its Brian2 unit, in SI units, and that unit; anything else as it is, and "".

    >>> magnitude([1.0, 2.0])
    ([1.0, 2.0], '')
    >>> from brian2 import mV
    >>> magnitude([1.0, 2.0] * mV)
    (array([0.001, 0.002]), 'V')
    """
    brian2 = sys.modules.get("brian2")  # nobody has a Quantity who has not imported it
    if brian2 is None:
        return value, ""
    if isinstance(value, list | tuple) and isinstance(_first(value), brian2.Quantity):
        value = brian2.Quantity(value)
    if not isinstance(value, brian2.Quantity):
        return value, ""
    unit = "" if value.dim.is_dimensionless else str(brian2.units.fundamentalunits.get_unit(value.dim))
    return np.array(value, dtype=float), unit


def _first(value: Any) -> Any:
    """Return the first item of nested lists, as deep as an array may be (and no deeper: a list may hold itself)."""
    for _ in range(_DEEPEST):
        if not isinstance(value, list | tuple) or not value:
            break
        value = value[0]
    return value


def same_units(first: str, second: str, what: str) -> None:
    """Raise ValueError where both units say something, and not the same; ``what`` names the two things.

    >>> same_units("mV", "1", "run and truth")
    """
    if first != second and first not in PLAIN and second not in PLAIN:
        raise ValueError(f"{what} have different units, {first} and {second}; convert one of them first")
