"""True runs of the tasks of a bank, as the commands name them; they are computed where measures are."""

from __future__ import annotations

import xarray as xr

from ..measure import true_runs as true_runs

Truths = dict[str, xr.Dataset]
