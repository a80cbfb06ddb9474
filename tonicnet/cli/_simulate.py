"""``tonicnet simulate``: run a bank on its network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tonicnet as tn

from ._bank import open_bank
from ._errors import in_a_sentence
from ._paths import output
from ._runs import save_run
from ._schedule import asked
from ._table import seconds, table

if TYPE_CHECKING:
    import xarray as xr

Bank = Annotated[str, typer.Argument(help="A bank.nc, or the name of a shipped model.", show_default=False)]
ScheduleText = Annotated[
    str | None,
    typer.Option("--schedule", help="task:seconds,task:seconds (default: every task of the bank, 10 s each)."),
]
TaskName = Annotated[str | None, typer.Option("--task", help="One task of the bank.")]
Duration = Annotated[float | None, typer.Option("--duration", help="Seconds of it (default: 10).")]
Form = Annotated[str, typer.Option("--form", help="What carries the tonic input: threshold, current or leak.")]
PerUnit = Annotated[int, typer.Option("--neurons-per-unit", help="Spiking neurons for each rate unit.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the start and the noise.")]
Codegen = Annotated[str, typer.Option("--codegen", help="auto, cython, numpy (without compiler), or standalone (C++).")]


@in_a_sentence
def simulate(
    bank: Bank,
    schedule: ScheduleText = None,
    task: TaskName = None,
    duration: Duration = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The run to write.")] = Path("run.nc"),
    trials: Annotated[int, typer.Option(help="Runs from different starts.")] = 1,
    noise: Annotated[float, typer.Option(help="Input noise of units (a spiking neuron has its own beside it).")] = 0.0,
    spiking: Annotated[bool, typer.Option("--spiking", help="Run LIF neurons in Brian2.")] = False,
    neurons_per_unit: PerUnit = 1,
    form: Form = "threshold",
    codegen: Codegen = "auto",
    seed: Seed = 0,
) -> None:
    """Run the network of a bank alone, in closed loop, through a schedule of its tasks.

    The bias changes at each boundary of the schedule, the state runs on.

    \b
    Examples:  tonicnet simulate bank.nc
               tonicnet simulate bank.nc --schedule lorenz:20,hopf:20
               tonicnet simulate bank.nc --task lorenz --duration 20 --trials 10
               tonicnet simulate bank.nc --spiking -o spikes.nc
    """
    opened = open_bank(bank)
    place = output(out, [".nc"], inputs=[opened.path])
    pairs = asked(opened.bank, schedule, task, duration)
    if spiking:
        run = tn.spiking.simulate(
            opened.net, opened.bank, schedule=pairs, trials=trials, form=form, neurons_per_unit=neurons_per_unit,
            noise=noise, codegen=codegen, progress=sys.stderr.isatty(), seed=seed,
        )  # fmt: skip
    else:
        run = tn.simulate(opened.net, opened.bank, schedule=pairs, trials=trials, noise=noise, seed=seed)
    save_run(run, place)
    typer.echo(run_text(run))
    typer.echo(f"written: {place}")


def run_text(run: xr.Dataset) -> str:
    """Return what each segment of a run did: the mean and standard deviation of its outputs, and its spikes."""
    rows = [_segment(run, int(k)) for k in sorted(set(run["segment_index"].values))]
    lines = [table(["task", "from", "to", "output, mean (sd)"], rows, left=(0, 3))]
    if "spike_time" in run:
        trials, neurons = run.sizes["trial"], int(run.attrs["neurons"])
        rate = run.sizes["spike"] / (trials * neurons * float(run["time"][-1]))
        lines.append(f"{run.sizes['spike']} spikes of {neurons} neurons, {rate:.1f} Hz each")
    return "\n".join(lines)


def _segment(run: xr.Dataset, number: int) -> list[str]:
    part = run.isel(time=run["segment_index"].values == number)
    used = part["output"].values[..., : int(part["dimension"][0])]
    spread = zip(used.mean(axis=(0, 1)), used.std(axis=(0, 1)), strict=True)
    moments = ", ".join(f"{mean:.3g} ({sd:.3g})" for mean, sd in spread)
    return [str(part["segment"].values[0]), *(seconds(float(part["time"][k])) for k in (0, -1)), moments]
