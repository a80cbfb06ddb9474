"""Is it on the attractor, how soon after a switch, and does it stay? For labelled runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import unknown
from ._floors import Floor, floor_of_halves
from ._measures import against_truth
from ._run import Labelled, Stretch, fitted, single, stretches
from .arrays._attractor import (
    MINIMUM,
    attractor_distance_of,
    attractor_threshold_of,
    collapsed_of,
    escaped_of,
    settling_index_of,
    stretch_of,
)
from .arrays._departure import turn_of
from .arrays._spread import spread_of

Truths = Labelled | Mapping[str, Labelled]

SETTLED = 1 / 8  # of a turn: half of it away from an attractor is no longer noise


def attractor_distance(run: Labelled, truth: Labelled) -> xr.Dataset:
    """Measure how far a run is from the nearest point of the truth, in the truth's standard deviations.

        d(t) = min_s sqrt( mean_k ((run_k(t) - truth_k(s)) / sd_k)^2 )

    Robust where others are not defined: for fixed points (give the memory's true states as trials) as for
    cycles and chaos, and for short runs. Steps and lengths may differ; all trials of the truth are pooled.

    Returns per trial ``attractor_distance`` (the mean over time), ``attractor_distance_upper`` (the 99 %
    quantile) and the floor ``attractor_distance_floor``: the mean distance from one half of the truth to the
    other, which falls as the truth gets longer. Raises ValueError for missing dims or a truth not finite.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import attractor_distance
    >>> t = np.arange(100) * 0.1
    >>> dims = ("trial", "time", "component")
    >>> at = lambda *x: xr.DataArray(np.repeat([[[v]] for v in x], 100, 1), dims=dims, coords={"time": t})
    >>> attractor_distance(at(-1.1, 1.0), at(-1.0, 1.0)).attractor_distance.values.round(3).tolist()
    [0.1, 0.0]
    """
    true = single(truth, "truth")
    measured = fitted(single(run, finite=False), true)
    distance, own = distances(measured, true), distance_floor(true)
    name = "distance to the nearest point of the truth in sd"
    found = {
        "attractor_distance": Variable(("trial",), distance.mean(axis=1), "1", name),
        "attractor_distance_upper": Variable(("trial",), _upper(distance), "1", f"99 % quantile of the {name}"),
        "attractor_distance_floor": Variable((), own.value, "1", against_truth(name)),
    }
    return dataset(found, measured.trial, task=true.task, floor=own.source)


def distances(
    run: Stretch, truth: Stretch, scale: Float[np.ndarray, " component"] | None = None
) -> Float[np.ndarray, "trial time"]:
    """Return the distance of every sample to the pooled truth, in its sd (or in ``scale``)."""
    d = truth.values.shape[2]
    flat = attractor_distance_of(truth.values.reshape(-1, d), run.values.reshape(-1, d), scale=scale)
    return flat.reshape(run.values.shape[:2])


def distance_floor(truth: Stretch) -> Floor:
    """Return the mean distance from the second half of the truth (in time) to its first half."""
    scale = spread_of(truth.values)
    return floor_of_halves(lambda first, second: float(distances(second, first, scale).mean()), truth)


def _upper(distance: Float[np.ndarray, "trial time"]) -> Float[np.ndarray, " trial"]:
    return np.sort(distance, axis=1)[:, min(distance.shape[1] - 1, int(0.99 * distance.shape[1]))]


def settling_time(
    run: Labelled, truth: Truths, *, threshold: float | None = None, minimum: float = MINIMUM
) -> xr.Dataset:
    """Measure, after each switch, how long the state takes to reach the new task's attractor and stay there.

        t_settle = min { t : d(t) <= theta and d(t') <= 2 theta for all t' > t }

    d is the distance to the nearest point of the truth in its sd (:func:`attractor_distance`); theta the
    99.9 % quantile of truth-to-truth distances, at least ``minimum``. What exceeds 2 theta for no more than a
    sixteenth of a turn of the truth (:func:`turn_of`) is noise and does not count.

    Arguments: ``run``, with any number of segments; ``truth``, a mapping from task name to a true run (at any
    step), or one true run for all segments; ``threshold`` sets theta, in sd, for all tasks: noisy (spiking)
    outputs need one above their noise.

    Returns ``settling_time`` (task time) and ``settling_seconds`` (NaN without seconds) over
    (segment, trial), NaN where the state does not settle, and ``threshold`` and ``task`` per segment.
    Raises ValueError for a segment whose task has no truth.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import settling_time
    >>> t = np.arange(0, 10, 0.01)
    >>> decay = xr.DataArray(np.exp(-t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(settling_time(decay, 0 * decay).settling_time[0, 0]), 2)    # exp(-t) = 0.1
    2.31
    """
    found = stretches(run, finite=False)
    rows = [_settled(s, _truth_for(truth, s.task), threshold, minimum) for s in found]
    return dataset(
        {
            "settling_time": Variable(("segment", "trial"), [r[0] for r in rows], "1", "settling time in task time"),
            "settling_seconds": Variable(("segment", "trial"), [r[1] for r in rows], "s", "settling time"),
            "threshold": Variable(("segment",), [r[2] for r in rows], "1", "distance that counts as settled, in sd"),
        },
        {
            "segment": Variable(("segment",), np.arange(len(found)), "1", "number of the segment"),
            "task": Variable(("segment",), [s.task for s in found], "1", "task in force"),
            **found[0].trial,
        },
    )


def _settled(
    run: Stretch, truth: Stretch, threshold: float | None, minimum: float
) -> tuple[np.ndarray, np.ndarray, float]:
    theta = attractor_threshold_of(truth.values, minimum=minimum) if threshold is None else float(threshold)
    measured = fitted(run, truth)
    index = settling_indices(distances(measured, truth), theta, measured, truth)
    step = np.nan if measured.seconds is None else float(np.diff(measured.seconds).mean())
    return index * measured.dt, index * step, theta


def settling_indices(
    distance: Float[np.ndarray, "trial time"], theta: float, run: Stretch, truth: Stretch
) -> Float[np.ndarray, " trial"]:
    """Return the sample at which each trial has settled within theta; NaN for those that do not."""
    stretch = max(1, round(SETTLED * turn_in(run, truth)))
    return np.array([settling_index_of(row, theta, stretch) for row in distance])


def turn_in(run: Stretch, truth: Stretch) -> int:
    """Return one turn of the truth in samples of the run, a fifth of the run at most."""
    return stretch_of(turn_of(truth.values) * truth.dt / run.dt, len(run.time))


def _truth_for(truth: Truths, task: str) -> Stretch:
    if not isinstance(truth, Mapping) or isinstance(truth, xr.Dataset):
        return single(truth, "truth")
    if task not in truth:
        raise ValueError(f"no truth for a segment: {unknown('task', task, truth)}")
    return single(truth[task], f"truth of {task}")


def lost(run: Labelled, truth: Labelled, *, window: float | None = None) -> xr.Dataset:
    """Measure the share of trials that did not stay on the attractor: collapsed, or escaped.

    A trial has *collapsed* when in its last ``window`` some component's standard deviation is below half of
    the least that the truth shows in any window of that length, or its time on either side of the truth's
    median below a quarter of the least (caught in a fixed point or in one wing); it
    has *escaped* when it leaves the truth's box by more than one sd and stays away: for more than half of some turn
    of the truth (:func:`turn_of`), or for all of the last quarter of one at its end; or when it is not finite. The
    short excursions that the noise of spikes makes are no escape.

    Arguments: ``run`` and ``truth``, one segment each at one step; ``window`` in task time, long enough
    that the truth visits all its parts (a fifth of the shorter if not given).
    Returns ``collapsed``, ``escaped``, ``lost`` (either) per trial as 0 or 1, ``lost_share``, its floor
    ``lost_share_floor`` (the truth's second half against its first) and ``window``.
    Raises ValueError for different steps, missing dims, and a window longer than the run or the truth.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import lost
    >>> t = np.arange(0, 100, 0.1)
    >>> wave = xr.DataArray(np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> int(lost(wave * np.exp(-0.1 * t)[:, None], wave).collapsed[0])
    1
    """
    true = single(truth, "truth")
    measured = fitted(single(run, finite=False), true)
    length = window_of(measured, true) if window is None else window
    collapsed, escaped = losses(measured, true, length)
    own = _lost_floor(true, length)
    found = {
        "collapsed": Variable(("trial",), collapsed, "1", "collapsed by the end (1) or not (0)"),
        "escaped": Variable(("trial",), escaped, "1", "left the truth's box for good (1) or not (0)"),
        "lost": Variable(("trial",), collapsed | escaped, "1", "collapsed or escaped (1) or neither (0)"),
        "lost_share": Variable((), (collapsed | escaped).mean(), "1", "share of trials lost"),
        "lost_share_floor": Variable((), own.value, "1", against_truth("share lost")),
        "window": Variable((), length, "1", "window at the end in task time"),
    }
    return dataset(found, measured.trial, task=true.task, floor=own.source)


def _lost_floor(truth: Stretch, window: float) -> Floor:
    def share(first: Stretch, second: Stretch) -> float:
        collapsed, escaped = losses(second, first, min(window, len(first.time) * truth.dt))
        return float((collapsed | escaped).mean())

    return floor_of_halves(share, truth)


def window_of(run: Stretch, truth: Stretch) -> float:
    """Return a fifth of the shorter of both, in task time."""
    return min(len(run.time) * run.dt, len(truth.time) * truth.dt) / 5


def losses(run: Stretch, truth: Stretch, window: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which trials collapsed and which escaped."""
    counts = [round(window / s.dt) for s in (run, truth)]
    for count, stretch, role in zip(counts, (run, truth), ("run", "truth"), strict=True):
        if not 2 <= count <= len(stretch.time):
            span = len(stretch.time) * stretch.dt
            raise ValueError(
                f"a window of {window:g} task time does not fit the {role}, which lasts {span:g} at a step "
                f"of {stretch.dt:g}; it needs at least 2 samples and at most the whole"
            )
    return collapsed_of(truth.values, run.values, *counts), escaped_of(truth.values, run.values, turn_in(run, truth))
