"""On the attractor or off it, on plain arrays: distance to the nearest point of the truth, loss, settling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..._names import shown
from ..._numbers import whole
from ._departure import departure_end_of, turn_of
from ._door import axes, door, not_negative, number
from ._spread import spread_of

ESCAPE = 1.0
COLLAPSE = 0.5
ONE_SIDED = 0.25
MINIMUM = 0.1
_POINTS = 50_000


@door(truth=axes("time component"), run=axes("time2 component"), scale=axes("component"))
def attractor_distance_of(
    truth: Float[np.ndarray, "time component"],
    run: Float[np.ndarray, "time2 component"],
    *,
    scale: Float[np.ndarray, " component"] | None = None,
) -> Float[np.ndarray, " time2"]:
    """Return, for each sample of ``run``, the distance to the nearest point of the truth, in its sd.

        d(t) = min_s sqrt( mean_k ((run_k(t) - truth_k(s)) / scale_k)^2 )

    ``scale`` is the truth's standard deviation per component if not given (1 for a truth that does not
    move: a single fixed point). Samples that are not finite get infinity.

    >>> import numpy as np
    >>> from tonicnet.measure import attractor_distance_of
    >>> attractor_distance_of(np.array([[-1.0], [1.0]]), np.array([[1.5], [-1.0]])).tolist()
    [0.5, 0.0]
    """
    from scipy.spatial import cKDTree

    scale = spread_of(truth) if scale is None else scale
    finite = np.isfinite(run).all(axis=1)
    distance = np.full(len(run), np.inf)
    points = truth[:: -(-len(truth) // _POINTS)] / scale
    distance[finite] = cKDTree(points).query(run[finite] / scale)[0] / np.sqrt(truth.shape[1])
    return distance


@door(truth=axes("trial time component"), minimum=not_negative)
def attractor_threshold_of(truth: Float[np.ndarray, "trial time component"], *, minimum: float = MINIMUM) -> float:
    """Return how near counts as "on the attractor": the 99.9 % quantile of truth-to-truth distances.

    The second half of the truth (in time, all trials) is measured against the first; at least ``minimum``, in
    sd, which is also the answer for a truth of one sample.

    >>> t = np.arange(0, 100, 0.1)
    >>> ring = np.stack([np.sin(t), np.cos(t)], axis=1)[None]
    >>> round(attractor_threshold_of(ring, minimum=0.01), 2) < 0.1
    True
    """
    half, d = truth.shape[1] // 2, truth.shape[2]
    if not half:
        return minimum
    first, second = truth[:, :half].reshape(-1, d), truth[:, half:].reshape(-1, d)
    distance = attractor_distance_of(first, second, scale=spread_of(truth))
    return max(minimum, float(np.quantile(distance, 0.999)))


@door(distance=axes("time"), threshold=number, stretch=whole)
def settling_index_of(distance: Float[np.ndarray, " time"], threshold: float, stretch: int = 1) -> float:
    """Return the sample at which ``distance`` has fallen below ``threshold`` for good; NaN if it never does.

    For good means: it never again exceeds twice the threshold for more than half of ``stretch`` samples (one: it
    never again exceeds it).

    >>> settling_index_of(np.array([3.0, 0.5, 3.0, 0.5, 1.5, 0.5]), 1.0)
    3.0
    >>> settling_index_of(np.array([3.0, 3.0, 0.5, 0.5, 3.0, 0.5, 0.5, 0.5]), 1.0, 3)
    2.0
    """
    start = departure_end_of(~(distance <= 2 * threshold), stretch)
    within = np.flatnonzero(distance[start:] <= threshold)
    return float(start + within[0]) if len(within) else np.nan


@door(truth=axes("trial time component"), run=axes("trial2 time2 component"), window=whole, truth_window=whole)
def collapsed_of(
    truth: Float[np.ndarray, "trial time component"],
    run: Float[np.ndarray, "trial2 time2 component"],
    window: int,
    truth_window: int | None = None,
) -> Bool[np.ndarray, " trial2"]:
    """Return which trials, over their last ``window`` samples, are caught in a part of the attractor.

    A trial has collapsed when there any component's standard deviation is below half of the least that the
    truth shows in windows of the same length (``truth_window`` samples, where the steps differ), or when the
    time it spends on either side of the truth's median is below a quarter of the least: caught in a fixed
    point, or in one wing.

    >>> wave = np.sin(np.arange(0, 100, 0.1))[None, :, None]
    >>> collapsed_of(wave, np.concatenate([wave, 0.1 * wave]), 200).tolist()
    [False, True]
    """
    size = truth_window or window
    if size > truth.shape[1]:
        raise ValueError(
            f"a window of {shown(size)} samples is longer than the truth, of {truth.shape[1]}; take a shorter window"
        )
    return Parts.of(truth, size).hold(run[:, -window:])


class Parts(NamedTuple):
    """What a truth tells of trials that are caught in a part of it, by component: see :func:`collapsed_of`."""

    middle: Float[np.ndarray, " component"]
    spread: Float[np.ndarray, " component"]
    share: Float[np.ndarray, " component"]
    moves: Bool[np.ndarray, " component"]

    @classmethod
    def of(cls, truth: Float[np.ndarray, "trial time component"], window: int) -> Parts:
        """Return what windows of the truth tell."""
        middle = np.median(truth, axis=(0, 1))
        spread, share = _least(truth, window, middle)
        return cls(middle, spread, share, spread > 1e-3 * spread_of(truth))

    def hold(self, last: Float[np.ndarray, "trial time component"]) -> Bool[np.ndarray, " trial"]:
        """Return which trials are caught, by their last samples."""
        with np.errstate(over="ignore", invalid="ignore"):
            narrow = last.std(axis=1) < COLLAPSE * self.spread
            one_sided = _share(last, self.middle) < ONE_SIDED * self.share
        caught = (narrow | one_sided) & np.isfinite(last).all(axis=1)
        return caught[:, self.moves].any(axis=1)


def _least(
    truth: Float[np.ndarray, "trial time component"], window: int, middle: Float[np.ndarray, " component"]
) -> Float[np.ndarray, "2 component"]:
    """Return the least spread and the least share on either side over overlapping windows of the truth."""
    starts = range(0, truth.shape[1] - window + 1, max(1, window // 4))
    parts = [truth[:, s : s + window] for s in starts]
    return np.min([[p.std(axis=1).min(axis=0), _share(p, middle).min(axis=0)] for p in parts], axis=0)


def _share(
    x: Float[np.ndarray, "trial time component"], middle: Float[np.ndarray, " component"]
) -> Float[np.ndarray, "trial component"]:
    """Return the share of time on the less visited side of ``middle``."""
    return np.minimum((x > middle).mean(axis=1), (x < middle).mean(axis=1))


@door(truth=axes("trial time component"), run=axes("trial2 time2 component"), stretch=whole)
def escaped_of(
    truth: Float[np.ndarray, "trial time component"],
    run: Float[np.ndarray, "trial2 time2 component"],
    stretch: int | None = None,
) -> Bool[np.ndarray, " trial2"]:
    """Return which trials leave the truth's box by more than one sd and stay away, or are not finite.

    To stay away is to be outside for more than half of some ``stretch`` of samples, or for all of the last quarter of
    one at the end of the run. A stretch is one turn of the truth (:func:`turn_of`) at the steps of the run, a fifth of
    the run at most; if not given, the steps of both are taken to be the same. Shorter excursions, as the noise of
    spikes makes them, are no escape.

    >>> wave = np.sin(np.arange(0, 100, 0.1))[None, :, None]
    >>> noisy = wave + 3.0 * (np.arange(1000) % 200 == 0)[:, None]
    >>> escaped_of(wave, np.concatenate([wave, noisy, 3 * wave])).tolist()
    [False, False, True]
    """
    return Reach.of(truth).left(run, stretch)


class Reach(NamedTuple):
    """How far a truth reaches, by component, and its turn in samples: see :func:`escaped_of`."""

    low: Float[np.ndarray, " component"]
    high: Float[np.ndarray, " component"]
    turn: float

    @classmethod
    def of(cls, truth: Float[np.ndarray, "trial time component"]) -> Reach:
        """Return the box of the truth with its margin."""
        margin = ESCAPE * spread_of(truth)
        return cls(truth.min(axis=(0, 1)) - margin, truth.max(axis=(0, 1)) + margin, turn_of(truth))

    def left(
        self, run: Float[np.ndarray, "trial time component"], stretch: int | None = None
    ) -> Bool[np.ndarray, " trial"]:
        """Return which trials leave it for good, or are not finite."""
        outside = ~np.all((run >= self.low) & (run <= self.high), axis=2)
        size = stretch_of(self.turn, run.shape[1]) if stretch is None else stretch
        away = np.array([departure_end_of(trial, size) > 0 for trial in outside])
        return away | ~np.isfinite(run).all(axis=(1, 2))


def stretch_of(turn: float, samples: int) -> int:
    """Return one turn in whole samples, a fifth of the run at most.

    >>> stretch_of(62.8, 1000), stretch_of(np.inf, 1000)
    (63, 200)
    """
    return max(1, round(min(turn, samples / 5)))
