"""``tonicnet atlas``: every flow of dysts on one network, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import tonicnet as tn

from .._names import choose
from ._engine_options import Executor, Quiet, Workers
from ._errors import in_a_sentence
from ._paths import folder
from ._signatures import taken
from ._table import number

if TYPE_CHECKING:
    import xarray as xr

_ATLAS = {name: argument.default for name, argument in taken("study/_atlas.py", "atlas").items()}
_COLUMNS = {
    "field_error": "field error", "divergence": "D_stsp", "divergence_floor": "its floor", "hellinger": "D_H",
    "hellinger_floor": "its floor", "exponent": "exponent", "true_exponent": "true exponent", "lost": "lost",
    "control_divergence": "D_stsp, no recurrence", "seconds": "fit, s",
}  # fmt: skip


@in_a_sentence
def atlas(
    place: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where everything is kept.")],
    system: Annotated[
        list[str] | None, typer.Option(help="A system of dysts; again for more. All if not given.")
    ] = None,
    units: Annotated[int, typer.Option(help="Of the network.")] = 1000,
    components: Annotated[
        int | None,
        typer.Option(help="Of the network; if not given, 4, or those of the largest --system.", show_default=False),
    ] = None,
    transfer: Annotated[
        str | None, typer.Option(help="Transfer function of the units; noisy LIF if not given.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the network and of learning.")] = 0,
    noise: Annotated[float, typer.Option(help="Width of the tube round each attractor.")] = _ATLAS["noise"],
    steps: Annotated[int, typer.Option(help="Gauss-Newton steps, of which each stage takes a share.")] = _ATLAS[
        "steps"
    ],
    rounds: Annotated[int, typer.Option(help="Closed-loop rounds at most.")] = _ATLAS["rounds"],
    confirm: Annotated[int, typer.Option(help="Times as long runs that confirm what is good; 0 for none.")] = _ATLAS[
        "confirm"
    ],
    precision: Annotated[str, typer.Option(help="mixed, float64 or float32.")] = _ATLAS["precision"],
    executor: Executor = "processes",
    workers: Workers = None,
    limit: Annotated[float | None, typer.Option(help="Seconds after which a system is given up.")] = None,
    run: Annotated[bool, typer.Option("--run/--no-run", help="--no-run: only gather what the folder has.")] = True,
    quiet: Quiet = False,
) -> None:
    """Learn every chaotic flow of dysts on one network, and hold each against its truth.

    Writes network.toml, bank.nc, scores.nc, portraits.nc, SCORES.md and a sheet
    of portraits, sheet.png. The same command goes on where it was stopped.

    \b
    Examples:  tonicnet atlas dysts
               tonicnet atlas few --system Lorenz --system Rossler
               tonicnet atlas dysts --no-run       what is there by now
    """
    where = folder(place)
    wanted: dict[str, Any] = {"components": components or _most(system), "transfer": transfer}
    net = tn.atlas_network(units, seed=seed, **{name: value for name, value in wanted.items() if value is not None})
    found = tn.atlas(
        where, system, net=net, executor=executor, workers=workers, limit=limit, noise=noise, steps=steps,
        rounds=rounds, confirm=confirm, precision=precision, seed=seed, run=run, progress=not quiet,
    )  # fmt: skip
    (where / "SCORES.md").write_text(scores_text(found))
    if (where / "portraits.nc").exists():
        sheet = tn.plot.portraits(tn.load(where / "portraits.nc"), found)
        sheet.savefig(where / "sheet.png", dpi=110)
    typer.echo(summary(found))
    typer.echo(f"written: {where}")


def scores_text(found: xr.Dataset) -> str:
    """Return the scores of an atlas as a page of Markdown."""
    head = f"# Scores of an atlas\n\n{summary(found)}. A system passes if {found.attrs['rule']}.\n\n"
    lines = ["| system | " + " | ".join(_COLUMNS.values()) + " | why it does not pass |"]
    lines.append("|---" * (len(_COLUMNS) + 2) + "|")
    for name in found["task"].values:
        row = found.sel(task=name)
        cells = [number(float(row[column])) for column in _COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['reason'].item() or 'passes'} |")
    return head + "\n".join(lines) + "\n"


def summary(found: xr.Dataset) -> str:
    """Return how many systems pass, of how many."""
    return f"{int(found['passes'].sum())} of {found.sizes['task']} systems pass"


def _most(systems: list[str] | None) -> int | None:
    """Return the components of the largest of some systems of dysts; None where none is named."""
    known = tn.dysts_systems()
    return max((known[choose("dysts system", name, known)].components for name in systems or ()), default=None)
