"""A run as the bytes of a PNG, for a picture that is drawn again and again: pyplot keeps no figure of it."""

from __future__ import annotations

import io

import xarray as xr
from matplotlib.figure import Figure

from ._attractor import attractor, without_walls
from ._components import components
from ._style import style_ticks, styled

_SIZE, _DPI = (4.6, 5.4), 100  # inches


@styled
def png(run: xr.Dataset) -> bytes:
    """Return the attractor of a run of one task above its components, as the bytes of a PNG.

    >>> import tonicnet as tn
    >>> png(tn.task("hopf").trajectory(6.0, 0.1))[1:4]
    b'PNG'
    """
    count = int(run["dimension"].values[0]) if "dimension" in run.coords else run.sizes["component"]
    figure = Figure(figsize=_SIZE, layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 2))
    upper = figure.add_subplot(grid[0], projection="3d" if count > 2 else None)
    attractor(run, ax=without_walls(upper) if count > 2 else style_ticks(upper))
    components(run, ax=style_ticks(figure.add_subplot(grid[1])))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_DPI)
    return out.getvalue()
