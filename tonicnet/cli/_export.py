"""``tonicnet export``: a Brian2 script, a folder of C++ or a NIR graph."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

import tonicnet as tn

from .._names import choose
from ..files import write
from ._bank import Opened, open_bank
from ._errors import in_a_sentence
from ._paths import output
from ._schedule import Pairs, asked, written
from ._simulate import Bank, Duration, Form, PerUnit, ScheduleText, Seed, TaskName

Out = Annotated[Path | None, typer.Option("-o", "--out", help="Default: brian2_script.py, brian2_cpp or spiking.nir.")]
Drop = Annotated[
    list[str] | None, typer.Option("--drop", help="What NIR cannot say: refractory, noise, adaptation, ...")
]


Within = Annotated[
    tuple[float, float] | None,
    typer.Option(help="Count neurons with thresholds outside so many mV.", metavar="LEAST GREATEST"),
]


class _Asked(NamedTuple):
    opened: Opened
    pairs: Pairs
    out: Path | None
    form: str
    neurons_per_unit: int
    seed: int
    drop: list[str]
    within: tuple[float, float] | None


@in_a_sentence
def export(
    bank: Bank,
    schedule: ScheduleText = None,
    task: TaskName = None,
    duration: Duration = None,
    out: Out = None,
    format: Annotated[str, typer.Option("--format", help="script, plain, cpp or nir.")] = "script",
    form: Form = "threshold",
    neurons_per_unit: PerUnit = 1,
    seed: Seed = 0,
    drop: Drop = None,
    within: Within = None,
) -> None:
    """Write a bank as spiking neurons that run without tonicnet, spike for spike.

    \b
    script  Python for Brian2, to be read and changed; its numbers lie beside it, in an .npz of the same name
    plain   a page of Brian2 as one would write it by hand, with Brian2's own noise, so with other spikes
    cpp     a folder of C++ (make && ./main), for any schedule of the bank's tasks
    nir     one task as a NIR graph, for neuromorphic software
    (a live Brian2 network in a notebook: tonicnet.spiking.to_brian2)

    \b
    Examples:  tonicnet export bank.nc --schedule lorenz:5,hopf:5 -o switching.py
               tonicnet export bank.nc --task lorenz --format cpp -o lorenz
               tonicnet export bank.nc --task lorenz --within -65 -35
               tonicnet export bank.nc --task lorenz --format nir --drop refractory --drop noise
    """
    choose("format", format, FORMATS)
    if drop and format != "nir":
        raise ValueError(f"--drop is for --format nir, which has no words for everything; {format} leaves nothing out")
    opened = open_bank(bank)
    pairs = asked(opened.bank, schedule, task, duration)
    given = _Asked(opened, pairs, out, form, neurons_per_unit, seed, drop or [], within)
    told = [] if within is None else _outside(given, within)
    FORMATS[format](given)
    for line in told:
        typer.echo(line)


def _outside(a: _Asked, within: tuple[float, float]) -> list[str]:
    """Return, for each task of the schedule, how many neurons have thresholds outside a range."""
    lines = []
    for task in dict.fromkeys(name for name, _ in a.pairs):
        found = tn.spiking.thresholds(
            a.opened.net, a.opened.bank, within=within, task=task, neurons_per_unit=a.neurons_per_unit
        ).isel(task=0)
        lines.append(
            f"{task}: thresholds from {float(found['least']):.1f} to {float(found['greatest']):.1f} mV, "
            f"{int(found['outside'])} of {int(found.attrs['neurons'])} outside {found.attrs['within']}"
        )
    return lines


def _script(a: _Asked, style: str = "exact") -> None:
    script = tn.spiking.write_script(
        output(a.out or Path("brian2_script.py"), [".py"]), a.opened.net, a.opened.bank, schedule=a.pairs, form=a.form,
        neurons_per_unit=a.neurons_per_unit, seed=a.seed, style=style,
    )  # fmt: skip
    typer.echo(f"written: {script} and {script.with_suffix('.npz').name}, for {written(a.pairs)}")
    typer.echo(f"run it with: python {script}" + " --save" * (style == "exact"))


def _plain(a: _Asked) -> None:
    _script(a, "plain")


def _cpp(a: _Asked) -> None:
    folder = tn.spiking.write_cpp(
        a.out or Path("brian2_cpp"), a.opened.net, a.opened.bank, schedule=a.pairs, form=a.form,
        neurons_per_unit=a.neurons_per_unit, seed=a.seed,
    )  # fmt: skip
    typer.echo(f"written: {folder}, for {written(a.pairs)}")
    typer.echo(f"run it with: cd {folder} && make && ./main; README.md there says what goes in and comes out")


def _nir(a: _Asked) -> None:
    if len(a.pairs) != 1:
        raise ValueError(f"a NIR graph is one task; say which of {len(a.pairs)} with --task")
    if a.form != "threshold" or a.seed != 0:
        raise ValueError("a NIR graph carries thresholds and no seed; leave --form and --seed out")
    (task, _), place = a.pairs[0], output(a.out or Path("spiking.nir"), [".nir"])
    graph = tn.spiking.to_nir(a.opened.net, a.opened.bank, task=task, neurons_per_unit=a.neurons_per_unit, drop=a.drop)
    import nir

    built = io.BytesIO()
    nir.write(built, graph)
    write(place, built.getvalue())
    typer.echo(f"written: {place}, {task}; left out: {graph.metadata['dropped']}")


FORMATS: dict[str, Callable[[_Asked], None]] = {"script": _script, "plain": _plain, "cpp": _cpp, "nir": _nir}
