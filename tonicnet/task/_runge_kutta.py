"""One step of the Runge-Kutta pair of order 8(5,3), each trial with a step of its own, and its dense output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np
from jaxtyping import Float

Field = Callable[[np.ndarray], np.ndarray]

STAGES, INTERPOLANTS = 13, 3  # slopes of a step, the one at its end included, and those that dense output adds
ORDER = 8


@final
@dataclass(frozen=True)
class Tableau:
    """The numbers of the pair: stages ``a`` and weights ``b``, errors ``e3`` and ``e5``, dense output ``d``.

    Source: Hairer, Nørsett and Wanner 1993, doi:10.1007/978-3-540-78862-1 (DOP853), as scipy carries them.
    """

    a: tuple[Float[np.ndarray, " stage"], ...]
    e3: Float[np.ndarray, " stage"]
    e5: Float[np.ndarray, " stage"]
    d: Float[np.ndarray, "4 stage"]
    within: float  # share of the step at which the last of the slopes for dense output is taken


@cache
def tableau() -> Tableau:
    """Return the numbers of DOP853; row i of ``a`` holds the weights of the slopes before it."""
    from scipy.integrate import DOP853

    rows = [DOP853.A[i, :i] for i in range(1, 12)] + [DOP853.B]
    extra = [DOP853.A_EXTRA[i, : STAGES + i] for i in range(INTERPOLANTS)]
    return Tableau(tuple(map(np.ascontiguousarray, rows + extra)), DOP853.E3, DOP853.E5, DOP853.D, DOP853.C_EXTRA[-1])


@cache
def packed() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the numbers of the pair as compiled code reads them: stages as the rows of one array."""
    numbers = tableau()
    a = np.array([np.pad(row, (0, STAGES + INTERPOLANTS - len(row))) for row in numbers.a])
    e3, e5, d = (np.ascontiguousarray(part) for part in (numbers.e3, numbers.e5, numbers.d))
    return a, e3, e5, d, float(numbers.within)


@final
class Attempt:
    """A step of every trial: from states ``x`` with slopes ``f`` over steps ``h``, and what came of it.

    Attributes: ``end`` (trial, component), the states reached; ``slope``, dx/dt there; ``stiffness`` (trial),
    an estimate of the step times the fastest rate of the field.
    """

    def __init__(
        self,
        flow: Field,
        x: Float[np.ndarray, "trial component"],
        f: Float[np.ndarray, "trial component"],
        h: Float[np.ndarray, " trial"],
    ) -> None:
        self._flow, self.x, self.h = flow, x, h[:, None]
        self._k = np.empty((STAGES + INTERPOLANTS, *x.shape))
        self._flat = self._k.reshape(len(self._k), -1)
        self._k[0] = f
        for stage in range(1, STAGES - 1):
            self._before = self._slope(stage)
        self.end = self._slope(STAGES - 1)

    @property
    def slope(self) -> Float[np.ndarray, "trial component"]:
        """Return dx/dt at the end of the step."""
        return self._k[STAGES - 1]

    def _slope(self, stage: int) -> Float[np.ndarray, "trial component"]:
        """Compute the slope of a stage and return the states at which it was taken."""
        weighted = (tableau().a[stage - 1] @ self._flat[:stage]).reshape(self.x.shape)
        at = self.x + self.h * weighted
        self._k[stage] = self._flow(at)
        return at

    def error(self, tolerance: float, floor: float) -> Float[np.ndarray, " trial"]:
        """Return the estimated error of each trial, 1 where it is just within ``tolerance`` x + ``floor``."""
        scale = self._scale(tolerance, floor)
        third, fifth = (
            ((((e @ self._flat[:STAGES]).reshape(scale.shape)) / scale) ** 2).sum(axis=1)
            for e in (tableau().e3, tableau().e5)
        )
        both = np.maximum(fifth + 0.01 * third, np.finfo(float).tiny)
        return self.h[:, 0] * fifth / np.sqrt(both * scale.shape[1])

    def _scale(self, tolerance: float, floor: float) -> Float[np.ndarray, "trial component"]:
        return floor + tolerance * np.maximum(np.abs(self.x), np.abs(self.end))

    def stiffness(self) -> Float[np.ndarray, " trial"]:
        """Return h |df| / |dx| between the last two slopes: above 6.1 the step is limited by stability."""
        faster = np.linalg.norm(self._k[STAGES - 1] - self._k[STAGES - 2], axis=1)
        apart = np.linalg.norm(self.end - self._before, axis=1)
        return self.h[:, 0] * faster / np.maximum(apart, np.finfo(float).tiny)

    def dense(self) -> Float[np.ndarray, "8 trial component"]:
        """Return the coefficients of the interpolant of order 7: the states at the start, then its seven terms."""
        for stage in range(STAGES, STAGES + INTERPOLANTS):
            self._within = self._slope(stage)
        moved, first, last = self.end - self.x, self.h * self._k[0], self.h * self.slope
        bent = self.h * (tableau().d @ self._flat).reshape(4, *self.x.shape)
        return np.stack([self.x, moved, first - moved, 2 * moved - first - last, *bent])

    def strayed(
        self, terms: Float[np.ndarray, "8 trial component"], tolerance: float, floor: float
    ) -> Float[np.ndarray, " trial"]:
        """Return how far each interpolant of :meth:`dense` lies from the state at which its last slope was taken.

        The unit is that of :meth:`error`. Smooth steps give a few units. Where the step times the fastest rate of
        the field is above 4, the polynomial magnifies disturbances that the step itself damps, and this grows.
        """
        apart = interpolated(terms, np.full(len(self.x), tableau().within)) - self._within
        return np.abs(apart / self._scale(tolerance, floor)).max(axis=1)


def interpolated(
    terms: Float[np.ndarray, "8 point component"], share: Float[np.ndarray, " point"]
) -> Float[np.ndarray, "point component"]:
    """Return the states at shares of their steps, from the coefficients of :meth:`Attempt.dense`."""
    u, v = share[:, None], 1 - share[:, None]
    value = terms[7] * u
    for term in range(6, 0, -1):
        value = (value + terms[term]) * (u if term % 2 else v)
    return terms[0] + value
