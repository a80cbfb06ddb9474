"""The portraits of one task side by side, within the same limits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from ._attractor import coordinates
from ._parts import Part, Window, component_label
from ._sheet import Sheet
from ._side import Side
from ._style import FAINT, MANY, RUNS, few

_SETTLING = 0.1  # of a segment, drawn faint
_POINTS = 40_000  # of a portrait, at most


def draw_portraits(sheet: Sheet, row: int, side: Side) -> None:
    picked = _view(side.known)
    limits = [_limits(side, k) for k in picked]
    for column, kind in enumerate(list(RUNS)[3 - sheet.portraits :]):
        ax = sheet.portrait(row, column)
        _portrait(ax, side.runs.get(kind), picked, RUNS[kind][0])
        _frame(ax, side.known, picked, limits)
        ax.tick_params(labelleft=column == 0)
        if row == 0:
            ax.set_title(kind, color=RUNS[kind][0], weight="bold")
        if column == (sheet.portraits - 1) // 2:
            ax.set_xlabel(_words(side.known, picked[0]) if len(picked) > 1 else "time (s)")
        if column == 0:
            ax.set_ylabel(_words(side.known, picked[-1]).replace(" (", "\n("))


def _view(part: Part) -> tuple[int, ...]:
    """Return the two moving components that are least correlated: together they tell most."""
    if len(part.components) == 1:
        return (0,)
    z = part.scaled.reshape(-1, len(part.components))
    z = z[np.isfinite(z).all(axis=1)]
    likeness = np.abs(z.T @ z).round(-len(str(len(z))) + 2)
    pairs = itertools.combinations(np.flatnonzero(part.moving).tolist(), 2)
    return min(pairs, key=lambda pair: float(likeness[pair]), default=(0, 1))


def _portrait(ax: Axes, part: Part | None, picked: Sequence[int], colour: str) -> None:
    if part is None:
        ax.text(0.5, 0.5, "not given", transform=ax.transAxes, ha="center", va="center", color=FAINT)
        return
    start, every = int(len(part.clock) * _SETTLING), max(1, len(part.clock) // _POINTS)
    since = replace(part, clock=part.clock - part.start)
    for trial in part.values:
        path = coordinates(since, trial, picked)
        many = len(path) > MANY
        ax.plot(*path[: start + 1].T, color=FAINT, linewidth=0.4, alpha=0.7, rasterized=many)
        ax.plot(*path[start::every].T, color=colour, linewidth=0.5, alpha=0.85, rasterized=many)


def _limits(side: Side, k: int) -> Window:
    """Return what shows every run's settled values, but at most three times what the truth needs."""
    low, high = _range(side.known, k)
    reach = max(high - low, 1e-9)
    others = [_range(p, k) for p in side.runs.values()]
    low = max(min(a for a, _ in others), low - reach)
    high = min(max(b for _, b in others), high + reach)
    return low - 0.06 * (high - low) - 1e-12, high + 0.06 * (high - low) + 1e-12


def _range(part: Part, k: int) -> Window:
    settled = part.values[:, int(part.values.shape[1] * _SETTLING) :, k]
    known = settled[np.isfinite(settled)]
    return tuple(np.percentile(known, [0.1, 99.9]).tolist()) if known.size else (0.0, 0.0)


def _frame(ax: Axes, known: Part, picked: Sequence[int], limits: Sequence[Window]) -> None:
    ax.set_ylim(*limits[-1])
    ax.yaxis.set_major_locator(few(3, within=True))
    ax.xaxis.set_major_locator(few(3, within=True))
    ax.set_xlim(*(limits[0] if len(picked) > 1 else (0, known.stop - known.start)))


def _words(part: Part, k: int) -> str:
    return f"{component_label(part.components[k])} (task units)"
