"""``tonicnet capacity``: how much one frozen network can hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import tonicnet as tn

from ._engine_options import Executor, Limit, Quiet, Run, StoreFolder, Workers
from ._errors import in_a_sentence
from ._paths import output
from ._picture import FORMATS, write_figure
from ._signatures import taken
from ._study import outcomes_text
from ._table import table

if TYPE_CHECKING:
    import xarray as xr

_CAPACITY = {name: argument.default for name, argument in taken("study/_capacity.py", "capacity").items()}


@in_a_sentence
def capacity(
    grid: Annotated[
        str | None, typer.Argument(metavar="[GRID]", help="A TOML file of networks and draws.", show_default=False)
    ] = None,
    units: Annotated[list[int] | None, typer.Option(help="Sizes of networks, each by an option of its own.")] = None,
    seeds: Annotated[int, typer.Option(help="Draws of each size.")] = 3,
    bits: Annotated[int | None, typer.Option(help="Bits that are tried, from one on (default: 4).")] = None,
    score: Annotated[str | None, typer.Option(help="What decides: accuracy of bits, lost of systems.")] = _CAPACITY[
        "score"
    ],
    level: Annotated[float | None, typer.Option(help="Of the score, that is enough.")] = _CAPACITY["level"],
    executor: Executor = "processes",
    workers: Workers = None,
    store: StoreFolder = None,
    limit: Limit = None,
    run: Run = True,
    picture: Annotated[Path | None, typer.Option(help="Draw it too (.png, .pdf, .svg).")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The Dataset to write.")] = Path("capacity.nc"),
    quiet: Quiet = False,
) -> None:
    """Count the bits of a flip-flop, or the systems of a list, that networks hold.

    A grid that names tasks counts these; any other counts the bits of
    flip-flops. The same command goes on where it was stopped.

    \b
    Examples:  tonicnet capacity --units 64 --units 128 --bits 3
               tonicnet capacity gains.toml --bits 4 --picture capacity.png
               tonicnet capacity systems.toml -o systems.nc
    """
    place = output(out, [".nc"], inputs=[Path(grid)] if grid else [])
    drawn = None if picture is None else output(picture, FORMATS)
    if (grid is None) == (units is None):
        raise ValueError("give the sizes of networks, --units 64 --units 128, or a grid that holds them")
    asked: Any = grid or {"units": list(units or ()), "seed": range(seeds)}
    found = tn.capacity(
        asked, bits=bits, score=score, level=level, executor=executor, workers=workers,
        store=store or place.with_suffix(".store"), limit=limit, run=run, progress=not quiet,
    )  # fmt: skip
    tn.save(found, place)
    typer.echo(outcomes_text(found))
    typer.echo(capacity_text(found))
    if drawn is not None:
        _draw(drawn, found)
    typer.echo(f"written: {place}" + (f", {drawn}" if drawn else ""))
    if run and not found["done"].all():
        raise typer.Exit(1)


def capacity_text(found: xr.Dataset) -> str:
    """Return the capacity at each place of a grid, over draws, and how it grows with size."""
    held = found["capacity"].transpose(..., "seed")
    dims = [str(dim) for dim in held.dims if dim != "seed"]
    flat = held.stack(place=dims)
    rows = []
    for k, labels in enumerate(flat["place"].values):
        values = flat.isel(place=k).values
        spread = [f"{values.mean():.3g}", f"{values.min():g}", f"{values.max():g}"]
        rows.append([*map(str, labels), *spread])
    head = [*dims, "mean", "least", "most"]
    return f"{held.attrs['long_name']}\n{table(head, rows, left=())}\n{_law(found)}"


def _law(found: xr.Dataset) -> str:
    """Return the exponents in words."""
    known = found["exponent"].notnull()
    if not bool(known.any()):
        return "no exponent: two sizes that hold some, and not all that was tried, are needed"
    best = float(found["exponent"].where(known).median())
    return f"capacity ~ units^{best:.2f}" + (" (median over the other dims)" if found["exponent"].size > 1 else "")


def _draw(path: Path, found: xr.Dataset) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.use("Agg")
    others = [str(dim) for dim in found["capacity"].dims if dim not in ("seed", "units")]
    wide = [dim for dim in others if found.sizes[dim] > 1]
    if len(wide) > 1:
        raise ValueError(f"--picture draws one dim beside units, the grid has {', '.join(wide)}; use tn.plot.capacity")
    figure = tn.plot.capacity(found, lines=wide[0] if wide else None).get_figure()
    assert isinstance(figure, Figure)
    write_figure(path, figure)
