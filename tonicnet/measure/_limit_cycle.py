"""Is it the same cycle? Period, amplitude and orbit of labelled runs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ._measures import against_truth
from ._run import Labelled, Stretch, fitted, single
from .arrays._limit_cycle import Cycle, cycle_errors, limit_cycle_of, refuse_none
from .arrays._orbit import orbit_distance_of


def limit_cycle(run: Labelled, truth: Labelled | None = None) -> xr.Dataset:
    """Measure the period, its variation, the amplitude and the drift of a limit cycle.

        T = mean_k (t_{k+1} - t_k),   CV = sd_k / T,   A = mean_k (max - min) / 2

    by interpolated crossings of a section that the whole state passes once per return (a figure of eight,
    whose one component crosses twice, gets its true period); see :func:`limit_cycle_of`.

    Arguments: ``run``, one segment with its transient discarded (:func:`segment`); ``truth``, a true run, at
    any step, for the relative errors.

    Returns per trial ``period``, ``period_floor`` (its standard error, sd / sqrt(cycles)), ``period_cv``,
    ``amplitude`` (per component), ``drift`` (relative change of the period over the run), ``coherence``,
    ``cycles``, ``outcome``; with a truth also ``period_error`` and ``amplitude_error``, relative. Where a trial has
    no cycle values are NaN and ``outcome`` says why.
    Raises ValueError where no trial has one, saying what its return times do; below 32 samples, for missing dims and
    samples that are not finite.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import limit_cycle
    >>> t = np.arange(0, 100, 0.1)
    >>> run = xr.DataArray(np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(limit_cycle(run).period[0]), 3)
    6.283
    """
    stretch = single(run)
    true = None if truth is None else single(truth, "truth")
    stretch = stretch if true is None else fitted(stretch, true)
    cycles = _cycles(stretch, "run")
    found = _described(cycles, stretch.units)
    if true is not None:
        found |= _errors(cycles, _cycles(true, "truth"))
    names = Variable(("component",), list(stretch.components), "1", "component")
    return dataset(found, {**stretch.trial, "component": names}, task=stretch.task)


def _cycles(stretch: Stretch, role: str) -> list[Cycle]:
    """Return the cycle of each trial; raise ValueError where none has one."""
    found = [limit_cycle_of(x, stretch.dt) for x in stretch.values]
    if not any(c.cycles for c in found):
        _refuse(stretch, role, [c.outcome for c in found])
    return found


def _refuse(stretch: Stretch, role: str, outcomes: list[str]) -> None:
    many = len(outcomes) > 1
    what = f"none of the {len(outcomes)} trials of the {role} is a cycle" if many else f"the {role} is not a cycle"
    refuse_none(what, {f"trial {t}" if many else "": o for t, o in zip(stretch.trials, outcomes, strict=True)})


def _described(cycles: list[Cycle], units: str) -> dict[str, Variable]:
    count = np.array([c.cycles for c in cycles])
    period, variation = np.array([c.period for c in cycles]), np.array([c.variation for c in cycles])
    return {
        "period": Variable(("trial",), period, "1", "period in task time"),
        "period_floor": Variable(
            ("trial",),
            period * variation / np.sqrt(np.maximum(count, 1)),
            "1",
            "standard error of the period",
        ),
        "period_cv": Variable(("trial",), variation, "1", "coefficient of variation of the period"),
        "amplitude": Variable(("trial", "component"), [c.amplitude for c in cycles], units, "amplitude"),
        "drift": Variable(("trial",), [c.drift for c in cycles], "1", "relative change of the period"),
        "coherence": Variable(("trial",), [c.coherence for c in cycles], "1", "correlation after one return"),
        "cycles": Variable(("trial",), count, "1", "whole cycles seen"),
        "outcome": Variable(("trial",), [c.outcome for c in cycles], "1", "what was found"),
    }


def _errors(cycles: list[Cycle], truth: list[Cycle]) -> dict[str, Variable]:
    errors = [cycle_errors(c, truth[i % len(truth)]) for i, c in enumerate(cycles)]
    return {
        "period_error": Variable(("trial",), [e[0] for e in errors], "1", "relative error of the period"),
        "amplitude_error": Variable(
            ("trial", "component"), [e[1] for e in errors], "1", "relative error of the amplitude"
        ),
    }


def orbit_distance(run: Labelled, truth: Labelled) -> xr.Dataset:
    """Measure how far the mean orbit of a run is from the truth's, phase-aligned, in the truth's sd.

        d = min_s sqrt( mean_phi mean_k ((run_k(phi + s) - truth_k(phi)) / sd_k)^2 )

    Speed does not enter, so read it beside :func:`limit_cycle`; the steps may differ.

    Arguments: ``run`` and ``truth``, one segment each. Returns per trial ``orbit_distance``,
    ``orbit_distance_floor`` (between the truth's even and odd cycles), ``spread`` (of single cycles of the
    run around their mean) and ``outcome``; NaN where either has no cycle. Raises as :func:`limit_cycle`.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import orbit_distance
    >>> t = np.arange(0, 60, 0.05)
    >>> ring = lambda a: xr.DataArray(a * np.stack([np.sin(t), np.cos(t)], 1), dims=("time", "component"),
    ...     coords={"time": t})
    >>> round(float(orbit_distance(ring(1.2), ring(1.0)).orbit_distance[0]), 3)
    0.2
    """
    true = single(truth, "truth")
    stretch = fitted(single(run), true)
    return dataset(_distances(stretch, true), stretch.trial, task=true.task)


def _distances(run: Stretch, truth: Stretch) -> dict[str, Variable]:
    true = truth.values
    found = [
        orbit_distance_of(true[i % len(true)], trial, truth.dt, run_dt=run.dt) for i, trial in enumerate(run.values)
    ]
    if all(np.isnan(f.distance) for f in found):
        _cycles(truth, "truth")
        _refuse(run, "run", [f.outcome for f in found])
    return {
        "orbit_distance": Variable(("trial",), [f.distance for f in found], "1", "orbit distance in sd"),
        "orbit_distance_floor": Variable(("trial",), [f.floor for f in found], "1", against_truth("orbit distance")),
        "spread": Variable(("trial",), [f.spread for f in found], "1", "spread of cycles around their mean in sd"),
        "outcome": Variable(("trial",), [f.outcome for f in found], "1", "what was found"),
    }
