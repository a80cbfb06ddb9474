"""Which units do what: task variance of every unit across a bank, and the clusters they fall into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._numbers import seconds
from .._random import generator
from ._run import parts_of, task_of, time_of
from .arrays._clusters import clusters_of

_SAMPLES = 20  # of a segment at least


def selectivity(
    run: xr.Dataset | Sequence[xr.Dataset],
    *,
    discard: float = 0.0,
    silent: float = 1e-3,
    clusters: int = 12,
    seed: int = 0,
) -> xr.Dataset:
    """Measure in which tasks each unit takes part, and the clusters of units that do alike.

        TV_i(A) = var_{trial, t} r_i(t; A),    selectivity_i(A) = TV_i(A) / max_B TV_i(B)

    Arguments: ``run``, one with rates and a segment for each task, ``tn.simulate(net, bank, schedule=[...],
    rates=True)`` (``every=`` keeps it small); or, of a feed-forward network, a list of what it predicts in each task,
    ``tn.predict(net, bank, x, task=..., rates=True)``, whose samples take the place of time; ``discard``, task time
    left out at the start of each segment; a unit is silent whose largest variance is below ``silent`` squared times the
    largest of all units; ``clusters`` at most, by k-means of the selectivities of the others, the number chosen by the
    silhouette (:func:`clusters_of`).

    Returns ``variance(task, unit)`` (rate unit squared), ``selectivity(task, unit)`` (0 for silent units),
    ``cluster(unit)`` (-1 for silent ones), ``order(unit)``, the units sorted by cluster and then by the task they are
    most selective for, ``silhouette``, its floor ``silhouette_floor`` (the selectivities of each task shuffled over
    units), and ``silhouette_by_number(clusters)``. Raises ValueError for a run without rates, a single task, segments
    shorter than 20 samples, rates that are not finite, fewer than 4 units that do anything.
    Source: Yang et al. (2019), doi:10.1038/s41593-018-0310-2.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import selectivity
    >>> t, size = np.arange(100) * 0.1, np.repeat([[1, 0], [1, 1], [0, 1]], 4, axis=0)    # 12 units, tasks a and b
    >>> rate = np.concatenate([np.sin(5 * t)[:, None] * size[:, k] for k in (0, 1)])
    >>> run = xr.Dataset({"rate": (("time", "unit"), rate)}, coords={"time": np.arange(200) * 0.1,
    ...     "segment": ("time", np.repeat(["a", "b"], 100))})
    >>> selectivity(run).cluster.values.tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    """
    names, rates = _rates(run, discard)
    variance = np.array([r.reshape(-1, r.shape[2]).var(axis=0) for r in rates])
    largest = variance.max(axis=0)
    active = largest > silent**2 * largest.max()
    share = np.where(active, variance / np.where(active, largest, 1.0), 0.0)
    features = share[:, active].T
    groups = clusters_of(features, most=clusters, seed=seed)
    rng = generator(seed)
    own = clusters_of(rng.permuted(features, axis=0), most=clusters, seed=seed)
    label = np.full(len(active), -1)
    label[active] = groups.cluster
    example = run if isinstance(run, xr.Dataset) else run[0]
    unit = example["unit"].values if "unit" in example.coords else np.arange(len(active))
    units = str(example["rate"].attrs.get("units", "1"))
    square = "1" if units == "1" else f"{units}^2"
    number = np.arange(2, 2 + len(groups.silhouettes))
    found = {
        "variance": Variable(("task", "unit"), variance, square, "task variance of each unit"),
        "selectivity": Variable(("task", "unit"), share, "1", "task variance over the largest of all tasks"),
        "cluster": Variable(("unit",), label, "1", "cluster (-1: silent)"),
        "order": Variable(("unit",), _order(label, share), "1", "units sorted by cluster"),
        "silhouette": Variable((), groups.silhouettes.max(), "1", "silhouette of the clusters"),
        "silhouette_floor": Variable((), own.silhouettes.max(), "1", "silhouette, selectivities shuffled over units"),
        "silhouette_by_number": Variable(("clusters",), groups.silhouettes, "1", "silhouette by number of clusters"),
    }
    coords = {
        "task": Variable(("task",), names, "1", "task"),
        "unit": Variable(("unit",), unit, "1", "unit"),
        "clusters": Variable(("clusters",), number, "1", "number of clusters"),
    }
    return dataset(found, coords, number=groups.number, silent=float(silent), seed=seed)


def _order(label: np.ndarray, share: Float[np.ndarray, "task unit"]) -> np.ndarray:
    """Return units by cluster, in each by the task of the largest share; silent ones last."""
    best = share.argmax(axis=0)
    last = np.where(label < 0, label.max() + 1, label)
    return np.lexsort((-share.mean(axis=0), best, last))


def _rates(
    run: xr.Dataset | Sequence[xr.Dataset], discard: float
) -> tuple[list[str], list[Float[np.ndarray, "trial time unit"]]]:
    """Return the tasks of a run and the rates in each, all its segments together."""
    if isinstance(run, Sequence):
        return _predicted(run, discard)
    if not isinstance(run, xr.Dataset) or "rate" not in run:
        raise ValueError("selectivity needs rates: run with tn.simulate(net, bank, schedule=[...], rates=True)")
    rate = run["rate"] if "trial" in run["rate"].dims else run["rate"].expand_dims("trial")
    rate = rate.transpose("trial", "time", "unit")
    if not np.isfinite(rate).all():
        raise ValueError("the run holds rates that are not finite; cut it before")
    skipped = seconds("discard", discard)
    time, found = time_of(rate, "run"), dict[str, list[np.ndarray]]()
    for part in parts_of(rate, time):
        kept = time[part] - time[part][0] >= skipped
        name = task_of(rate.isel(time=part))
        if kept.sum() < _SAMPLES:
            raise ValueError(
                f"the segment of {name!r} keeps {int(kept.sum())} samples; a task variance needs at least {_SAMPLES}: "
                "run it longer, or discard less"
            )
        found.setdefault(name, []).append(rate.values[:, part][:, kept])
    if len(found) < 2:
        raise ValueError(f"selectivity compares tasks, this run has only {next(iter(found))!r}; give a schedule of two")
    return list(found), [np.concatenate(r, axis=1) for r in found.values()]


def _predicted(
    found: Sequence[xr.Dataset], discard: float
) -> tuple[list[str], list[Float[np.ndarray, "one sample unit"]]]:
    """Return the tasks of predictions and the rates in each, as one trial."""
    if discard:
        raise ValueError(f"samples have no start of which to discard {discard:g}; leave discard out")
    for held in found:
        if not isinstance(held, xr.Dataset) or "rate" not in held or {*held["rate"].dims} != {"sample", "unit"}:
            raise ValueError(
                "selectivity of samples needs the rates of each task: a list of tn.predict(net, bank, x, task=..., "
                "rates=True)"
            )
        if not np.isfinite(held["rate"]).all():
            raise ValueError("a prediction holds rates that are not finite; look at its samples")
    names = [str(held.attrs.get("task", k)) for k, held in enumerate(found)]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise ValueError(
            f"selectivity compares tasks, these predictions are of {', '.join(names) or 'none'}; give each of two "
            "tasks or more once"
        )
    few = min(held.sizes["sample"] for held in found)
    if few < _SAMPLES:
        raise ValueError(f"a task has {few} samples; a task variance needs at least {_SAMPLES}: predict more of them")
    return names, [held["rate"].transpose("sample", "unit").values[None] for held in found]
