"""The small table of measures beside the curves, each with its floor."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ..measure import MEASURES
from ._style import FAINT, INK, MINUS, NONE, RUN_LOOKS, without_frame
from ._text import as_text

_LETTERS = 9  # of a run's name, at the head of its column
_LINES = 8.0  # heights of a line the panel has room for


def _number_or_none(value: float) -> str:
    """Return three digits of a number, a dash if it is not known."""
    return NONE if np.isnan(value) else f"{value:.3g}".replace("-", MINUS)


def _percent_or_none(value: float) -> str:
    """Return a fraction in percent, a dash if it is not known."""
    return NONE if np.isnan(value) else _in_percent(100 * value)


def _in_percent(value: float) -> str:
    """Return percent with as many digits as matter."""
    if abs(value) < 0.01:
        return "< 0.01 %" if value else "0 %"
    return f"{value:.{2 if abs(value) < 10 else 0}f} %".replace("-", MINUS)


def _with_subscript(label: str) -> str:
    """Return a label with its symbol set as mathematics.

    >>> _with_subscript("D_stsp (nat)")
    '$D_{stsp}$ (nat)'
    """
    return re.sub(r"(\w)_(\w+)", r"$\1_{\2}$", label)


_FORMATS: dict[str, Callable[[float], str]] = {"number": _number_or_none, "percent": _percent_or_none}
SHOWN = {
    name: (_with_subscript(measure.label), _FORMATS[measure.printed])
    for name, measure in MEASURES.items()
    if measure.printed and name != "outside"  # for which there is no room
}


def draw_table(ax: Axes, measures: xr.Dataset, task: str, *, against: str) -> None:
    """Write the measures of a task, a run a column, the floor last; leave out what does not apply."""
    without_frame(ax)
    row = measures.sel(task=task)
    runs = [str(name) for name in row["run"].values]
    columns = np.linspace(1.0 - 0.2 * len(runs), 1.0, len(runs) + 1)
    _draw_head(ax, [*(as_text(name, _LETTERS) for name in runs), "floor"], columns, f"against the {against}")
    line = 2.0
    for name, (words, text) in SHOWN.items():
        if name in row and bool(np.isfinite(row[name]).any()):
            floor = float(row[f"{name}_floor"].max()) if f"{name}_floor" in row else np.nan
            _draw_line(ax, line, words, [text(float(v)) for v in (*row[name].values, floor)], columns)
            line += 1


def _draw_head(ax: Axes, names: list[str], columns: np.ndarray, words: str) -> None:
    """Write the names of the columns, and a line beneath them."""
    ax.text(0.0, _height(1.0), words, fontsize=7, ha="left", va="center", color=INK)
    for x, name in zip(columns, names, strict=True):
        colour = RUN_LOOKS.get(name, (INK, ""))[0]
        ax.text(x, _height(1.0), name, fontsize=7, ha="right", va="center", color=colour, weight="bold")
    ax.plot([0, 1], [_height(1.5)] * 2, color=FAINT, linewidth=0.6)
    ax.set(xlim=(0, 1), ylim=(0, 1))


def _draw_line(ax: Axes, line: float, words: str, values: list[str], columns: np.ndarray) -> None:
    """Write one measure: its name and its values."""
    ax.text(0.0, _height(line), words, fontsize=7, ha="left", va="center")
    for x, value in zip(columns, values, strict=True):
        ax.text(x, _height(line), value, fontsize=7, ha="right", va="center")


def _height(line: float) -> float:
    """Return the height of the n-th line of the table, in units of the axes."""
    return 1 - (line - 0.5) / _LINES
