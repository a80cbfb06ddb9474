"""Samples that a user gives, in any container: with dims (trial, time, component) and even steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Float

from ..labelled import DIMS, Door, by_position, check_finite, labelled, step_of, stepped

_ALIKE = 0.02  # steps: times this near are the same time
_FEW = 4  # components of which no array of few samples is suspected to be transposed
STORED = 300_000  # numbers a spec may carry


@final
@dataclass(frozen=True)
class Samples:
    """Finite values at even steps ``dt``; ``labels`` name the components, if the array did; ``units`` of the values."""

    array: xr.DataArray
    dt: float
    labels: tuple[str, ...] | None

    @property
    def values(self) -> Float[np.ndarray, "trial time component"]:
        """The samples."""
        return np.asarray(self.array.values)

    @property
    def times(self) -> Float[np.ndarray, " time"]:
        """When each was taken, in seconds."""
        return np.asarray(self.array.coords["time"].values)

    @property
    def units(self) -> str:
        """The units of the values, "" if nobody told."""
        return str(self.array.attrs.get("units", ""))


def samples(value: Any, dt: Any, *, door: Door, shortest: int, time: str | None = None) -> Samples:
    """Return checked samples of whatever ``value`` is (:func:`tonicnet.labelled.labelled`).

    ``dt``: the step in seconds where the value has no time; ``shortest``: samples it must hold at least; ``time`` names
    what is time. Raises TypeError or ValueError in a sentence.
    """
    found = labelled(value, door, time=time)
    _check_time(found, door)
    if min(found.shape) < 1 or found.sizes["time"] < shortest:
        raise ValueError(f"{door.what} needs at least {shortest} samples of something, got shape {found.shape}")
    array = stepped(found, dt, what=door.what)
    check_finite(array, door.what)
    labels = tuple(map(str, array.coords["component"].values)) if "component" in array.coords else None
    missing = {dim: 1 for dim in DIMS if dim not in array.dims}
    ordered = array.expand_dims(missing).transpose(*DIMS)
    return Samples(ordered, step_of(array, dt, door.what), labels)


def check_times(array: xr.DataArray, model: xr.DataArray, what: str) -> None:
    """Raise ValueError if two arrays of as many samples were taken at different times; ``what`` names the two."""
    if "time" not in array.coords or "time" not in array.dims or array.sizes["time"] != model.sizes["time"]:
        return
    own, other = (side.coords["time"].values for side in (array, model))
    if not np.allclose(own, other, rtol=0, atol=_ALIKE * (other[-1] - other[0]) / max(len(other) - 1, 1)):
        raise ValueError(
            f"{what} differ in their time coordinate; both speak of the same times, so give them the same time values"
        )


def storable(size: int, *, what: str) -> None:
    """Raise ValueError if ``what`` holds more numbers than a spec carries."""
    if size > STORED:
        raise ValueError(
            f"this {what} holds {size} numbers, a spec carries at most {STORED}; "
            "keep the file it came from and build the task from it again"
        )


def _check_time(array: xr.DataArray, door: Door) -> None:
    """Raise ValueError for samples over no time, and for what seems to have its axes the other way round."""
    if "time" not in array.dims:
        raise ValueError(f"{door.what} has dims {array.dims} and no time; call the dim along which it is sampled time")
    if by_position(array) and array.sizes.get("component", 1) > max(array.sizes["time"], _FEW):
        raise ValueError(
            f"{door.what} has {array.sizes['time']} samples of {array.sizes['component']} components; is it "
            "transposed? Time comes before components: give array.T, or a DataArray with dims if it is right"
        )
