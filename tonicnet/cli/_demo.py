"""``tonicnet demo``: the main job, end to end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tonicnet as tn

from ._errors import in_a_sentence
from ._fit import STEPS, outcome_text
from ._paths import folder
from ._picture import draw
from ._runs import SETTLING, save_run, settled
from ._schedule import Pairs, written
from ._simulate import Codegen
from ._table import seconds, table
from ._tasks import read_tasks

if TYPE_CHECKING:
    import xarray as xr


@in_a_sentence
def demo(
    place: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the results go; made if missing.")] = Path(
        "demo"
    ),
    units: Annotated[int, typer.Option(help="Units of the network.")] = 1000,
    seed: Annotated[int, typer.Option(help="Recipe of the network, the learning and the noise.")] = 0,
    tasks: Annotated[str, typer.Option(help="Tasks to learn and to run one after the other.")] = (
        "lorenz,van-der-pol,hopf"
    ),
    duration: Annotated[float, typer.Option("--seconds", help="Seconds of each task.")] = 32.0,
    neurons_per_unit: Annotated[int, typer.Option(help="Spiking neurons for each rate unit.")] = 4,
    steps: Annotated[int, typer.Option(help="Steps of the first stage of learning, at most.")] = STEPS,
    rounds: Annotated[int, typer.Option(help="Closed-loop rounds after it, at most.")] = 0,
    codegen: Codegen = "auto",
    verify: Annotated[bool, typer.Option("--verify", help="Also show that all three forms spike alike.")] = False,
) -> None:
    """From nothing to one frozen network that switches tasks in mid-run, as rates and as spikes.

    Draws a network, learns the tonic inputs of a chaotic attractor and two
    limit cycles, runs one schedule that switches between them, moves it to
    Brian2 as thresholds and runs it again, and holds both against the true
    systems. Writes bank.nc, rate.nc, spikes.nc, comparison.png and
    brian2_script.py.

    \b
    Examples:  tonicnet demo
               tonicnet demo small --units 300 --seconds 4 --neurons-per-unit 2
               tonicnet demo memory --tasks two-well,hopf
    """
    here = folder(place)
    job = _Job()
    targets = read_tasks([name.strip() for name in tasks.split(",") if name.strip()])
    net = tn.Network(units=units, seed=seed, components=max(3, *(t.dimension for t in targets)))
    typer.echo(f"{net!r}\nresults go to {here}/")
    with job.step("learning", f"learning the tonic inputs of {', '.join(t.name for t in targets)}"):
        bank = tn.fit(net, targets, steps=steps, rounds=rounds, seed=seed, progress=job.shown)
        tn.save(bank, here / "bank.nc")
    typer.echo(outcome_text(bank))
    pairs = [(str(name), duration) for name in bank["task"].values]
    runs = _runs(job, net, bank, pairs, here, neurons_per_unit=neurons_per_unit, seed=seed, codegen=codegen)
    if verify:
        _verify(job, net, bank, pairs[0][0], codegen, seed)
    _compare(job, bank, runs, here)
    typer.echo(job.summary(here))


def _runs(
    job: _Job,
    net: tn.Network,
    bank: xr.Dataset,
    pairs: Pairs,
    here: Path,
    *,
    neurons_per_unit: int,
    seed: int,
    codegen: str,
) -> dict[str, xr.Dataset]:
    with job.step("rate run", f"running the rate network, {written(pairs)}"):
        rate = tn.simulate(net, bank, schedule=pairs, seed=seed)
        tn.save(rate, here / "rate.nc")
    with job.step(
        "spiking run", f"running {net.units * neurons_per_unit} spiking neurons in Brian2, the same schedule"
    ):
        spiking = tn.spiking.simulate(
            net, bank, schedule=pairs, neurons_per_unit=neurons_per_unit, codegen=codegen, progress=job.shown, seed=seed
        )
        save_run(spiking, here / "spikes.nc")
    with job.step("script", "writing the Brian2 script"):
        tn.spiking.write_script(
            here / "brian2_script.py", net, bank, schedule=pairs, neurons_per_unit=neurons_per_unit, seed=seed
        )
    return {"rate": rate, "spiking": spiking}


def _verify(job: _Job, net: tn.Network, bank: xr.Dataset, task: str, codegen: str, seed: int) -> None:
    with job.step("verifying", f"running one second of {task} in all three forms"):
        forms = tn.spiking.verify(net, bank, task=task, duration=1.0, codegen=codegen, seed=seed)
    counts = zip(forms["form"].values, forms["spikes"].values, forms["differing"].values, strict=True)
    typer.echo(table(["form", "spikes", "differing"], [[str(f), str(n), str(d)] for f, n, d in counts]))


def _compare(job: _Job, bank: xr.Dataset, runs: dict[str, xr.Dataset], here: Path) -> None:
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


class _Job:
    """Says what is being done, and how long it took."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self._took: list[tuple[str, float]] = []

    @contextlib.contextmanager
    def step(self, name: str, words: str) -> Iterator[None]:
        """Announce a step and time it."""
        typer.echo(f"... {words}")
        begin = time.perf_counter()
        yield
        self._took.append((name, time.perf_counter() - begin))

    def summary(self, here: Path) -> str:
        """Return how long each step took."""
        rows = [[words, seconds(spent)] for words, spent in self._took]
        rows.append(["all together", seconds(sum(spent for _, spent in self._took))])
        took = table(["step", "took"], rows)
        return f"{took}\nlook at {here / 'comparison.png'}; go on with {here / 'brian2_script.py'}"
