"""Newton's method for fixed points: where flows stand still, from many starts at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

Field = Callable[[np.ndarray], np.ndarray]

_MINIMUM = 1e-3  # |J' F| / |F|, in units of the typical |J|, below which |F| can fall no further
_FIRST, _LEAST, _MOST = 1e-2, 1e-14, 1e8  # damping
_ROOM = 2**24  # numbers in the Jacobians held at once


class Ends(NamedTuple):
    """Where each start ended, the speed |F| left there, and whether that is a local minimum of |F|."""

    location: Float[np.ndarray, "start state"]
    speed: Float[np.ndarray, " start"]
    minimal: Bool[np.ndarray, " start"]


def zeros(
    flow: Field, jacobian: Field, starts: Float[np.ndarray, "start state"], *, tolerance: float, steps: int = 200
) -> Ends:
    """Return where damped Newton's method ends, from each start on its own.

        x <- x - (J'J + l m)^-1 J' f(x),   m = mean diag(J'J),   l a fifth after a fall of |f|, four times after a rise

    It ends at zeros of f, stable or not, or at local minima of |f|; a start is done at |f| < tolerance / 1000.

    Arguments: ``flow`` and ``jacobian``, functions of states (row, d) that return (row, d) and (row, d, d).
    Source: Marquardt (1963), doi:10.1137/0111030.

    >>> ends = zeros(lambda x: x - x**3, lambda x: (1 - 3 * x**2)[:, :, None], np.array([[0.9]]), tolerance=1e-9)
    >>> float(ends.location[0, 0].round(9))
    1.0
    """
    room = max(1, _ROOM // starts.shape[1] ** 2)
    parts = [_ended(flow, jacobian, starts[s : s + room], tolerance, steps) for s in range(0, len(starts), room)]
    return Ends(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _ended(flow: Field, jacobian: Field, starts: np.ndarray, tolerance: float, steps: int) -> Ends:
    x, f, j = starts.copy(), np.array(flow(starts)), np.array(jacobian(starts), dtype=np.float64)
    damping, typical = np.full(len(x), _FIRST), np.median(np.sqrt((j**2).sum(axis=(1, 2))))
    for _ in range(steps):
        live = np.flatnonzero((_norm(f) > 1e-3 * tolerance) & (damping < _MOST))
        if not len(live):
            break
        with np.errstate(over="ignore", invalid="ignore"):
            there = x[live] - _step(f[live], j[live], damping[live])
            tried = np.asarray(flow(there))
            better = _norm(tried) < _norm(f[live])
        moved = live[better]
        x[moved], f[moved] = there[better], tried[better]
        j[moved] = jacobian(x[moved]) if len(moved) else j[moved]
        damping[live] = np.where(better, np.maximum(damping[live] / 5, _LEAST), damping[live] * 4)
    slope = _norm(np.einsum("rij,ri->rj", j, f))
    return Ends(x, _norm(f), slope <= _MINIMUM * typical * _norm(f))


def _step(
    f: Float[np.ndarray, "row state"], j: Float[np.ndarray, "row state state"], damping: Float[np.ndarray, " row"]
) -> Float[np.ndarray, "row state"]:
    square = j.swapaxes(1, 2) @ j
    diagonal = np.arange(j.shape[1])
    square[:, diagonal, diagonal] += (damping * np.trace(square, axis1=1, axis2=2) / j.shape[1] + 1e-300)[:, None]
    return np.linalg.solve(square, np.einsum("rij,ri->rj", j, f)[..., None])[..., 0]


def _norm(f: Float[np.ndarray, "row state"]) -> Float[np.ndarray, " row"]:
    return np.sqrt((f**2).sum(axis=1))


def differenced(flow: Field, step: float = 1e-6) -> Field:
    """Return the Jacobian of a flow by forward differences, as a function of states (row, d)."""

    def jacobian(x: Float[np.ndarray, "row state"]) -> Float[np.ndarray, "row state state"]:
        here = flow(x)
        return np.stack([(flow(x + step * e) - here) / step for e in np.eye(x.shape[1])], axis=-1)

    return jacobian


def distinct(points: Float[np.ndarray, "point state"], apart: float) -> Float[np.ndarray, "other state"]:
    """Return the points without those that lie nearer than ``apart`` to an earlier one.

    >>> distinct(np.array([[0.0], [0.01], [1.0]]), 0.05).ravel().tolist()
    [0.0, 1.0]
    """
    found: list[np.ndarray] = []
    for point in points:
        if all(np.linalg.norm(point - other) > apart for other in found):
            found.append(point)
    return np.array(found).reshape(-1, points.shape[1])
