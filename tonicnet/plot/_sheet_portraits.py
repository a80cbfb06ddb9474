"""The portraits of one task side by side, within the same limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from ._attractor import coordinates
from ._plane import plane_of
from ._rate_beside_spiking import TaskRuns
from ._segments import Segment, Window, component_label
from ._sheet_layout import Sheet
from ._style import FAINT, RASTERISED_FROM, RUN_LOOKS, round_ticks

_SETTLING = 0.1  # of a segment, drawn faint
_POINTS = 40_000  # of a portrait, at most


def draw_portraits(sheet: Sheet, row: int, task: TaskRuns) -> None:
    """Draw the portraits of one task into its row of the sheet: truth (if given), rate and spiking."""
    picked = plane_of(task.reference)
    limits = [_limits(task, k) for k in picked]
    for column, kind in enumerate(list(RUN_LOOKS)[3 - sheet.portraits :]):
        ax = sheet.portrait(row, column)
        _draw_portrait(ax, task.runs.get(kind), picked, RUN_LOOKS[kind][0])
        _set_limits(ax, task.reference, picked, limits)
        ax.tick_params(labelleft=column == 0)
        if row == 0:
            ax.set_title(kind, color=RUN_LOOKS[kind][0], weight="bold")
        if column == (sheet.portraits - 1) // 2:
            ax.set_xlabel(_axis_label(task.reference, picked[0]) if len(picked) > 1 else "time (s)")
        if column == 0:
            ax.set_ylabel(_axis_label(task.reference, picked[-1]).replace(" (", "\n("))


def _draw_portrait(ax: Axes, segment: Segment | None, picked: Sequence[int], colour: str) -> None:
    """Draw one portrait, its beginning faint, or say that the run is not given."""
    if segment is None:
        ax.text(0.5, 0.5, "not given", transform=ax.transAxes, ha="center", va="center", color=FAINT)
        return
    start, every = int(len(segment.clock) * _SETTLING), max(1, len(segment.clock) // _POINTS)
    since = replace(segment, clock=segment.clock - segment.start)
    for trial in segment.values:
        path = coordinates(since, trial, picked)
        many = len(path) > RASTERISED_FROM
        ax.plot(*path[: start + 1].T, color=FAINT, linewidth=0.4, alpha=0.7, rasterized=many)
        ax.plot(*path[start::every].T, color=colour, linewidth=0.5, alpha=0.85, rasterized=many)


def _limits(task: TaskRuns, k: int) -> Window:
    """Return what shows every run's settled values, but at most three times what the truth needs."""
    low, high = _range(task.reference, k)
    reach = max(high - low, 1e-9)
    others = [_range(p, k) for p in task.runs.values()]
    low = max(min(a for a, _ in others), low - reach)
    high = min(max(b for _, b in others), high + reach)
    return low - 0.06 * (high - low) - 1e-12, high + 0.06 * (high - low) + 1e-12


def _range(segment: Segment, k: int) -> Window:
    """Return the range of a component after the run has settled, without its outermost thousandths."""
    settled = segment.values[:, int(segment.values.shape[1] * _SETTLING) :, k]
    known = settled[np.isfinite(settled)]
    return tuple(np.percentile(known, [0.1, 99.9]).tolist()) if known.size else (0.0, 0.0)


def _set_limits(ax: Axes, known: Segment, picked: Sequence[int], limits: Sequence[Window]) -> None:
    """Set the limits of one portrait, and few round ticks."""
    ax.set_ylim(*limits[-1])
    ax.yaxis.set_major_locator(round_ticks(3, within=True))
    ax.xaxis.set_major_locator(round_ticks(3, within=True))
    ax.set_xlim(*(limits[0] if len(picked) > 1 else (0, known.stop - known.start)))


def _axis_label(segment: Segment, k: int) -> str:
    """Return the label of a component's axis."""
    return f"{component_label(segment.components[k])} (task units)"
