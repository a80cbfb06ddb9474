"""Even grids of time, t0 + k dt: judged as a whole, as exactly as the stamps are written."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
from jaxtyping import Float

from .._names import shown
from .._numbers import real

_UNEVEN = 0.02  # of a step: a stamp this near to its place on the grid is on it
_ROUNDED = 0.55  # of the last digit of stamps: half of it is what rounding does
_COARSEST = 0.45  # of a step: stamps rounded more coarsely tell no grid
_GAP = 1.5  # steps: a longer one is a gap
_DIGITS = range(10)  # behind the point, with which stamps may be written


def even_step(times: Float[np.ndarray, " time"], what: str, *, remedy: str = "") -> float:
    """Return the step dt of times that lie on a grid t0 + k dt; ``remedy`` is what else to do about gaps
    in a recording.

    A stamp may lie beside its place by 2 % of the step, or by half of its own last digit: stamps are often rounded, to
    milliseconds or to single precision. Raises ValueError in a sentence for gaps, times that come twice or run
    backwards, and uneven steps.

    >>> float(even_step(np.round(np.arange(300) / 30, 3), "a recording").__round__(4))
    0.0333
    """
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 0.0
    if not usual > 0:
        raise ValueError(f"{what}: time must rise in equal steps, and half of its steps are {usual:.6g} or less")
    dt, beside = _fitted(times)
    if beside <= _allowed(times, dt):
        return dt
    raise ValueError(_told(times, steps, what, remedy))


def breaks(times: Float[np.ndarray, " time"], what: str) -> list[tuple[int, int]]:
    """Return the first sample and the one after the last of each stretch between gaps.

    Raises ValueError for times that come twice or run backwards.

    >>> breaks(np.array([0.0, 0.1, 0.2, 5.0, 5.1]), "a recording")
    [(0, 3), (3, 5)]
    """
    steps = np.diff(rising(times, what))
    gaps = np.flatnonzero(steps > _GAP * np.median(steps)) if len(steps) else np.zeros(0, dtype=int)
    return list(itertools.pairwise([0, *(gaps + 1).tolist(), len(times)]))


def rising(times: Float[np.ndarray, " time"], what: str) -> Float[np.ndarray, " time"]:
    """Return times that rise. Raises ValueError for times that come twice or run backwards."""
    steps = np.diff(times)
    if (steps <= 0).any():
        raise ValueError(_back_told(times, steps, what))
    return times


def given_step(dt: Any, what: str) -> float:
    """Return a step in seconds that a user gives: a number, or a Brian2 quantity of time."""
    if not 0 < real(dt) <= sys.float_info.max:
        raise ValueError(f"{what} needs dt, the sampling step in seconds, a positive number; got {shown(dt)}")
    return real(dt)


def _fitted(times: Float[np.ndarray, " time"]) -> tuple[float, float]:
    """Return the step of the grid nearest to all times, and how far the farthest lies from its place."""
    k = np.arange(len(times))
    dt = float(times[-1] - times[0]) / max(len(times) - 1, 1)
    off = times - times[0] - k * dt
    slope = float(np.polyfit(k - k.mean(), off, 1)[0]) if len(times) > 2 else 0.0
    beside = min(np.ptp(off), np.ptp(off - slope * k)) / 2
    exact = np.ptp(off) / 2 <= 1e-9 * abs(dt)
    return (dt if exact else dt + slope), float(beside)


def _allowed(times: Float[np.ndarray, " time"], dt: float) -> float:
    """Return how far a stamp may lie from its place on the grid."""
    digit = _last_digit(times)
    return max(_UNEVEN * dt, _ROUNDED * digit if digit <= _COARSEST * dt else 0.0)


def _last_digit(times: Float[np.ndarray, " time"]) -> float:
    """Return what the last digit of the stamps is worth: of decimals, or of single precision."""
    size = np.abs(times).max()
    short = size <= np.finfo(np.float32).max and np.array_equal(times.astype(np.float32), times)
    single = float(np.spacing(np.float32(size))) if short else 0.0
    since, beside = times - times[0], 8 * np.spacing(size)
    decimals = (10.0**-d for d in _DIGITS if np.allclose(since, np.round(since, d), rtol=0, atol=beside))
    return max(single, next(decimals, 0.0))


def _told(times: Float[np.ndarray, " time"], steps: Float[np.ndarray, " step"], what: str, remedy: str) -> str:
    if (steps <= 0).any():
        return _back_told(times, steps, what)
    pieces = breaks(times, what)
    if len(pieces) > 1 and all(_even(times[a:b]) for a, b in pieces):
        return _gaps_told(times, pieces, what, remedy)
    off = int((np.abs(steps - steps.mean()) > 1e-3 * steps.mean()).argmax())
    return (
        f"{what}: time must rise in equal steps; the step after time {times[off]:.6g} is {steps[off]:.6g}, the mean "
        f"step {steps.mean():.6g}; resample {what} first" + (", with tn.resample_recording" if remedy else "")
    )


def _back_told(times: Float[np.ndarray, " time"], steps: Float[np.ndarray, " step"], what: str) -> str:
    at = int((steps <= 0).argmax())
    fault = "comes twice" if steps[at] == 0 else "is followed by an earlier one"
    return f"{what}: time must rise in equal steps, and time {times[at]:.6g} {fault}; sort it, or leave repeats out"


def _gaps_told(times: Float[np.ndarray, " time"], pieces: list[tuple[int, int]], what: str, remedy: str) -> str:
    a, b = max(pieces, key=lambda piece: piece[1] - piece[0])
    count = f"{len(pieces) - 1} gaps, the first" if len(pieces) > 2 else "a gap"
    end = pieces[0][1]
    return (
        f"{what}: time has {count} from {times[end - 1]:.6g} to {times[end]:.6g}; take one piece (the longest lasts "
        f"from {times[a]:.6g} to {times[b - 1]:.6g}), {remedy}or fill short gaps with tn.resample_recording"
    )


def _even(times: Float[np.ndarray, " time"]) -> bool:
    if len(times) < 3:
        return True
    dt, beside = _fitted(times)
    return dt > 0 and beside <= _allowed(times, dt)
