"""What every export of a run holds: the network, when which task runs, and where it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

import xarray as xr

from .._random import generator
from ..bank import Entry, Schedule, Segment, as_bank
from ..network import Network
from ..simulate import starting_states
from ._external import externals
from ._lif_network import LIFNetwork
from ._plan import Bias, carried_by_thresholds, plan
from ._to_brian2 import sampling_step
from ._trials import Trial

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)  # names that may stand in a file


@dataclass(frozen=True)
class ExportPlan:
    """One trial of a run: ``tasks`` are all rows of the bank, ``labels`` their names as the files write them."""

    model: LIFNetwork
    segments: list[Segment]
    tasks: list[Entry]
    labels: dict[str, str]
    step: float
    trial: Trial

    @classmethod
    def of(
        cls, net: Network, bank: Bias, *, duration: float | None, schedule: Schedule | None, task: str | None,
        neurons_per_unit: int, inputs: Any, noise: float, seed: int,
    ) -> Self:  # fmt: skip
        """Return the plan; raise ValueError as a run does, and for a bank with a row that no threshold can carry."""
        bank = as_bank(bank)
        segments = plan(net, bank, duration=duration, schedule=schedule, task=task)
        model, first = LIFNetwork(net, neurons_per_unit), segments[0].entry
        step = sampling_step(model, None)
        start = starting_states(first, None, 1, generator(seed))[0, -1]
        external = externals(inputs, noise, segments, step, 1, net.components)[0]
        return cls(
            model=model,
            segments=segments,
            tasks=carried_by_thresholds(net, bank) if isinstance(bank, xr.Dataset) else [first],
            labels=_labels(bank),
            step=step,
            trial=Trial(start, external, seed),
        )


def _labels(bank: Bias) -> dict[str, str]:
    """Return the name of each task in the files: its own where that is a plain word, else its number."""
    names = [str(n) for n in bank["task"].values] if isinstance(bank, xr.Dataset) else ["bias"]
    plain = all(_PLAIN.fullmatch(name) for name in names)
    return {name: name if plain else f"task-{k}" for k, name in enumerate(names)}
