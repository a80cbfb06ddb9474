"""Why an integration ends before its time, in sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

_REASONS = {
    "stiff": (
        "the field is stiff, and its fast part is not damped or not smooth",
        "ask for a shorter run, or replace the fast part by its rest state",
    ),
    "whole": (
        "all its values are whole numbers, so it jumps from one to the next",
        "compute in floats: no rounding, no integer division, no whole-number array",
    ),
    "jumps": (
        "the field is discontinuous there, again and again",
        "smooth its jumps, such as sign(x) to tanh(50 x)",
    ),
    "fast": (
        "the field is too fast for so long a run",
        "ask for a shorter run (Task: transient, duration and dt), or slow the field down by another unit of time",
    ),
}
_RANDOM = (
    "the field has another value each time it is called, so it draws random numbers or keeps a state; return the mean, "
    "and give noise to the run, tonicnet.simulate(noise=)"
)
_LARGE = 2.0**50  # all floating-point numbers are whole from here on
_REMEDY = "check the vector field and start closer to its attractor"


class Spent(ValueError):
    """The error of an integration that needs too many steps: another start will hardly need fewer."""


class Failure(NamedTuple):
    """Where an integration was given up: the time reached and asked for, what it took so far, the reason."""

    time: float
    end: float
    taken: str
    reason: str


def diverges(limit: float, time: float) -> ValueError:
    """Return the error of a solution that runs away."""
    return ValueError(f"the trajectory diverges: a state exceeds {limit:.3g} at time {time:.6g}; {_REMEDY}")


def not_finite(state: np.ndarray, time: float) -> ValueError:
    """Return the error of a field that is NaN or infinite at or right after a state."""
    return ValueError(
        f"the vector field is not finite at {np.array2string(state, precision=4)} (time {time:.6g}); "
        "check the vector field there, or start closer to its attractor"
    )


def ends_early(time: float, end: float) -> ValueError:
    """Return the error of a solution that ends in finite time: its steps vanish."""
    return ValueError(f"the integration failed at time {time:.6g} of {end:.6g} (the required step vanishes); {_REMEDY}")


def reason_of(flow: Callable[[np.ndarray], np.ndarray], x: Float[np.ndarray, " component"], otherwise: str) -> str:
    """Return why so many steps are needed, as far as the field near a state tells; ``otherwise`` if it does not."""
    near = x + 1e-3 * np.linspace(-1, 1, 9)[:, None] * (np.abs(x) + 1e-3)
    one = flow(near)
    return "whole" if np.array_equal(one, np.round(one)) and np.abs(one).max() < _LARGE else otherwise


def draws(flow: Callable[[np.ndarray], np.ndarray], x: Float[np.ndarray, "*any component"]) -> bool:
    """Return whether a field has two values at the same states: no integration of it would end, or mean anything."""
    return not np.array_equal(flow(x), flow(x), equal_nan=True)


def drawn(time: float, end: float) -> Spent:
    """Return the error of a field that has another value each time it is called."""
    return Spent(f"the integration was given up at time {time:.6g} of {end:.6g}: {_RANDOM}")


def budget_spent(failure: Failure) -> Spent:
    """Return the error of an integration that takes too many steps."""
    reason, remedy = _REASONS[failure.reason]
    return Spent(
        f"the integration reached time {failure.time:.6g} of {failure.end:.6g} in {failure.taken} and would go "
        f"beyond its budget: {reason}; {remedy}"
    )
