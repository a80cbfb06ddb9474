"""``tonicnet compare``: are two runs the same dynamics?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tonicnet as tn

from ._bank import Opened, open_bank
from ._errors import in_a_sentence
from ._paths import output
from ._picture import FORMATS, draw
from ._runs import SETTLING, read_run, settled

if TYPE_CHECKING:
    import xarray as xr

    from ._true_runs import Truths


@in_a_sentence
def compare(
    a: Annotated[Path, typer.Argument(help="A run (tonicnet simulate).", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Another run of the same tasks.", show_default=False)],
    bank: Annotated[
        str | None, typer.Option(help="The bank of both: they are then held against the true tasks, side by side.")
    ] = None,
    discard: Annotated[
        float, typer.Option(help="Seconds left out at the start of every segment, while it settles.")
    ] = SETTLING,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Also draw both runs, one of them spiking (.png, .pdf, .svg).")
    ] = None,
) -> None:
    """Compare two runs task by task, every measure beside its floor (truth against truth).

    Without --bank the second run is held against the first. Read D_stsp only
    with its floor and T, the number of samples: few samples give a large value
    for the true system too.

    \b
    Examples:  tonicnet compare rate.nc spikes.nc --bank bank.nc
               tonicnet compare rate.nc spikes.nc --bank bank.nc -o sheet.png
    """
    from ._measures import measures_text, settling_text

    first, second = read_run(a), read_run(b)
    place = None if out is None else output(out, FORMATS)
    late = [settled(run, discard) for run in (first, second)]
    truth = None if bank is None else _truths(open_bank(bank), late)
    measures = tn.compare(*late, truth=truth)
    typer.echo(measures_text(measures))
    if truth is not None:
        typer.echo("\n" + settling_text(_named(first, second), truth))
    if place is not None:
        draw(place, first, second, truth, measures)
        typer.echo(f"\nwritten: {place}")


def _truths(opened: Opened, runs: list[xr.Dataset]) -> Truths | None:
    from ._true_runs import true_runs

    for run in runs:
        sha = run.attrs.get("network_sha256", opened.net.sha256)
        if sha != opened.net.sha256:
            raise ValueError(f"a run is of network {sha}, the bank of {opened.net.sha256}; give the runs' own bank")
    found, missing = true_runs(opened.bank, runs[0])
    for name, why in missing.items():
        typer.echo(f"no true run of {name}: {why}", err=True)
    if missing:
        typer.echo("so the second run is held against the first", err=True)
    return None if missing else found


def _named(a: xr.Dataset, b: xr.Dataset) -> dict[str, xr.Dataset]:
    kinds = [str(run.attrs.get("kind", "run")) for run in (a, b)]
    return dict(zip(kinds if kinds[0] != kinds[1] else ["a", "b"], (a, b), strict=True))
