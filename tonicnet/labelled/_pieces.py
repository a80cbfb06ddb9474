"""Recordings that are interrupted, or of different lengths, cut into trials of one length."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int

from .._names import shown
from .._numbers import real
from ._alignment import aligned
from ._array import DIMS, Door, is_container, labelled
from ._grid import breaks, even_step, given_step
from ._open import opened
from ._units import same_units

_DOOR = Door("a recording", gaps=True)
_FEWEST = 4  # samples of a trial: what a task of a recording needs
_ALIKE = 0.02  # by which steps of pieces may differ


@final
@dataclass(frozen=True)
class Piece:
    """Samples without a gap: when the first was taken, in seconds, and all of them."""

    start: float
    values: Float[np.ndarray, "time component"]
    dt: float

    @property
    def told(self) -> str:
        """From when to when it lasts, in words."""
        return f"from {self.start:.6g} to {self.start + (len(self.values) - 1) * self.dt:.6g}"


def cut_trials(recording: Any, *, length: Any = None, dt: Any = None, time: str | None = None) -> xr.DataArray:
    """Cut a recording with gaps, or several recordings of different lengths, into trials of one length.

    A gap is a jump of time, or a stretch of missing values. No trial reaches over a gap. A piece that is longer than a
    trial gives several; they overlap where it does not divide, so that no sample of it is left out.

    Arguments
    ---------
    recording : what :meth:`Task.from_array` takes, with gaps; or a list of such, which may differ in length. In a table
        whose index counts rows, a row that is left out is a gap. In a table of text, a cell without a number is one.
    length : seconds from the first to the last sample of a trial; pieces that last less are left out. By default the
        shortest piece decides, and all samples are kept.
    dt : sampling step in seconds, of recordings without time; with time it must agree with it.
    time : name of the column, index or dim that is time, where it is not clear.

    Returns a DataArray (trial, time, component) for :meth:`Task.from_array` and :func:`from_observed`: ``time`` counts
    from the start of each trial, ``start`` (trial) is when that was in the recording. Raises TypeError or ValueError,
    in one sentence, where pieces differ in step or components, and where no piece is long enough.

    >>> import numpy as np, tonicnet as tn
    >>> t = np.r_[0:40, 60:160] * 0.1                                    # nothing was recorded from 4 to 6 s
    >>> trials = tn.cut_trials(xr.DataArray(np.sin(t), dims="time", coords={"time": t}))
    >>> dict(trials.sizes), trials["start"].values.round(3).tolist()
    ({'trial': 4, 'time': 40, 'component': 1}, [0.0, 6.0, 9.0, 12.0])
    >>> round(tn.Task.from_array(trials, name="sine").duration, 6)
    3.9
    """
    parts = recordings(recording, time)
    step = _step(parts, dt)
    pieces = [piece for part in parts for piece in _pieces(part, step)]
    if not pieces:
        raise ValueError("a recording has no sample without missing values; nothing can be cut from it")
    return cut(pieces, length, parts[0])


def recordings(recording: Any, time: str | None) -> list[xr.DataArray]:
    """Return one recording, or each of a list, as (trial, time, component), with gaps; components in one order."""
    return _alike([_part(one, time) for one in _several(recording)])


def cut(pieces: Sequence[Piece], length: Any, like: xr.DataArray) -> xr.DataArray:
    """Return trials of one length from pieces, with the names and units of ``like``; see :func:`cut_trials`."""
    step = pieces[0].dt
    count = _count(pieces, length, step)
    cuts = [(piece, first) for piece in pieces for first in _firsts(len(piece.values), count)]
    if not cuts:
        longest = max(pieces, key=lambda piece: len(piece.values))
        raise ValueError(f"no piece lasts length={shown(length)} s, the longest lasts {longest.told}; ask for less")
    return _trials(cuts, count, step, like)


def _several(recording: Any) -> Sequence[Any]:
    """Return the recordings of a list of them; rows of one length are one array."""
    if isinstance(recording, list | tuple) and recording:
        rows = {len(one) for one in recording if getattr(one, "ndim", 0) == 1}
        if all(map(_is_recording, recording)) and (len(rows) != 1 or any(map(is_container, recording))):
            return recording
    return [recording]


def _is_recording(value: Any) -> bool:
    return is_container(value) or isinstance(value, str | os.PathLike) or getattr(value, "ndim", 0) > 0


def _alike(parts: list[xr.DataArray]) -> list[xr.DataArray]:
    """Return recordings with the components of the first, by name. Raises ValueError where they have others."""
    first = parts[0]
    for part in parts[1:]:
        same_units(_units(first), _units(part), "the recordings")
        if part.sizes["component"] != first.sizes["component"] or ("component" in part.coords) != (
            "component" in first.coords
        ):
            raise ValueError("the recordings differ in their components; give each the same, all with names or none")
    return [aligned(part, first, "the recordings") for part in parts]


def _units(array: xr.DataArray) -> str:
    return str(array.attrs.get("units", ""))


def _part(value: Any, time: str | None) -> xr.DataArray:
    """Return one recording as (trial, time, component), with its gaps."""
    held = opened(value, time=time, missing=True) if isinstance(value, str | os.PathLike) else value
    array = labelled(held, _DOOR, time=time)
    if "time" not in array.dims or not array.size:
        raise ValueError(f"a recording has samples along a dim called time, got dims {array.dims} of {array.shape}")
    missing = {dim: 1 for dim in DIMS if dim not in array.dims}
    return array.drop_vars("trial", errors="ignore").expand_dims(missing).transpose(*DIMS)


def _step(parts: Sequence[xr.DataArray], dt: Any) -> float:
    """Return the step that all recordings have, in seconds."""
    runs = [times[a:b] for times in map(_times, parts) if times is not None for a, b in breaks(times, "a recording")]
    own = [even_step(run, "a recording, a piece of it,") for run in runs if len(run) > 2]
    lengths = [len(run) for run in runs if len(run) > 2]
    if not own:
        return given_step(dt, "a recording has no time of its own and" if not runs else "a recording of short pieces")
    step = own[int(np.argmax(lengths))] if dt is None else given_step(dt, "a recording")
    other = next((found for found in own if abs(found - step) > _ALIKE * step), None)
    if other is not None:
        raise ValueError(
            f"a recording has pieces with a step of {other:.6g} s where {step:.6g} s is needed; resample to one step, "
            "or correct dt"
        )
    return step


def _times(part: xr.DataArray) -> Float[np.ndarray, " time"] | None:
    return part.coords["time"].values if "time" in part.coords else None


def _pieces(part: xr.DataArray, step: float) -> Iterator[Piece]:
    """Yield the stretches of every trial that neither time nor a missing value interrupts."""
    times = _times(part)
    at = np.arange(part.sizes["time"]) * step if times is None else times
    for a, b in breaks(at, "a recording"):
        for trial in part.values[:, a:b]:
            for first, last in _stretches(~np.isnan(trial).any(axis=1)):
                yield Piece(float(at[a + first]), trial[first:last], step)


def _stretches(there: Bool[np.ndarray, " time"]) -> Iterator[tuple[int, int]]:
    """Yield first and last (not included) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, there, False]))
    yield from map(tuple, edges.reshape(-1, 2).tolist())


def _count(pieces: Sequence[Piece], length: Any, step: float) -> int:
    """Return the samples of a trial."""
    shortest = min(pieces, key=lambda piece: len(piece.values))
    if length is not None and not real(length) > 0:
        raise ValueError(f"length is the seconds that a trial lasts, a positive number; got {shown(length)}")
    count = len(shortest.values) if length is None else round(min(real(length) / step, 2**62)) + 1
    if count < _FEWEST:
        what = f"the shortest piece, {shortest.told}, has" if length is None else f"length={shown(length)} s makes"
        raise ValueError(
            f"a recording: {what} {count} samples, a trial needs {_FEWEST}; give a longer length=, in seconds, and "
            "pieces that last less are left out"
        )
    return count


def _firsts(samples: int, count: int) -> Int[np.ndarray, " trial"]:
    """Return the first samples of trials that cover a piece together."""
    if samples < count:
        return np.zeros(0, dtype=int)
    return np.round(np.linspace(0, samples - count, -(-samples // count))).astype(int)


def _trials(cuts: Sequence[tuple[Piece, int]], count: int, step: float, like: xr.DataArray) -> xr.DataArray:
    values = [piece.values[first : first + count] for piece, first in cuts]
    units = like.coords["time"].attrs.get("units", "s") if "time" in like.coords else "s"
    coords: dict[str, Any] = {
        "time": ("time", step * np.arange(count), {"units": units}),
        "start": ("trial", [piece.start + first * step for piece, first in cuts], {"units": units}),
    }
    names = {"component": like["component"].values} if "component" in like.coords else {}
    return xr.DataArray(np.stack(values), dims=DIMS, coords=coords | names, attrs=like.attrs)
