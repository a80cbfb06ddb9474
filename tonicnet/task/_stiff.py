"""Stiff trials: where explicit steps are limited by stability, scipy's implicit method goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ._failure import Failure, budget_spent, ends_early


class _Spent(Exception):
    """The budget of evaluations is used up."""


def implicit(
    flow: Callable[[np.ndarray], np.ndarray],
    x: Float[np.ndarray, " component"],
    times: Float[np.ndarray, " time"],
    *,
    tolerance: float,
    floor: float,
    budget: int,
) -> Float[np.ndarray, "time component"] | ValueError:
    """Return the states of one trial from ``x`` at ``times`` > 0 by an implicit method, or why there are none.

    ``budget``: steps, each of at most 12 evaluations. Source: Petzold 1983, doi:10.1137/0904010 (LSODA).
    """
    from scipy.integrate import solve_ivp

    left, now = [12 * budget], [0.0]

    def counted(t: float, state: np.ndarray) -> np.ndarray:
        left[0] -= 1
        now[0] = t
        if left[0] < 0:
            raise _Spent
        return flow(state)

    end = float(times[-1])
    try:
        found = solve_ivp(counted, (0.0, end), x, method="LSODA", t_eval=times, rtol=tolerance, atol=floor)
    except _Spent:
        return budget_spent(Failure(now[0], end, budget, "stiff"))
    return np.asarray(found.y.T) if found.success else ends_early(now[0], end)
