"""Away and not back: which departures from an attractor count, on plain arrays. One noisy sample does not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ._door import axes, door
from ._spread import spread_of

LASTS = 0.5  # share of a stretch that must lie outside
CUT_SHORT = 0.25  # of a stretch, where a departure is cut short by the end of the run


@door(truth=axes("trial time component"))
def turn_of(truth: Float[np.ndarray, "trial time component"]) -> float:
    """Return how many samples one turn of the truth takes: 2 pi times its time scale.

        turn = 2 pi / rms(dx / sd)

    dx is the step from sample to sample. The time scale is that in which a component that moves moves by one standard
    deviation; for a circle the turn is its period. Infinite for a truth at rest.

    >>> import numpy as np
    >>> from tonicnet.measure import turn_of
    >>> t = np.arange(0, 100, 0.1)
    >>> round(turn_of(np.stack([np.sin(t), np.cos(t)], axis=1)[None])), round(2 * np.pi / 0.1)
    (63, 63)
    """
    spread = spread_of(truth)
    moves = np.ptp(truth, axis=(0, 1)) > 1e-3 * spread
    if truth.shape[1] < 2 or not moves.any():
        return np.inf
    pace = float(np.sqrt(np.mean((np.diff(truth, axis=1) / spread)[..., moves] ** 2)))
    return 2 * np.pi / pace if pace > 0 else np.inf


def departure_end_of(outside: Bool[np.ndarray, " time"], stretch: int) -> int:
    """Return the sample after the last departure that lasts: 0 if none does, the length if it is not back by the end.

    A departure lasts when more than half of some ``stretch`` of samples is outside, or the whole last quarter of
    one at the end of the run. What is shorter is noise.

    >>> departure_end_of(np.array([True, True, False, False, True, False, False, False]), 3)
    2
    >>> departure_end_of(np.array([False, False, True]), 3)
    3
    """
    size = max(1, min(stretch, len(outside)))
    if outside[-max(1, round(CUT_SHORT * size)) :].all():
        return len(outside)
    count = np.concatenate([[0], np.cumsum(outside)])
    crowded = np.flatnonzero(count[size:] - count[:-size] > LASTS * size)
    if not len(crowded):
        return 0
    return int(crowded[-1] + np.flatnonzero(outside[crowded[-1] : crowded[-1] + size])[-1] + 1)
