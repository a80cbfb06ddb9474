"""Return maps: each maximum against the next, and how far a run's map is from the truth's."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import unknown
from ._pair import fitted
from ._run import Labelled, Stretch, single

_EVENTS = 12  # pairs of maxima a map needs
_NEAREST = 8  # pairs of the truth through which the line is drawn
_POINT = 1e-2  # a spread of maxima below this, in sd of the component, is a cycle's one point


def maxima_of(x: Float[np.ndarray, " time"]) -> tuple[Float[np.ndarray, " event"], Float[np.ndarray, " event"]]:
    """Return where (in samples) and how high the local maxima of ``x`` are, by the parabola through three samples.

    >>> import numpy as np
    >>> at, height = maxima_of(np.sin(np.arange(0, 20, 0.1)))
    >>> (at / 10).round(3).tolist(), height.round(4).tolist()
    ([1.571, 7.854, 14.137], [1.0, 1.0, 1.0])
    """
    k = np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:])) + 1
    left, mid, right = x[k - 1], x[k], x[k + 1]
    shift = 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-300)
    return k + shift, mid - 0.25 * (left - right) * shift


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
    a maximum does not foretell the next, as in a flow that is no map in this component: then the floor is near 1 too.

    Arguments: ``run`` and ``truth``, one segment each, steps may differ; ``component``, by number (the last) or name.
    Returns per trial ``return_map_residual``, ``outside`` (share of maxima beyond the truth's) and ``events``; the
    floor ``return_map_residual_floor`` is the second half of the truth's pairs against its first.
    Raises ValueError as :func:`return_map`.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import return_map_residual
    >>> t = np.arange(0, 400, 0.1)
    >>> made = lambda s: xr.DataArray((np.sin(t) * (1 + 0.3 * np.sin(s * t)))[:, None], dims=("time", "component"),
    ...     coords={"time": t})
    >>> bool(return_map_residual(made(0.7), made(0.7)).return_map_residual[0] < 0.5)
    True
    """
    true = single(truth, "truth")
    made = fitted(single(run), true)
    k = _number(true, component)
    known = np.concatenate(_events(true, k, "truth")[1])
    pairs = _events(made, k, "run")[1]
    half, scale = len(known) // 2, float(true.values[:, :, k].std())
    low, high = known[:, 0].min(), known[:, 0].max()
    outside = [float(((p[:, 0] < low) | (p[:, 0] > high)).mean()) for p in pairs]
    name = "residual of the return map in sd"
    found = {
        "return_map_residual": Variable(("trial",), [_residual(known, p, scale) for p in pairs], "1", name),
        "return_map_residual_floor": Variable(
            (), _residual(known[:half], known[half:], scale), "1", f"{name}, truth against truth"
        ),
        "outside": Variable(("trial",), outside, "1", "share of maxima beyond the truth's"),
        "events": Variable(("trial",), [len(p) for p in pairs], "1", "pairs of maxima"),
    }
    return dataset(found, made.trial, task=true.task, component=true.components[k])


def _residual(known: Float[np.ndarray, "event 2"], made: Float[np.ndarray, "event2 2"], scale: float) -> float:
    """Return the rms distance of made pairs from local lines through the known ones, in sd of the latter."""
    from scipy.spatial import cKDTree

    spread = float(known[:, 0].std())
    unit = spread if spread > _POINT * scale else scale
    _, near = cKDTree(known[:, :1]).query(made[:, :1], k=min(_NEAREST, len(known)))
    x, y = known[near, 0], known[near, 1]
    off, rise = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    slope = (off * rise).sum(axis=1) / np.maximum((off**2).sum(axis=1), 1e-12 * unit**2)
    within = np.clip(made[:, 0], x.min(axis=1), x.max(axis=1))
    guess = y.mean(axis=1) + slope * (within - x.mean(axis=1))
    return float(np.sqrt(((made[:, 1] - guess) ** 2).mean())) / unit


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
    if not -count <= component < count:
        raise ValueError(f"there is no component {component}: the run has {count}, numbered from 0")
    return component % count
