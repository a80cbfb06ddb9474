"""``tonicnet demo``: the main job, end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import tonicnet as tn

from ._demo_plan import QUICK_NETWORK, DemoPlan, lasting
from ._errors import in_a_sentence
from ._long_run import chaotic, long_text
from ._paths import folder
from ._picture import draw
from ._runs import SETTLING, save_run, settled
from ._schedule import Pairs, written
from ._simulate import Codegen
from ._spiking_code import soonest
from ._steps import Steps
from ._table import table
from ._tasks import read_tasks

if TYPE_CHECKING:
    import xarray as xr

_QUICK = (
    "left out for speed: learning (these tonic inputs are those of the shipped network {name}), their recalibration "
    "for spikes, and long runs, so that the scores stand beside high floors. tonicnet demo does all of it."
)
_VISITED = 2.5  # seconds of the runs that visit states for recalibration


@dataclass(frozen=True)
class Learned:
    """A network, its bank, and the bank as its spiking neurons need it."""

    net: tn.Network
    bank: xr.Dataset
    spiking: xr.Dataset


@in_a_sentence
def demo(
    place: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the results go; made if missing.")] = Path(
        "demo"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="A first picture in half a minute: nothing is learned, the runs are short.")
    ] = False,
    units: Annotated[int | None, typer.Option(help="Units of the network (default: 1000).")] = None,
    seed: Annotated[int, typer.Option(help="Recipe of the network, the learning and the noise.")] = 0,
    tasks: Annotated[str, typer.Option(help="Tasks to learn and to run one after the other.")] = (
        "lorenz,van-der-pol,hopf"
    ),
    duration: Annotated[
        float | None,
        typer.Option("--seconds", help="Seconds of each task (default: enough for scores above their floors)."),
    ] = None,
    neurons_per_unit: Annotated[
        int | None, typer.Option(help="Spiking neurons for each rate unit (default: 4; 2 with --quick).")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the first stage of learning, at most.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Closed-loop rounds after it, at most (default: 1).")] = None,
    codegen: Codegen = "auto",
    verify: Annotated[bool, typer.Option("--verify", help="Also show that all three forms spike alike.")] = False,
) -> None:
    """From nothing to one frozen network that switches tasks in mid-run, as rates and as spikes.

    Draws a network, learns the tonic inputs of a chaotic attractor and two
    limit cycles, runs one schedule that switches between them, moves it to
    Brian2 as thresholds, corrected for how neurons answer, runs it again, and
    holds both against the true systems. Writes bank.nc, spiking_bank.nc,
    rate.nc, spikes.nc, comparison.png and brian2_script.py.

    \b
    Examples:  tonicnet demo
               tonicnet demo --quick
               tonicnet demo small --units 300 --seconds 8 --neurons-per-unit 2
               tonicnet demo memory --tasks two-well,hopf
    """
    here = folder(place)
    plan = DemoPlan.of(
        tasks, quick=quick, units=units, seed=seed, seconds=duration, neurons_per_unit=neurons_per_unit, steps=steps,
        rounds=rounds, codegen=soonest(codegen),
    )  # fmt: skip
    job = Steps(plan.expected(verify=verify))
    typer.echo(f"results go to {here}/; {job.begin()}")
    made = _taken(plan, here) if quick else _learned(job, plan, here)
    pairs = [(name, lasting(made.bank, name, plan)) for name in map(str, made.bank["task"].values)]
    runs = _runs(job, made, pairs, here, plan)
    if verify:
        _verify(job, made, pairs[0][0], plan)
    _compare(job, made.bank, runs, here)
    if not quick and duration is None and chaotic(made.bank):
        with job.step("long run", "running chaos as rates alone for long"):
            long = long_text(made.net, made.bank, seed=plan.seed)
        typer.echo(f"\n{long}\n")
    typer.echo(job.summary())
    if quick:
        typer.echo(_QUICK.format(name=QUICK_NETWORK))
    typer.echo(f"look at {here / 'comparison.png'}; go on with {here / 'brian2_script.py'}")


def _learned(job: Steps, plan: DemoPlan, here: Path) -> Learned:
    targets = read_tasks(plan.tasks)
    net = tn.Network(units=plan.units, seed=plan.seed, components=max(3, *(t.dimension for t in targets)))
    typer.echo(repr(net))
    with job.step("learning", f"learning the tonic inputs of {', '.join(t.name for t in targets)}"):
        bank = tn.fit(net, targets, steps=plan.steps, rounds=plan.rounds, seed=plan.seed, progress=True)
        tn.save(bank, here / "bank.nc")
    with job.step("recalibrating", "correcting them for how spiking neurons answer"):
        found = tn.spiking.recalibrate(
            net, bank, neurons_per_unit=plan.neurons_per_unit, duration=_VISITED, seed=plan.seed
        )
        spiking = cast("xr.Dataset", found)  # a bank gives a bank
        tn.save(spiking, here / "spiking_bank.nc")
    return Learned(net, bank, spiking)


def _taken(plan: DemoPlan, here: Path) -> Learned:
    """Return the shipped network and its rows of the tasks."""
    net, bank = tn.load_network(QUICK_NETWORK), tn.load_bank(QUICK_NETWORK).sel(task=list(plan.tasks))
    typer.echo(repr(net))
    tn.save(bank, here / "bank.nc")
    return Learned(net, bank, bank)


def _runs(job: Steps, made: Learned, pairs: Pairs, here: Path, plan: DemoPlan) -> dict[str, xr.Dataset]:
    with job.step("rate run", f"running the rate network, {written(pairs)}"):
        rate = tn.simulate(made.net, made.bank, schedule=pairs, seed=plan.seed)
        tn.save(rate, here / "rate.nc")
    neurons = made.net.units * plan.neurons_per_unit
    with job.step("spiking run", f"running {neurons} spiking neurons in Brian2 ({plan.codegen}), the same schedule"):
        spiking = tn.spiking.simulate(
            made.net, made.spiking, schedule=pairs, neurons_per_unit=plan.neurons_per_unit, codegen=plan.codegen,
            progress=True, seed=plan.seed,
        )  # fmt: skip
        save_run(spiking, here / "spikes.nc")
    with job.step("script", "writing the Brian2 script"):
        tn.spiking.write_script(
            here / "brian2_script.py", made.net, made.spiking, schedule=pairs, seed=plan.seed,
            neurons_per_unit=plan.neurons_per_unit,
        )  # fmt: skip
    return {"rate": rate, "spiking": spiking}


def _verify(job: Steps, made: Learned, task: str, plan: DemoPlan) -> None:
    with job.step("verifying", f"running one second of {task} in all three forms"):
        forms = tn.spiking.verify(made.net, made.spiking, task=task, duration=1.0, codegen=plan.codegen, seed=plan.seed)
    counts = zip(forms["form"].values, forms["spikes"].values, forms["differing"].values, strict=True)
    typer.echo(table(["form", "spikes", "differing"], [[str(f), str(n), str(d)] for f, n, d in counts]))


def _compare(job: Steps, bank: xr.Dataset, runs: dict[str, xr.Dataset], here: Path) -> None:
    from ._measures import measures_text, settling_text
    from ._true_runs import true_runs

    rate, spiking = runs.values()
    with job.step("comparing", "comparing both with the true systems"):
        late = [settled(run, SETTLING) for run in (rate, spiking)]
        found, missing = true_runs(bank, late[0])
        truth = None if missing else found
        measures = tn.compare(*late, truth=truth)
        text = measures_text(measures) + (f"\n\n{settling_text(runs, truth)}" if truth else "")
    with job.step("picture", "drawing the comparison"):
        draw(here / "comparison.png", rate, spiking, truth, measures)
    typer.echo(f"\n{text}\n")
