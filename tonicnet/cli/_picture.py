"""The comparison sheet as a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import tonicnet as tn

from ..files import write

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from ._true_runs import Truths

FORMATS = (".png", ".pdf", ".svg")


def draw(path: Path, a: xr.Dataset, b: xr.Dataset, truth: Truths | None, measures: xr.Dataset) -> None:
    """Draw two runs, one of them spiking, side by side and write the sheet."""
    import matplotlib

    matplotlib.use("Agg")

    rate, spiking = (b, a) if "spike_time" in a and "spike_time" not in b else (a, b)
    figure = tn.plot.compare(rate, spiking, truth=truth, measures=measures)
    write_figure(path, figure)


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as one whole file, and clear it."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:])
    write(path, drawn.getvalue())
    figure.clear()
