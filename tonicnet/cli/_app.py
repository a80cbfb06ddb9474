"""The command and its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

import tonicnet as tn

from ._atlas import atlas
from ._capacity import capacity
from ._compare import compare
from ._demo import demo
from ._doctor import doctor
from ._export import export
from ._fit import fit
from ._list import shelves
from ._recalibrate import recalibrate
from ._report import report
from ._simulate import simulate
from ._study import study

app = typer.Typer(
    name="tonicnet",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog="Start with:  tonicnet demo      Then:  tonicnet COMMAND --help",
)
app.command(name="demo")(demo)
app.command(name="list")(shelves)
app.command(name="fit")(fit)
app.command(name="simulate")(simulate)
app.command(name="recalibrate")(recalibrate)
app.command(name="export")(export)
app.command(name="compare")(compare)
app.command(name="report")(report)
app.command(name="study")(study)
app.command(name="atlas")(atlas)
app.command(name="capacity")(capacity)
app.command(name="doctor")(doctor)


def main() -> None:
    """Run the command with the arguments of the shell."""
    app(prog_name="tonicnet")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tonicnet {tn.__version__}")
        raise typer.Exit()


@app.callback()
def _door(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """What a recurrent circuit can do when no synapse ever changes.

    A network is drawn at random once and frozen. For each task (an attractor,
    a memory, a recording of your own) one vector of tonic inputs is learned;
    loading another vector makes the same synapses another dynamical system.
    The result moves to Brian2 as firing thresholds of spiking neurons.

    \b
    tonicnet list                                     what there is to learn
    tonicnet fit lorenz van-der-pol -o bank.nc        learn tonic inputs
    tonicnet simulate bank.nc -o rate.nc              run the rate network
    tonicnet simulate bank.nc --spiking -o spikes.nc  run the spiking network
    tonicnet recalibrate bank.nc                      biases for spikes alone
    tonicnet compare rate.nc spikes.nc --bank bank.nc is it the same dynamics?
    tonicnet report bank.nc -o report.html            a page to look at and pass on
    tonicnet study grid.toml -o study.nc              a grid of fits, resumable
    tonicnet capacity --units 64 --units 128          how much a network holds
    tonicnet export bank.nc -o script.py              go on in Brian2 (or C++, NIR)
    tonicnet doctor                                   what is installed, what is missing
    """
