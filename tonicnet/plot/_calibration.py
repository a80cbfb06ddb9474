"""The calibration plot: what was predicted against what was measured, task by task."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ._calibration_pairs import Pairs, paired
from ._legend import legend_beside, legend_width
from ._measure_table import SHOWN
from ._style import FAINT, INK, MINUS, NONE, look, new_axes, styled
from ._text import as_text, as_texts

_HEIGHT = 3.4  # inches
_NAMES = {"neurons_per_unit": "neurons a unit"}
_RING: dict[str, Any] = {
    "color": INK, "marker": "o", "markersize": 10, "markerfacecolor": "none", "markeredgewidth": 0.5, "linewidth": 0,
    "zorder": 5,
}  # fmt: skip
_DIAGONAL: dict[str, Any] = {"color": FAINT, "linewidth": 0.8, "linestyle": (0, (5, 3)), "zorder": 1}


@styled
def calibration(
    predicted: xr.Dataset,
    measured: xr.Dataset,
    *,
    measure: str = "state_space_divergence",
    ax: Axes | None = None,
) -> Axes:
    """Draw a measure as it was predicted against what was measured, one mark a task, on logarithmic scales.

    On the dashed line both are equal. Written above is how well the one predicts the other,

        corr(log |predicted|, log |measured|)

    over the pairs drawn. The shade ends at ``<measure>_floor``, what truth scores against truth, and is darker where it
    is below that of more tasks; a pair in a ring is not above the floor of its own task, where data cannot tell it from
    a perfect one. Signed errors are drawn by their size.

    Arguments
    ---------
    predicted : Dataset with the measure over ``task`` and at most one dim more, such as ``neurons_per_unit``, whose
        marks go from open to filled (tonicnet.spiking.predict).
    measured : the same, measured (tonicnet.compare, one run of it).
    measure : the variable drawn; its floor is taken where either Dataset has it, the larger of the two.
    ax : where to draw, a new figure if not given; the legend stands to its right.

    Tasks without a finite pair are named in the legend, without a mark. Returns the axes. Raises TypeError for
    anything but Datasets; ValueError for a missing measure, other dims, tasks that come twice or are not shared,
    fewer than two pairs, or a value of zero.

    >>> import xarray as xr
    >>> from tonicnet import plot
    >>> predicted = xr.Dataset({"period_error": ("task", [0.001, -0.01])}, coords={"task": ["hopf", "cosine"]})
    >>> ax = plot.calibration(predicted, 2 * predicted, measure="period_error")
    >>> ax.get_title(), [line.get_ydata().tolist() for line in ax.lines if line.get_marker() != "None"]
    ('correlation of logarithms 1.000 (2 pairs)', [[0.002], [0.02]])
    >>> ax.figure.clear()
    """
    pairs = paired(predicted, measured, measure)
    key = _key(pairs)
    chosen = ax or new_axes(3.7 + legend_width([str(k.get_label()) for k in key], _HEIGHT), _HEIGHT)
    _frame(chosen, pairs)
    _draw_floors(chosen, pairs)
    for i in range(len(pairs.tasks)):
        _draw_task(chosen, pairs, i)
    words = _words(predicted[measure], measure, pairs.signed)
    chosen.set(xlabel=f"predicted {words}", ylabel=f"measured {words}", title=_title(pairs))
    legend_beside(chosen, key)
    return chosen


def _frame(ax: Axes, pairs: Pairs) -> None:
    """Make the axes square, logarithmic and alike, with labels at powers of ten, or at 1, 2, 5 where these are few."""
    low, high = pairs.limits
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), box_aspect=1, anchor="W")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", MINUS)))
        axis.set_minor_formatter(NullFormatter())
    ax.plot([low, high], [low, high], **_DIAGONAL)


def _draw_floors(ax: Axes, pairs: Pairs) -> None:
    """Shade what lies below each floor, darker below more of them, and put rings around pairs below their own."""
    low, high = pairs.limits
    for floor in pairs.floors:
        side = min(floor, high) - low
        ax.add_patch(Rectangle((low, low), side, side, facecolor=FAINT, alpha=0.12, linewidth=0, zorder=0))
    if pairs.below.any():
        ax.plot(*np.abs([pairs.predicted[pairs.below], pairs.measured[pairs.below]]), **_RING)


def _draw_task(ax: Axes, pairs: Pairs, i: int) -> None:
    """Draw the pairs of one task, open to filled, over a line that joins them."""
    known = np.flatnonzero(pairs.known[i])
    x, y = np.abs([pairs.predicted[i], pairs.measured[i]])
    ax.plot(x[known], y[known], color=look(i).colour, linewidth=0.6, alpha=0.6, marker="None", zorder=3)
    for j in known:
        ax.plot(x[j : j + 1], y[j : j + 1], **_mark(i, _filling(j, len(pairs.sizes))))


def _mark(i: int, filling: float) -> dict[str, Any]:
    """Return the look of a task's mark, its face between white and its colour."""
    colour = np.array(to_rgb(look(i).colour))
    face = tuple(1 - filling * (1 - colour))
    return {
        "color": look(i).colour, "marker": look(i).marker, "markerfacecolor": face, "markersize": 5.5,
        "markeredgewidth": 1.0, "linewidth": 0, "zorder": 4,
    }  # fmt: skip


def _filling(j: int, sizes: int) -> float:
    """Return how full the mark of the j-th size is, from 0 (open) to 1."""
    return j / (sizes - 1) if sizes > 1 else 1.0


def _key(pairs: Pairs) -> list[Line2D | Patch]:
    """Return the entries of the legend: tasks, then what open and filled marks are, the line and the floors."""
    tasks = [Line2D([], [], **_task_entry(pairs, i, name)) for i, name in enumerate(as_texts(pairs.tasks))]
    marks: list[Line2D | Patch] = [*tasks]
    if pairs.of:
        marks += [Line2D([], [], **_size_entry(pairs, j)) for j in range(len(pairs.sizes))]
    marks.append(Line2D([], [], label="equal", **_DIAGONAL))
    if len(pairs.floors):
        marks.append(Patch(facecolor=FAINT, alpha=0.3, linewidth=0, label="below floors of tasks"))
    if pairs.below.any():
        marks.append(Line2D([], [], label="below its own floor", **_RING))
    return marks


def _task_entry(pairs: Pairs, i: int, name: str) -> dict[str, Any]:
    """Return the legend entry of a task, with the sizes at which it has no value."""
    known = pairs.known[i]
    if not known.any():
        return {"label": f"{name}: no value", "linewidth": 0}
    lacks = ", ".join(as_text(size) for size, there in zip(pairs.sizes, known, strict=True) if not there)
    return _mark(i, 1.0) | {"label": name + (f" (none at {lacks})" if lacks else "")}


def _size_entry(pairs: Pairs, j: int) -> dict[str, Any]:
    """Return the legend entry of a size: its mark in grey."""
    grey = tuple(1 - _filling(j, len(pairs.sizes)) * (1 - np.array(to_rgb(INK))))
    look = _mark(0, 1.0) | {"color": INK, "markerfacecolor": grey}
    return look | {"label": f"{_NAMES.get(pairs.of, as_text(pairs.of))}: {as_text(pairs.sizes[j])}"}


def _title(pairs: Pairs) -> str:
    """Return the correlation of the logarithms, in words."""
    with np.errstate(invalid="ignore", divide="ignore"):  # values that are all the same correlate with nothing
        found = np.corrcoef(np.log(pairs.values))[0, 1]
    word = f"{found:.3f}".replace("-", MINUS) if np.isfinite(found) else NONE
    return f"correlation of logarithms {word} ({pairs.values.shape[1]} pairs)"


def _words(array: xr.DataArray, measure: str, signed: bool) -> str:
    """Return what is drawn, with its unit; between bars where only its size is."""
    long, unit = as_text(array.attrs.get("long_name", measure), 60), as_text(array.attrs.get("units", "1"))
    words = SHOWN[measure][0] if measure in SHOWN else long if unit in ("", "1") else f"{long} ({unit})"
    return f"|{words}|" if signed else words
