"""Recordings that were sampled unevenly, or have gaps, at even steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import choose, shown
from .._numbers import real
from .._weight import weigh
from ._grid import given_step, rising
from ._pieces import Piece, cut, recordings

METHODS = ("pchip", "linear")
_COARSEST = 0.25  # of a time scale: a longer step misses the movement
_NEIGHBOURS = 1.5  # steps: samples this near have no gap between them
_LASTING = 10.0  # time scales that a piece must last to decide how long trials are
_EXAMINED = 20_000  # samples in which the time scale is looked for
_FEWEST = 4  # samples of a component


class Signal(NamedTuple):
    """The samples of one component of one trial that are there."""

    times: Float[np.ndarray, " time"]
    values: Float[np.ndarray, " time"]


def resample_recording(
    recording: Any,
    *,
    step: Any = "auto",
    method: str = "pchip",
    longest_gap: Any = "auto",
    length: Any = None,
    dt: Any = None,
    time: str | None = None,
) -> xr.DataArray:
    """Bring a recording with uneven time, missing samples or trials of different lengths to even steps.

    Each component is interpolated between its own samples, over gaps up to ``longest_gap``. Where a longer one is
    nothing is made up: the recording is cut there, and into trials of one length, as by :func:`cut_trials`.

    Arguments
    ---------
    recording : what :meth:`Task.from_array` takes, with uneven time or gaps; or a list of such, which may differ in
        length.
    step : seconds between samples of what is returned. "auto" is the median step of the samples that are there.
    method : "pchip", cubic pieces that do not overshoot, or "linear".
    longest_gap : seconds. "auto" is a quarter of the time scale, and 1.5 steps at least. The time scale is the lag at
        which the mean squared change of a component reaches its variance, 1 / sqrt of the mean of 1 / lag^2 over
        components: about the time to move by one standard deviation, and insensitive to a little noise.
    length : seconds from the first to the last sample of a trial. If not given, the shortest of the pieces that last
        ten time scales decides (the longest piece, where none does); pieces that last less are left out.
    dt : sampling step in seconds, of recordings without time, in which values are missing.
    time : name of the column, index or dim that is time, where it is not clear.

    Returns a DataArray (trial, time, component) as :func:`cut_trials` does. Raises TypeError or ValueError in one
    sentence: for time that comes twice or runs backwards, a step that is longer than a quarter of the time scale
    (average first), and where nothing is left.

    Source: Fritsch and Carlson 1980, doi:10.1137/0717021 (monotone cubic pieces).

    >>> import numpy as np, tonicnet as tn
    >>> t = np.sort(np.random.default_rng(0).uniform(0, 40, 800))                    # at random times
    >>> uneven = xr.DataArray(np.sin(t), dims="time", coords={"time": t})
    >>> even = resample_recording(uneven, step=0.05)
    >>> error = even[0, :, 0] - np.sin(float(even["start"][0]) + even["time"])
    >>> even.sizes["component"], bool(abs(error).max() < 0.01)
    (1, True)
    """
    choose("method of interpolation", method, METHODS)
    parts = recordings(recording, time)
    trials = [_signals(part, k, dt) for part in parts for k in range(part.sizes["trial"])]
    usual = float(np.median(np.concatenate([np.diff(one.times) for trial in trials for one in trial])))
    width = _width(step, usual)
    scale = time_scale(trials)
    if width > max(_COARSEST * scale, usual * (1 + 1e-6)):
        raise ValueError(
            f"a step of {width:.6g} s misses how a recording moves, within {scale:.6g} s by a standard deviation; give "
            f"step= of {_COARSEST * scale:.3g} s or less"
        )
    gap = _gap(longest_gap, scale, max(usual, width))
    pieces = [piece for trial in trials for piece in _even_pieces(trial, width, gap, method)]
    if not pieces:
        raise ValueError(
            f"a recording has no stretch of {_FEWEST} steps without a gap of more than {gap:.6g} s; allow more with "
            "longest_gap=, or give a shorter step="
        )
    return cut(pieces, _length(pieces, scale) if length is None else length, parts[0])


def time_scale(trials: Sequence[Sequence[Signal]]) -> float:
    """Return the time in which components move by a standard deviation, by their mean squared change over lags."""
    lags = np.array([_decorrelation([trial[k] for trial in trials]) for k in range(len(trials[0]))])
    least = float(lags.min())
    return least / math.sqrt(np.mean((least / lags) ** 2)) if math.isfinite(least) else math.inf


def _decorrelation(signals: Sequence[Signal]) -> float:
    """Return the lag at which the mean squared change reaches the variance; infinite for what does not move."""
    longest = max(signals, key=lambda one: len(one.times))
    times, values = (part[:_EXAMINED] for part in longest)
    variance, before = float(values.var()), (0.0, 0.0)
    for k in range(1, len(times) if variance > 0 else 0):
        lag = float(np.mean(times[k:] - times[:-k]))
        change = float(np.mean((values[k:] - values[:-k]) ** 2)) / variance
        if change >= 1:
            return before[0] + (lag - before[0]) * (1 - before[1]) / (change - before[1])
        before = lag, change
    return math.inf


def _signals(part: xr.DataArray, trial: int, dt: Any) -> list[Signal]:
    """Return the samples of each component of a trial that are there."""
    if "time" in part.coords:
        times = rising(part.coords["time"].values, "a recording")
    else:
        times = given_step(dt, "a recording has no time of its own and") * np.arange(part.sizes["time"])
    columns = part.values[trial].T
    if np.isinf(columns).any():
        raise ValueError("a recording has infinite values; replace them by NaN where nothing was recorded")
    made = [Signal(times[~np.isnan(column)], column[~np.isnan(column)]) for column in columns]
    fewest = min(len(one.times) for one in made)
    if fewest < _FEWEST:
        raise ValueError(
            f"a recording has a component with {fewest} samples in trial {trial}, {_FEWEST} are needed; leave it out"
        )
    return made


def _width(given: Any, usual: float) -> float:
    """Return the step of what is returned, in seconds."""
    if isinstance(given, str) and given == "auto":
        return usual
    if not 0 < real(given) < math.inf:
        raise ValueError(
            f'the resampling step is the seconds between samples, a positive number, or "auto"; got {shown(given)}'
        )
    return real(given)


def _gap(given: Any, scale: float, step: float) -> float:
    """Return the longest gap, in seconds, over which is interpolated."""
    if isinstance(given, str) and given == "auto":
        return max(_COARSEST * scale, _NEIGHBOURS * step)
    if not 0 < real(given) < math.inf:
        raise ValueError(f'longest_gap is a positive number of seconds, or "auto"; got {shown(given)}')
    return real(given)


def _even_pieces(signals: Sequence[Signal], step: float, gap: float, method: str) -> Iterator[Piece]:
    """Yield the stretches of a trial without a long gap in any component, at even steps."""
    for begin, end in _covered(signals, gap):
        steps = (end - begin) / step + 1e-6
        weigh(f"a recording of {steps:.3g} steps", 8 * steps * len(signals), "give a longer step=")
        count = math.floor(steps) + 1
        if count >= _FEWEST:
            at = np.minimum(begin + step * np.arange(count), end)
            yield Piece(begin, np.stack([_between(one, at, method) for one in signals], axis=1), step)


def _covered(signals: Sequence[Signal], gap: float) -> Iterator[tuple[float, float]]:
    """Yield begin and end of the stretches in which no component has a long gap."""
    begin, end = max(one.times[0] for one in signals), min(one.times[-1] for one in signals)
    gaps = sorted(
        (float(one.times[k]), float(one.times[k + 1]))
        for one in signals
        for k in np.flatnonzero(np.diff(one.times) > gap * (1 + 1e-9))
    )
    for first, last in (*gaps, (end, end)):
        if min(first, end) > begin:
            yield begin, min(first, end)
        begin = max(begin, last)


def _between(signal: Signal, at: Float[np.ndarray, " step"], method: str) -> Float[np.ndarray, " step"]:
    if method == "linear":
        return np.interp(at, *signal)
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(*signal)(at))


def _length(pieces: Sequence[Piece], scale: float) -> float:
    """Return how long a trial lasts: as the shortest piece that lasts long enough, else as the longest."""
    lasting = sorted((len(piece.values) - 1) * piece.dt for piece in pieces)
    return next((one for one in lasting if one >= _LASTING * scale), lasting[-1])
