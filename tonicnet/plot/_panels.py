"""Panels of one figure, one a task: where they lie, in inches, so that no text meets another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Text

from ._style import figure_of, new_figure, round_ticks, style_ticks, without_frame

_TITLE, _UNDER, _BESIDE, _EDGE = 0.24, 0.42, 0.55, 0.12  # inches: above, below, left of and right of each panel
_WORDS = 0.28  # inches for the words beneath all panels
_SIZES = ((2, 2.3), (6, 1.8), (12, 1.5))  # up to so many panels: the side of each in inches
_SMALLEST = 1.2


@dataclass(frozen=True)
class Panels:
    """A grid of panels in host axes, which have no frame of their own."""

    host: Axes
    count: int
    columns: int
    rows: int

    @classmethod
    def of(cls, count: int, ax: Axes | None) -> Panels:
        """Return a grid for so many panels in given axes, or in those of a new figure that is as large as it needs."""
        columns = next(n for n in range(1, count + 1) if n * n >= 0.75 * count and n >= min(count, 2))
        rows = -(-count // columns)
        return cls(without_frame(ax or _new_host(columns, rows, _side(count))), count, columns, rows)

    def axes(self) -> Iterator[Axes]:
        """Yield the axes of the panels, row by row."""
        wide, high = _inches(self.host)
        across, up = wide / self.columns, (high - _WORDS) / self.rows
        for k in range(self.count):
            row, column = divmod(k, self.columns)
            left, bottom = column * across + _BESIDE, high - (row + 1) * up + _UNDER
            size = max(0.2, across - _BESIDE - _EDGE), max(0.2, up - _UNDER - _TITLE)
            yield _panel(self.host, (left / wide, bottom / high, size[0] / wide, size[1] / high))

    def say(self, words: str) -> None:
        """Write words beneath all panels."""
        high = _inches(self.host)[1]
        at = (0.5, 0.4 * _WORDS / high)
        self.host.text(*at, words, transform=self.host.transAxes, ha="center", va="center", fontsize=7)


def write_title(ax: Axes, words: str) -> None:
    """Write the title of a panel, shortened to its width and the edges beside it."""
    text = ax.set_title(words, pad=3, fontsize=7.5)
    _shorten(text, ax.get_window_extent().width + 1.8 * _EDGE * figure_of(ax).dpi)


def label_panel(ax: Axes, words: Sequence[str]) -> None:
    """Write what lies along each axis of a panel, shortened to the length of the axis."""
    size = ax.get_window_extent()
    _shorten(ax.set_xlabel(words[0], labelpad=1.5, fontsize=6.5), 1.1 * size.width)
    _shorten(ax.set_ylabel(words[1], labelpad=2, fontsize=6.5), 1.1 * size.height)


def _shorten(text: Text, length: float) -> None:
    """Shorten a text to a length, along the line it is written on."""
    whole = text.get_text()
    for kept in range(len(whole), 0, -1):
        text.set_text(whole if kept == len(whole) else f"{whole[:kept].rstrip(chr(92))}…")
        box = text.get_window_extent()
        if max(box.width, box.height) <= length:
            return


def _side(count: int) -> float:
    """Return the side of a panel in inches where there are so many."""
    return next((side for most, side in _SIZES if count <= most), _SMALLEST)


def _new_host(columns: int, rows: int, side: float) -> Axes:
    """Return axes that fill a new figure."""
    wide, high = columns * (_BESIDE + side + _EDGE), rows * (_TITLE + side + _UNDER) + _WORDS
    return new_figure(wide, high, layout=None).add_axes((0, 0, 1, 1))


def _inches(ax: Axes) -> tuple[float, float]:
    """Return the size of axes in inches."""
    box, dpi = ax.get_window_extent(), figure_of(ax).dpi
    return box.width / dpi, box.height / dpi


def _panel(host: Axes, place: tuple[float, float, float, float]) -> Any:
    """Return new axes at a place in the host, with few round ticks."""
    ax = style_ticks(host.inset_axes(place), 6.0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(round_ticks(3, within=True))
    return ax
