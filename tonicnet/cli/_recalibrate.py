"""``tonicnet recalibrate``: tonic inputs corrected for how spiking neurons answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import tonicnet as tn

from ._bank import open_bank
from ._errors import in_a_sentence
from ._paths import output
from ._simulate import Bank, PerUnit, TaskName
from ._table import table

if TYPE_CHECKING:
    import xarray as xr


@in_a_sentence
def recalibrate(
    bank: Bank,
    task: TaskName = None,
    neurons_per_unit: PerUnit = 1,
    duration: Annotated[float, typer.Option(help="Seconds of the runs that visit states.")] = 20.0,
    out: Annotated[Path, typer.Option("-o", "--out", help="The bank of spikes to write.")] = Path("spiking_bank.nc"),
    seed: Annotated[int, typer.Option("--seed", help="Of these runs.")] = 0,
) -> None:
    """Correct the tonic inputs of a bank for how spiking neurons answer; only they change.

    Neurons lead an input that moves and receive their own spikes, which makes
    a cycle run about one per cent fast. The new bank is for spikes: rates keep
    the old one. Run both with as many neurons a unit.

    \b
    Examples:  tonicnet recalibrate bank.nc --neurons-per-unit 5
               tonicnet recalibrate bank.nc --task hopf -o hopf_spikes.nc
               tonicnet simulate spiking_bank.nc --spiking --neurons-per-unit 5
    """
    opened = open_bank(bank)
    place = output(out, [".nc"], inputs=[opened.path])
    found = tn.spiking.recalibrate(
        opened.net, opened.bank, task=task, neurons_per_unit=neurons_per_unit, duration=duration, seed=seed
    )
    made = cast("xr.Dataset", found)  # a bank gives a bank
    tn.save(made, place)
    typer.echo(table(["task", "change of b, rms", "largest"], _changes(opened.bank, made)))
    typer.echo(f"written: {place}      next: tonicnet simulate {place} --spiking --neurons-per-unit {neurons_per_unit}")


def _changes(before: xr.Dataset, after: xr.Dataset) -> list[list[str]]:
    rows = []
    for name in map(str, after["task"].values):
        change = after["bias"].sel(task=name) - before["bias"].sel(task=name)
        rows.append([name, f"{float((change**2).mean()) ** 0.5:.3g}", f"{float(abs(change).max()):.3g}"])
    return rows
