"""Where runs begin: given states, or states stored with the bank."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import shown
from .._numbers import whole
from .._weight import weigh
from ..bank import Entry, given_initial, states_of
from ..labelled import even_step

_SAME = 0.01  # of a step: by which those of a history and of the run may differ


def starting_states(
    entry: Entry, initial: Any, trials: int | None, rng: np.random.Generator, dt: float | None = None
) -> Float[np.ndarray, "trial time component"]:
    """Return the states (a history of one or more steps) a run begins from, in network coordinates.

    ``dt``: the step in seconds that a history must have, if all of it counts.
    """
    if initial is None:
        count = 1 if trials is None else whole("trials", trials)
        weigh(f"{shown(count)} trials", 24 * count * len(entry.center), "run fewer at once")
        chosen = rng.choice(len(entry.start), size=count, replace=count > len(entry.start))
        return entry.to_network(entry.start[np.sort(chosen)])[:, None]
    given = given_initial(entry, initial)
    if trials is not None and len(given) not in (1, whole("trials", trials)):
        raise ValueError(f"initial has {len(given)} trials and trials={trials}; give one state, or one a trial")
    if dt is not None:
        _check_step(entry, given, dt)
    states = states_of(entry, given)
    return np.repeat(states, trials, axis=0) if trials is not None and len(states) == 1 else states


def _check_step(entry: Entry, history: xr.DataArray, dt: float) -> None:
    """Raise ValueError for a history whose own time has another step than the run."""
    if history.sizes["time"] < 2 or "time" not in history.coords:
        return
    time = history.coords["time"]
    own = even_step(time.values, "initial") / (entry.speed if time.attrs.get("units") == "task" else 1.0)
    if abs(own - dt) > _SAME * dt:
        raise ValueError(
            f"the history in initial has a step of {own:.6g} s and the run one of {dt:.6g} s; run with dt={own:.6g}, "
            "resample the history, or give its last state alone"
        )
