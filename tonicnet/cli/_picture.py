"""The comparison sheet as a file."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from .._files import atomic
from ._truth import Truths

FORMATS = (".png", ".pdf", ".svg")


def draw(path: Path, a: xr.Dataset, b: xr.Dataset, truth: Truths | None, measures: xr.Dataset) -> None:
    """Draw two runs, one of them spiking, side by side and write the sheet."""
    import matplotlib

    matplotlib.use("Agg")
    from ..plot import compare as sheet

    rate, spiking = (b, a) if "spike_time" in a and "spike_time" not in b else (a, b)
    figure = sheet(rate, spiking, truth=truth, measures=measures)
    with atomic(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:])
    figure.clear()
