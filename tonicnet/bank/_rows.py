"""Rows of banks, however they were chosen: by name or number, as a Dataset of one task, or as biases alone."""

from __future__ import annotations

import functools
import json
from typing import TypeVar

import xarray as xr

Bank = TypeVar("Bank")


def as_bank(bank: Bank) -> Bank:
    """Return a bank whose task is a dim again, as it is no more after ``bank.sel(task="hopf")`` or ``isel(task=0)``.

    Anything else comes back as it is.

    >>> one = xr.Dataset({"bias": (("task", "unit"), [[1.0, 2.0]])}, coords={"task": ["hopf"]}).isel(task=0)
    >>> as_bank(one)["bias"].dims
    ('task', 'unit')
    """
    if not isinstance(bank, xr.Dataset) or "task" not in bank.coords or "bias" not in bank:
        return bank
    return bank if bank["task"].dims or "task" in bank["bias"].dims else bank.expand_dims("task").copy(deep=True)


def hashed(bank: xr.Dataset) -> xr.Dataset:
    """Return a bank whose biases carry the hash of the network too, for when they are taken out of it."""
    bias = bank["bias"].assign_attrs(network_sha256=bank.attrs["network_sha256"])
    return bank.assign(bias=bias)


def component_names(bank: xr.Dataset, task: str, dimension: int) -> tuple[str, ...]:
    """Return the names of a task's components as its bank tells them; empty where it does not."""
    names = _all_names(str(bank.attrs.get("tasks", "{}"))).get(task, ())
    return names if len(names) == dimension else ()


@functools.lru_cache(maxsize=4)
def _all_names(text: str) -> dict[str, tuple[str, ...]]:
    """Return the components of each task in the JSON that a bank carries; empty where it is damaged."""
    try:
        return {name: tuple(map(str, spec.get("components", ()))) for name, spec in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
