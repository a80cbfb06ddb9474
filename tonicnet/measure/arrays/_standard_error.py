"""Standard error of a mean over trials and time, where trials are alike and time has a memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PIECES = 16  # at least, into which trials are cut; of their ends the size of the scatter is taken
_COSINES = 6  # of one trial: as few as a run of some memories and swings allows, as many as make the error known
_STUDENT = 5 / 3  # variance of Student's t of 5: the freedom of one bridge, 2 (sum 1/k^2)^2 / sum 1/k^4, is exactly 5
_ROUNDING = 1e-20  # of a bridge: trials that differ no more are one


class Wandering(NamedTuple):
    """How far a cumulated rate wanders from its line: mean squares of its end, and within the run about its bridge."""

    end: Float[np.ndarray, " mode"]
    bridge: Float[np.ndarray, " mode"]


def pieces_in(trials: int) -> int:
    """Return into how many pieces each trial is cut."""
    return -(-PIECES // trials)


def standard_error(rates: Float[np.ndarray, "time trial mode"], cut: int) -> Float[np.ndarray, " mode"]:
    """Return the standard error of the mean of ``rates`` over time and trials.

    Let S be the cumulated rate of a trial, C that of the mean over M trials, each with its straight line taken off.

        error^2 = max( <S(T)^2> / M,  5/3 c <C(t)^2>_t ) / T^2,   c = <S(T)^2> / <S(t)^2>_t

    The first is the scatter of independent trials. The second is what trials share: they may start near one state,
    keep the phase of a cycle together, or still be on their way to the attractor, none of which their scatter tells.
    c is 12 for a random walk and 2 for what merely swings, measured within trials (about their mean); 5/3
    is for the few degrees of freedom of one C. Fewer than 16 trials are cut into pieces of time; what a piece says is
    carried to the whole run as walk and swing together.

    One trial has no scatter. Its error is the power of its slowest parts, B = 6 cosines orthogonal to the mean:

        error^2 = B / (B - 2) mean_j L_j^2 / T,   L_j = sqrt(2 / T) sum_t cos(pi j (t + 1/2) / T) rate(t)

    It is exact in the mean for what forgets within T / 6, of which B / (B - 2) is the variance of Student's t, and at
    most sqrt(2) of that for what swings faster.

    Arguments: ``rates``, equally spaced in time; ``cut``, the number of pieces of each trial, a divisor of the times.
    Source: Schruben (1983), doi:10.1287/opre.31.6.1090, for the bridge; Kish (1965), Survey Sampling, Wiley, for the
    effective number of trials; Lazarus et al. (2018), doi:10.1080/07350015.2018.1506926, for the cosines.

    >>> import numpy as np
    >>> alike = np.repeat(np.random.default_rng(0).normal(size=(4000, 1, 1)), 16, axis=1)
    >>> bool(0.5 < standard_error(alike, 1)[0] * 4000**0.5 < 2)      # 16 trials that are one
    True
    """
    times, trials = rates.shape[:2]
    with np.errstate(invalid="ignore", divide="ignore"):  # a map that forgets at once has rates of -inf
        common = rates.mean(axis=1)
        square = _of_trials(rates, common, cut) if trials > 1 else _of_one(common)
    return np.where((rates == rates[0, 0]).all(axis=(0, 1)), 0.0, np.sqrt(square) / times)


def _of_trials(
    rates: Float[np.ndarray, "time trial mode"], common: Float[np.ndarray, "time mode"], cut: int
) -> Float[np.ndarray, " mode"]:
    """Return the mean square of the cumulated rate of the mean over trials at its end."""
    whole = _carried(_wandering(_pieces(rates - common[:, None], cut)), cut)
    shared = _bridge(common)
    scale = np.where(whole.bridge > _ROUNDING * shared, whole.end / whole.bridge, 12.0)
    return np.maximum(whole.end / rates.shape[1], _STUDENT * scale * shared)


def _of_one(rates: Float[np.ndarray, "time mode"]) -> Float[np.ndarray, " mode"]:
    """Return the mean square of the cumulated rate of one trial at its end, by its slowest cosines."""
    at = (np.arange(len(rates)) + 0.5) / len(rates)
    slowest = np.cos(np.pi * np.arange(1, _COSINES + 1)[:, None] * at) @ (rates - rates.mean(axis=0))
    return 2 * _COSINES / (_COSINES - 2) * (slowest**2).mean(axis=0)


def _pieces(rates: np.ndarray, cut: int) -> Float[np.ndarray, "time cut trial mode"]:
    return rates.reshape(cut, -1, *rates.shape[1:]).swapaxes(0, 1)


def _wandering(pieces: Float[np.ndarray, "time cut trial mode"]) -> Wandering:
    """Return how pieces of trials wander, the mean over trials taken off, which leaves one trial less to be free."""
    _, cut, trials, modes = pieces.shape
    ends = pieces.sum(axis=0).reshape(-1, modes)
    free = cut * (trials - 1)
    walk = _bridge(pieces).reshape(-1, modes).sum(axis=0) / free
    return Wandering((ends**2).sum(axis=0) / free, walk)


def _bridge(rates: Float[np.ndarray, "time ..."]) -> np.ndarray:
    """Return the variance over time of the cumulated rates, the line to their end taken off."""
    return np.cumsum(rates - rates.mean(axis=0), axis=0).var(axis=0)


def _carried(piece: Wandering, cut: int) -> Wandering:
    """Return how the whole of ``cut`` pieces wanders: of its end 2 v + u and of its bridge v + u / 12, only u grows."""
    walk = np.clip(1.2 * (piece.end - 2 * piece.bridge), 0, piece.end)
    swing = (piece.end - walk) / 2
    return Wandering(2 * swing + cut * walk, swing + cut * walk / 12)
