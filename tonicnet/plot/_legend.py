"""Legends beside the axes: in as many columns as they need, in a figure that has the room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from ._style import figure_of
from ._text import width_of

_SIZE = 7.5  # points of its words
_ROW, _MARK = 0.165, 0.5  # inches: the height of a row, a mark with the room around it
_HIGH = 0.8  # of the figure's height that axes fill


def legend_width(labels: Sequence[str], height: float) -> float:
    """Return how many inches a legend takes beside axes in a figure of this height.

    >>> legend_width([], 3.0), legend_width(["hopf"] * 40, 3.0) > 2 * legend_width(["hopf"] * 14, 3.0)
    (0.0, True)
    """
    columns = columns_of(len(labels), height)
    rows = -(-len(labels) // columns)
    parts = [labels[k : k + rows] for k in range(0, len(labels), rows)] if rows else []
    return float(sum(_MARK + max(width_of(label, _SIZE) for label in part) for part in parts))


def columns_of(count: int, height: float) -> int:
    """Return in how many columns so many entries stand beside axes in a figure of this height."""
    return max(1, -(-count // max(1, int(_HIGH * height / _ROW))))


def legend_beside(ax: Axes, handles: Sequence[Artist] | None = None, **options: Any) -> Legend | None:
    """Draw the legend to the right of the axes, of what they hold or of the handles; none where nothing is named."""
    entries = list(ax.get_legend_handles_labels()[0] if handles is None else handles)
    if not entries:
        return None
    columns = columns_of(len(entries), _height(ax))
    place = {"loc": "upper left", "bbox_to_anchor": (1.08 if ax.name == "3d" else 1.01, 1.0)}
    return ax.legend(handles=entries, ncols=columns, columnspacing=1.0, **(place | options))


def _height(ax: Axes) -> float:
    """Return the height of the figure, or part of one, that the axes are in, in inches."""
    figure = figure_of(ax)
    return float(figure.bbox.height / figure.dpi)
