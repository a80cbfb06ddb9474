"""``tonicnet export``: a Brian2 script that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..spiking import write_script
from ._bank import open_bank
from ._paths import output
from ._schedule import asked, written
from ._simulate import Bank, Duration, Form, PerUnit, ScheduleText, Seed, TaskName
from ._told import told


@told
def export(
    bank: Bank,
    schedule: ScheduleText = None,
    task: TaskName = None,
    duration: Duration = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The script to write; its data goes beside it.")] = Path(
        "brian2_script.py"
    ),
    form: Form = "threshold",
    neurons_per_unit: PerUnit = 1,
    seed: Seed = 0,
) -> None:
    """Write a Brian2 script that runs a bank without tonicnet, spike for spike.

    The script is meant to be read and changed. Its numbers lie beside it,
    in an .npz of the same name.

    \b
    Examples:  tonicnet export bank.nc --schedule lorenz:5,hopf:5 -o switching.py
               tonicnet export bank.nc --task lorenz --neurons-per-unit 5
               python switching.py --save
    """
    opened = open_bank(bank)
    pairs = asked(opened.bank, schedule, task, duration)
    script = write_script(
        output(out, [".py"]), opened.net, opened.bank, schedule=pairs, form=form, neurons_per_unit=neurons_per_unit,
        seed=seed,
    )  # fmt: skip
    typer.echo(f"written: {script} and {script.with_suffix('.npz').name}, for {written(pairs)}")
    typer.echo(f"run it with: python {script} --save")
