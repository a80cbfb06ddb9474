"""How long does a prediction hold? Valid time and n-step error of runs that start where the truth does."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import shown
from .._numbers import positive, real
from ._run import Labelled, Pair, paired, single
from .arrays._spread import total_variance
from .arrays._valid_time import THRESHOLD, normalised_error_of, valid_time_of


def valid_time(
    run: Labelled,
    truth: Labelled,
    *,
    threshold: float = THRESHOLD,
    lyapunov: float | None = None,
    variance: float | None = None,
) -> xr.Dataset:
    """Measure how long each trial follows the truth it started on.

        t_valid = min { t : |run(t) - truth(t)| / sqrt(variance) > threshold }

    Arguments: ``run`` and ``truth``, one segment each at one step, whose trials start alike, in the same
    order; ``threshold``; ``lyapunov``, the largest exponent per task time, for Lyapunov times; ``variance``,
    the attractor's total variance (that of ``truth`` over all trials and times if not given).

    Returns, in task time and, given the exponent, in Lyapunov times (suffix ``_lyapunov``): ``valid_time``
    per trial, ``valid_time_median``, ``valid_time_lower`` and ``_upper`` (quartiles over trials),
    ``valid_time_floor`` (the median that wrong starts give: each trial against the next one's truth; NaN for
    one trial), ``censored`` (share of trials that never left; they count with the whole ``duration``).
    Raises ValueError for different steps or numbers of trials, missing dims, an exponent not above 0.
    Source: Pathak et al. (2018), doi:10.1103/PhysRevLett.120.024102.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import valid_time
    >>> t = np.arange(100) * 0.1
    >>> line = lambda a: xr.DataArray(a * t[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(valid_time(line(1.15), line(1.0), variance=1.0).valid_time_median), 6)
    2.7
    """
    pair = _read(run, truth)
    threshold = positive("threshold", threshold)
    if lyapunov is not None and not 0 < real(lyapunov) < np.inf:
        raise ValueError(
            f"lyapunov={shown(lyapunov)} is not a positive exponent; leave it out for a task without chaos, or measure "
            "that of a network with tonicnet.measure.lyapunov_spectrum"
        )
    total = total_variance(pair.truth.values) if variance is None else positive("variance", variance)
    times = valid_time_of(pair.truth.values, pair.run.values, pair.truth.dt, threshold=threshold, variance=total)
    duration = pair.run.values.shape[1] * pair.truth.dt
    found = _times(times, _wrong_start(pair, threshold, total), "", 1.0, "1")
    if lyapunov is not None:
        found |= _times(times, _wrong_start(pair, threshold, total), "_lyapunov", lyapunov, "Lyapunov time")
    found["censored"] = Variable((), np.mean(times >= duration - 1e-9), "1", "share of trials that never left")
    found["duration"] = Variable((), duration, "1", "task time compared per trial")
    return dataset(found, pair.run.trial, task=pair.truth.task, threshold=float(threshold), variance=float(total))


def prediction_error(run: Labelled, truth: Labelled, *, variance: float | None = None) -> xr.Dataset:
    """Measure the n-step prediction error: how far off a run is, n steps after it started on the truth.

        e(n) = sqrt( mean_trials |run(n dt) - truth(n dt)|^2 / variance )

    Arguments: as in :func:`valid_time`. Returns ``prediction_error`` over ``time`` (task time since the
    start), its ``lower`` and ``upper`` quartile over trials, and ``prediction_error_floor``: that of the
    constant prediction, the start itself, which a useful prediction must stay below (1.41 is pure chance).

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import prediction_error
    >>> t = np.arange(5) * 0.1
    >>> flat = lambda a: xr.DataArray(np.full((5, 1), a), dims=("time", "component"), coords={"time": t})
    >>> prediction_error(flat(1.5), flat(1.0), variance=1.0).prediction_error.values.tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5]
    """
    pair = _read(run, truth)
    total = total_variance(pair.truth.values) if variance is None else positive("variance", variance)
    error = normalised_error_of(pair.truth.values, pair.run.values, total)
    start = np.broadcast_to(pair.truth.values[:, :1], pair.truth.values.shape)
    still = normalised_error_of(pair.truth.values, start, total)
    lower, upper = np.quantile(error, (0.25, 0.75), axis=0)
    found = {
        "prediction_error": _over_time(_rms(error), "n-step prediction error"),
        "lower": _over_time(lower, "lower quartile of the error over trials"),
        "upper": _over_time(upper, "upper quartile of the error over trials"),
        "prediction_error_floor": _over_time(_rms(still), "error of predicting the start for ever"),
    }
    time = np.arange(error.shape[1]) * pair.truth.dt
    coords = {"time": Variable(("time",), time, "1", "task time since the start")}
    return dataset(found, coords, task=pair.truth.task, variance=float(total), trials=len(error))


def _read(run: Labelled, truth: Labelled) -> Pair:
    held, true = paired(single(run, finite=False), single(truth, "truth"), same_trials=True)
    count = min(held.values.shape[1], true.values.shape[1])
    return Pair(held.cut(count), true.cut(count))


def _wrong_start(pair: Pair, threshold: float, variance: float) -> float:
    true = pair.truth.values
    if len(true) < 2:
        return np.nan
    wrong = np.roll(true, 1, axis=0)
    return float(np.median(valid_time_of(true, wrong, pair.truth.dt, threshold=threshold, variance=variance)))


def _times(times: np.ndarray, wrong: float, suffix: str, factor: float, units: str) -> dict[str, Variable]:
    times, wrong = times * factor, wrong * factor
    lower, median, upper = np.quantile(times, (0.25, 0.5, 0.75))
    return {
        f"valid_time{suffix}": Variable(("trial",), times, units, "valid time"),
        f"valid_time_median{suffix}": Variable((), median, units, "median valid time over trials"),
        f"valid_time_lower{suffix}": Variable((), lower, units, "lower quartile of the valid time"),
        f"valid_time_upper{suffix}": Variable((), upper, units, "upper quartile of the valid time"),
        f"valid_time_floor{suffix}": Variable((), wrong, units, "median valid time of wrong starts"),
    }


def _rms(error: np.ndarray) -> np.ndarray:
    return np.sqrt((error**2).mean(axis=0))


def _over_time(values: np.ndarray, name: str) -> Variable:
    return Variable(("time",), values, "1", name)
