"""``tonicnet fit``: learn tonic inputs."""

from __future__ import annotations

import sys
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer
import xarray as xr

from .._files import load, save
from ..learn import fit as learned
from ..network import Network, load_network
from ..task import Task
from ._paths import output
from ._table import number, seconds, table
from ._target import files, read_tasks
from ._told import told

DEFAULTS: dict[str, Any] = {name: p.default for name, p in signature(learned).parameters.items()}


@told
def fit(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK",
            help="Names from the shelf, a task's TOML file, or recordings of your own (.nc, .csv, .npy).",
            show_default=False,
        ),
    ],
    units: Annotated[int | None, typer.Option(help="Units of the network to draw (default: 1000).")] = None,
    seed: Annotated[int, typer.Option(help="Recipe of the network, and of the sampling.")] = 0,
    components: Annotated[
        int | None, typer.Option(help="Outputs K (default: 3, or as many as the largest task has).")
    ] = None,
    synapses: Annotated[str | None, typer.Option(help="low-rank, dense or sparse (default: low-rank).")] = None,
    transfer: Annotated[str | None, typer.Option(help="lif, tanh, relu, softplus, sigmoid (default: lif).")] = None,
    network: Annotated[
        str | None, typer.Option(help="Learn on this network instead: a shipped name, a network.toml or a bank.")
    ] = None,
    method: Annotated[str, typer.Option(help="auto, flow, trajectory, adam or amsgrad.")] = DEFAULTS["method"],
    noise: Annotated[float, typer.Option(help="Width, in sd, of the tube in which the field is learned.")] = DEFAULTS[
        "noise"
    ],
    neurons_per_unit: Annotated[
        int | None, typer.Option(help="Learn for spikes of so many neurons a unit: their noise is kept low.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of the first stage, at most.")] = DEFAULTS["steps"],
    rounds: Annotated[int, typer.Option(help="Closed-loop rounds after it, at most.")] = DEFAULTS["rounds"],
    dt: Annotated[float | None, typer.Option(help="Sampling step in seconds of an NPY recording.")] = None,
    variable: Annotated[str | None, typer.Option(help="Variable of a NetCDF recording.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep learning in this file; the same command goes on from it.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Grow this bank; the network is its own.")] = None,
    memory: Annotated[float, typer.Option(help="GiB that arrays of learning may take.")] = DEFAULTS["memory"],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = DEFAULTS["device"],
    out: Annotated[Path, typer.Option("-o", "--out", help="The bank to write.")] = Path("bank.nc"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Learn the tonic inputs of tasks on one frozen network and save them as a bank.

    Ctrl-C keeps the best so far. A recording is learned at its own speed,
    its time in seconds.

    \b
    Examples:  tonicnet fit lorenz van-der-pol hopf -o bank.nc
               tonicnet fit my-task.toml --units 500 --seed 3
               tonicnet fit reach.csv --synapses dense
               tonicnet fit chua --into bank.nc -o bank.nc
               tonicnet fit reach.npy --dt 0.01
    """
    place = output(out, [".nc"], inputs=files(tasks))
    targets = read_tasks(tasks, dt=dt, variable=variable)
    drawn = {"units": units, "components": components, "synapses": synapses, "transfer": transfer}
    if into is not None and network is not None:
        raise ValueError("--into brings its bank's own network; leave out --network")
    held = None if into is None else load(into)
    net = _network(
        network if into is None else str(into),
        {name: value for name, value in drawn.items() if value is not None},
        targets,
        seed,
    )
    typer.echo(repr(net))
    shown = not quiet and sys.stderr.isatty()
    bank = learned(
        net, targets, method=method, noise=noise, steps=steps, rounds=rounds, seed=seed, progress=shown,
        checkpoint=checkpoint, into=held, memory=memory, device=device,
        neurons_per_unit=neurons_per_unit,
    )  # fmt: skip
    save(bank, place)
    typer.echo(outcome_text(bank))
    typer.echo(f"written: {place}      next: tonicnet simulate {place}")


def outcome_text(bank: xr.Dataset) -> str:
    """Return how learning each task went."""
    rows = [
        [str(name), seconds(float(bank["seconds"][k])), number(float(bank["speed"][k])), str(bank["outcome"][k].item())]
        for k, name in enumerate(bank["task"].values)
    ]
    return table(["task", "learned in", "speed", "outcome"], rows, left=(0, 3))


def _network(source: str | None, drawn: dict[str, Any], targets: list[Task], seed: int) -> Network:
    if source is None:
        needed = max(3, *(t.dimension for t in targets))
        return Network(**({"units": 1000, "components": needed} | drawn), seed=seed)
    if drawn:
        raise ValueError(f"--network brings its own {', '.join(drawn)}; leave out --{' and --'.join(drawn)}")
    return load_network(source)
