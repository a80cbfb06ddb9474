"""What a task's unit and pace are: centre, spread, and the time to move by one spread."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .._moving import LEAST, moving, sizes


def moments(
    x: Float[np.ndarray, "count component"], least: float = LEAST
) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
    """Return mean and standard deviation (component) of states; one that never moves takes the largest."""
    return x.mean(axis=0), not_still(x.std(axis=0), sizes(x), least)


def not_still(
    spread: Float[np.ndarray, " component"], size: Float[np.ndarray, " component"], least: float = LEAST
) -> Float[np.ndarray, " component"]:
    """Return ``spread`` with the largest (or 1) in place of those that are next to nothing beside ``size``."""
    return np.where(moving(spread, size, least), spread, float(spread.max()) or 1.0)


def time_to_move(slope: Float[np.ndarray, "count component"]) -> float:
    """Return 1 / rms of scaled slopes: the time to move by one standard deviation; infinite at rest."""
    rms = float(np.sqrt(np.mean(slope**2)))
    return 1 / rms if rms > 0 else float("inf")
