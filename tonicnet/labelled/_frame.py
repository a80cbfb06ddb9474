"""Tables of columns: one of them, or the index, is time; the others are components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .._names import shown
from .._weight import weigh
from ._time import time_among, time_like
from ._values import as_numbers

if TYPE_CHECKING:
    import pandas as pd

BY_POSITION = {"axes": "by position"}  # of an array whose axes nothing tells apart but their order
_COUNTERS = ("", "index", "unnamed: 0")  # names of a column that only counts rows


def of_series(series: pd.Series, what: str, *, rows: str, time: str | None, gaps: bool = False) -> xr.DataArray:
    """Return a Series as one component over time, or, where its rows are something else, one number for each."""
    if rows != "time":
        dim = "component" if rows == "trial" else rows
        return xr.DataArray(_column(series, what), dims=dim, coords={dim: series.index.to_numpy()})
    return of_frame(series.to_frame("0" if series.name is None else series.name), what, rows=rows, time=time, gaps=gaps)


def of_frame(frame: pd.DataFrame, what: str, *, rows: str, time: str | None, gaps: bool = False) -> xr.DataArray:
    """Return a table as (time, component), or (``rows``, component) where no column and no index is time.

    With ``gaps`` a row that the index leaves out is there, and missing.
    """
    import pandas as pd

    if rows == "component":
        raise ValueError(f"{what} is one row of numbers, got a table of {frame.shape[0]} rows; give one, frame.iloc[0]")
    if isinstance(frame.columns, pd.MultiIndex):
        raise ValueError(f"{what} has columns of several levels; give it one, e.g. with frame.droplevel(0, axis=1)")
    if isinstance(frame.index, pd.MultiIndex):
        return _of_levels(frame, what)
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"{what} needs each column name once, has {', '.join(names)}")
    frame = _indexed(frame)
    column = _time_column(frame, what, time)
    if gaps and column is None and _index_time(frame.index, time) is None:
        frame = _counted_on(frame, what)
    kept = frame.drop(columns=[column]) if column is not None else frame
    kept = kept.drop(columns=[name for name in kept.columns if _counts(name, kept[name])])
    if not len(kept.columns):
        raise ValueError(f"{what} needs at least one column beside time, has {', '.join(names) or 'none'}")
    values = np.stack([_column(kept[n], f"{what}, column {n!r},") for n in kept.columns], axis=1)
    coords: dict[str, Any] = {"component": [str(name) for name in kept.columns]}
    stamps = _plain(frame[column]) if column is not None else _index_time(frame.index, time)
    dim = rows if stamps is None else "time"
    if stamps is not None:
        coords["time"] = ("time", stamps, {"units": _units(frame, frame.index.name if column is None else column)})
    elif dim == "time":
        _check_counting(frame.index, what)
    return xr.DataArray(values, dims=(dim, "component"), coords=coords, attrs=BY_POSITION if stamps is None else {})


def _time_column(frame: pd.DataFrame, what: str, time: str | None) -> Any | None:
    """Return the column that is time, None where the index is."""
    if time is not None:
        if time not in map(str, frame.columns):
            if time == str(frame.index.name):
                return None
            raise ValueError(f"{what} has no column {shown(time)} to take as time, it has {', '.join(map(str, frame))}")
        return next(name for name in frame.columns if str(name) == time)
    column = time_among(frame.columns, what)
    if column is not None and _is_time(frame.index):
        raise ValueError(
            f"{what} has time as its index and a column {column!r}; say which with time=, or drop the column"
        )
    return column


def _units(frame: pd.DataFrame, name: Any) -> str:
    """Return the unit of a column: as ``frame.attrs["units"]`` tells it for each, or as its name does."""
    told = frame.attrs.get("units")
    return str((told.get(name) if isinstance(told, Mapping) else None) or time_like(name) or "")


def _index_time(index: pd.Index, time: str | None) -> np.ndarray | None:
    """Return what an index says about time; None if it only counts or names rows."""
    if not (_is_time(index) or time is not None):
        return None
    import pandas as pd

    index = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
    zoned = isinstance(index, pd.DatetimeIndex) and index.tz is not None
    return np.asarray(index.tz_convert(None)) if zoned else _plain(index)


def _is_time(index: pd.Index) -> bool:
    kind = index.inferred_type
    return kind.startswith(("datetime", "timedelta", "period")) or (
        kind in ("integer", "floating")
        and (time_like(index.name) is not None or (index.name is None and kind == "floating"))
    )


def _check_counting(index: pd.Index, what: str) -> None:
    """Raise ValueError where rows are not counted one by one."""
    if index.inferred_type not in ("integer", "floating", "empty"):
        raise ValueError(
            f"{what} has rows named {shown(index[0])}, ...: its index is {index.inferred_type} and no time; give the "
            "table with time along its rows (frame.T turns it), or dates by pandas.to_datetime"
        )
    count = np.asarray(index, dtype=float)
    jumps = np.flatnonzero(np.diff(count) != 1)
    if len(jumps):
        a, b = (index[int(jumps[0]) + k] for k in (0, 1))
        raise ValueError(
            f"{what} has row {b} right after row {a}: the index is no time and does not count on; take one piece, cut "
            "it into trials with tn.cut_trials, or call frame.reset_index(drop=True) if nothing is left out there"
        )


def _indexed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose rows are counted by its index, also where a column of a file still does that."""
    found = [name for name in frame.columns if str(name).strip().lower() in _COUNTERS]
    counting = np.array_equal(frame.index, np.arange(len(frame)))
    rising = [name for name in found if frame[name].dtype.kind in "iu" and (np.diff(frame[name]) > 0).all()]
    return frame.set_index(rising[0]).rename_axis(None) if rising and counting and len(frame.columns) > 1 else frame


def _counted_on(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a table with a row of missing values for each that its rising count leaves out."""
    count = (
        np.asarray(frame.index, dtype=float) if frame.index.inferred_type in ("integer", "floating") else np.zeros(0)
    )
    steps = np.diff(count)
    if not len(steps) or (steps == 1).all() or (steps < 1).any() or (steps != np.round(steps)).any():
        return frame
    rows = count[-1] - count[0] + 1
    weigh(f"{what} of {rows:.6g} rows, most of them left out,", 8.0 * rows * frame.shape[1], "cut it by hand")
    filled = frame.reindex(int(count[0]) + np.arange(int(rows)))
    filled.attrs = frame.attrs
    return filled


def _counts(name: Any, column: pd.Series) -> bool:
    """Return whether a column only counts rows, as one that was the index of a table in a file."""
    return str(name).strip().lower() in _COUNTERS and np.array_equal(column.to_numpy(), np.arange(len(column)))


def _column(column: pd.Series, what: str) -> np.ndarray:
    return as_numbers(_plain(column), what)


def _plain(column: pd.Series | pd.Index) -> np.ndarray:
    """Return what a column or an index holds; numbers of pandas' own types as floats, which not all its versions do."""
    import pandas as pd

    if pd.api.types.is_extension_array_dtype(column.dtype) and pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    return column.to_numpy()


def _of_levels(frame: pd.DataFrame, what: str) -> xr.DataArray:
    """Return a table whose index names trial and time."""
    if set(frame.index.names) != {"trial", "time"}:
        raise ValueError(f"{what} has an index of the levels {frame.index.names}; name them trial and time")
    if not frame.index.is_unique:
        raise ValueError(f"{what} has some trial and time twice; leave repeats out")
    return frame.to_xarray().to_array("component")
