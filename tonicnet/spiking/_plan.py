"""Which row of a bank runs when, of rows that spiking neurons can carry: by thresholds, and by gains of their input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Float

from ..bank import Entry, Schedule, Segment, entry
from ..bank import plan as rows_of
from ..network import Network
from ..parameters import SETS

Bias = xr.Dataset | xr.DataArray | np.ndarray

SILENT = -100.0  # tonic input of a unit that a mask leaves out: no noise brings it to its threshold


def plan(
    net: Network, bias: Bias, *, duration: float | None, schedule: Schedule | None, task: str | None = None,
    gains: bool = False,
) -> list[Segment]:  # fmt: skip
    """Return the segments of a spiking run; refuse rows whose numbers are no threshold of a neuron.

    A unit that a mask leaves out has a threshold that is never reached. ``gains`` says whether the door takes the gains
    of neurons as well.
    """
    segments = rows_of(net, bias, duration=duration, schedule=schedule, task=task)
    return [replace(segment, entry=_carried(net, segment.entry, gains=gains)) for segment in segments]


def carried_by_thresholds(net: Network, bank: xr.Dataset) -> list[Entry]:
    """Return all rows of a bank; refuse it if the numbers of any are no threshold of a neuron."""
    return [_carried(net, entry(bank, str(name)), gains=False) for name in bank["task"].values]


def gain_of(segments: list[Segment]) -> Float[np.ndarray, " unit"] | None:
    """Return the input gains of all segments, None where there are none; refuse gains that change in mid-run."""
    gains = [segment.entry.numbers.get("gain") for segment in segments]
    first = gains[0]
    if all(g is first or (g is not None and first is not None and np.array_equal(g, first)) for g in gains):
        return first
    raise ValueError(
        "the tasks of this schedule have different input gains, and gains of neurons do not change in mid-run; run the "
        'tasks one by one, or learn their tonic inputs (learn="bias")'
    )


def _carried(net: Network, row: Entry, *, gains: bool) -> Entry:
    """Return a row with its mask as thresholds; refuse numbers that no neuron carries."""
    for name, values in row.numbers.items():
        one = SETS[name]
        if one.threshold or name == "mask" or (gains and name == "gain") or (values == one.neutral(net)).all():
            continue
        raise ValueError(
            f"task {row.task!r} was learned by its {one.long_name}s, which no threshold of a spiking neuron can carry"
            f'{_ELSEWHERE if name == "gain" else ""}; learn its tonic inputs (learn="bias"), or run it with '
            "tonicnet.simulate"
        )
    mask = row.numbers.get("mask", np.ones(net.units))
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"task {row.task!r} has a mask with values between 0 and 1, and a neuron fires or is silent; learn "
            "it again, or run it with tonicnet.simulate"
        )
    numbers = {name: values for name, values in row.numbers.items() if name != "mask"}
    return replace(row, numbers=numbers | {"bias": np.where(mask > 0, row.bias, SILENT)})


_ELSEWHERE = " (tonicnet.spiking.simulate and to_brian2 scale the input of neurons by them)"
