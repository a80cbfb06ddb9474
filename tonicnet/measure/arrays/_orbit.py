"""The shape of a cycle on plain arrays: mean orbits, and how far apart two of them are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..._numbers import positive
from ._door import axes, door
from ._limit_cycle import Cycle, limit_cycle_of
from ._spread import spread_of

PHASES = 256


class OrbitDistance(NamedTuple):
    """How far the mean orbit is from the truth's, beside the truth's own and the run's own cycles' spread.

    NaN where either has no cycle, and then ``outcome`` says why.
    """

    distance: float
    floor: float
    spread: float
    outcome: str


@door(truth=axes("time component"), run=axes("time2 component"), dt=positive, run_dt=positive)
def orbit_distance_of(
    truth: Float[np.ndarray, "time component"],
    run: Float[np.ndarray, "time2 component"],
    dt: float,
    *,
    run_dt: float | None = None,
) -> OrbitDistance:
    """Return the root mean square distance of the two phase-aligned mean orbits, in the truth's sd.

        d = min_s sqrt( mean_phi mean_k ((m_k(phi + s) - t_k(phi)) / sd_k)^2 )

    Each cycle between two crossings is stretched to 256 phases and averaged. ``floor`` is the same distance
    between the truth's even and odd cycles, ``spread`` that of single cycles of the run from their mean.
    Speed does not enter: compare periods beside it. NaN where either has no cycle.

    Arguments: ``truth`` (S, d) at step ``dt``, ``run`` (S', d) at step ``run_dt`` (``dt`` if not given).

    >>> import numpy as np
    >>> from tonicnet.measure import orbit_distance_of
    >>> t = np.arange(0, 60, 0.05)
    >>> circle = np.stack([np.sin(t), np.cos(t)], axis=1)
    >>> round(orbit_distance_of(circle, 1.1 * circle[7:], 0.05).distance, 3)
    0.1
    """
    step = dt if run_dt is None else run_dt
    first, second = limit_cycle_of(truth, dt), limit_cycle_of(run, step)
    if not (first.cycles and second.cycles):
        reason = second.outcome if first.cycles else f"the truth: {first.outcome}"
        return OrbitDistance(np.nan, np.nan, np.nan, reason)
    return _between(cycles_by_phase(truth, dt, first), cycles_by_phase(run, step, second))


def _between(
    truth: Float[np.ndarray, "cycle phase component"], run: Float[np.ndarray, "cycle2 phase component"]
) -> OrbitDistance:
    scale = spread_of(truth.mean(axis=0))
    truth, run = truth / scale, run / scale
    floor = aligned_distance(truth[::2].mean(axis=0), truth[1::2].mean(axis=0))
    spread = float(np.sqrt(((run - run.mean(axis=0)) ** 2).mean()))
    distance = aligned_distance(truth.mean(axis=0), run.mean(axis=0))
    return OrbitDistance(distance, floor, spread, f"a cycle, {len(run)} seen")


def cycles_by_phase(
    x: Float[np.ndarray, "time component"], dt: float, cycle: Cycle
) -> Float[np.ndarray, "cycle phase component"]:
    """Return every whole cycle of ``x`` at 256 equal phases."""
    at = cycle.crossings / dt
    phase = np.arange(PHASES) / PHASES
    where = at[:-1, None] + phase * np.diff(at)[:, None]
    left = np.minimum(where.astype(np.int64), len(x) - 2)
    weight = (where - left)[..., None]
    return (1 - weight) * x[left] + weight * x[left + 1]


def aligned_distance(a: Float[np.ndarray, "phase component"], b: Float[np.ndarray, "phase component"]) -> float:
    """Return the root mean square distance of two orbits at the shift of phase that makes it smallest."""
    from scipy.optimize import minimize_scalar

    overlap = np.fft.irfft((np.fft.rfft(a, axis=0).conj() * np.fft.rfft(b, axis=0)).sum(axis=1), len(a))
    near = float(overlap.argmax())
    best = minimize_scalar(lambda s: _distance(a, b, s), bounds=(near - 1, near + 1), method="bounded")
    return min(float(best.fun), _distance(a, b, near))


def _distance(a: Float[np.ndarray, "phase component"], b: Float[np.ndarray, "phase component"], shift: float) -> float:
    whole, rest = int(np.floor(shift)), shift - np.floor(shift)
    moved = (1 - rest) * np.roll(b, -whole, axis=0) + rest * np.roll(b, -whole - 1, axis=0)
    return float(np.sqrt(((moved - a) ** 2).mean()))
