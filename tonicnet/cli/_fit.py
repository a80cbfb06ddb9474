"""``tonicnet fit``: learn tonic inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import tonicnet as tn

from ._bank import check_netcdf
from ._errors import in_a_sentence
from ._network_options import with_network_options
from ._paths import output
from ._signatures import taken
from ._table import number, seconds, table
from ._tasks import files, read_tasks

if TYPE_CHECKING:
    import xarray as xr

_FIT = {name: argument.default for name, argument in taken("learn/_fit.py", "fit").items()}


@with_network_options
@in_a_sentence
def fit(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK",
            help="Names from the shelf, a task's TOML file, or recordings of your own (.nc, .csv, .npy, ...).",
            show_default=False,
        ),
    ],
    units: Annotated[int | None, typer.Option(help="Units of the network to draw (default: 1000).")] = None,
    seed: Annotated[int, typer.Option(help="Recipe of the network, and of the sampling.")] = _FIT["seed"],
    network: Annotated[
        str | None, typer.Option(help="Learn on this network instead: a shipped name, a network.toml or a bank.")
    ] = None,
    learn: Annotated[
        str, typer.Option(help="Which numbers: bias, gain, scale, mask, decoder, ... or a sum, bias+gain.")
    ] = _FIT["learn"],
    rank: Annotated[int, typer.Option(help="Of a low-rank update.")] = _FIT["rank"],
    nonnegative: Annotated[bool, typer.Option(help="Hold the signs of gains and scales.")] = _FIT["nonnegative"],
    decoder_norm: Annotated[
        float | None, typer.Option(help="Bound of a learned decoder's norm, in units of the drawn one.")
    ] = _FIT["decoder_norm"],
    bias_range: Annotated[
        tuple[float, float] | None, typer.Option(help="Least and greatest tonic input.", metavar="LEAST GREATEST")
    ] = _FIT["bias_range"],
    coordinates: Annotated[
        str, typer.Option(help="auto: those that suit a task of very uneven speed; plain: its own.")
    ] = _FIT["coordinates"],
    objective: Annotated[str, typer.Option(help="What is fitted: auto, field or trajectory.")] = _FIT["objective"],
    method: Annotated[
        str, typer.Option(help="How: auto, gauss-newton, adam, amsgrad; masks: search, annealed, straight-through.")
    ] = _FIT["method"],
    noise: Annotated[float, typer.Option(help="Width, in sd, of the tube in which the field is learned.")] = _FIT[
        "noise"
    ],
    neurons_per_unit: Annotated[
        int | None, typer.Option(help="Learn for spikes of so many neurons a unit: their noise is kept low.")
    ] = _FIT["neurons_per_unit"],
    steps: Annotated[int, typer.Option(help="Steps of the first stage, at most.")] = _FIT["steps"],
    rounds: Annotated[int, typer.Option(help="Closed-loop rounds after it, at most.")] = _FIT["rounds"],
    confirm: Annotated[
        int, typer.Option(help="Chaos: times as long runs that confirm what is good; 0 for none.")
    ] = _FIT["confirm"],
    screen: Annotated[
        int, typer.Option(help="First tonic inputs to draw; the one with the least early loss learns.")
    ] = _FIT["screen"],
    dt: Annotated[
        float | None, typer.Option(help="Sampling step in seconds of a recording without time, or with rounded time.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column (or variable, or dim) that is time in a recording, if it is not clear.")
    ] = None,
    variable: Annotated[str | None, typer.Option(help="Variable of a NetCDF recording.")] = None,
    resample: Annotated[
        str | None, typer.Option(help="Bring an uneven or interrupted recording to even steps: auto, or seconds.")
    ] = None,
    embed: Annotated[str | None, typer.Option(help="Delayed coordinates of one component: auto, or LAG,COUNT.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep learning in this file; the same command goes on from it.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Grow this bank; the network is its own.")] = None,
    memory: Annotated[float, typer.Option(help="GiB that arrays of learning may take.")] = _FIT["memory"],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = _FIT["device"],
    threads: Annotated[int | None, typer.Option(help="Of torch. The same number gives the same biases.")] = _FIT[
        "threads"
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The bank to write.")] = Path("bank.nc"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while learning.")] = False,
    drawn: Any = None,
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
               tonicnet fit reach.csv --time t_ms
               tonicnet fit pulse.csv --resample auto --embed auto
    """
    place = output(out, [".nc"], inputs=files(tasks))
    targets = read_tasks(tasks, dt=dt, variable=variable, time=time, resample=resample, embed=embed)
    drawn = drawn | ({} if units is None else {"units": units})
    if into is not None and network is not None:
        raise ValueError("--into brings its bank's own network; leave out --network")
    source = network if into is None else str(into)
    if source is not None and Path(source).suffix != ".toml":
        check_netcdf(Path(source), "a bank is what tonicnet fit writes")
    held = None if into is None else tn.load(into)
    net = _network(source, drawn, targets, seed)
    typer.echo(repr(net))
    bank = tn.fit(
        net, targets, learn=learn, objective=objective, method=method, noise=noise, steps=steps, rounds=rounds,
        seed=seed, progress=not quiet, checkpoint=checkpoint, into=held, memory=memory, device=device,
        neurons_per_unit=neurons_per_unit, threads=threads, screen=screen, rank=rank, nonnegative=nonnegative,
        decoder_norm=decoder_norm, bias_range=bias_range, coordinates=coordinates,
        confirm=confirm,
    )  # fmt: skip
    tn.save(bank, place)
    typer.echo(outcome_text(bank))
    typer.echo(f"written: {place}      next: tonicnet simulate {place}")


def outcome_text(bank: xr.Dataset) -> str:
    """Return how learning each task went."""
    rows = [
        [str(name), seconds(float(bank["seconds"][k])), number(float(bank["speed"][k])), str(bank["outcome"][k].item())]
        for k, name in enumerate(bank["task"].values)
    ]
    return table(["task", "learned in", "speed", "outcome"], rows, left=(0, 3))


def _network(source: str | None, drawn: dict[str, Any], targets: list[tn.Task], seed: int) -> tn.Network:
    if source is None:
        needed = max(3, *(t.dimension for t in targets))
        return tn.Network(**({"units": 1000, "components": needed} | drawn), seed=seed)
    if drawn:
        raise ValueError(f"--network brings its own {', '.join(drawn)}; leave out --{' and --'.join(drawn)}")
    return tn.load_network(source)
