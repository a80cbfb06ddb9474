"""Return maps: each maximum against the next, and how far a run's map is from the truth's."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import shown, unknown
from .._numbers import is_whole
from ._measures import against_truth
from ._run import Labelled, Stretch, fitted, single
from .arrays._return_map import maxima_of, residual_of

_EVENTS = 12  # pairs of maxima a map needs


def return_map(run: Labelled, *, component: int | str = -1) -> xr.Dataset:
    """Return the map from each maximum of a component to the next one: Lorenz's cusp, for his z.

        m_n -> m_{n+1},   m_n the n-th local maximum of x_k(t)

    Arguments: ``run``, one segment, with its transient discarded (:func:`segment`); ``component``, by number (the
    last if not given) or name.
    Returns ``now`` and ``next`` over ``event``, all trials together, with ``trial`` and ``event_time`` (task time of
    the first of both) of each. Raises ValueError for an unknown component, missing dims, samples that are not
    finite, and fewer than 12 pairs of maxima in any trial (saying how many there are).
    Source: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import return_map
    >>> t = np.arange(0, 100, 0.1)
    >>> wave = xr.DataArray(np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> return_map(wave)["next"].values.round(3)[:3].tolist()
    [1.0, 1.0, 1.0]
    """
    stretch = single(run)
    k = _number(stretch, component)
    at, pairs = _events(stretch, k, "run")
    trials = np.repeat(stretch.trials, [len(p) for p in pairs])
    values, units = np.concatenate(pairs), stretch.units
    found = {
        "now": Variable(("event",), values[:, 0], units, "maximum"),
        "next": Variable(("event",), values[:, 1], units, "next maximum"),
    }
    coords = {
        "trial": Variable(("event",), trials, "1", "trial"),
        "event_time": Variable(("event",), np.concatenate(at), "1", "task time of the maximum"),
    }
    return dataset(found, coords, task=stretch.task, component=stretch.components[k])


def return_map_residual(run: Labelled, truth: Labelled, *, component: int | str = -1) -> xr.Dataset:
    """Measure how far the return map of a run is from the truth's.

        residual = rms_n (m_{n+1} - g(m_n)) / sd,   g: the line through the 8 pairs of the truth nearest to m_n

    sd is that of the truth's maxima (of its component, for a cycle, whose maxima are all one). It is near 1 where
    a maximum does not predict the next, as in a flow that is no map in this component: then the floor is near 1 too.

    Arguments: ``run`` and ``truth``, one segment each, steps may differ; ``component``, by number (the last) or name.
    Returns per trial ``return_map_residual``, ``outside`` (share of maxima beyond the truth's) and ``events``; the
    floor ``return_map_residual_floor`` is the second half of the truth's pairs against its first.
    Raises ValueError as :func:`return_map`.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import return_map_residual
    >>> t = np.arange(0, 400, 0.1)
    >>> wave = lambda s: xr.DataArray((np.sin(t) * (1 + 0.3 * np.sin(s * t)))[:, None], dims=("time", "component"),
    ...     coords={"time": t})
    >>> bool(return_map_residual(wave(0.7), wave(0.7)).return_map_residual[0] < 0.5)
    True
    """
    true = single(truth, "truth")
    measured = fitted(single(run), true)
    k = _number(true, component)
    known = np.concatenate(_events(true, k, "truth")[1])
    pairs = _events(measured, k, "run")[1]
    half, scale = len(known) // 2, float(true.values[:, :, k].std())
    low, high = known[:, 0].min(), known[:, 0].max()
    outside = [float(((p[:, 0] < low) | (p[:, 0] > high)).mean()) for p in pairs]
    name = "residual of the return map in sd"
    found = {
        "return_map_residual": Variable(("trial",), [residual_of(known, p, scale) for p in pairs], "1", name),
        "return_map_residual_floor": Variable(
            (), residual_of(known[:half], known[half:], scale), "1", against_truth(name)
        ),
        "outside": Variable(("trial",), outside, "1", "share of maxima beyond the truth's"),
        "events": Variable(("trial",), [len(p) for p in pairs], "1", "pairs of maxima"),
    }
    return dataset(found, measured.trial, task=true.task, component=true.components[k])


def _events(stretch: Stretch, k: int, role: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return, per trial, when the maxima come (all but the last), and the pairs (event, 2) of each with the next."""
    times, pairs = [], []
    for trial, x in zip(stretch.trials, stretch.values, strict=True):
        at, height = maxima_of(x[:, k])
        if len(height) < _EVENTS + 1:
            raise ValueError(
                f"the {role} is too short for a return map: component {stretch.components[k]!r} of trial {trial} has "
                f"{len(height)} maxima in {stretch.time[-1] - stretch.time[0]:g} task time, {_EVENTS + 1} are needed; "
                "run longer, or take another component"
            )
        times.append(stretch.time[0] + at[:-1] * stretch.dt)
        pairs.append(np.stack([height[:-1], height[1:]], axis=1))
    return times, pairs


def _number(stretch: Stretch, component: int | str) -> int:
    count = len(stretch.components)
    if isinstance(component, str):
        if component not in stretch.components:
            raise ValueError(unknown("component", component, stretch.components))
        return stretch.components.index(component)
    if not is_whole(component, -count) or int(component) >= count:
        raise ValueError(f"there is no component {shown(component)}: the run has {count}, numbered from 0")
    return int(component) % count
