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
    begin: float,
    tolerance: float,
    floor: float,
    budget: int,
) -> Float[np.ndarray, "time component"] | ValueError:
    """Return the states at ``times`` of one trial that is at ``x`` at ``begin``, or why there are none.

    ``budget``: steps, each of at most 12 evaluations.
    Source: Hairer and Wanner 1996, doi:10.1007/978-3-642-05221-7 (Radau IIA of order 5).
    """
    from scipy.integrate import solve_ivp

    left, now = [12 * budget], [begin]

    def counted(t: float, state: np.ndarray) -> np.ndarray:
        left[0] -= 1
        now[0] = t
        if left[0] < 0:
            raise _Spent
        return flow(state)

    end = float(times[-1])
    try:
        found = solve_ivp(counted, (begin, end), x, method="Radau", t_eval=times, rtol=tolerance, atol=floor)
    except _Spent:
        return budget_spent(Failure(now[0], end, budget, "stiff"))
    return np.asarray(found.y.T) if found.success else ends_early(now[0], end)
