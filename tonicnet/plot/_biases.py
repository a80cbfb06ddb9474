"""The bank: what was learned, unit by unit and task by task."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes

from .._names import choose
from ._legend import legend_beside, legend_width
from ._requirements import BANK, chosen_tasks, require, transfer
from ._style import FAINT, MINUS, colour_bar, looks, new_axes, round_ticks, styled, without_frame
from ._text import as_texts, width_of

_HISTOGRAM, _MAP = 2.4, 5.2  # inches: height of the one, width of the other beside its names
_MOST_CLUSTERED = 5000  # units at most; the distances of all pairs are held


@styled
def biases(
    bank: xr.Dataset | xr.DataArray, *, order: str = "principal", histogram: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the learned biases as a map, a task a row and a unit a column, or as one histogram a task.

    Arguments
    ---------
    bank : Dataset with ``bias(task, unit)``, or these biases alone.
    order : of the units: "principal" (along the first principal component of the tasks), "cluster"
        (average-linkage leaves; the tasks too are put next to those they resemble, by 1 - correlation, and their
        tree is drawn beside them), or "none" (as drawn).
    histogram : draw the distribution of each task instead of the map.
    ax : where to draw, a new figure if not given; the map puts its colour bar beside it.

    The map's colours end at the 2nd and 98th percentile. Returns the axes. Raises ValueError for a Dataset
    without biases, an unknown order, or more units than can be clustered (5000).

    >>> import xarray as xr
    >>> from tonicnet import plot
    >>> bank = xr.Dataset({"bias": (("task", "unit"), np.eye(3))}, coords={"task": ["a", "b", "c"]})
    >>> ax = plot.biases(bank, order="none")
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['a', 'b', 'c']
    >>> ax.figure.clear()
    """
    bank = require(bank, ("bias", "task"), role="bank", maker=BANK)
    choose("order", order, ORDERS)
    tasks = chosen_tasks(bank, None)
    values = bank["bias"].transpose("task", "unit").values
    labels = as_texts(tasks)
    if histogram:
        chosen = ax or new_axes(3.8 + legend_width(labels, _HISTOGRAM), _HISTOGRAM)
        _draw_histogram(chosen, values, labels, _label(bank))
        return chosen
    chosen = ax or new_axes(_MAP + max(map(width_of, labels)), 1.2 + 0.28 * len(tasks))
    tree = _task_tree(values) if order == "cluster" and len(tasks) > 1 else None
    rows = np.arange(len(tasks)) if tree is None else _leaves(tree)
    _draw_map(chosen, values[rows][:, _unit_order(values, order)], [labels[i] for i in rows], _label(bank), tree)
    return chosen


ORDERS = ("principal", "cluster", "none")


def draw_histograms(
    ax: Axes, values: Float[np.ndarray, "task unit"], tasks: list[str], *, across: bool = False
) -> None:
    """Draw the distribution of each task as an outline, all over the same bins."""
    edges = np.histogram_bin_edges(values, bins=min(60, max(10, int(values.shape[1] ** 0.5) * 2)))
    for row, (name, k) in zip(values, looks(tasks).items(), strict=True):
        count = np.histogram(row, edges)[0]
        ax.stairs(
            count,
            edges,
            color=k.colour,
            linestyle=k.line,
            linewidth=1.2,
            label=name,
            orientation="horizontal" if across else "vertical",
        )


def bias_label(constants: dict[str, object]) -> str:
    """Return the name and unit of a bias under a transfer function."""
    unit = f"threshold {MINUS} reset" if constants.get("name") == "lif" else "input units"
    return f"tonic input b ({unit})"


def _label(bank: xr.Dataset) -> str:
    """Return the label of the biases of a bank."""
    return bias_label(transfer(bank))


def _unit_order(values: Float[np.ndarray, "task unit"], order: str) -> Int[np.ndarray, " unit"]:
    """Return the units in the order in which they are drawn."""
    if order == "none" or values.shape[1] < 2:
        return np.arange(values.shape[1])
    if order == "cluster":
        return _clustered_units(values)
    centred = values - values.mean(axis=1, keepdims=True)
    direction = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    return np.argsort(direction * np.sign(direction.sum() or 1.0) @ centred, kind="stable")


def _clustered_units(values: Float[np.ndarray, "task unit"]) -> Int[np.ndarray, " unit"]:
    """Return the units in the order of their average-linkage leaves; raise ValueError for too many."""
    if values.shape[1] > _MOST_CLUSTERED:
        raise ValueError(
            f"{values.shape[1]} units are too many to cluster (at most {_MOST_CLUSTERED}); use 'principal'"
        )
    return _leaves(_linked(values.T))


def _linked(points: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "join 4"]:
    """Return the average-linkage tree of points, or of the distances between them."""
    from scipy.cluster.hierarchy import linkage  # slow to import, and only clustered maps need it

    return linkage(points, "average")


def _leaves(tree: Float[np.ndarray, "join 4"]) -> Int[np.ndarray, " leaf"]:
    """Return the leaves of a tree in the order in which it is drawn."""
    from scipy.cluster.hierarchy import leaves_list

    return leaves_list(tree)


def _task_tree(values: Float[np.ndarray, "task unit"]) -> Float[np.ndarray, "join 4"]:
    """Return the average-linkage tree of the tasks, by 1 - correlation of their biases over units."""
    centred = values - values.mean(axis=1, keepdims=True)
    size = np.maximum(np.linalg.norm(centred, axis=1), 1e-150)  # whose square is a number too
    apart = np.clip(1 - centred @ centred.T / np.outer(size, size), 0, None)
    return _linked(apart[np.triu_indices(len(values), 1)])


def _draw_tree(ax: Axes, tree: Float[np.ndarray, "join 4"]) -> None:
    """Draw the tree to the right of the map, its leaves level with the rows."""
    from scipy.cluster.hierarchy import dendrogram

    beside = ax.inset_axes((1.01, 0, 0.1, 1))
    drawn = dendrogram(tree, no_plot=True)
    for across, up in zip(drawn["dcoord"], drawn["icoord"], strict=True):
        beside.plot(across, (np.array(up) - 5) / 10, color=FAINT, linewidth=0.9, clip_on=False)
    beside.set(ylim=ax.get_ylim(), xlim=(0, 1.02 * tree[:, 2].max()))
    without_frame(beside)


def _draw_map(
    ax: Axes,
    values: Float[np.ndarray, "task unit"],
    tasks: list[str],
    label: str,
    tree: Float[np.ndarray, "join 4"] | None,
) -> None:
    """Draw the map, the tree of its tasks if there is one, and the colour bar."""
    low, high = np.percentile(values, [2, 98])
    image = ax.imshow(values, aspect="auto", interpolation="nearest", cmap="cividis", vmin=low, vmax=high)
    ax.set_yticks(range(len(tasks)), tasks)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"units, sorted ({values.shape[1]})")
    ax.set_xticks([])
    if tree is not None:
        _draw_tree(ax, tree)
    bar = colour_bar(image, ax, extend="both", extendfrac=0.06)
    bar.locator = round_ticks(4)
    bar.set_label(label.replace(" (", "\n("))


def _draw_histogram(ax: Axes, values: Float[np.ndarray, "task unit"], tasks: list[str], label: str) -> None:
    """Draw the distributions with axis labels and a legend."""
    draw_histograms(ax, values, tasks)
    ax.set_xlabel(label)
    ax.set_ylabel("number of units")
    legend_beside(ax)
