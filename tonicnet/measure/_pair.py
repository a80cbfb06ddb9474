"""Bringing a run beside its truth, and a truth beside itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._run import Stretch


class Pair(NamedTuple):
    """A run beside its truth: the same components, the same step."""

    run: Stretch
    truth: Stretch


def paired(run: Stretch, truth: Stretch, *, same_trials: bool = False) -> Pair:
    """Bring a run to its truth's components and check that the two can be compared sample by sample."""
    run = fitted(run, truth)
    if not np.isclose(run.dt, truth.dt, rtol=1e-3):
        raise ValueError(
            f"the run's step is {run.dt:.6g} in task time and the truth's {truth.dt:.6g}; sample the truth "
            "at the run's step (Task.trajectory(duration, dt)), or use tonicnet.measure.resample(run, dt)"
        )
    if same_trials and len(run.values) != len(truth.values):
        raise ValueError(
            f"the run has {len(run.values)} trials and the truth {len(truth.values)}; this measure pairs "
            "them by their start, so give both the same starts in the same order (initial=...)"
        )
    return Pair(run, truth)


def fitted(run: Stretch, truth: Stretch) -> Stretch:
    """Keep the components that the truth has: the first ones, as tasks use them."""
    has, needs = run.values.shape[2], truth.values.shape[2]
    if has < needs or (has > needs and run.dimensioned):
        raise ValueError(f"the run uses {has} components and the truth has {needs}; they are not of one task")
    return replace(run, values=run.values[:, :, :needs], components=run.components[:needs])


Score = Callable[[Float[np.ndarray, "time component"], Float[np.ndarray, "time component"]], float]


class Floor(NamedTuple):
    """What a measure gives for truth against truth, and where that came from."""

    value: float
    source: str


def floor(truth: Stretch, samples: int, reference: Stretch | None, score: Score) -> Floor:
    """Return the mean score of truth against truth at a length of ``samples``; NaN where there is too little.

    Taken between ``truth`` and ``reference``, an independent run of the same system, or, without one, between
    disjoint stretches of the truth.
    """
    pairs = _references(truth, samples, reference) if reference else _disjoint(truth, samples)
    if pairs:
        source = "the reference" if reference else "disjoint stretches of the truth"
        return Floor(float(np.mean([score(a, b) for a, b in pairs])), f"{len(pairs)} pairs from {source}")
    if reference:
        have = f"the reference has {reference.values.shape[1]} samples"
    else:
        have = f"the truth has {len(truth.values)} x {truth.values.shape[1]} samples and no reference was given"
    return Floor(np.nan, f"no floor: it takes two true runs of {samples} samples, and {have}")


_PAIRS = 8


def _references(truth: Stretch, samples: int, reference: Stretch) -> list[tuple[np.ndarray, np.ndarray]]:
    other = fitted(reference, truth).values
    if min(other.shape[1], truth.values.shape[1]) < samples:
        return []
    count = min(_PAIRS, max(len(other), len(truth.values)))
    first = [truth.values[i % len(truth.values), :samples] for i in range(count)]
    return [(a, other[i % len(other), :samples]) for i, a in enumerate(first)]


def _disjoint(truth: Stretch, samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    starts = range(0, truth.values.shape[1] - samples + 1, samples)
    parts = [trial[s : s + samples] for trial in truth.values[: _PAIRS + 1] for s in starts][: _PAIRS + 1]
    return list(itertools.pairwise(parts))
