"""Chaos alone for long: the rate network over so much time that its divergence means something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import tonicnet as tn

from ._runs import SETTLING, settled
from ._table import number, table

if TYPE_CHECKING:
    import xarray as xr

LONG = 1000.0  # seconds: 1e5 samples at a tenth of tau, as divergences are usually told
_SEED = 11  # of the truth


def chaotic(bank: xr.Dataset) -> list[str]:
    """Return the tasks of a bank that are chaotic attractors."""
    specs = json.loads(bank.attrs["tasks"])
    return [name for name in map(str, bank["task"].values) if tn.Task.from_dict(specs[name]).kind == "chaos"]


def long_text(net: tn.Network, bank: xr.Dataset, *, seconds: float = LONG, seed: int = 0) -> str:
    """Return a table of the divergence of each chaotic task, as rates alone, beside the floor of a run as long."""
    rows = [_row(net, bank, name, seconds, seed) for name in chaotic(bank)]
    head = f"chaos, the rate network alone for {seconds:g} s: D_stsp falls with the samples T, and so does its floor"
    return f"{head}\n{table(['  task', 'T', 'D_stsp (nat)', 'floor'], rows)}"


def _row(net: tn.Network, bank: xr.Dataset, name: str, seconds: float, seed: int) -> list[str]:
    run = settled(tn.simulate(net, bank, task=name, duration=seconds + SETTLING, seed=seed), SETTLING)
    clock = run["task_time"].values
    step = float(clock[-1] - clock[0]) / (len(clock) - 1)
    truth = tn.Task.from_dict(json.loads(bank.attrs["tasks"])[name]).trajectory(
        float(clock[-1] - clock[0]), step, trials=2, seed=_SEED
    )
    found = tn.compare(run, run, truth={name: truth}).isel(task=0, run=0)
    measure = "state_space_divergence"
    values = (found[measure].item(), found[f"{measure}_floor"].item())
    return [f"  {name}", f"{found['samples'].item():.0f}", *map(number, values)]
