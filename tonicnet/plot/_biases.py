"""The bank: what was learned, unit by unit and task by task."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage

from .._names import choose
from ._need import BANK, chosen_tasks, need, transfer
from ._style import FAINT, MINUS, bare, dressed, few, figure_of, looks, new_axes, styled

_CLUSTERED = 5000  # units at most; the distances of all pairs are held


@styled
def biases(bank: xr.Dataset, *, order: str = "principal", histogram: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the learned biases as a map, a task a row and a unit a column, or as one histogram a task.

    Arguments
    ---------
    bank : Dataset with ``bias(task, unit)``.
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
    need(bank, ("bias", "task"), role="bank", maker=BANK)
    choose("order", order, ORDERS)
    tasks = chosen_tasks(bank, None)
    values = bank["bias"].transpose("task", "unit").values
    chosen = ax or new_axes(6.0, 2.4 if histogram else 1.2 + 0.28 * len(tasks))
    if histogram:
        _histogram(chosen, values, tasks, _label(bank))
        return chosen
    tree = _tree(values) if order == "cluster" and len(tasks) > 1 else None
    rows = np.arange(len(tasks)) if tree is None else leaves_list(tree)
    _map(chosen, values[rows][:, _order(values, order)], [tasks[i] for i in rows], _label(bank), tree)
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
    return bias_label(transfer(bank))


def _order(values: Float[np.ndarray, "task unit"], order: str) -> Int[np.ndarray, " unit"]:
    if order == "none" or values.shape[1] < 2:
        return np.arange(values.shape[1])
    if order == "cluster":
        return _clustered(values)
    centred = values - values.mean(axis=1, keepdims=True)
    direction = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    return np.argsort(direction * np.sign(direction.sum() or 1.0) @ centred, kind="stable")


def _clustered(values: Float[np.ndarray, "task unit"]) -> Int[np.ndarray, " unit"]:
    if values.shape[1] > _CLUSTERED:
        raise ValueError(f"{values.shape[1]} units are too many to cluster (at most {_CLUSTERED}); use 'principal'")
    return leaves_list(linkage(values.T, "average"))


def _tree(values: Float[np.ndarray, "task unit"]) -> Float[np.ndarray, "join 4"]:
    """Return the average-linkage tree of the tasks, by 1 - correlation of their biases over units."""
    centred = values - values.mean(axis=1, keepdims=True)
    size = np.maximum(np.linalg.norm(centred, axis=1), 1e-300)
    apart = np.clip(1 - centred @ centred.T / np.outer(size, size), 0, None)
    return linkage(apart[np.triu_indices(len(values), 1)], "average")


def _draw_tree(ax: Axes, tree: Float[np.ndarray, "join 4"]) -> None:
    """Draw the tree to the right of the map, its leaves level with the rows."""
    beside = ax.inset_axes((1.01, 0, 0.1, 1))
    drawn = dendrogram(tree, no_plot=True)
    for across, up in zip(drawn["dcoord"], drawn["icoord"], strict=True):
        beside.plot(across, (np.array(up) - 5) / 10, color=FAINT, linewidth=0.9, clip_on=False)
    beside.set(ylim=ax.get_ylim(), xlim=(0, 1.02 * tree[:, 2].max()))
    bare(beside)


def _map(
    ax: Axes,
    values: Float[np.ndarray, "task unit"],
    tasks: list[str],
    label: str,
    tree: Float[np.ndarray, "join 4"] | None,
) -> None:
    low, high = np.percentile(values, [2, 98])
    image = ax.imshow(values, aspect="auto", interpolation="nearest", cmap="cividis", vmin=low, vmax=high)
    ax.set_yticks(range(len(tasks)), tasks)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"units, sorted ({values.shape[1]})")
    ax.set_xticks([])
    if tree is not None:
        _draw_tree(ax, tree)
    bar = figure_of(ax).colorbar(image, ax=ax, extend="both", extendfrac=0.06, pad=0.02, aspect=14)
    dressed(bar.ax)
    bar.locator = few(4)
    bar.set_label(label.replace(" (", "\n("))


def _histogram(ax: Axes, values: Float[np.ndarray, "task unit"], tasks: list[str], label: str) -> None:
    draw_histograms(ax, values, tasks)
    ax.set_xlabel(label)
    ax.set_ylabel("number of units")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
