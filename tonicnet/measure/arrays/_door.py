"""The door of functions of plain arrays: numbers along the axes that are needed come in, all else is refused."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, final

import numpy as np

from ..._names import shown
from ..._numbers import real
from ...labelled import as_numbers

P = ParamSpec("P")
R = TypeVar("R")
Check = Callable[[str, Any], Any]


@final
@dataclass(frozen=True)
class Axes:
    """An array with these axes; those of one name have one length in all arrays of a call."""

    names: tuple[str, ...]

    def __call__(self, name: str, value: Any) -> np.ndarray:
        """Return the numbers of a value, its axes in this order where it names them."""
        if isinstance(value, Mapping):
            raise TypeError(f"{name} is a plain array, got {shown(value)}; give one variable of it")
        array = as_numbers(self._in_order(value), name)
        if array.ndim != len(self.names) or not array.size:
            raise ValueError(f"{name} is an array ({', '.join(self.names)}), not empty; got shape {array.shape}")
        return array

    def _in_order(self, value: Any) -> Any:
        own, order = getattr(value, "dims", None), [name.rstrip("23") for name in self.names]
        return value.transpose(*order) if isinstance(own, tuple) and set(own) == set(order) else value


def axes(names: str) -> Axes:
    """Return the check of an array with axes of these names.

    >>> axes("time component")("truth", [[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return Axes(tuple(names.split()))


def number(name: str, value: Any) -> float:
    """Return a finite number; raise ValueError for anything else."""
    if not math.isfinite(real(value)):
        raise ValueError(f"{name} must be a finite number, got {shown(value)}")
    return real(value)


def not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least 0; raise ValueError for anything else."""
    if not 0 <= real(value) < math.inf:
        raise ValueError(f"{name} must be zero or a positive number, got {shown(value)}")
    return real(value)


def flag(name: str, value: Any) -> bool:
    """Return true or false; raise TypeError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is True or False, got {shown(value)}")
    return bool(value)


def states(name: str, value: Any) -> np.ndarray:
    """Return finite states (trial, state); one state (state,) is one trial."""
    array = np.atleast_2d(as_numbers(value, name))
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite states (trial, state), at least one; got shape {array.shape}")
    return array


def function(name: str, value: Any) -> Any:
    """Return what can be called; raise TypeError for anything else."""
    if not callable(value):
        raise TypeError(f"{name} is a function of arrays, got {shown(value)}")
    return value


def field(name: str, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of states (row, d) that is known to return (row, d)."""
    return _shaped(name, function(name, value), lambda x: x.shape)


def slope(name: str, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of states (row, d) that is known to return (row, d, d)."""
    return _shaped(name, function(name, value), lambda x: (*x.shape, x.shape[-1]))


def _shaped(
    name: str, given: Callable[..., Any], shape: Callable[[np.ndarray], tuple[int, ...]]
) -> Callable[[np.ndarray], np.ndarray]:
    def checked(x: np.ndarray) -> np.ndarray:
        made = as_numbers(given(x), f"{name} of states {x.shape}")
        if made.shape != shape(x):
            raise ValueError(f"{name} of states {x.shape} must have shape {shape(x)}, got {made.shape}")
        return made

    return checked


def door(**checks: Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that checks these arguments of a function; one that is None by default may stay so.

    Raises TypeError or ValueError, in a sentence that names the argument.
    """

    def around(inner: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(inner)

        @functools.wraps(inner)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs)
            for name, value in given.arguments.items():
                if name in checks and not (value is None and signature.parameters[name].default is None):
                    given.arguments[name] = checks[name](name, value)
            _check_lengths(given.arguments, checks)
            return inner(*given.args, **given.kwargs)

        return checked

    return around


def _check_lengths(arguments: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """Raise ValueError where two arrays differ in the length of an axis of one name."""
    first: dict[str, tuple[str, int]] = {}
    for name, check in checks.items():
        if isinstance(check, Axes) and arguments.get(name) is not None:
            for axis, length in zip(check.names, arguments[name].shape, strict=True):
                other, before = first.setdefault(axis, (name, length))
                if before != length:
                    raise ValueError(f"{name} has {length} along {axis} and {other} has {before}; give both the same")
