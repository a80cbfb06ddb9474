"""Components over time, one above the other, with the task in force behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes

from ._segment_shading import room_above, room_for_names, shade_segments
from ._segments import Segment, Window, clock_label, component_label, segments, segments_within
from ._style import FAINT, INK, MINUS, RASTERISED_FROM, looks, new_axes, round_ticks, styled, thin_lines

_GAP = 0.8  # between rows, in standard deviations
_MOST = 6.0  # of these are drawn of a segment among others, which a transient before a long rest would squash


@styled
def components(run: xr.Dataset, *, window: Window | None = None, ax: Axes | None = None) -> Axes:
    """Draw every component over time in a row of its own, tasks shaded and named along the top.

        y_k(t) = offset_k + (x_k(t) - mean_k) / sd_k,   mean and sd over the segment

    A run of one task has its ticks in task units; where tasks of different scales follow each other the ticks
    count standard deviations of the segment, and what lies beyond six of them is left out. In the rows of components
    that a task does not use stands "idle".

    Arguments
    ---------
    run : Dataset with ``output(trial, time, component)``; every trial is drawn.
    window : (start, stop) in the run's time (s), all if not given.
    ax : where to draw, a new figure if not given.

    Returns the axes. Raises ValueError for a Dataset without output or a window outside the run.

    >>> from tonicnet.network import Network
    >>> from tonicnet.simulate import simulate
    >>> from tonicnet import plot
    >>> run = simulate(Network(units=20, seed=0), np.zeros(20), duration=1.0)
    >>> ax = plot.components(run)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('time (s)', 'output (task units)')
    >>> ax.figure.clear()
    """
    found = segments(run)
    style = looks(p.task for p in found)
    found = [p.scaled_as(found[0]) if len(style) == 1 else p.within_deviations(_MOST) for p in found]
    shown = segments_within(found, window)
    rows = rows_of(shown)
    room = room_for_names(shown, 6.5) if ax is None else room_above(shown, ax)
    chosen = ax or new_axes(room.width, 0.9 + 0.75 * len(rows) + room.height)
    shade_segments(chosen, shown, style, upright=room.upright)
    for segment in shown:
        draw_rows(chosen, segment, rows, color=style[segment.task].colour, **thin_lines(len(segment.values)))
        _label_idle(chosen, segment, rows)
    name_rows(chosen, rows)
    _number_rows(chosen, rows, found[0] if len(style) == 1 else None)
    chosen.set_xlabel(clock_label(run))
    return chosen


@dataclass(frozen=True)
class Row:
    """The place of one component: where its mean is drawn, and how far its values reach from there."""

    name: str
    offset: float
    low: float
    high: float

    @property
    def bottom(self) -> float:
        """The lowest value drawn."""
        return self.offset + self.low

    @property
    def top(self) -> float:
        """The highest value drawn."""
        return self.offset + self.high


def rows_of(shown: Sequence[Segment]) -> list[Row]:
    """Return a row for each component of any segment, from the top down, none reaching into the next."""
    names = max((p.components for p in shown), key=len)
    rows: list[Row] = []
    for k, name in enumerate(names):
        low, high = _value_range([p.scaled[..., k] for p in shown if k < len(p.components)])
        offset = rows[-1].bottom - _GAP - high if rows else 0.0
        rows.append(Row(name, offset, low, high))
    return rows


def draw_rows(ax: Axes, segment: Segment, rows: Sequence[Row], **line: Any) -> None:
    """Draw the components of a segment, each in its row."""
    for k, row in zip(range(len(segment.components)), rows, strict=False):
        for trial in segment.scaled[..., k]:
            ax.plot(segment.clock, row.offset + trial, rasterized=len(trial) > RASTERISED_FROM, **line)


def name_rows(ax: Axes, rows: Sequence[Row]) -> None:
    """Write the components' names on the right and separate the rows."""
    ax.set_ylim(rows[-1].bottom - _GAP / 2, rows[0].top + _GAP / 2)
    for row in rows:
        middle, words = (row.bottom + row.top) / 2, component_label(row.name)
        ax.text(1.01, middle, words, transform=ax.get_yaxis_transform(), ha="left", va="center", color=INK)
    for row in rows[:-1]:
        ax.axhline(row.bottom - _GAP / 2, color=FAINT, linewidth=0.4, zorder=1)


def _number_rows(ax: Axes, rows: Sequence[Row], only: Segment | None) -> None:
    """Put ticks beside each row: in task units if given the only task, else in standard deviations."""
    units = [(0.0, 1.0) if only is None else (only.center[k], only.spread[k]) for k in range(len(rows))]
    ticks = [tick for row, unit in zip(rows, units, strict=True) for tick in _ticks(row, *unit)]
    ax.set_yticks([at for at, _ in ticks], [text for _, text in ticks])
    ax.set_ylabel("output (sd of each segment)" if only is None else "output (task units)")


def scale_bar(ax: Axes, rows: Sequence[Row], length: float = 2.0) -> None:
    """Put a bar of so many standard deviations, which all rows share, in the place of ticks."""
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    middle, across = (rows[0].bottom + rows[0].top) / 2, ax.get_yaxis_transform()
    ends = [middle - length / 2, middle + length / 2]
    ax.plot([-0.02] * 2, ends, transform=across, color=INK, linewidth=1.2, clip_on=False, label="scale")
    ax.text(-0.035, middle, f"{length:g} sd", transform=across, rotation=90, ha="right", va="center", fontsize=7)


def _value_range(values: Sequence[Float[np.ndarray, "trial time"]]) -> tuple[float, float]:
    """Return the least and the largest finite value, half a standard deviation from the mean at least."""
    known = np.concatenate([v[np.isfinite(v)] for v in values])
    if not known.size:
        return -1.0, 1.0
    return min(float(known.min()), -0.5), max(float(known.max()), 0.5)


def _ticks(row: Row, center: float, spread: float) -> list[tuple[float, str]]:
    """Return (height, label) of the ticks of a row that lie within its values."""
    low, high = center + spread * row.low, center + spread * row.high
    inside = [v for v in round_ticks(2).tick_values(low, high) if low <= v <= high]
    return [(row.offset + (v - center) / spread, f"{v:.4g}".replace("-", MINUS)) for v in inside]


def _label_idle(ax: Axes, segment: Segment, rows: Sequence[Row]) -> None:
    """Write "idle" in the rows of components that the task does not use, where the segment is wide enough for it."""
    ends = ax.transData.transform([(segment.start, 0), (segment.stop, 0)])[:, 0]
    for row in rows[len(segment.components) :]:
        at = (segment.start + segment.stop) / 2, (row.bottom + row.top) / 2
        text = ax.text(*at, "idle", color=FAINT, ha="center", va="center")
        if text.get_window_extent().width > 0.9 * (ends[1] - ends[0]):
            text.remove()
