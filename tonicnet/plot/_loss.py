"""How learning went: the loss of each task, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._legend import legend_beside, legend_width
from ._requirements import BANK, chosen_tasks, require
from ._style import INK, Look, looks, new_axes, round_ticks, styled
from ._text import as_texts

_HEIGHT = 2.8
_BEGINS = "a stage begins"
_FIRST_ORDER = ("adam", "amsgrad")  # methods whose steps may raise the loss
_OPEN: dict[str, Any] = {"markerfacecolor": "white", "markersize": 4.5}


@styled
def loss(bank: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the loss of each task over the steps of learning, on a logarithmic scale.

    Learning goes by stages, each with residuals of its own, whose losses do not compare: lines end where a stage ends,
    and the first step of the next one has an open mark. (Banks of earlier versions do not tell their stages; where they
    were learned by Gauss-Newton steps, which never raise the loss of a stage, one begins where it rises.)

    Arguments: ``bank``, a Dataset with ``loss(task, epoch)``, and with ``stage(task, epoch)`` where it is known;
    ``ax``, where to draw, a new figure if not given. Returns the axes. Raises ValueError for a bank without losses.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> values = np.array([[1.0, 0.1, 0.5], [1.0, 0.5, np.nan]])
    >>> stages = np.array([[0, 0, 1], [0, 0, np.nan]])
    >>> named = {"loss": (("task", "epoch"), values), "stage": (("task", "epoch"), stages)}
    >>> ax = plot.loss(xr.Dataset(named, coords={"task": ["a", "b"]}))
    >>> ax.get_yscale(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('log', ['a', 'b', 'a stage begins'])
    >>> ax.figure.clear()
    """
    bank = require(bank, ("loss", "task"), role="bank", maker=BANK)
    tasks = chosen_tasks(bank, None)
    labels = as_texts(tasks)
    chosen = ax or new_axes(3.4 + legend_width([*labels, _BEGINS], _HEIGHT), _HEIGHT)
    curves = [_curve(bank, name) for name in tasks]
    for look, curve in zip(looks(tasks).values(), curves, strict=True):
        _draw(chosen, curve, look)
    _frame(chosen, max((len(steps) for steps, _, _ in curves), default=0))
    several = any(len(begins) > 1 for _, _, begins in curves)
    legend_beside(chosen, _key(labels, looks(tasks), several=several))
    return chosen


Curve = tuple[Int[np.ndarray, " step"], Float[np.ndarray, " step"], Int[np.ndarray, " stage"]]


def _curve(bank: xr.Dataset, task: str) -> Curve:
    """Return the steps of a task that have a loss, the losses, and which of them begin a stage."""
    row = bank.sel(task=task)
    values = row["loss"].values
    steps = np.flatnonzero(np.isfinite(values) & (values > 0))
    stage = np.nan_to_num(row["stage"].values[steps]) if "stage" in row else _rises(row, values[steps])
    return steps, values[steps], np.flatnonzero(np.diff(stage, prepend=-1.0))


def _rises(row: xr.Dataset, values: Float[np.ndarray, " step"]) -> Float[np.ndarray, " step"]:
    """Return numbers of stages of a bank that does not tell them: a Gauss-Newton step never raises the loss of one."""
    method = str(row["method"].item() if "method" in row else row.attrs.get("method", "")).lower()
    if not method or any(name in method for name in _FIRST_ORDER):
        return np.zeros(len(values))
    return np.cumsum(np.diff(values, prepend=np.inf) > 0).astype(float)


def _draw(ax: Axes, curve: Curve, look: Look) -> None:
    """Draw the loss of a task, a line a stage, with marks along it and an open one where a later stage begins."""
    steps, values, begins = curve
    every = max(1, len(steps) // 12)
    for part in np.split(np.arange(len(steps)), begins[1:]):
        ax.plot(
            steps[part], values[part], color=look.colour, linestyle=look.line, marker=look.marker, markersize=3,
            markevery=every, linewidth=1.1,
        )  # fmt: skip
    for later in begins[1:]:
        ax.plot(steps[later], values[later], look.marker, color=look.colour, zorder=4, **_OPEN)


def _frame(ax: Axes, most: int) -> None:
    """Label the axes; without a loss anywhere, say so."""
    ax.set(xlabel="step of learning", ylabel="loss (mean squared residual)")
    ax.xaxis.set_major_locator(round_ticks(5, whole=True))
    if most:
        ax.set_yscale("log")
    else:
        ax.text(0.5, 0.5, "no step taken", transform=ax.transAxes, ha="center", va="center")


def _key(labels: list[str], looks: dict[str, Look], *, several: bool) -> list[Line2D]:
    """Return the entries of the legend: the tasks, and what an open mark is."""
    found = [
        Line2D([], [], color=k.colour, linestyle=k.line, marker=k.marker, markersize=3, linewidth=1.1, label=label)
        for label, k in zip(labels, looks.values(), strict=True)
    ]
    if several:
        found.append(Line2D([], [], color=INK, marker="o", linewidth=0, label=_BEGINS, **_OPEN))
    return found
