"""Units and components of a bank in the order of the network: their labels count, not their places."""

from __future__ import annotations

import numpy as np
import xarray as xr


def in_order(bank: xr.Dataset) -> xr.Dataset:
    """Return a bank, or a row of one, with units and components in the order of the network.

    A dim without labels is taken as it is. Raises ValueError for labels that are not those of a network: 0 to N - 1.
    """
    for dim in ("unit", "component", "presynaptic", "mixed"):
        if dim in bank.coords and dim in bank.sizes:
            bank = _ordered(bank, dim)
    return bank


def _ordered(bank: xr.Dataset, dim: str) -> xr.Dataset:
    held, count = bank[dim].values, bank.sizes[dim]
    try:
        labels = held.astype(np.int64)
        whole = np.array_equal(np.sort(labels), np.arange(count)) and (
            held.dtype.kind in "OUT" or (labels == held).all()
        )
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise ValueError(
            f"the labels of dim {dim!r} of this bank are not the numbers 0 to {count - 1}, each once; drop them "
            f"(bank.drop_vars({dim!r})) if the order is that of the network, else take an intact copy"
        )
    if np.array_equal(labels, np.arange(count)):
        return bank
    return bank.isel({dim: np.argsort(labels)})
