"""Two runs side by side: every task they share, every measure beside its floor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ._attractor import distance_floor, distances, losses, window_of
from ._floors import ArrayMeasure, floor_of
from ._measures import MEASURES, against_truth
from ._resample import coarser
from ._run import Labelled, Stretch, as_run, fitted, single, stretches
from ._segment import settled
from ._true_runs import Truths, truths_of
from .arrays._comparison import Comparison
from .arrays._divergence import BINS
from .arrays._limit_cycle import SAMPLES, limit_cycle_of

Row = dict[str, Any]
ByTask = dict[str, list[Stretch]]


def compare(
    a: Labelled,
    b: Labelled,
    *,
    truth: Truths | None = None,
    reference: Truths | None = None,
    discard: float = 0.0,
) -> xr.Dataset:
    """Compare two runs, task by task: is it the same dynamics?

    With ``truth`` both are measured against it, side by side (rate beside spiking); without, the truth is
    the run whose ``kind`` is "truth", or else ``a``, and only the other is measured. What is measured follows
    the kind of task, from the truth's attribute ``task_kind`` (or ``kind``): "chaos", "cycle", "memory",
    "recording" (everything); without one, from what the truth does. What does not apply is NaN.

    Arguments: ``a`` and ``b``, runs with any number of segments; ``truth``, one true run, a mapping from
    task name to a true run, or the bank of the runs, whose tasks are then run (:func:`tonicnet.measure.true_runs`);
    ``reference``, independent true runs for the floors, given likewise (without: disjoint stretches of the truth);
    ``discard``, task time left out at the start of every segment. Steps may differ: the finer is sampled at the
    coarser. A task in several segments counts as further trials.

    Returns over (task, run): the median over trials of each measure and its floor, ``<measure>_floor``:
    ``state_space_divergence, spectral_hellinger, period_error, amplitude_error, orbit_distance,
    attractor_distance, lost_share``; ``period``, ``period_cv``; ``outside``; ``samples`` and ``duration``
    compared per trial; ``kind(task)``; ``outcome(task, run)``, a sentence. D_stsp is of 30 bins a component, of fewer
    where many components would make more cells than samples can fill.
    Raises ValueError when no task is shared, or for data that cannot be read.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import compare
    >>> t = np.arange(0, 200, 0.1)
    >>> wave = lambda f: xr.DataArray(np.sin(f * t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> found = compare(wave(1.0), wave(1.05), truth=wave(1.0))
    >>> found.period_error.values.round(3).tolist()
    [[0.0, -0.048]]
    """
    a, b = as_run(a, "a"), as_run(b, "b")
    truth = truths_of(truth, a)
    runs = {role: _by_task(run, role, discard) for role, run in (("a", a), ("b", b))}
    tasks = _shared(runs["a"], runs["b"], truth)
    measured = _measured(a, b, truth is not None)
    true = {name: _truth(name, truth, runs, measured) for name in tasks}
    other = {name: _named(reference, name) for name in tasks}
    rows = [[_row(runs[m][name], true[name], other[name]) for m in measured] for name in tasks]
    return _table(rows, tasks, [measured[m] for m in measured], [task_kind(true[name]) for name in tasks])


def _by_task(run: Labelled, role: str, discard: float) -> ByTask:
    found: ByTask = {}
    for stretch in stretches(run, role, finite=False):
        found.setdefault(stretch.task, []).append(settled(stretch, discard))
    return found


def _shared(a: ByTask, b: ByTask, truth: Truths | None) -> list[str]:
    """Return the tasks of both runs, or of these the one whose truth is given."""
    tasks = [name for name in a if name in b]
    if not tasks:
        names = ", the other ".join(", ".join(map(repr, found)) for found in (a, b))
        raise ValueError(f"the runs share no task: one has {names}; give runs of the same tasks")
    only = single(truth, "truth").task if truth is not None and not _by_name(truth) else ""
    if only and all(tasks) and only not in tasks:
        raise ValueError(f"the truth is of task {only!r}, the runs of {', '.join(map(repr, tasks))}")
    return [only] if only in tasks else tasks


def _measured(a: Labelled, b: Labelled, has_truth: bool) -> dict[str, str]:
    """Return which runs are measured, and the name of each in the result."""
    kinds = {"a": str(a.attrs.get("kind", "")) or "a", "b": str(b.attrs.get("kind", "")) or "b"}
    names = kinds if kinds["a"] != kinds["b"] else {"a": "a", "b": "b"}
    if has_truth:
        return names
    measured = "a" if kinds["b"] == "truth" and kinds["a"] != "truth" else "b"
    return {measured: names[measured]}


def _truth(
    name: str,
    truth: Truths | None,
    runs: dict[str, ByTask],
    measured: dict[str, str],
) -> Stretch:
    given = _named(truth, name)
    if given is not None:
        return given
    if truth is not None:
        raise ValueError(f"no truth for task {name!r}: the mapping has {', '.join(map(repr, truth)) or 'none'}")
    stretch = runs["b" if "a" in measured else "a"][name][0]
    if not np.isfinite(stretch.values).all():
        raise ValueError(f"the run that stands for the truth of task {name!r} is not finite; give truth=...")
    return stretch


def _named(source: Truths | None, name: str) -> Stretch | None:
    if source is None:
        return None
    if not _by_name(source):
        return single(source, "truth")
    return single(source[name], f"truth of {name}") if name in source else None


def _by_name(truth: Any) -> TypeGuard[Mapping[str, Labelled]]:
    """Return whether this is a mapping from tasks to true runs, and no run itself."""
    return isinstance(truth, Mapping) and not isinstance(truth, xr.Dataset)


def task_kind(truth: Stretch) -> str:
    """Return the kind of task a truth is of: as it says, or else as it looks."""
    return truth.kind or _looks_like(truth)


def _looks_like(truth: Stretch) -> str:
    late = truth.values[:, truth.values.shape[1] // 2 :]
    if (late.std(axis=1).max(axis=0) <= 1e-3 * truth.values.std(axis=(0, 1))).all():
        return "memory"
    if truth.values.shape[1] < SAMPLES:
        return "recording"
    cycle = limit_cycle_of(truth.values[0], truth.dt)
    return "cycle" if cycle.coherence > 0.95 and cycle.variation < 0.05 else "chaos"


def _row(segments: list[Stretch], truth: Stretch, reference: Stretch | None) -> Row:
    """Measure all trials of all segments of one task in one run: the median over trials, and the floors."""
    dt = max(truth.dt, *(s.dt for s in segments))
    true = coarser(truth, dt)
    parts = [coarser(fitted(s, truth), dt) for s in segments]
    other = None if reference is None else fitted(coarser(reference, dt), true)
    count = min(s.values.shape[1] for s in (true, *parts))
    kind = task_kind(truth)
    beside = _beside(parts, true, count)
    row: Row = {name: _median([of(c) for c in beside]) for name, of in _of_trials(kind).items()}
    row |= _floors(true, count, other, kind) | _nearness(parts, true) | _loss(parts, true)
    row |= {"samples": count, "duration": count * dt}
    return row | {"outcome": _sentence(beside[0], kind, row)}


def _of_trials(kind: str) -> dict[str, Callable[[Comparison], float]]:
    """Return the measures of one trial beside the truth that apply to a kind of task."""
    return {name: m.of for name, m in MEASURES.items() if m.of is not None and kind in m.kinds}


def _beside(parts: list[Stretch], truth: Stretch, count: int) -> list[Comparison]:
    """Return every trial beside one of the truth, which are used in turn."""
    trials = [trial[:count] for stretch in parts for trial in stretch.values]
    true = truth.values
    return [Comparison(true[i % len(true), :count], trial, truth.dt) for i, trial in enumerate(trials)]


def _floors(truth: Stretch, count: int, reference: Stretch | None, kind: str) -> Row:
    row: Row = {}
    for name, of in _of_trials(kind).items():
        if MEASURES[name].has_floor:
            size = count if MEASURES[name].same_length or reference else min(count, truth.values.shape[1] // 2)
            other = None if reference is None else reference.values
            row[f"{name}_floor"] = floor_of(_unsigned(of, truth.dt), truth.values, size, other).value
    return row


def _unsigned(of: Callable[[Comparison], float], dt: float) -> ArrayMeasure:
    return lambda a, b: abs(of(Comparison(a, b, dt)))


def _nearness(parts: list[Stretch], truth: Stretch) -> Row:
    near = [float(d) for stretch in parts for d in distances(stretch, truth).mean(axis=1)]
    return {"attractor_distance": _median(near), "attractor_distance_floor": distance_floor(truth).value}


def _loss(parts: list[Stretch], truth: Stretch) -> Row:
    window = min(window_of(s, truth) for s in parts)
    if window < 2 * truth.dt:
        return {"lost_share": np.nan}
    gone = [collapsed | escaped for collapsed, escaped in (losses(s, truth, window) for s in parts)]
    return {"lost_share": float(np.concatenate(gone).mean())}


def _median(values: list[float]) -> float:
    known = [v for v in values if not np.isnan(v)]
    return float(np.median(known)) if known else np.nan


def _sentence(beside: Comparison, kind: str, row: Row) -> str:
    gone = row["lost_share"]
    fate = "stays on the attractor" if gone == 0 else f"{gone:.0%} of trials lost"
    return f"{fate}; {beside.cycles[1].outcome}" if kind == "cycle" else fate


def _table(rows: list[list[Row]], tasks: list[str], runs: list[str], kinds: list[str]) -> xr.Dataset:
    variables = {name: _column(rows, name, *about) for name, about in _columns().items()}
    variables["outcome"] = Variable(("task", "run"), [[r["outcome"] for r in row] for row in rows], "1", "outcome")
    coords = {
        "task": Variable(("task",), tasks, "1", "task"),
        "run": Variable(("run",), runs, "1", "run measured"),
        "kind": Variable(("task",), kinds, "1", "kind of task"),
    }
    return dataset(variables, coords, bins=BINS, smoothing=20.0)


def _columns() -> dict[str, tuple[str, str]]:
    """Return units and long name of every number in the table, a measure beside its floor."""
    columns: dict[str, tuple[str, str]] = {}
    for name, measure in MEASURES.items():
        columns[name] = (measure.units, measure.long_name)
        if measure.has_floor:
            columns[f"{name}_floor"] = (measure.units, against_truth(measure.long_name))
    return columns


def _column(rows: list[list[Row]], name: str, units: str, long_name: str) -> Variable:
    values = [[r.get(name, np.nan) for r in row] for row in rows]
    return Variable(("task", "run"), np.array(values, dtype=np.float64), units, long_name)
