"""Limit cycles on plain arrays: the true return of the whole state, and the crossings that time it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..._moving import moving, sizes
from ..._numbers import positive
from ._door import axes, door
from ._return_map import vertices

HYSTERESIS = 0.25
SMOOTHING = 1 / 40
COHERENCE = 0.4
VARIATION = 0.3
CYCLES = 3
SAMPLES = 32
_MEANS, _PARABOLA = 4, 5  # means in a return, and returns under a parabola, of the slow part of a signal
_LISTED = 3  # reasons in one error
_LEVELS = (0.5, 0.25, 0.75)
_CLEARLY = 2.0  # times another shortfall: late peaks of a noisy cycle rest on few returns, and some stand out by chance


class Cycle(NamedTuple):
    """What is known of a cycle; NaN where there is none, and then ``outcome`` says why."""

    period: float
    variation: float
    amplitude: Float[np.ndarray, " component"]
    drift: float
    coherence: float
    crossings: Float[np.ndarray, " crossing"]
    outcome: str

    @property
    def cycles(self) -> int:
        """How many whole cycles were seen."""
        return max(0, len(self.crossings) - 1)


@door(x=axes("time component"), dt=positive)
def limit_cycle_of(x: Float[np.ndarray, "time component"], dt: float) -> Cycle:
    """Return period, its variation, amplitude and drift of a cycle by interpolated section crossings.

        T = mean_k (t_{k+1} - t_k),   CV = sd_k / T,   A = mean_k (max - min) / 2

    The return time of the whole state is found first, from the autocorrelation of all z-scored components;
    the section is then the upward crossing, with hysteresis, of the first level of the first component (in
    order of variance, the mean before other levels) that is crossed once in a return. ``drift`` is the
    relative change of the period from start to end along its least-squares line, ``coherence`` the
    autocorrelation at the return.

    Arguments: ``x`` (S, d), ``dt`` the step; times come out in the unit of ``dt``.
    Raises ValueError below 32 samples. A signal without a cycle gives NaN and an ``outcome``.

    >>> import numpy as np
    >>> from tonicnet.measure import limit_cycle_of
    >>> t = np.arange(0, 100, 0.05)
    >>> eight = np.stack([np.sin(t), np.sin(2 * t), np.cos(t)], axis=1)
    >>> round(limit_cycle_of(eight, 0.05).period, 3)
    6.283
    """
    if len(x) < SAMPLES:
        raise ValueError(f"a cycle measure needs at least {SAMPLES} samples over {CYCLES} cycles, got {len(x)}")
    trouble = _trouble(x)
    if trouble:
        return no_cycle(x, trouble)
    x, lag, coherence = _returning(x)
    if coherence < COHERENCE:
        reason = (
            f"no period: the state returns with a correlation of {coherence:.2f}, a cycle's is at least {COHERENCE}"
        )
        return no_cycle(x, reason, coherence)
    crossings = section_crossings(x, lag)
    if len(crossings) <= CYCLES:
        seen, enough = max(0, len(crossings) - 1), (CYCLES + 1) * lag * dt
        reason = f"too short: {seen} whole cycles seen, {CYCLES} needed; take at least {enough:.3g} of task time"
        return no_cycle(x, reason, coherence)
    return _timed(x, dt, crossings, coherence)


def _timed(
    x: Float[np.ndarray, "time component"],
    dt: float,
    crossings: Float[np.ndarray, " crossing"],
    coherence: float,
) -> Cycle:
    periods = np.diff(crossings) * dt
    variation = float(periods.std() / periods.mean())
    if variation > VARIATION:
        reason = f"no period: return times vary by {variation:.0%} (CV), a cycle's by at most {VARIATION:.0%}"
        return no_cycle(x, reason, coherence)
    drift = float(np.polyfit(np.arange(len(periods)), periods, 1)[0] * (len(periods) - 1) / periods.mean())
    period, size = float(periods.mean()), _amplitude(x, crossings)
    return Cycle(period, variation, size, drift, coherence, crossings * dt, f"a cycle, {len(periods)} seen")


def _returning(
    x: Float[np.ndarray, "time component"],
) -> tuple[Float[np.ndarray, "time component"], float, float]:
    """Return the state without its drift, the lag at which it comes back, and the correlation there.

    The drift is the mean over one return round each sample, which is constant where nothing drifts; the first return is
    looked for beside a straight line.
    """
    lag, coherence = return_lag(_without_line(x))
    if not coherence >= COHERENCE or lag >= len(x) - 1:
        return x, lag, coherence
    steady = x - _baseline(x, lag) + x.mean(axis=0)
    return steady, *return_lag(steady)


def _without_line(x: Float[np.ndarray, "time component"]) -> Float[np.ndarray, "time component"]:
    """Return the state beside the straight line that passes it best."""
    t = np.linspace(-1.0, 1.0, len(x))[:, None]
    return x - t * (t * x).sum(axis=0) / (t * t).sum()


def _baseline(x: Float[np.ndarray, "time component"], lag: float) -> Float[np.ndarray, "time component"]:
    """Return the slow part of x: means over one return each, through which parabolas over five returns are laid.

    They are laid, since the length of single returns varies, and with it their means.
    """
    from scipy.signal import savgol_filter

    at = np.arange(lag / 2, len(x) - lag / 2, lag / _MEANS) - 0.5
    edges = np.arange(len(x) + 1) - 0.5
    total = np.concatenate([np.zeros((1, x.shape[1])), x.cumsum(axis=0)])
    sums = [np.interp(at + lag / 2, edges, column) - np.interp(at - lag / 2, edges, column) for column in total.T]
    means = np.array(sums).T / lag
    window = min(_PARABOLA * _MEANS + 1, len(at) - 1 + len(at) % 2)
    if window > 3:
        means = savgol_filter(means, window, 2, axis=0)
    return _lines(at, means, np.arange(len(x)))


def _lines(
    at: Float[np.ndarray, " point"], values: Float[np.ndarray, "point component"], time: np.ndarray
) -> Float[np.ndarray, "time component"]:
    """Return straight lines between points, the first and the last one going on."""
    if len(at) < 2:
        return np.broadcast_to(values[0], (len(time), values.shape[1]))
    left = np.clip(np.searchsorted(at, time) - 1, 0, len(at) - 2)
    share = ((time - at[left]) / (at[left + 1] - at[left]))[:, None]
    return (1 - share) * values[left] + share * values[left + 1]


def no_cycle(x: Float[np.ndarray, "time component"], outcome: str, coherence: float = np.nan) -> Cycle:
    """Return the cycle that is none, with the reason."""
    nothing = np.full(x.shape[1], np.nan)
    return Cycle(np.nan, np.nan, nothing, np.nan, coherence, np.empty(0), outcome)


def refuse_none(what: str, reasons: Mapping[str, str]) -> None:
    """Raise ValueError for data of which nothing cycles: what was found, for each, and what to do."""
    listed = list(dict.fromkeys(f"{name}: {reason}" if name else reason for name, reason in reasons.items()))
    more = f"; and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    raise ValueError(
        f"{what} ({'; '.join(listed[:_LISTED])}{more}); run longer, discard the start, or take a measure that needs no "
        "period, such as state_space_divergence with spectral_hellinger"
    )


def _trouble(x: Float[np.ndarray, "time component"]) -> str:
    """Say what rules a cycle out at sight; empty where nothing does."""
    if not np.isfinite(x).all():
        return f"no period: not finite from sample {int((~np.isfinite(x)).any(axis=1).argmax())} on"
    moves = moving(x.std(axis=0), sizes(x))
    if not moves.any():
        return "no period: the state does not move"
    z = x[:, moves] / x[:, moves].std(axis=0)
    quarter = len(z) // 4
    first, last = (np.sqrt(part.var(axis=0).sum()) for part in (z[:quarter], z[-quarter:]))
    if last < 0.5 * first:
        return "no period: the movement dies out (or starts with a transient; discard it)"
    if first < 0.5 * last and len(x) >= 2 * SAMPLES:
        return "no period: the movement has not settled; discard the start or run longer"
    return ""


def return_lag(x: Float[np.ndarray, "time component"]) -> tuple[float, float]:
    """Return the lag, in samples, at which the whole state comes back, and the correlation there.

    The first peak of the correlation (all components z-scored, hence weighed alike) whose shortfall from
    1 is not clearly larger than the best peak's: a half period, where only some components return, is
    passed over, and so is a multiple of the period.
    """
    from scipy.signal import find_peaks

    c = _correlation(x)
    peaks, _ = find_peaks(c)
    below = c < max(0.9 * c.max(), 0.0) if len(c) else np.zeros(0, dtype=bool)
    peaks = peaks[peaks > below.argmax()] if below.any() else peaks[:0]
    if not len(peaks):
        return np.nan, 0.0
    lags, heights = vertices(c, peaks)
    good = 1 - heights <= _CLEARLY * max(1 - heights.max(), 0.0) + 0.02
    return float(lags[good.argmax()]), float(heights[good.argmax()])


def _correlation(x: Float[np.ndarray, "time component"]) -> Float[np.ndarray, " lag"]:
    """Return how alike the state is to itself some samples later, over lags up to half the length.

        c(l) = 2 sum_t z_t z_{t+l} / sum_t (z_t^2 + z_{t+l}^2),

    averaged over components: exactly 1 where a signal returns, however few and sharp its returns are (the plain
    autocorrelation of a relaxation cycle depends on how many jumps lie within either part).
    Source: McLeod and Wyvill (2005), A smarter way to find pitch, Proc. ICMC.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    z = x[:, moving(x.std(axis=0), sizes(x))]
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    size, lags = next_fast_len(2 * len(z)), len(z) // 2 + 2
    products = irfft(np.abs(rfft(z, size, axis=0)) ** 2, size, axis=0)[:lags]
    before = np.concatenate([np.zeros((1, z.shape[1])), (z**2).cumsum(axis=0)])
    k = np.minimum(np.arange(lags), len(z) - 1)
    power = before[len(z) - k] + before[-1] - before[k]
    return (2 * products / np.maximum(power, np.finfo(float).tiny)).mean(axis=1)


def section_crossings(x: Float[np.ndarray, "time component"], lag: float) -> Float[np.ndarray, " crossing"]:
    """Return the times, in samples, at which the state passes a section that it passes once in ``lag``.

    Crossings are sought in the signal smoothed over a fortieth of the return: that takes away noise, shifts
    all crossings alike and so leaves periods as they are. Where every level of every component is passed
    several times in a return, every k-th passage counts.
    """
    from scipy.ndimage import gaussian_filter1d

    best = np.empty(0)
    smooth = gaussian_filter1d(x, SMOOTHING * lag, axis=0, mode="nearest")
    for found in _sections(smooth):
        ratio = lag / np.median(np.diff(found)) if len(found) > 2 else 0.0
        if 0.8 < ratio < 1.25:
            return found
        if ratio >= 1.25 and not len(best):
            best = found[:: round(ratio)]
    return best


def _sections(x: Float[np.ndarray, "time component"]) -> Iterator[Float[np.ndarray, " crossing"]]:
    spread = x.std(axis=0)
    moves = moving(spread, sizes(x))
    order = [k for k in np.argsort(-spread) if moves[k]]
    for k in order:
        yield upward_crossings(x[:, k], float(x[:, k].mean()), HYSTERESIS * float(spread[k]))
    for level in _LEVELS:
        for k in order:
            low, high = x[:, k].min(), x[:, k].max()
            yield upward_crossings(x[:, k], float(low + level * (high - low)), 0.1 * float(high - low))


def upward_crossings(x: Float[np.ndarray, " time"], level: float, band: float) -> Float[np.ndarray, " crossing"]:
    """Return where ``x`` rises through ``level``, in samples, by linear interpolation.

    A passage counts when x comes from below ``level - band`` and goes on above ``level + band``, so noise
    around the level counts once; of several rises in one passage the last is taken.
    """
    side = (x > level + band).astype(np.int8) - (x < level - band).astype(np.int8)
    marks = np.flatnonzero(side)
    passed = np.flatnonzero((side[marks[1:]] == 1) & (side[marks[:-1]] == -1)) + 1
    rises = np.flatnonzero((x[:-1] <= level) & (x[1:] > level))
    at = rises[np.searchsorted(rises, marks[passed]) - 1] if len(passed) else np.empty(0, dtype=np.int64)
    return at + (level - x[at]) / (x[at + 1] - x[at]) if len(at) else np.empty(0)


def _amplitude(
    x: Float[np.ndarray, "time component"], crossings: Float[np.ndarray, " crossing"]
) -> Float[np.ndarray, " component"]:
    edges = np.round(crossings).astype(np.int64)
    part, starts = x[: edges[-1]], edges[:-1]
    high, low = np.maximum.reduceat(part, starts, axis=0), np.minimum.reduceat(part, starts, axis=0)
    return ((high - low) / 2).mean(axis=0)


def cycle_errors(run: Cycle, truth: Cycle) -> tuple[float, Float[np.ndarray, " component"]]:
    """Return the relative error of the period, and of the amplitude per component, both signed."""
    moves = moving(truth.amplitude, truth.amplitude)
    size = np.where(moves, truth.amplitude, truth.amplitude.max())
    return run.period / truth.period - 1, (run.amplitude - truth.amplitude) / size
