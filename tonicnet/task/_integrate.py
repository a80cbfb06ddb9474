"""Reference solutions: DOP853 at tight tolerance, all trials in one stacked equation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

TIGHT = 1e-9  # for reference trajectories
LOOSE = 1e-7  # for states that only have to lie on the attractor
_LOST = 1e9  # how far beyond the start a state counts as diverged


def integrate(
    flow: Callable[[np.ndarray], np.ndarray],
    start: Float[np.ndarray, "trial component"],
    times: Float[np.ndarray, " time"],
    *,
    tolerance: float = TIGHT,
) -> Float[np.ndarray, "trial time component"]:
    """Solve dx/dt = flow(x) from each start at time 0 and return the states at ``times``.

    Raises ValueError, naming the time, if the solution diverges or the step size vanishes.
    Source: Hairer, Nørsett and Wanner 1993, doi:10.1007/978-3-540-78862-1 (DOP853).
    """
    from scipy.integrate import solve_ivp

    size = float(np.abs(start).max()) or 1.0
    shape = start.shape if len(start) > 1 else start.shape[1:]
    now = [0.0]

    def stacked(t: float, x: np.ndarray) -> np.ndarray:
        now[0] = t
        slope = flow(x.reshape(shape)).ravel()
        if not np.isfinite(slope).all():  # the solver would halve its step for ever
            _refuse(x.reshape(start.shape), slope.reshape(start.shape), t, limit=_LOST * size)
        return slope

    with np.errstate(all="ignore"):
        solution = solve_ivp(
            stacked,
            (0.0, max(float(times[-1]), np.finfo(float).tiny)),
            start.ravel(),
            method="DOP853",
            t_eval=times,
            rtol=tolerance,
            atol=tolerance * size,
        )
    if not solution.success:
        raise ValueError(
            f"the integration failed at time {now[0]:.6g} of {times[-1]:.6g} ({solution.message}); "
            "check the vector field and start closer to its attractor"
        )
    reached = solution.y.T.reshape(-1, *start.shape)
    _check(reached, times, limit=_LOST * size)
    return np.ascontiguousarray(reached.transpose(1, 0, 2))


def _refuse(states: np.ndarray, slopes: np.ndarray, time: float, *, limit: float) -> None:
    state = states[np.argmin(np.isfinite(slopes).all(axis=1))]
    if not (np.abs(state) < limit).all():
        raise ValueError(
            f"the trajectory diverges: a state exceeds {limit:.3g} at time {time:.6g}; "
            "check the vector field and start closer to its attractor"
        )
    raise ValueError(
        f"the vector field is not finite at {np.array2string(state, precision=4)} (time {time:.6g}); "
        "check the vector field there, or start closer to its attractor"
    )


def _check(
    states: Float[np.ndarray, "time trial component"],
    times: Float[np.ndarray, " time"],
    *,
    limit: float,
) -> None:
    lost = ~(np.abs(states) < limit).all(axis=(1, 2))
    if lost.any():
        raise ValueError(
            f"the trajectory diverges: a state exceeds {limit:.3g} at time {times[lost.argmax()]:.6g}; "
            "check the vector field and start closer to its attractor"
        )
