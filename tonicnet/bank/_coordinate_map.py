"""Invertible maps of a task's components, for states that reach far out or spread over decades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from .._names import choose

States = Float[np.ndarray, "*any component"]
_FARTHEST = 80.0  # |y| beyond which states are no longer told apart: exp and sinh stay finite, and so do their squares
_NEAR = 1e-4  # length below which asinh(r) / r is 1 - r^2 / 6 to all digits


class _Kind(NamedTuple):
    """A map y(u) of one number, its inverse and its slope."""

    forward: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


_PLAIN = _Kind(lambda u: u, lambda y: y, np.ones_like)
_KINDS = {
    "identity": _PLAIN,
    "asinh": _Kind(np.arcsinh, lambda y: np.sinh(_held(y)), lambda u: 1 / np.hypot(1, u)),
    "log": _Kind(np.log, lambda y: np.exp(_held(y)), lambda u: 1 / u),
    "radial": _PLAIN,  # of several components together: see _Radial
}
KINDS = tuple(_KINDS)


@dataclass(frozen=True)
class CoordinateMap:
    """The map y = g(x) of a task's components, each of its own kind, with u = (x - origin) / width:

        identity  y = u,      asinh  y = asinh(u),      log  y = log(u),
        radial    y = u asinh(|u|) / |u|,  |u| the length of all radial components together.

    Velocities go along by the chain rule, dy/dt = g'(x) dx/dt. Raises ValueError for unknown kinds, widths that are not
    positive, and states that a logarithm cannot take.

    >>> one = CoordinateMap(("asinh", "identity"), np.zeros(2), np.array([0.5, 1.0]))
    >>> one.forward(np.array([40.0, 2.0])).round(3).tolist()
    [5.075, 2.0]
    """

    kinds: tuple[str, ...]
    origin: Float[np.ndarray, " component"]
    width: Float[np.ndarray, " component"]

    def __post_init__(self) -> None:
        for kind in self.kinds:
            choose("coordinate map", kind, KINDS)
        if not (np.isfinite(self.origin).all() and np.isfinite(self.width).all() and (self.width > 0).all()):
            raise ValueError("a coordinate map has a finite origin and a positive width for each component")

    def forward(self, x: States) -> States:
        """Return y = g(x)."""
        u = (x - self.origin) / self.width
        self._check_positive(u)
        y = self._each(lambda kind: kind.forward, u)
        y[..., self._joint] = _Radial(u[..., self._joint]).forward()
        return y

    def back(self, y: States) -> States:
        """Return x with g(x) = y; beyond |y| = 80, asinh and log stay where they are there."""
        u = self._each(lambda kind: kind.back, y)
        u[..., self._joint] = _from_radial(y[..., self._joint])
        return self.origin + self.width * u

    def push(self, x: States, v: States) -> States:
        """Return dy/dt = g'(x) v for dx/dt = v at x."""
        u, moved = (x - self.origin) / self.width, v / self.width
        found = moved * self._each(lambda kind: kind.slope, u)
        found[..., self._joint] = _Radial(u[..., self._joint]).push(moved[..., self._joint])
        return found

    def pull(self, x: States, v: States) -> States:
        """Return dx/dt for dy/dt = v at x: the inverse of :meth:`push`."""
        u = (x - self.origin) / self.width
        found = v / self._each(lambda kind: kind.slope, u)
        found[..., self._joint] = _Radial(u[..., self._joint]).pull(v[..., self._joint])
        return self.width * found

    @property
    def _joint(self) -> Bool[np.ndarray, " component"]:
        return np.array([kind == "radial" for kind in self.kinds])

    def _each(self, part: Callable[[_Kind], Callable[[np.ndarray], np.ndarray]], values: States) -> States:
        """Return one function of each component's kind, of that component."""
        return np.stack([part(_KINDS[kind])(values[..., k]) for k, kind in enumerate(self.kinds)], axis=-1)

    def _check_positive(self, u: States) -> None:
        for k in (k for k, kind in enumerate(self.kinds) if kind == "log"):
            if not (u[..., k] > 0).all():
                least = self.origin[k] + self.width[k] * float(np.min(u[..., k]))
                raise ValueError(
                    f"component {k} of the task is mapped by its logarithm and must be greater than "
                    f"{self.origin[k]:g}, got {least:g}; give states on the side of its attractor"
                )


class _Radial:
    """y = u a / r with r = |u| and a = asinh r, at some u: lengths are compressed, directions stay."""

    def __init__(self, u: States) -> None:
        self._u = u
        self._length = np.linalg.norm(u, axis=-1, keepdims=True)
        self._shrink = _ratio(np.arcsinh, self._length, -1 / 6)
        self._along = u / np.where(self._length > 0, self._length, 1)

    def forward(self) -> States:
        return self._u * self._shrink

    def push(self, v: States) -> States:
        """Return a/r v + (1 / sqrt(1 + r^2) - a/r) (e.v) e, e the direction of u."""
        return self._shrink * v + (1 / np.hypot(1, self._length) - self._shrink) * self._part(v)

    def pull(self, v: States) -> States:
        return v / self._shrink + (np.hypot(1, self._length) - 1 / self._shrink) * self._part(v)

    def _part(self, v: States) -> States:
        return (self._along * v).sum(-1, keepdims=True) * self._along


def _from_radial(y: States) -> States:
    length = np.linalg.norm(y, axis=-1, keepdims=True)
    return (
        y * np.where(length > _FARTHEST, _FARTHEST / np.maximum(length, 1), 1) * _ratio(np.sinh, _held(length), 1 / 6)
    )


def _ratio(function: Callable[[np.ndarray], np.ndarray], r: np.ndarray, third: float) -> np.ndarray:
    """Return function(r) / r, with its series 1 + third r^2 near zero."""
    return np.where(r < _NEAR, 1 + third * r**2, function(r) / np.where(r < _NEAR, 1, r))


def _held(y: np.ndarray) -> np.ndarray:
    return np.clip(y, -_FARTHEST, _FARTHEST)
