"""The learnability map: which networks can learn a task, over two of their properties."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .._names import choose, shown
from ._style import INK, MINUS, NONE, colour_bar, new_axes, styled
from ._text import as_text

_DIMS = ("gain", "units")


@styled
def learnability(
    scores: xr.Dataset,
    *,
    score: str = "r_squared",
    x: str = _DIMS[0],
    y: str = _DIMS[1],
    limits: tuple[float, float] = (0.0, 1.0),
    ax: Axes | None = None,
) -> Axes:
    """Draw a score of learned networks as a map over two of their properties, its value written in every cell.

    A cell is the median over every other dim of the score (seeds, tasks), with the least and the most beneath it;
    what was not finite, because learning failed there, counts as the worst. Cells are evenly spaced, whatever the
    steps of the axes.

    Arguments
    ---------
    scores : Dataset with a variable over the dims ``x`` and ``y``, and any others.
    score : that variable; larger is better.
    x, y : dims across and up, such as "gain" and "units"; their coordinates label the cells.
    limits : the scores at the ends of the colours.
    ax : where to draw, a new figure if not given; the map puts its colour bar beside it.

    Returns the axes. Raises TypeError for anything but a Dataset, ValueError for an unknown score or dims.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> values = xr.Dataset({"r_squared": (("units", "gain"), [[0.1, 0.9], [0.2, 1.0]])})
    >>> ax = plot.learnability(values.assign_coords(units=[50, 200], gain=[0.5, 1.5]))
    >>> [text.get_text() for text in ax.texts]
    ['0.10', '0.90', '0.20', '1.00']
    >>> ax.figure.clear()
    """
    cells, spread = _cells(scores, score, x, y)
    low, high = limits
    if not low < high:
        raise ValueError(f"limits are (worst, best), the worst below the best, got {shown(limits)}")
    chosen = ax or new_axes(1.9 + 0.62 * cells.sizes[x], 1.1 + 0.42 * cells.sizes[y])
    _draw_cells(chosen, cells, limits, _axis_label(scores, score))
    _write_scores(chosen, cells, spread, low + 0.55 * (high - low))
    for set_ticks, dim in ((chosen.set_xticks, x), (chosen.set_yticks, y)):
        set_ticks(range(cells.sizes[dim]), _tick_words(cells[dim]))
    chosen.tick_params(length=0)
    chosen.set(xlabel=_axis_label(scores, x), ylabel=_axis_label(scores, y))
    return chosen


def _draw_cells(ax: Axes, cells: xr.DataArray, limits: tuple[float, float], label: str) -> None:
    """Draw the map of the cells, and its colour bar beside it."""
    low, high = limits
    drawn = np.maximum(cells.values, low - 1)
    image = ax.imshow(drawn, origin="lower", aspect="auto", cmap="cividis", vmin=low, vmax=high)
    extend = "min" if cells.min() < low else "neither"
    bar = colour_bar(image, ax, pad=0.03, aspect=16, extend=extend)
    bar.set_label(label)


def _write_scores(ax: Axes, cells: xr.DataArray, spread: np.ndarray, dark_below: float) -> None:
    """Write each median, and its range beneath it, in white on dark cells."""
    for (i, j), value in np.ndenumerate(cells.values):
        words = "\n".join([_score_word(value), *_range_words(spread[:, i, j])])
        ax.text(j, i, words, ha="center", va="center", fontsize=6.5, color="white" if value < dark_below else INK)


def _tick_words(values: xr.DataArray) -> list[str]:
    """Return the coordinates of a dim as tick labels."""
    return [f"{v:g}" if np.issubdtype(type(v), np.number) else as_text(v, 12) for v in values.values]


def _cells(scores: object, score: str, x: str, y: str) -> tuple[xr.DataArray, np.ndarray]:
    """Return the medians (y, x), and the least and the most (2, y, x) of each."""
    if not isinstance(scores, xr.Dataset):
        raise TypeError(f"learnability takes a Dataset of scores, got {type(scores).__name__}")
    array = scores[choose("score", score, map(str, scores.data_vars))]
    for dim in (x, y):
        choose(f"dim of {score}", dim, map(str, array.dims))
    if x == y:
        raise ValueError(f"x and y are both {x!r}; a map needs two dims of {', '.join(map(str, array.dims))}")
    others = [dim for dim in array.dims if dim not in (x, y)]
    known = array.where(np.isfinite(array), -np.inf)
    found = [getattr(known, how)(others).transpose(y, x) for how in ("median", "min", "max")]
    cells = found[0].assign_coords({d: found[0][d] for d in (x, y)})
    return cells, np.stack([m.values for m in found[1:]])


def _range_words(ends: np.ndarray) -> list[str]:
    """Return the range in words; nothing where there is but one value."""
    words = [_score_word(value) for value in ends]
    return [] if words[0] == words[1] else [NONE.join(words)]


def _score_word(value: float) -> str:
    """Return a score as it is written in a cell."""
    if value == -np.inf:
        return "none"
    return f"< {MINUS}9" if value < -9.5 else f"{value:.2f}".replace("-", MINUS)


_NAMES = {"gain": "gain g", "units": "units N", "r_squared": "R², median", "components": "rank K"}


def _axis_label(scores: xr.Dataset, name: str) -> str:
    """Return the label of a score or of a dim, with its unit."""
    attrs = scores[name].attrs if name in scores.variables else {}
    words = _NAMES.get(name, as_text(attrs.get("long_name", name)))
    unit = as_text(attrs.get("units", "1"))
    return words if unit in ("", "1") else f"{words} ({unit})"
