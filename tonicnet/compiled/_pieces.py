"""A smooth curve in few polynomials, so that a processor keeps all of it in registers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

COUNT, DEGREE = 32, 5  # pieces, and their degree: two registers of 16 numbers for each coefficient
_WIDE = (8, 12, 16)  # pieces, of all, that are wide
_BORDERS = (0.1, 0.13, 0.16, 0.2, 0.24, 0.28, 0.33, 0.4, 0.5, 0.62, 0.75)  # of the grid: from there on they are
_CLOSE = 5e-7  # of the largest value: a few roundings in single precision
_LOOKED = 3  # one point of the grid in so many is looked at
_NODES = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))


def pieces_of(
    low: float, per_unit: float, value: Float[np.ndarray, " point"], rise: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " number"] | None:
    """Return polynomials that are as close to a table as single precision tells; None where there are none.

    Piece p holds value(x) = sum_j c_jp u^j, with u = place - p - 1/2 and place = min(a x + b, A x + B): the curve bends
    near its beginning, so that the first pieces are narrow and the others wide. Value and ``rise`` are those of the
    points of the table's grid. The numbers are c (by degree, then piece), then a, b, A, B,
    and the least value, below which nothing is returned: small rates are not negative.
    """
    end, size = low + (len(value) - 1) / per_unit, float(np.abs(value).max())
    x = low + np.arange(0, len(value), _LOOKED) / per_unit
    best, found = _CLOSE * size, None
    for wide in _WIDE:
        for share in _BORDERS:
            border = low + share * (end - low)
            lines = _lines(low, border, end, wide)
            made = _fitted(lines, low, per_unit, value, rise)
            far = float(np.abs(_at(made, lines, x) - value[::_LOOKED]).max())
            if far <= best:
                best, found = far, np.concatenate([made.ravel(), *lines, [value.min()]])
    return None if found is None else found.astype(np.float32)


def _lines(low: float, border: float, end: float, wide: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (a, b) and (A, B): the ``wide`` last pieces are beyond the border."""
    narrow = COUNT - wide
    a, far = narrow / (border - low), wide / (end - border)
    return (a, -a * low), (far, narrow - far * border)


def _fitted(
    lines: tuple[tuple[float, float], tuple[float, float]], low: float, per_unit: float, value: np.ndarray,
    rise: np.ndarray,
) -> Float[np.ndarray, "degree piece"]:  # fmt: skip
    """Return the polynomials through the table at Chebyshev's nodes of each piece."""
    u = _NODES[:, None] / 2
    place = u + np.arange(COUNT) + 0.5
    x = np.maximum(*((place - b) / a for a, b in lines))
    point = np.clip((x - low) * per_unit, 0, len(value) - 1)
    nearest = np.rint(point).astype(int)
    return np.linalg.solve(np.vander(u[:, 0], increasing=True), value[nearest] + (point - nearest) * rise[nearest])


def _at(made: np.ndarray, lines: tuple[tuple[float, float], tuple[float, float]], x: np.ndarray) -> np.ndarray:
    place = np.clip(np.minimum(*(a * x + b for a, b in lines)), 0, np.nextafter(COUNT, 0))
    piece = place.astype(int)
    u, total = place - piece - 0.5, np.zeros_like(x)
    for row in made[::-1]:
        total = total * u + row[piece]
    return total
