"""Floors: what a measure gives for truth against truth, at the length compared, and where that came from."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._numbers import whole
from ._run import Stretch
from .arrays._door import axes, door, function

ArrayMeasure = Callable[[Float[np.ndarray, "time component"], Float[np.ndarray, "time component"]], float]
_PAIRS = 8  # of true runs at most, over which a floor is averaged


class Floor(NamedTuple):
    """What a measure gives for truth against truth (NaN where there is too little truth), and from which runs."""

    value: float
    source: str


@door(measure=function, truth=axes("trial time component"), samples=whole, reference=axes("trial2 time2 component"))
def floor_of(
    measure: ArrayMeasure,
    truth: Float[np.ndarray, "trial time component"],
    samples: int,
    reference: Float[np.ndarray, "trial2 time2 component"] | None = None,
) -> Floor:
    """Return the mean of a measure over pairs of true runs of ``samples`` each, the least a run can be asked for.

    Taken between ``truth`` and ``reference``, independent runs of the same system, or, without these, between
    disjoint stretches of the truth; 8 pairs at most.

    Arguments: ``measure``, a function of a truth and a run, both (samples, component); ``truth`` and ``reference``
    (trial, time, component) at one step. Returns the floor and a sentence on its source; NaN where the runs are too
    short to give one pair.

    >>> import numpy as np
    >>> from tonicnet.measure import floor_of
    >>> truth = np.arange(4.0)[:, None, None] * np.ones((4, 10, 1))
    >>> floor_of(lambda a, b: float(np.abs(a - b).mean()), truth, 10)
    Floor(value=1.0, source='3 pairs from disjoint stretches of the truth')
    """
    pairs = _disjoint(truth, samples) if reference is None else _across(truth, samples, reference)
    if pairs:
        source = "disjoint stretches of the truth" if reference is None else "the reference"
        return Floor(float(np.mean([measure(a, b) for a, b in pairs])), f"{len(pairs)} pairs from {source}")
    if reference is None:
        have = f"the truth has {len(truth)} x {truth.shape[1]} samples and no reference was given"
    else:
        have = f"the reference has {reference.shape[1]} samples"
    return Floor(np.nan, f"no floor: it takes two true runs of {samples} samples, and {have}")


def _across(truth: np.ndarray, samples: int, reference: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of a trial of the truth and one of the reference, each used in turn."""
    if min(reference.shape[1], truth.shape[1]) < samples:
        return []
    count = min(_PAIRS, max(len(reference), len(truth)))
    return [(truth[i % len(truth), :samples], reference[i % len(reference), :samples]) for i in range(count)]


def _disjoint(truth: np.ndarray, samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of neighbours among the stretches into which the trials of the truth can be cut."""
    starts = range(0, truth.shape[1] - samples + 1, samples)
    parts = [trial[s : s + samples] for trial in truth[: _PAIRS + 1] for s in starts][: _PAIRS + 1]
    return list(itertools.pairwise(parts))


def floor_of_halves(measure: Callable[[Stretch, Stretch], float], truth: Stretch) -> Floor:
    """Return a measure of the second half of the truth, in time, against its first half."""
    count = truth.values.shape[1]
    first, second = truth.cut(count // 2), truth.cut(count - count // 2, start=count // 2)
    return Floor(measure(first, second), "the second half of the truth against its first")
