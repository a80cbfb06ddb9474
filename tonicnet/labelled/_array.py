"""One way in for arrays: whatever container comes, labelled values come out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import xarray as xr

from .._names import shown
from ._frame import BY_POSITION, of_frame, of_series
from ._open import opened
from ._time import as_seconds, time_among
from ._units import magnitude
from ._values import as_numbers

DIMS = ("trial", "time", "component")
_PLAIN = {1: ("time",), 2: ("time", "component"), 3: DIMS}
_PACKED = ("_FillValue", "missing_value", "scale_factor", "add_offset")  # attributes of what is not decoded


@final
@dataclass(frozen=True)
class Door:
    """What a door takes: its name in errors, and how it reads what has no labels.

    ``plain`` gives the dims of an array without labels by its number of axes, ``variables`` the names to take from a
    Dataset, ``rows`` what the rows of a table are where nothing says time, ``flags`` whether true and false are
    numbers, ``dims`` the dims there may be, ``gaps`` whether rows that the index of a table leaves out are missing
    values there.
    """

    what: str
    plain: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: _PLAIN)
    variables: tuple[str, ...] = ("output",)
    rows: str = "time"
    flags: bool = False
    dims: tuple[str, ...] = DIMS
    gaps: bool = False

    @property
    def shapes(self) -> str:
        """The shapes there may be, in words."""
        return " or ".join(f"({', '.join(dims)}{',' * (len(dims) == 1)})" for dims in self.plain.values())


def labelled(value: Any, door: Door, *, time: str | None = None) -> xr.DataArray:
    """Return whatever a user hands in as float64 with the dims trial, time and component, as far as it has them.

    ``value``: DataArray, Dataset, DataFrame, Series, a table as a mapping, Tsd or TsdFrame of pynapple, array, masked
    array, Brian2 quantity, tensor, a list of these (trials), or the path of a file. What a mask hides is NaN. The
    coordinate ``time`` is in seconds, or in task time where its units say "task"; ``attrs["units"]`` are those of the
    values, and :func:`by_position` tells whether only their order told axes apart. ``time`` names the column, index
    or dim that is time.

    Raises TypeError for complex numbers, objects, text and true or false, ValueError for dims and units that are not
    known and for a name of time that is missing or not the only one.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"t_ms": [0, 20], "x": [1.0, 2.0]})
    >>> found = labelled(table, Door("a recording"))
    >>> found["time"].values.tolist(), found["component"].values.tolist()
    ([0.0, 0.02], ['x'])
    """
    if time is not None and not isinstance(time, str):
        raise TypeError(f"time= is the name of a column or dim, got {shown(time)}")
    array = _timed(_named(value, door, time), door, time)
    strange = [str(dim) for dim in array.dims if dim not in door.dims]
    if strange:
        raise ValueError(
            f"{door.what} has dims {array.dims}, of {door.shapes} are needed; rename or drop {', '.join(strange)}"
        )
    return _plain(as_seconds(array, door.what), door)


def by_position(array: xr.DataArray) -> bool:
    """Return whether the axes of an array from :func:`labelled` were told apart by their order alone."""
    return BY_POSITION.items() <= array.attrs.items()


def named(array: xr.DataArray) -> xr.DataArray:
    """Return the array with its axes taken for what they are now called."""
    return array.assign_attrs(dict.fromkeys(BY_POSITION, "by name"))


def check_finite(array: xr.DataArray, what: str) -> None:
    """Raise ValueError, naming the first place, if a value is missing (NaN, masked) or infinite."""
    bad = ~np.isfinite(array.values)
    if not bad.any():
        return
    if "time" not in array.dims:
        raise ValueError(f"{what} holds values that are not finite, or masked; give finite ones")
    ordered = array.copy(data=bad).transpose("time", ...)
    times = ordered.values.reshape(len(ordered), -1).any(axis=1)
    first = (int(times.argmax()), *np.argwhere(ordered.values[times.argmax()])[0].tolist())
    place = [_label(ordered, str(dim), k) for dim, k in zip(ordered.dims, first, strict=True)]
    raise ValueError(
        f"{what} has missing (NaN, masked) or infinite values at {times.sum()} of {times.size} times, first at "
        f"{', '.join(place)}; cut or fill them first"
    )


def _label(array: xr.DataArray, dim: str, k: int) -> str:
    """Return where along a dim a number stands, in words."""
    if dim not in array.coords:
        return f"{'step' if dim == 'time' else dim} {k}"
    label = array.coords[dim].values[k]
    return f"{dim} {label:.6g}" if dim == "time" else f"{dim} {label}"


def _named(value: Any, door: Door, time: str | None) -> xr.DataArray:
    """Return a DataArray of any container, its dims and coordinates still as they were called."""
    pandas = sys.modules["pandas"]  # xarray has imported it
    if isinstance(value, str | os.PathLike):
        return _named(opened(value), door, time)
    if isinstance(value, Mapping) and not isinstance(value, xr.Dataset):
        value = _table(value, door, pandas)
    if isinstance(value, xr.Dataset):
        return _of_dataset(value, door, time)
    if isinstance(value, xr.DataArray):
        return _of_array(value, door)
    if isinstance(value, pandas.DataFrame):
        return of_frame(value, door.what, rows=door.rows, time=time, gaps=door.gaps)
    if isinstance(value, pandas.Series):
        return of_series(value, door.what, rows=door.rows, time=time, gaps=door.gaps)
    if _is_pynapple(value):
        return _of_pynapple(value)
    if isinstance(value, list | tuple) and value and all(map(is_container, value)):
        return _of_trials([labelled(item, door, time=time) for item in value], door)
    return _without_labels(value, door)


def _table(value: Mapping[Any, Any], door: Door, pandas: Any) -> Any:
    try:
        return pandas.DataFrame(dict(value))
    except ValueError as error:
        raise TypeError(f"{door.what} is a {type(value).__name__} that makes no table of columns: {error}") from error


def _of_dataset(held: xr.Dataset, door: Door, time: str | None) -> xr.DataArray:
    """Return the variable a door takes, or, if there is none of that name, the only one, or columns side by side."""
    for name in door.variables:
        if name in held:
            return _of_array(held[name], door)
    found = [held[name] for name in held.data_vars]
    if len(found) == 1:
        return _of_array(found[0], door)
    alike = len({array.dims for array in found}) == 1 and "component" not in found[0].dims if found else False
    if alike and (found[0].ndim == 1 or set(found[0].dims) <= set(door.dims)):
        if found[0].ndim == 1:
            return _of_columns(held, door, time)
        return _of_array(held.to_array("component"), door)
    raise ValueError(
        f"{door.what} is a Dataset of {', '.join(map(str, held.data_vars)) or 'nothing'}, of which it is not clear "
        f"what to take; give one variable, or call it {door.variables[0]!r}"
    )


def _of_columns(held: xr.Dataset, door: Door, time: str | None) -> xr.DataArray:
    """Return variables along one dim, as a table's columns become by ``to_xarray``."""
    dim = next(iter(held.sizes))
    frame = held.drop_vars([name for name in held.coords if name != dim]).to_dataframe()
    frame.attrs["units"] = {name: held[name].attrs.get("units") for name in (*held.data_vars, *held.coords)}
    return of_frame(frame, door.what, rows=door.rows, time=time, gaps=door.gaps)


def _of_array(array: xr.DataArray, door: Door) -> xr.DataArray:
    packed = [name for name in _PACKED if name in array.attrs]
    if packed:
        raise ValueError(
            f"{door.what} carries the attributes {', '.join(packed)} of a NetCDF variable that was not decoded; decode "
            "it first, with xarray.decode_cf"
        )
    plain, unit = magnitude(array.data)
    return array.copy(data=plain).assign_attrs(units=unit) if unit else array


def _is_pynapple(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "pynapple"


def _of_pynapple(value: Any) -> xr.DataArray:
    """Return a Tsd (time), a TsdFrame (time, column) or a TsdTensor (time, ...); their times are seconds."""
    values = np.asanyarray(value.d)
    coords: dict[str, Any] = {"time": ("time", np.asarray(value.t, dtype=float), {"units": "s"})}
    if values.ndim == 2:
        coords["component"] = [str(name) for name in getattr(value, "columns", range(values.shape[1]))]
    return xr.DataArray(values, dims=_PLAIN[min(values.ndim, 2)], coords=coords)


def is_container(value: Any) -> bool:
    """Return whether a value has labels of its own."""
    pandas = sys.modules["pandas"]
    return isinstance(value, xr.Dataset | xr.DataArray | pandas.DataFrame | pandas.Series) or _is_pynapple(value)


def _of_trials(trials: list[xr.DataArray], door: Door) -> xr.DataArray:
    try:
        bare = [trial.drop_vars("trial", errors="ignore") for trial in trials]
        if len({frozenset(trial.coords) for trial in bare}) > 1:
            raise ValueError("only some have time or names")
        return xr.concat(bare, "trial", join="exact", combine_attrs="drop_conflicts")
    except ValueError as error:
        raise ValueError(
            f"{door.what} is a list of {len(trials)} trials that differ in length, times or components; give each the "
            "same, counted from its own start, or cut those of a recording to one length with tn.cut_trials or "
            "tn.resample_recording"
        ) from error


def _without_labels(value: Any, door: Door) -> xr.DataArray:
    plain, unit = magnitude(value)
    if getattr(getattr(plain, "dtype", None), "names", None):
        return _named(sys.modules["pandas"].DataFrame.from_records(plain), door, None)
    values = as_numbers(plain, door.what, flags=door.flags)
    if values.ndim not in door.plain:
        raise ValueError(f"{door.what} has shape {door.shapes}, got {values.shape}")
    attrs = BY_POSITION | ({"units": unit} if unit else {})
    return xr.DataArray(values, dims=door.plain[values.ndim], attrs=attrs)


def _timed(array: xr.DataArray, door: Door, time: str | None) -> xr.DataArray:
    """Return an array whose dim of time is called so."""
    if "time" in array.dims and time in (None, "time"):
        return array
    strange = [dim for dim in array.dims if dim not in door.dims]
    if time is not None and time not in array.dims and "time" not in array.dims:
        raise ValueError(f"{door.what} has no dim {time!r} to take as time, it has {array.dims}")
    found = time if time in array.dims else time_among(strange, door.what)
    if found is None or found == "time" or "time" not in door.dims:
        return array
    return array.rename({found: "time"}) if found in array.dims else array


def _plain(array: xr.DataArray, door: Door) -> xr.DataArray:
    """Return the values as numbers, and of the coordinates those along the dims."""
    values = as_numbers(array.data if isinstance(array.data, np.ndarray) else array.values, door.what, flags=door.flags)
    coords = {name: array.coords[name] for name in array.dims if name in array.coords}
    if "component" in coords:
        coords["component"] = ("component", [str(name) for name in coords["component"].values])
    attrs = {name: str(array.attrs[name]) for name in ("units", *BY_POSITION) if name in array.attrs}
    return xr.DataArray(values, dims=array.dims, coords=coords, attrs=attrs)
