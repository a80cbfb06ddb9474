"""The phase diagram of learning: which share of the draws of a network learns, and how many units that needs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .._names import choose
from ..measure import units_needed
from ._requirements import require
from ._style import COLOURS, new_figure, styled
from ._text import as_text

_PANEL, _HEIGHT, _BAR = 1.9, 1.8, 0.7  # inches
_MAKER = "tonicnet.study"


@styled
def phase_diagram(
    study: xr.Dataset,
    *,
    x: str,
    y: str = "units",
    columns: str | None = "task",
    rows: str | None = None,
    draws: str = "seed",
    score: str = "lost",
    worst: float = 0.0,
) -> Figure:
    """Draw the share of draws whose network alone does its task, over two dims of a study.

    A draw counts as learned where its score is known and not above ``worst``; jobs that failed count as not learned.
    The line is the number of units that half of the draws need (:func:`tonicnet.measure.units_needed`), its bars
    the interval of 95 %; it is drawn where ``y`` is in order of size and the level is reached.

    Arguments: ``study``, a Dataset from :func:`tonicnet.study`; ``x`` and ``y``, dims across and up; ``columns`` and
    ``rows``, dims with a panel for each value, None for one panel; ``draws``, the dim that is averaged; ``score``, a
    variable of which less is better. Every other dim must have one value. Returns the figure. Raises TypeError for
    anything but a Dataset, ValueError for unknown dims or scores, and for dims that are left over.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> lost = xr.DataArray(np.zeros((2, 3, 4)), dims=("gain", "units", "seed"), name="lost")
    >>> figure = plot.phase_diagram(
    ...     lost.assign_coords(gain=[1.0, 2.0], units=[16, 32, 64]).to_dataset(), x="gain", columns=None)
    >>> figure.axes[0].get_xlabel()
    'gain'
    >>> figure.clear()
    """
    data = require(study, (), role="study", maker=_MAKER)
    choose("score", score, sorted(map(str, data.data_vars)))
    learned = (data[score] <= worst).squeeze([dim for dim in data[score].dims if data.sizes[dim] == 1 and dim not in (
        x, y, columns, rows, draws)])  # fmt: skip
    panels = [(name, dim) for name, dim in (("rows", rows), ("columns", columns)) if dim is not None]
    for dim in (x, y, draws, *(dim for _, dim in panels)):
        choose(f"dim of {score}", dim, map(str, learned.dims))
    left = set(map(str, learned.dims)) - {x, y, draws, columns, rows}
    if left:
        raise ValueError(f"{score} also varies along {', '.join(sorted(left))}; take one value with .sel(...)")
    return _drawn(learned.sortby([x, y]), x, y, draws, rows, columns)


def _drawn(learned: xr.DataArray, x: str, y: str, draws: str, rows: str | None, columns: str | None) -> Figure:
    down, across = (1 if dim is None else learned.sizes[dim] for dim in (rows, columns))
    figure = new_figure(_PANEL * across + _BAR, _HEIGHT * down + 0.3)
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    limits = Normalize(0, 1)
    for (i, j), ax in np.ndenumerate(axes):
        at = {dim: k for dim, k in ((rows, i), (columns, j)) if dim is not None}
        part = learned.isel(at)
        share = part.mean(draws).transpose(y, x).values
        ax.imshow(share, origin="lower", aspect="auto", cmap="cividis", norm=limits)
        _line(ax, part, x, y, draws)
        ax.set_title(", ".join(_named(learned[dim], k) for dim, k in at.items()), fontsize=8)
        ax.set_xticks(range(learned.sizes[x]), [f"{value:g}" for value in learned[x].values])
        ax.set_yticks(range(learned.sizes[y]), [f"{value:g}" for value in learned[y].values])
    for ax in axes[-1]:
        ax.set_xlabel(as_text(x.replace("_", " "), 24))
    for ax in axes[:, 0]:
        ax.set_ylabel(as_text(y.replace("_", " "), 24))
    figure.colorbar(ScalarMappable(limits, "cividis"), ax=axes, aspect=24).set_label("share of draws learned")
    return figure


def _named(coordinate: xr.DataArray, k: int) -> str:
    """Return one value of a dim in words: numbers with the name of the dim."""
    value = coordinate.values[k]
    if np.issubdtype(coordinate.dtype, np.number):
        return f"{as_text(str(coordinate.name).replace('_', ' '), 16)} {value:g}"
    return as_text(str(value), 16)


def _line(ax: Axes, learned: xr.DataArray, x: str, y: str, draws: str) -> None:
    """Draw how many units are needed, in the places of the cells; bars end at the map's edge."""
    found = units_needed(learned, dim=y, draws=draws, resamplings=200)
    sizes = np.log(np.asarray(learned[y].values, dtype=float))
    middle, low, high = (
        np.interp(np.log(found[name].transpose(x).values), sizes, np.arange(len(sizes)))
        for name in ("units_needed", "units_needed_low", "units_needed_high")
    )
    kept = np.isfinite(found["units_needed"].transpose(x).values)
    places = np.arange(learned.sizes[x])[kept]
    bars = np.abs(np.stack([low, high])[:, kept] - middle[kept])
    ax.errorbar(places, middle[kept], yerr=bars, color=COLOURS[4], marker="o", markersize=3, linewidth=1.2)
