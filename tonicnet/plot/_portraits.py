"""Many portraits on one sheet: what a network does beside the truth, and whether that passes."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._numbers import whole
from ._requirements import require
from ._style import FAINT, INK, RUN_LOOKS, new_figure, styled
from ._text import as_text

_SIDE, _TITLE, _MARGIN = 1.05, 0.28, 0.15  # inches of a panel, of the name above it, and round the sheet
_LETTERS = 20  # of a name
_MARGIN_SHARE = 0.08  # of the truth's extent, on either side of it
_MISSED = "#B3261E"


@styled
def portraits(paths: xr.Dataset, scores: xr.Dataset | None = None, *, columns: int | None = None) -> Figure:
    """Draw a sheet of portraits, one a task: the truth in grey, the network over it in colour.

    Each panel is scaled to its own truth. With ``scores`` the names of tasks that do not pass are red.

    Arguments: ``paths``, a Dataset with ``truth`` and ``network`` (task, sample, axis): ``portraits.nc`` of an atlas;
    ``scores`` of that atlas; ``columns`` of the sheet, about as many as rows if not given. Returns the figure. Raises
    ValueError for another Dataset, and for columns that are no positive number.

    >>> from tonicnet.plot import portraits
    >>> t = np.linspace(0, 6, 50)
    >>> circle = np.stack([np.cos(t), np.sin(t)], axis=1)[None]
    >>> paths = xr.Dataset({name: (("task", "sample", "axis"), circle) for name in ("truth", "network")},
    ...                    coords={"task": ["circle"]})
    >>> len(portraits(paths).axes)
    1
    """
    paths = require(paths, ("truth", "network"), role="paths", maker="tonicnet.atlas (portraits.nc)")
    names = [str(name) for name in paths["task"].values]
    across = math.ceil(math.sqrt(1.3 * len(names))) if columns is None else whole("columns", columns)
    down = math.ceil(len(names) / across)
    wide, tall = 2 * _MARGIN + across * _SIDE, 2 * _MARGIN + down * (_SIDE + _TITLE)
    figure = new_figure(wide, tall, layout=None)
    for index, name in enumerate(names):
        row, column = divmod(index, across)
        left, base = _MARGIN + column * _SIDE, tall - _MARGIN - (row + 1) * (_SIDE + _TITLE)
        ax = figure.add_axes((left / wide, base / tall, 0.92 * _SIDE / wide, 0.96 * _SIDE / tall))
        _draw(ax, paths.sel(task=name))
        missed = scores is not None and not bool(scores["passes"].sel(task=name))
        ax.set_title(as_text(name, _LETTERS), fontsize=6, pad=2, color=_MISSED if missed else INK)
    return figure


def _draw(ax: Axes, one: xr.Dataset) -> None:
    truth, network = one["truth"].values, one["network"].values
    ax.plot(*truth.T, color=FAINT, linewidth=1.2, rasterized=True)
    ax.plot(*network.T, color=RUN_LOOKS["rate"][0], linewidth=0.4, rasterized=True)
    for axis, limit in ((0, ax.set_xlim), (1, ax.set_ylim)):
        shown = truth[:, axis] if np.isfinite(truth[:, axis]).any() else network[:, axis]
        low, high = np.nanmin(shown), np.nanmax(shown)
        apart = max(high - low, 1e-9)
        limit(low - _MARGIN_SHARE * apart, high + _MARGIN_SHARE * apart)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
