"""States that a user gives to start from, in any container, as those of one task."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..labelled import DIMS, Door, by_name, check_finite, labelled
from ._entry import Entry

_DOOR = Door("initial", plain={1: ("component",), 2: ("trial", "component"), 3: DIMS}, rows="trial")


def given_initial(entry: Entry, initial: Any) -> xr.DataArray:
    """Return states (trial, time, component) of a task in its own units, one or more samples long.

    Labels come before positions: dims in any order, components by their names, a table with a row a trial or, where
    its index is time, a history. Raises ValueError for what does not fit the task, TypeError for what is no numbers.
    """
    names = entry.scaling.names[: entry.dimension]
    found = by_name(labelled(initial, _DOOR), names, "initial")
    whole = found.expand_dims({dim: 1 for dim in DIMS if dim not in found.dims}).transpose(*DIMS)
    if 0 in whole.shape or whole.sizes["component"] not in (entry.dimension, len(entry.center)):
        raise ValueError(
            f"initial is (component,), (trial, component) or (trial, time, component) with {entry.dimension} "
            f"components for task {entry.task!r}, got shape {found.shape}"
        )
    check_finite(found, "initial")
    return whole


def states_of(entry: Entry, given: xr.DataArray) -> np.ndarray:
    """Return states from :func:`given_initial` in network coordinates, idle components at their centre."""
    return entry.to_network(entry.scaling.completed(np.asarray(given.values)))
