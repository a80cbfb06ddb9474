"""Delayed coordinates: one observed component made into a state that a network without hidden memory can follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from .._names import shown
from .._numbers import is_whole, real
from ..labelled import DIMS, Door
from ._samples import samples

_DOOR = Door("a recording")
_BINS = 16  # of the histogram of mutual information, each with as many samples
_LAGS = 1000  # steps of delay that are looked at, at most
_PARTS = 2  # of the first minimum, that a lag is: the field of nearer coordinates is less steep
_ALIKE = 0.7  # correlation above which x(t - lag) says little that x(t) does not
_RISES = 0.01  # of the information at lag 0, by which it must rise after a minimum
_FALLEN = np.exp(-1)  # of the information at lag 0, where it has no minimum
_LEAST, _MOST = 2, 10  # coordinates that are tried; along one, nothing goes to and fro by itself
_FALSE, _GAINED = 0.01, 0.02  # share of false neighbours that is allowed, and that a coordinate more must save
_FAR, _WIDE = 15.0, 2.0  # tolerances of Kennel et al.
_QUERIES, _NEAREST = 2000, 64  # points whose neighbours are looked at, and how many neighbours
_SHORTEST = 16  # samples

Trials = Float[np.ndarray, "trial time"]


def embed_recording(recording: Any, embed: Any = "auto", *, dt: Any = None, time: str | None = None) -> xr.DataArray:
    """Make delayed coordinates of a recording of one component: x(t), x(t - lag), x(t - 2 lag), ...

    A generic component of a d-dimensional attractor and 2d + 1 delays of it tell the whole state, and often fewer do.
    A low-rank network has no memory but its output: given these coordinates, it can follow what it could not from x
    alone.

    Arguments
    ---------
    recording : one component, in anything that :meth:`Task.from_array` takes.
    embed : (lag, count): seconds, a whole number of steps, and how many coordinates there are; or "auto". Then the lag
        is half of the first minimum of the mutual information between x(t) and x(t - lag), in 16 x 16 bins of as many
        samples, from which it rises by 1 % of that at lag 0, once their correlation has fallen to 0.7; where there is
        none, half of the lag at which it has fallen to 1/e. The count, up to 10, is one more than the least, from 2 on,
        with less than 1 % of false nearest neighbours, or at which another coordinate saves less than 2 % of them:
        nearer lags and one coordinate more than the geometry needs make the field less steep, which was learned better
        in trials on x of Lorenz.
    dt, time : step in seconds of an array without time, and the name of what is time.

    Returns a DataArray (trial, time, component), shorter by (count - 1) lag, whose attributes ``lag`` and ``count``
    tell what was chosen. Raises ValueError for several components, a lag between steps, and a recording that is too
    short.

    Source: Takens 1981, doi:10.1007/BFb0091924; Fraser and Swinney 1986, doi:10.1103/PhysRevA.33.1134 (lag); Kennel,
    Brown and Abarbanel 1992, doi:10.1103/PhysRevA.45.3403 (count).

    >>> import numpy as np, tonicnet as tn
    >>> wave = np.sin(0.1 * np.arange(2000))
    >>> made = embed_recording(wave, dt=0.1)
    >>> made["component"].values.tolist(), made.sizes["time"]
    (['0', '0(t-0.4)', '0(t-0.8)'], 1992)
    """
    given = samples(recording, dt, door=_DOOR, shortest=_SHORTEST, time=time)
    if given.values.shape[2] != 1:
        raise ValueError(
            f"a recording has {given.values.shape[2]} components, and embed= is for one; take one of them, or leave "
            "embed out"
        )
    x, label = given.values[..., 0], (given.labels or ("0",))[0]
    lag, count = _chosen(x) if isinstance(embed, str) and embed == "auto" else _given(embed, given.dt, x.shape[1])
    values = delayed(x, lag, count)
    names = [label if k == 0 else f"{label}(t-{k * lag * given.dt:.4g})" for k in range(count)]
    time_coord = ("time", given.dt * np.arange(values.shape[1]), {"units": "s"})
    attrs = {"lag": lag * given.dt, "count": count, "units": given.units}
    return xr.DataArray(values, dims=DIMS, coords={"time": time_coord, "component": names}, attrs=attrs)


def delayed(x: Trials, lag: int, count: int) -> Float[np.ndarray, "trial time component"]:
    """Return x(t), x(t - lag), ..., of which each trial has all from its step (count - 1) lag on.

    >>> delayed(np.arange(6.0)[None], 2, 3)[0].tolist()
    [[4.0, 2.0, 0.0], [5.0, 3.0, 1.0]]
    """
    length = x.shape[1] - (count - 1) * lag
    return np.stack([x[:, (count - 1 - k) * lag :][:, :length] for k in range(count)], axis=2)


def _given(embed: Any, dt: float, length: int) -> tuple[int, int]:
    """Return steps and number of coordinates that a user asks for."""
    pair = isinstance(embed, tuple | list) and len(embed) == 2
    if not pair or not is_whole(embed[1]) or not 0 < real(embed[0]) < np.inf:
        raise ValueError(
            'embed is (lag in seconds, number of coordinates), such as (0.1, 3), or "auto"; got ' + shown(embed)
        )
    lag, count = real(embed[0]) / dt, int(embed[1])
    if round(lag) < 1 or abs(lag - round(lag)) > 1e-6 * lag:
        raise ValueError(f"the lag of embed= must be a whole number of steps of {dt:g} s, got {shown(embed[0])} s")
    if (count - 1) * round(lag) > length - _SHORTEST:
        raise ValueError(
            f"embed={shown(tuple(embed))} reaches back {(count - 1) * round(lag)} steps, and trials have {length}; "
            "take a shorter lag or fewer coordinates"
        )
    return round(lag), count


def _chosen(x: Trials) -> tuple[int, int]:
    """Return the lag and the count of a recording by the rules of :func:`embed_recording`."""
    if not np.ptp(x) > 0:
        raise ValueError("a recording does not move, so that no lag can be found; give embed=(lag, count)")
    lag = max(1, first_minimum(x) // _PARTS)
    room = (x.shape[1] - _SHORTEST) // lag
    shares = [false_neighbours(x, lag, _LEAST)]
    while len(shares) < min(_MOST, room) - _LEAST and shares[-1] >= _FALSE:
        shares.append(false_neighbours(x, lag, _LEAST + len(shares)))
        if shares[-2] - shares[-1] < _GAINED:
            shares.pop()
            break
    return lag, _LEAST + len(shares)


def first_minimum(x: Trials) -> int:
    """Return the first lag, in steps, at which mutual information is least, or has fallen to 1/e."""
    symbols, last = _ranked(x), max(2, min(_LAGS, x.shape[1] // 4))
    begin = next((lag for lag in range(1, last) if _correlation(x, lag) <= _ALIKE), last - 1)
    whole, held = _information(symbols, 0), [np.inf] * begin
    for lag in range(begin, last):
        held.append(_information(symbols, lag))
        least = int(np.argmin(held))
        if held[lag] > held[least] + _RISES * whole:
            return least
    fallen = np.flatnonzero(np.array(held) < _FALLEN * whole)
    return int(fallen[0]) if len(fallen) else len(held) - 1


def _correlation(x: Trials, lag: int) -> float:
    z = x - x.mean()
    return float((z[:, lag:] * z[:, : z.shape[1] - lag]).mean() / (z**2).mean())


def _ranked(x: Trials) -> Int[np.ndarray, "trial time"]:
    """Return the bin of each sample, of bins that hold as many each."""
    edges = np.quantile(x, np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.searchsorted(edges, x, side="right")


def _information(symbols: Int[np.ndarray, "trial time"], lag: int) -> float:
    """Return the mutual information of x(t) and x(t - lag), in nat."""
    length = symbols.shape[1] - lag
    pairs = symbols[:, lag:] * _BINS + symbols[:, :length]
    joint = np.bincount(pairs.ravel(), minlength=_BINS**2).reshape(_BINS, _BINS) / pairs.size
    alone = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / alone[seen])).sum())


def false_neighbours(x: Trials, lag: int, count: int) -> float:
    """Return the share of nearest neighbours in ``count`` coordinates that one coordinate more tears apart.

    Neighbours less than a lag apart in time do not count.
    """
    from scipy.spatial import cKDTree

    spread, finest = float(x.std()), float(np.min(np.diff(np.unique(x))))
    held = delayed(x, lag, count + 1)
    points, further = held[..., :count].reshape(-1, count), held[..., count].ravel()
    asked = np.unique(np.linspace(0, len(points) - 1, _QUERIES).astype(int))
    distance, index = cKDTree(points).query(points[asked], k=min(_NEAREST, len(points)))
    apart = np.abs(index - asked[:, None]) > lag
    first = apart.argmax(axis=1)
    kept = apart.any(axis=1)
    near, at = distance[np.arange(len(asked)), first][kept], index[np.arange(len(asked)), first][kept]
    torn = np.abs(further[asked[kept]] - further[at])
    return float(np.mean((torn > _FAR * np.maximum(near, finest)) | (np.hypot(near, torn) > _WIDE * spread)))
