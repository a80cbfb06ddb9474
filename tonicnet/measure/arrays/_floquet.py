"""Floquet multipliers on plain functions: what one turn of a cycle does to small displacements."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from ..._numbers import positive, whole
from ..._weight import check_end
from ...circuit import Bundle, Field, Variation
from ._door import axes, door, field, slope

_PHASES = 128  # of the orbit that is returned


class Floquet(NamedTuple):
    """Multipliers (largest modulus first), period and orbit of a cycle; how well it closes; how far from 1 is the
    multiplier along the flow, which is 1 exactly.
    """

    multiplier: Complex[np.ndarray, " mode"]
    period: float
    orbit: Float[np.ndarray, "phase state"]
    closure: float
    trivial_error: float


@door(flow=field, jacobian=slope, start=axes("state"), period=positive, dt=positive, tolerance=positive, steps=whole)
def floquet_of(
    flow: Field,
    jacobian: Field,
    start: Float[np.ndarray, " state"],
    period: float,
    *,
    dt: float,
    tolerance: float = 1e-8,
    steps: int = 12,
) -> Floquet:
    """Return the Floquet multipliers of the cycle of dx/dt = f(x) near a state and a period, stable or not.

        M = V(T),   dV/dt = f'(x(t)) V,   V(0) = 1;   multipliers: the eigenvalues of M

    The closed orbit itself is found by Newton's method on x(T) - x(0) = 0 with the condition that x moves
    across the flow (shooting), then M is taken over it. One multiplier is 1, along the flow; its distance from 1
    is the error of the others, to be read beside them.

    Arguments: ``flow`` and ``jacobian``, functions of states (row, d) that return (row, d) and (row, d, d);
    ``start`` (d,) near the cycle and ``period`` near its own; ``dt``, the longest step (Runge-Kutta, order 4);
    ``tolerance`` of closing, in units of the orbit's size. Raises ValueError where no cycle is found near.
    Source: Guckenheimer and Holmes (1983), doi:10.1007/978-1-4612-1140-2, section 1.5.

    >>> import numpy as np
    >>> from tonicnet.measure import floquet_of
    >>> def hopf(x):
    ...     return x * (1 - (x**2).sum(-1, keepdims=True)) + x[:, ::-1] * [-1, 1]
    >>> def slope(x):
    ...     square = (x**2).sum(-1)[:, None, None]
    ...     return (1 - square) * np.eye(2) - 2 * x[:, :, None] * x[:, None, :] + [[0, -1], [1, 0]]
    >>> found = floquet_of(hopf, slope, np.array([1.1, 0.0]), 6.0, dt=0.01)
    >>> round(found.period, 4), bool(np.isclose(found.multiplier[1], np.exp(-4 * np.pi), rtol=1e-3))
    (6.2832, True)
    """
    x = np.asarray(start, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError("floquet needs a finite start (d,), got one with values that are not; start on the cycle")
    return closed(Variation.of(flow, jacobian, dt), x, period, tolerance, steps)


def closed(
    motion: Variation, x: Float[np.ndarray, " state"], period: float, tolerance: float = 1e-8, steps: int = 12
) -> Floquet:
    """Return the cycle of a motion near ``x``, with a period near ``period``."""
    found, guess = period, _turn(motion, x, period)
    size = np.ptp(guess.orbit, axis=0).max()
    for _ in range(steps):
        gap = guess.end - x
        if not np.isfinite(gap).all() or not 0.5 * period < found < 2 * period:
            break
        if np.abs(gap).max() < tolerance * size and np.ptp(guess.orbit, axis=0).max() > 0.1 * size:
            return _described(guess, found, float(np.abs(gap).max()))
        move = _shooting(guess, motion, x, gap)
        x, found = x + move[:-1], found + move[-1]
        guess = _turn(motion, x, found)
    raise ValueError(
        f"no cycle was found near this state with a period near {period:g}: Newton's method did not close the orbit; "
        "run longer before it starts, or take a smaller dt"
    )


class _Turn(NamedTuple):
    """One turn: the states along it, the last of them, and the derivative of the last by the first."""

    orbit: Float[np.ndarray, "phase state"]
    end: Float[np.ndarray, " state"]
    monodromy: Float[np.ndarray, "state state"]


def _turn(motion: Variation, x: Float[np.ndarray, " state"], period: float) -> _Turn:
    check_end(period / motion.dt, "give a shorter period or a larger dt")
    count = max(8, int(np.ceil(period / motion.dt)))
    exact = replace(motion, dt=period / count)
    kept, now = [], Bundle(x[None], np.eye(len(x))[None])
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(count):
            kept.append(now.x[0])
            now = exact.step(now)
    phases = (np.arange(_PHASES) * count // _PHASES) if count > _PHASES else np.arange(count)
    return _Turn(np.array(kept)[phases], now.x[0], now.v[0].T)


def _shooting(
    turn: _Turn, motion: Variation, x: Float[np.ndarray, " state"], gap: Float[np.ndarray, " state"]
) -> Float[np.ndarray, " unknown"]:
    """Return the changes of start and period that would close the orbit if it were linear."""
    d = len(x)
    none = np.empty((1, 0, d))
    here, there = (motion.tangent(s[None], none)[0][0] for s in (x, turn.end))
    matrix = np.zeros((d + 1, d + 1))
    matrix[:d, :d], matrix[:d, d], matrix[d, :d] = turn.monodromy - np.eye(d), there, here
    return np.linalg.lstsq(matrix, np.append(-gap, 0.0), rcond=None)[0]


def _described(turn: _Turn, period: float, closure: float) -> Floquet:
    values = np.linalg.eigvals(turn.monodromy).astype(np.complex128)
    values = values[np.argsort(-np.abs(values), kind="stable")]
    return Floquet(values, float(period), turn.orbit, closure, float(np.abs(values - 1).min()))
