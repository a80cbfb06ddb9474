"""Where runs begin: given states, or states stored with the bank."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._numbers import whole
from ..bank import Entry


def starting_states(
    entry: Entry, initial: np.ndarray | xr.DataArray | None, trials: int | None, rng: np.random.Generator
) -> Float[np.ndarray, "trial time component"]:
    """Return the states (a history of one or more steps) a run begins from, in network coordinates."""
    if initial is None:
        count = 1 if trials is None else whole("trials", trials)
        chosen = rng.choice(len(entry.start), size=count, replace=count > len(entry.start))
        return entry.to_network(entry.start[np.sort(chosen)])[:, None]
    given = np.asarray(initial, dtype=np.float64)
    given = given[None, None] if given.ndim == 1 else given[:, None] if given.ndim == 2 else given
    k = len(entry.center)
    if given.ndim != 3 or 0 in given.shape or given.shape[-1] not in (entry.dimension, k):
        raise ValueError(
            f"initial is (component,), (trial, component) or (trial, time, component) with {entry.dimension} "
            f"components for task {entry.task!r}, got shape {np.shape(initial)}"
        )
    if not np.isfinite(given).all():
        raise ValueError("initial holds values that are not finite")
    if trials is not None and len(given) not in (1, whole("trials", trials)):
        raise ValueError(f"initial has {len(given)} trials and trials={trials}; give one state, or one a trial")
    given = np.repeat(given, trials, axis=0) if trials is not None and len(given) == 1 else given
    return entry.to_network(entry.scaling.completed(given))
