"""What a run does once it has settled after a switch."""

from __future__ import annotations

import numpy as np
import xarray as xr

SETTLING = 1.0  # seconds left out after each switch where nothing else is said


def after(run: xr.Dataset, seconds: float) -> xr.Dataset:
    """Return a run without the first ``seconds`` of each segment, or without half of it if it is short."""
    if seconds < 0:
        raise ValueError(f"--discard is a number of seconds, zero or positive, got {seconds:g}")
    index, time = run["segment_index"].values, run["time"].values
    keep = np.zeros(len(time), dtype=bool)
    for k in np.unique(index):
        own = np.flatnonzero(index == k)
        since = time[own] - time[own[0]]
        keep[own] = since >= min(seconds, since[-1] / 2) - 1e-9
    return run.isel(time=keep)
