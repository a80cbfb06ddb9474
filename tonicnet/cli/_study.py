"""``tonicnet study``: a grid of fits, from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tonicnet as tn

from ._engine_options import Executor, Limit, Quiet, Run, StoreFolder, Workers
from ._errors import in_a_sentence
from ._paths import output
from ._signatures import taken
from ._table import table

if TYPE_CHECKING:
    import xarray as xr

_STUDY = {name: argument.default for name, argument in taken("study/_study.py", "study").items()}
_ROWS = 20  # kinds of failures that are printed


@in_a_sentence
def study(
    grid: Annotated[str, typer.Argument(metavar="GRID", help="A TOML file, or the name of one that ships.")],
    executor: Executor = "processes",
    workers: Workers = None,
    store: StoreFolder = None,
    retries: Annotated[int, typer.Option(help="Times that a job whose worker was lost is sent again.")] = _STUDY[
        "retries"
    ],
    limit: Limit = None,
    biases: Annotated[bool, typer.Option("--biases", help="Keep the bank of every job too.")] = False,
    run: Run = True,
    out: Annotated[Path, typer.Option("-o", "--out", help="The Dataset to write.")] = Path("study.nc"),
    quiet: Quiet = False,
) -> None:
    """Learn at every place of a grid, and save all scores as one Dataset.

    Each job leaves a small file in the store; the same command goes on where
    it was stopped. Ctrl-C writes what is done. Ends with 1 if a job failed.

    \b
    Examples:  tonicnet study grid.toml -o study.nc
               tonicnet study seeds --workers 2
               tonicnet study grid.toml --executor dask://node7:8786
               tonicnet study grid.toml --no-run       what is there by now
    """
    place = output(out, [".nc"], inputs=[Path(grid)])
    found = tn.study(
        grid, executor=executor, workers=workers, store=store or place.with_suffix(".store"), retries=retries,
        limit=limit, biases=biases, run=run, progress=not quiet,
    )  # fmt: skip
    tn.save(found, place)
    typer.echo(outcomes_text(found))
    typer.echo(f"written: {place}")
    if run and not found["done"].all():
        raise typer.Exit(1)


def outcomes_text(found: xr.Dataset) -> str:
    """Return how many jobs are done, and why the others are not."""
    import numpy as np

    done = int(found["done"].sum())
    head = f"{done} of {found['done'].size} jobs done"
    texts, counts = np.unique(found["outcome"].values[found["done"].values == 0].astype(str), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_ROWS]
    rows = [[str(counts[k]), str(texts[k])] for k in most]
    return head + ("\n" + table(["jobs", "outcome"], rows, left=(1,)) if rows else "")
