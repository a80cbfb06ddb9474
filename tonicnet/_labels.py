"""The one place where labelled results are made and stamped with their provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ._version import package_version as package_version

DIMS = ("task", "trial", "time", "unit", "component", "epoch", "spike", "mode", "part", "rank", "presynaptic", "mixed")


class Variable(NamedTuple):
    """One labelled array: its dims, its values, its unit and what it is."""

    dims: tuple[str, ...]
    values: Any
    units: str
    long_name: str


def dataset(
    variables: Mapping[str, Variable],
    coords: Mapping[str, Variable] | None = None,
    **attrs: str | int | float | Mapping[str, Any],
) -> xr.Dataset:
    """Build a Dataset whose every variable has units and a name, and whose attributes tell where it is from.

    ``attrs`` may hold strings, numbers, or mappings; a mapping (a spec) is stored as a JSON string, since
    NetCDF attributes know neither None nor dicts. ``tonicnet_version`` and ``created`` are always added.
    """
    made = xr.Dataset(
        {name: _variable(v) for name, v in variables.items()},
        coords={name: _variable(v) for name, v in (coords or {}).items()},
    )
    made.attrs = {name: _attribute(value) for name, value in attrs.items()}
    made.attrs["tonicnet_version"] = package_version()
    made.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
    return made


def _variable(v: Variable) -> xr.Variable:
    values = np.asarray(v.values)
    if values.dtype == bool:
        values = values.astype(np.int8)
    return xr.Variable(v.dims, values, {"units": v.units, "long_name": v.long_name})


def _attribute(value: str | int | float | Mapping[str, Any]) -> str | int | float:
    return json.dumps(value) if isinstance(value, Mapping) else value
