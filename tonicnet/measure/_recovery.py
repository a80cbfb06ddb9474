"""What becomes of a run that was pushed, or that starts anywhere: back on the attractor, how fast, and on which."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._numbers import positive
from ._attractor import distance_floor, distances, settling_indices
from ._measures import against_truth
from ._run import Labelled, Stretch, fitted, single
from .arrays._attractor import MINIMUM, attractor_threshold_of

_SAMPLES = 16  # a decay needs


def recovery(run: Labelled, truth: Labelled, *, threshold: float | None = None) -> xr.Dataset:
    """Measure how runs that start off the attractor (kicked: ``initial=`` of a simulation) come back to it.

        rate = -slope of log d(t),   from the start until d first falls below twice the threshold

    d is the distance to the nearest point of the truth in its sd (:func:`attractor_distance`). For a cycle the rate
    is minus the Floquet exponent of the slowest mode that was kicked.

    Arguments: ``run``, one segment, from the kick on; ``truth``, a true run, finely sampled, at any step;
    ``threshold`` in sd (the 99.9 % quantile of truth-to-truth distances if not given, at least 0.1).

    Returns per trial ``kick`` (d at the start), ``recovery_time`` (task time until d stays below the threshold, as
    :func:`settling_time` has it; NaN where it does not), ``recovered`` (1 or 0), ``rate`` per task time and
    ``rate_error`` (half the difference between the first and the second half of the decay; NaN where the decay has
    fewer than 16 samples), ``distance(trial, time)``, ``threshold``, and the floor of the distance, ``distance_floor``.
    Raises ValueError for fewer than 16 samples, missing dims, a truth that is not finite.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import recovery
    >>> t = np.arange(0, 10, 0.01)
    >>> back = xr.DataArray(3 * np.exp(-0.7 * t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(recovery(back, 0 * back).rate[0]), 3)
    0.7
    """
    true = single(truth, "truth")
    measured = fitted(single(run, finite=False), true)
    if len(measured.time) < _SAMPLES:
        raise ValueError(f"the run is too short: {len(measured.time)} samples, a recovery needs {_SAMPLES} or more")
    theta = (
        attractor_threshold_of(true.values, minimum=MINIMUM) if threshold is None else positive("threshold", threshold)
    )
    d = distances(measured, true)
    index = settling_indices(d, theta, measured, true)
    rates = np.array([_rate(row, measured.dt, 2 * theta) for row in d]).reshape(-1, 2)
    found = {
        "kick": Variable(("trial",), d[:, 0], "1", "distance from the attractor at the start in sd"),
        "recovery_time": Variable(("trial",), index * measured.dt, "1", "task time until back on the attractor"),
        "recovered": Variable(("trial",), np.isfinite(index), "1", "back on the attractor (1) or not (0)"),
        "rate": Variable(("trial",), rates[:, 0], "1/task", "rate of return"),
        "rate_error": Variable(("trial",), rates[:, 1], "1/task", "error of the rate of return"),
        "distance": Variable(("trial", "time"), d, "1", "distance from the attractor in sd"),
        "threshold": Variable((), theta, "1", "distance that counts as back, in sd"),
        "distance_floor": Variable((), distance_floor(true).value, "1", against_truth("distance in sd")),
    }
    time = Variable(("time",), measured.time - measured.time[0], "1", "task time since the kick")
    return dataset(found, {**measured.trial, "time": time}, task=true.task)


def _rate(d: Float[np.ndarray, " time"], dt: float, until: float) -> tuple[float, float]:
    below = np.flatnonzero(d < until)
    end = int(below[0]) if len(below) else len(d)
    if end < _SAMPLES or not np.isfinite(d[:end]).all():
        return np.nan, np.nan
    t, log = np.arange(end) * dt, np.log(d[:end])
    whole, first, second = (-float(np.polyfit(t[p], log[p], 1)[0]) for p in _parts(end))
    return whole, abs(first - second) / 2


def _parts(end: int) -> tuple[slice, slice, slice]:
    return slice(0, end), slice(0, end // 2), slice(end // 2, end)


def basin(
    run: Labelled, truths: Mapping[str, Labelled], *, threshold: float | None = None, window: float | None = None
) -> xr.Dataset:
    """Measure which attractor each run ends on, and so the share of starts in the basin of each.

    A trial ends on the attractor to which its distance over the last ``window``, in units of that attractor's
    threshold, is least, and below 1; else it ends "elsewhere".

    Arguments: ``run``, one segment, a trial a start, e.g. ``tn.simulate(..., initial=starts)`` with starts drawn
    evenly from a box; ``truths``, a mapping from name to a true run (a fixed point: a run that stays there);
    ``threshold`` in sd (as in :func:`recovery`); ``window`` in task time (a fifth of the run if not given).

    Returns ``share(attractor)`` with its standard error ``share_error`` (Agresti and Coull's, not zero at 0 or 1),
    ``reached(trial)``, ``start(trial, component)`` and ``nearest(trial, attractor)``, the distances. Raises
    ValueError for no truths, one named "elsewhere", missing dims, a window longer than the run.
    Source: Menck et al. (2013), doi:10.1038/nphys2516; Agresti and Coull (1998), doi:10.1080/00031305.1998.10480550.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import basin
    >>> t = np.arange(0, 9, 0.1)
    >>> at = lambda *x: xr.DataArray(np.repeat(np.array(x)[:, None, None], 90, 1), dims=("trial", "time", "component"),
    ...     coords={"time": t})
    >>> basin(at(1.0, -1.0, 1.01, 5.0), {"left": at(-1.0), "right": at(1.0)}).share.values.tolist()
    [0.25, 0.5, 0.25]
    """
    if not isinstance(truths, Mapping) or not truths or "elsewhere" in truths:
        raise ValueError('truths is a mapping from a name (not "elsewhere") to a true run, one or more')
    true = {name: single(truth, f"truth of {name}") for name, truth in truths.items()}
    measured = single(run, finite=False)
    near = np.stack([_last(fitted(measured, t), t, threshold, window) for t in true.values()], axis=1)
    names = [*true, "elsewhere"]
    reached = np.where(near.min(axis=1) < 1, near.argmin(axis=1), len(true))
    count, n = np.bincount(reached, minlength=len(names)), len(reached)
    adjusted = (count + 2) / (n + 4)
    found = {
        "share": Variable(("attractor",), count / n, "1", "share of starts that end on the attractor"),
        "share_error": Variable(
            ("attractor",), np.sqrt(adjusted * (1 - adjusted) / (n + 4)), "1", "standard error of the share"
        ),
        "reached": Variable(("trial",), np.array(names)[reached], "1", "attractor reached"),
        "start": Variable(("trial", "component"), measured.values[:, 0], measured.units, "start"),
        "nearest": Variable(("trial", "attractor"), _with_elsewhere(near), "1", "distance over the threshold"),
    }
    coords = measured.trial | {
        "attractor": Variable(("attractor",), names, "1", "attractor"),
        "component": Variable(("component",), list(measured.components), "1", "component"),
    }
    return dataset(found, coords, task=measured.task)


def _last(run: Stretch, truth: Stretch, threshold: float | None, window: float | None) -> Float[np.ndarray, " trial"]:
    """Return the mean distance over the last window, in units of the threshold; infinite where not finite."""
    theta = (
        attractor_threshold_of(truth.values, minimum=MINIMUM) if threshold is None else positive("threshold", threshold)
    )
    span = len(run.time) * run.dt
    count = round((span / 5 if window is None else positive("window", window)) / run.dt)
    if not 1 <= count <= len(run.time):
        raise ValueError(f"a window of {window:g} task time does not fit a run of {span:g}; it needs 1 sample or more")
    mean = distances(run.cut(count, start=len(run.time) - count), truth).mean(axis=1) / theta
    return np.where(np.isfinite(mean), mean, np.inf)


def _with_elsewhere(near: Float[np.ndarray, "trial known"]) -> Float[np.ndarray, "trial attractor"]:
    return np.concatenate([near, np.ones((len(near), 1))], axis=1)
