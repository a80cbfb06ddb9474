"""Which row of a bank runs when, of rows that spiking neurons can carry."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..bank import Entry, Schedule, Segment, entry
from ..bank import plan as rows_of
from ..network import Network
from ..parameters import SETS

Bias = xr.Dataset | xr.DataArray | np.ndarray


def plan(
    net: Network, bias: Bias, *, duration: float | None, schedule: Schedule | None, task: str | None = None
) -> list[Segment]:
    """Return the segments of a spiking run; refuse rows whose numbers are no threshold of a neuron."""
    segments = rows_of(net, bias, duration=duration, schedule=schedule, task=task)
    for segment in segments:
        _check(net, segment.entry)
    return segments


def carried_by_thresholds(net: Network, bank: xr.Dataset) -> list[Entry]:
    """Return all rows of a bank; refuse it if the numbers of any are no threshold of a neuron."""
    rows = [entry(bank, str(name)) for name in bank["task"].values]
    for row in rows:
        _check(net, row)
    return rows


def _check(net: Network, row: Entry) -> None:
    for name, values in row.numbers.items():
        if not SETS[name].threshold and (values != SETS[name].neutral(net)).any():
            raise ValueError(
                f"task {row.task!r} was learned by its {SETS[name].long_name}s, which no threshold of a "
                'spiking neuron can carry; learn its tonic inputs (learn="bias"), or run it with tonicnet.simulate'
            )
