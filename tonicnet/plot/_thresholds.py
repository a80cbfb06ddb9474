"""Biases as the spiking network has them: one firing threshold a neuron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ._biases import bias_label, draw_histograms
from ._legend import columns_of, legend_width
from ._requirements import BANK, chosen_tasks, require, transfer, unit_numbers
from ._style import FAINT, INK, RASTERISED_FROM, looks, new_figure, style_ticks, styled
from ._text import as_texts

_HEIGHT = 4.2  # inches
_MARGIN = 0.08  # of what is shown, at either end


@styled
def thresholds(
    bank: xr.Dataset | xr.DataArray,
    task: str | Sequence[str] | None = None,
    *,
    units: Sequence[int] | None = None,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw the firing threshold of each neuron of the spiking form against the bias it stands for.

        threshold_i = v_th - b_i (v_th - v_reset),    reset_i = v_reset - b_i (v_th - v_reset)

    All thresholds lie on one line, and so do all marks; where tasks hide one another on it, the distributions along
    the edges, one outline a task, tell them apart. A neuron whose threshold is below the resting potential (b > 1)
    fires without any other input.

    Arguments
    ---------
    bank : Dataset with ``bias(task, unit)`` of a network with the "lif" transfer function.
    task : which tasks, all if not given.
    units : which units, all if not given.
    fig : an empty figure or subfigure to draw in, a new one if not given.

    Returns the figure. Raises ValueError for unknown tasks or units, or a bank whose network has no
    threshold (another transfer function).

    >>> import json, xarray as xr
    >>> from tonicnet import plot
    >>> spec = {"transfer": {"name": "lif", "threshold": -0.050, "reset": -0.070}}
    >>> bank = xr.Dataset({"bias": (("task", "unit"), np.eye(3))}, coords={"task": ["a", "b", "c"]})
    >>> fig = plot.thresholds(bank.assign_attrs(network=json.dumps(spec)), "a")
    >>> fig.axes[0].get_ylabel()
    'threshold (mV)'
    >>> fig.clear()
    """
    bank = require(bank, ("bias", "task"), role="bank", maker=BANK)
    neuron = _neuron_of(bank)
    tasks = chosen_tasks(bank, task)
    bias = _chosen_biases(bank, tasks, units)
    chosen = fig or new_figure(4.6 + legend_width(as_texts(tasks), _HEIGHT), _HEIGHT)
    main, above, beside = _panels(chosen)
    _draw_marks(main, bias, tasks, neuron)
    draw_histograms(above, bias, tasks)
    draw_histograms(beside, threshold_of(bias, neuron), tasks, across=True)
    _legend(chosen, main, len(tasks))
    above.set_ylabel("units")
    beside.set_xlabel("units")
    main.set(xlabel=bias_label(neuron), ylabel="threshold (mV)")
    return chosen


def threshold_of(bias: Float[np.ndarray, "*shape"], neuron: dict[str, Any]) -> Float[np.ndarray, "*shape"]:
    """Return the threshold in mV that stands for a bias."""
    return 1e3 * (neuron["threshold"] - bias * (neuron["threshold"] - neuron["reset"]))


def _legend(fig: Figure | SubFigure, main: Axes, count: int) -> None:
    """Name the tasks to the right of all panels."""
    columns = columns_of(count, fig.bbox.height / fig.dpi)
    handles, labels = main.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right upper", ncols=columns, columnspacing=1.0, markerscale=1.5)


def _neuron_of(bank: xr.Dataset) -> dict[str, Any]:
    """Return the constants of the bank's neuron; raise ValueError if it has no threshold."""
    neuron = transfer(bank)
    if not {"threshold", "reset"} <= set(neuron):
        if "network" not in bank.attrs:
            raise ValueError("these biases do not tell which neuron's threshold they move; give the bank itself")
        name = neuron.get("name", "unknown")
        raise ValueError(
            f"thresholds stand for biases of the 'lif' transfer function, this bank's network has {name!r}; "
            "learn it on tonicnet.Network(..., transfer='lif')"
        )
    return neuron


def _chosen_biases(bank: xr.Dataset, tasks: list[str], units: Sequence[int] | None) -> Float[np.ndarray, "task unit"]:
    """Return the biases of the units asked for; raise ValueError for unknown units."""
    values = bank["bias"].sel(task=tasks).transpose("task", "unit").values
    if units is None:
        return values
    return values[:, unit_numbers(units, values.shape[1])]


def _panels(fig: Figure | SubFigure) -> tuple[Axes, Axes, Axes]:
    """Return the main axes, those above them and those beside them."""
    grid = fig.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 4))
    main = fig.add_subplot(grid[1, 0])
    above = fig.add_subplot(grid[0, 0], sharex=main)
    beside = fig.add_subplot(grid[1, 1], sharey=main)
    for ax in (main, above, beside):
        style_ticks(ax)
    above.tick_params(labelbottom=False)
    beside.tick_params(labelleft=False)
    return main, above, beside


def _draw_marks(ax: Axes, bias: Float[np.ndarray, "task unit"], tasks: list[str], neuron: dict[str, Any]) -> None:
    """Draw the line of all thresholds, and a mark on it for each neuron."""
    ends = _reach(bias)
    ax.plot(ends, threshold_of(ends, neuron), color=FAINT, linewidth=0.8, zorder=1)
    for name, k in zip(as_texts(tasks), looks(tasks).values(), strict=True):
        row = bias[len(ax.lines) - 1]
        ax.plot(
            row, threshold_of(row, neuron), k.marker, color=k.colour, markersize=3, markeredgewidth=0, alpha=0.7,
            label=name, rasterized=bias.shape[1] > RASTERISED_FROM,
        )  # fmt: skip
    ax.set(xlim=ends, ylim=np.sort(threshold_of(ends, neuron)))
    _draw_level(ax, 1e3 * neuron["threshold"], "threshold at b = 0", "bottom", left=-ends[0] > ends[1])
    _draw_level(ax, 1e3 * neuron["reset"], "rest: fires alone below", "top", left=1 - ends[0] > ends[1] - 1)


def _reach(bias: Float[np.ndarray, "task unit"]) -> Float[np.ndarray, " end"]:
    """Return the biases at the ends of the axis: all there are, and those of threshold and rest, 0 and 1."""
    low, high = min(float(bias.min()), 0.0), max(float(bias.max()), 1.0)
    margin = _MARGIN * (high - low)
    return np.array([low - margin, high + margin])


def _draw_level(ax: Axes, height: float, words: str, side: Literal["bottom", "top"], *, left: bool) -> None:
    """Draw a dashed line at a voltage, with words at the end that is further from the marks."""
    ax.axhline(height, color=INK, linewidth=0.6, linestyle=(0, (5, 3)), zorder=0)
    at, align = (0.01, "left") if left else (0.99, "right")
    ax.annotate(
        words, (at, height), xycoords=ax.get_yaxis_transform(), xytext=(0, 2 if side == "bottom" else -2),
        textcoords="offset points", ha=align, va=side, fontsize=7, color=INK,
    )  # fmt: skip
