"""The array mathematics of behaviours: stretches of one target, crossings of a threshold, turns of a phase."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float


def periods_of(
    counts: Bool[np.ndarray, "trial time"], target: Float[np.ndarray, "trial time"]
) -> Iterator[tuple[int, slice]]:
    """Yield trial and samples of each stretch over which all samples count and the target stays the same.

    >>> list(periods_of(np.array([[True, True, False, True]]), np.ones((1, 4))))
    [(0, slice(0, 2, None)), (0, slice(3, 4, None))]
    """
    for trial, (on, x) in enumerate(zip(counts, target, strict=True)):
        ends = np.flatnonzero((on[1:] != on[:-1]) | (x[1:] != x[:-1])) + 1
        for first, last in zip([0, *ends], [*ends, len(on)], strict=True):
            if on[first]:
                yield trial, slice(int(first), int(last))


def crossings_of(
    x: Float[np.ndarray, "trial time"],
    time: Float[np.ndarray, " time"],
    threshold: float,
    *,
    after: Float[np.ndarray, " trial"] | None = None,
) -> tuple[Float[np.ndarray, " trial"], Float[np.ndarray, " trial"]]:
    """Return when each trial begins to rise from its first value, and when it first rises above the threshold.

    The crossing is interpolated linearly, and looked for later than ``after``; NaN where there is none.

    >>> crossings_of(np.array([[0.0, 0.0, 0.5, 1.5]]), np.arange(4.0), 1.0)
    (array([1.]), array([2.5]))
    """
    begun, crossed = np.full((2, len(x)), np.nan)
    for n, values in enumerate(x):
        risen = np.flatnonzero(values != values[0])
        begun[n] = time[max(0, risen[0] - 1)] if len(risen) else np.nan
        since = -np.inf if after is None else after[n]
        above = (values[1:] >= threshold) & (values[:-1] < threshold) & (time[1:] > since)
        if above.any():
            k = int(above.argmax())
            share = (threshold - values[k]) / (values[k + 1] - values[k])
            crossed[n] = time[k] + share * (time[k + 1] - time[k])
    return begun, crossed


def turns_of(
    x: Float[np.ndarray, "trial time component"], time: Float[np.ndarray, " time"]
) -> Float[np.ndarray, " trial"]:
    """Return the turns a time unit of the phase atan2(x_0, x_1): the slope of a line through it, by least squares.

    >>> t = np.linspace(0, 1, 50)
    >>> turns_of(np.stack([np.sin(2 * np.pi * 3 * t), np.cos(2 * np.pi * 3 * t)], axis=1)[None], t).round(6)
    array([3.])
    """
    phase = np.unwrap(np.arctan2(x[..., 0], x[..., 1]), axis=1)
    centred = time - time.mean()
    slopes: np.ndarray = (phase - phase.mean(axis=1, keepdims=True)) @ centred / (centred @ centred)
    return slopes / (2 * np.pi)
