"""Stiff trials: where explicit steps are limited by stability, scipy's implicit method goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ._failure import Failure, budget_spent, drawn, draws, ends_early, reason_of

_ASK = 256  # evaluations between two questions whether the field is random
_EVALUATIONS, _A_SAMPLE = 60_000, 10  # of a field, for all stiff trials of an integration together


class _Spent(Exception):
    """The budget of evaluations is used up."""


class _Random(Exception):
    """The field has two values at one state."""


class Evaluations:
    """How often a field may still be evaluated by the implicit method: one state at a time, so it costs most."""

    def __init__(self, samples: int) -> None:
        self._most, self.taken = _EVALUATIONS + _A_SAMPLE * samples, 0

    def take(self) -> None:
        """Count one evaluation."""
        self.taken += 1
        if self.taken > self._most:
            raise _Spent


def implicit(
    flow: Callable[[np.ndarray], np.ndarray],
    x: Float[np.ndarray, " component"],
    times: Float[np.ndarray, " time"],
    *,
    begin: float,
    tolerance: float,
    floor: float,
    left: Evaluations,
) -> Float[np.ndarray, "time component"] | ValueError:
    """Return the states at ``times`` of one trial that is at ``x`` at ``begin``, or why there are none.

    ``left``: the evaluations of the field that may still be taken.
    Source: Hairer and Wanner 1996, doi:10.1007/978-3-642-05221-7 (Radau IIA of order 5).
    """
    from scipy.integrate import solve_ivp

    now = begin

    def counted(t: float, state: np.ndarray) -> np.ndarray:
        nonlocal now
        now = t
        left.take()
        if left.taken % _ASK == 1 and draws(flow, state):
            raise _Random
        return flow(state)

    end = float(times[-1])
    try:
        found = solve_ivp(counted, (begin, end), x, method="Radau", t_eval=times, rtol=tolerance, atol=floor)
    except _Random:
        return drawn(now, end)
    except _Spent:
        return budget_spent(Failure(now, end, f"{left.taken} evaluations", reason_of(flow, x, "stiff")))
    return np.asarray(found.y.T) if found.success else ends_early(now, end)
