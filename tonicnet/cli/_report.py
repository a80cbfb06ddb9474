"""``tonicnet report``: a bank as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import tonicnet as tn

from ._bank import open_bank
from ._errors import in_a_sentence
from ._paths import output
from ._simulate import Bank


@in_a_sentence
def report(
    bank: Bank,
    out: Annotated[Path, typer.Option("-o", "--out", help="The page to write (.html).")] = Path("report.html"),
    duration: Annotated[
        float | None, typer.Option(help="Seconds of each run; 300 time constants of the network if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the starting states.")] = 0,
) -> None:
    """Write a bank as one self-contained page: attractors to turn, scores, biases.

    The page opens in any browser without network access. It needs plotly:
    pip install 'tonicnet\\[report]'.

    \b
    Examples:  tonicnet report bank.nc -o report.html
               tonicnet report atlas-1000
    """
    opened = open_bank(bank)
    place = output(out, [".html"], inputs=[opened.path])
    path = tn.report(opened.net, opened.bank, place, duration=duration, seed=seed)
    typer.echo(f"written: {path}, {path.stat().st_size / 1e6:.0f} MB, {opened.bank.sizes['task']} tasks")
