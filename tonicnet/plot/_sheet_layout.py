"""The paper of the comparison sheet: where every panel lies, in inches, so that no text meets another."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._style import new_figure, style_ticks
from ._text import as_text

_TOP, _ROW, _BETWEEN, _BOTTOM = 0.7, 1.85, 0.75, 0.5  # heights: margins, rows of panels
_RASTER = 0.55  # of the row's height, beneath the time course
_LEFT, _PORTRAIT, _APART = 1.15, 1.75, 0.2  # widths
_SWITCH, _SPECTRUM, _TABLE, _RIGHT = 3.0, 1.6, 2.9, 0.2
_LONGEST = 18  # letters of a task's name, which must not reach into the next row
BESIDE = 0.7  # to the left of the time course, above the labels of its axis
_AXIS, _NAMES = 0.55, 0.85  # room for a vertical axis, for names of components


@dataclass(frozen=True)
class Sheet:
    """A figure with a row of panels for each task."""

    figure: Figure
    rows: int
    portraits: int

    @classmethod
    def of(cls, rows: int, portraits: int) -> Sheet:
        """Return an empty sheet for so many tasks, with two or three portraits each."""
        wide = _LEFT + portraits * (_PORTRAIT + _APART) + _AXIS + _SWITCH + _NAMES + _AXIS + _SPECTRUM
        tall = _TOP + rows * _ROW + (rows - 1) * _BETWEEN + _BOTTOM
        return cls(new_figure(wide + _APART + _TABLE + _RIGHT, tall, layout=None), rows, portraits)

    def portrait(self, row: int, column: int) -> Axes:
        """Return the axes of a portrait."""
        return self._at(row, _LEFT + column * (_PORTRAIT + _APART), _PORTRAIT)

    def switch(self, row: int) -> tuple[Axes, Axes]:
        """Return the axes of the time course and, beneath it, of the raster."""
        left = _LEFT + self.portraits * (_PORTRAIT + _APART) + _AXIS
        lower = self._add(left, self._base(row), _SWITCH, _RASTER)
        return self._add(left, self._base(row) + _RASTER + 0.06, _SWITCH, _ROW - _RASTER - 0.06), lower

    def spectrum(self, row: int) -> Axes:
        """Return the axes of the spectrum."""
        return self._at(row, self._width - _RIGHT - _TABLE - _APART - _SPECTRUM, _SPECTRUM)

    def table(self, row: int) -> Axes:
        """Return the axes of the table."""
        return self._at(row, self._width - _RIGHT - _TABLE, _TABLE)

    def name(self, row: int, task: str) -> None:
        """Write the name of a task beside its row."""
        middle = (self._base(row) + _ROW / 2) / self._height
        words = as_text(task, _LONGEST)
        self.figure.text(0.015, middle, words, rotation=90, va="center", ha="center", weight="bold", fontsize=9)

    @property
    def _width(self) -> float:
        """The width of the sheet in inches."""
        return float(self.figure.get_size_inches()[0])

    @property
    def _height(self) -> float:
        """The height of the sheet in inches."""
        return float(self.figure.get_size_inches()[1])

    def _base(self, row: int) -> float:
        """Return the lower edge of a row in inches."""
        return self._height - _TOP - (row + 1) * _ROW - row * _BETWEEN

    def _at(self, row: int, left: float, width: float) -> Axes:
        """Return new axes as high as a row."""
        return self._add(left, self._base(row), width, _ROW)

    def _add(self, left: float, bottom: float, width: float, tall: float) -> Axes:
        """Return new axes at a place given in inches."""
        w, h = self._width, self._height
        return style_ticks(self.figure.add_axes((left / w, bottom / h, width / w, tall / h)))
