"""Which units serve which task: the variance of each unit in each task, clustered."""

from __future__ import annotations

import itertools

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ._requirements import require
from ._style import INK, NONE, colour_bar, new_axes, styled
from ._text import as_texts, width_of

SELECTIVITY = "tonicnet.measure.selectivity"


@styled
def selectivity(found: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how much each unit varies in each task, a task a row and a unit a column, clusters side by side.

        s(task, unit) = variance over time of the unit's rate in the task / its largest over tasks

    Clusters are parted by lines and numbered above; units that vary in no task are last, under a dash.

    Arguments: ``found``, what tonicnet.measure.selectivity returned: ``selectivity(task, unit)`` and
    ``cluster(unit)``, -1 for silent units; ``ax``, where to draw, a new figure if not given. Returns the axes.
    Raises ValueError for a Dataset without them. Source: Yang et al. (2019), doi:10.1038/s41593-018-0310-2.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> values = {"selectivity": (("task", "unit"), np.eye(2)), "cluster": ("unit", [1, 0])}
    >>> ax = plot.selectivity(xr.Dataset(values, coords={"task": ["a", "b"]}))
    >>> [text.get_text() for text in ax.texts]
    ['1', '2']
    >>> ax.figure.clear()
    """
    found = require(found, ("selectivity", "cluster", "task"), role="selectivity", maker=SELECTIVITY)
    tasks = [str(name) for name in found["task"].values]
    cluster = found["cluster"].values
    order = np.argsort(np.where(cluster < 0, cluster.max(initial=0) + 1, cluster), kind="stable")
    values = np.nan_to_num(found["selectivity"].transpose("task", "unit").values)[:, order]
    labels = as_texts(tasks)
    chosen = ax or new_axes(5.2 + max(map(width_of, labels)), 1.3 + 0.28 * len(tasks))
    image = chosen.imshow(values, aspect="auto", interpolation="nearest", cmap="cividis", vmin=0, vmax=1)
    chosen.set_yticks(range(len(tasks)), labels)
    chosen.set_xticks([])
    chosen.tick_params(axis="y", length=0)
    chosen.set_xlabel(f"units, by cluster ({len(order)})")
    _draw_clusters(chosen, cluster[order])
    bar = colour_bar(image, chosen)
    bar.set_label("variance\n(share of largest)")
    return chosen


def _draw_clusters(ax: Axes, cluster: np.ndarray) -> None:
    """Draw lines between clusters and write their numbers above those wide enough for one."""
    ends = [0, *(np.flatnonzero(np.diff(cluster)) + 1), len(cluster)]
    numbered = iter(range(1, len(cluster) + 1))
    for low, high in itertools.pairwise(ends):
        if low:
            ax.axvline(low - 0.5, color="white", linewidth=1.0)
        word = NONE if cluster[low] < 0 else str(next(numbered))
        if (high - low) / len(cluster) > 0.015:
            middle = (low + high - 1) / 2
            ax.text(middle, 1.02, word, transform=ax.get_xaxis_transform(), ha="center", va="bottom", color=INK)
