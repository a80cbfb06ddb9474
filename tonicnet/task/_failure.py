"""Why an integration ends before its time, in sentences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_REASONS = {
    "stiff": "the field is stiff, and its fast part is not damped either",
    "jumps": "the field is discontinuous there",
    "fast": "the field is too fast for so long a run, or discontinuous there",
}
_REMEDY = "check the vector field and start closer to its attractor"


class Failure(NamedTuple):
    """Where the budget of an integration ended: the time reached and asked for, the steps taken, the reason."""

    time: float
    end: float
    steps: int
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


def budget_spent(failure: Failure) -> ValueError:
    """Return the error of an integration that takes too many steps."""
    return ValueError(
        f"the integration reached time {failure.time:.6g} of {failure.end:.6g} in {failure.steps} steps, its budget: "
        f"{_REASONS[failure.reason]}; ask for a shorter run, slow the field down by a change of its time unit, "
        "or smooth its jumps"
    )
