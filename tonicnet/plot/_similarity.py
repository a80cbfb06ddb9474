"""How alike solutions are: a map of tasks against tasks, with its numbers."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes

from ._requirements import require
from ._style import colour_bar, new_axes, styled
from ._text import as_texts, width_of

_CELL = 0.42  # inches
_MAKER = "tonicnet.measure.similarity"


@styled
def similarity(found: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how alike units behave, a task a row and a task a column; the diagonal is a task with its own repeats.

    Arguments: ``found``, what tonicnet.measure.similarity returned; ``ax``, where to draw, a new figure if not given.
    Returns the axes. Raises ValueError for a Dataset without ``similarity(task, other)``.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> names = ["a", "b"]
    >>> held = xr.Dataset({"similarity": (("task", "other"), np.eye(2))}, coords={"task": names, "other": names})
    >>> ax = plot.similarity(held)
    >>> [text.get_text() for text in ax.texts]
    ['1.0', '0.0', '0.0', '1.0']
    >>> ax.figure.clear()
    """
    found = require(found, ("similarity", "task", "other"), role="similarity", maker=_MAKER)
    values = found["similarity"].transpose("task", "other").values
    labels = as_texts([str(name) for name in found["task"].values])
    size = len(labels) * _CELL
    wide = max(map(width_of, labels))
    chosen = ax or new_axes(size + wide + 1.3, size + wide + 0.3)
    image = chosen.imshow(values, cmap="cividis", vmin=min(0.0, values.min()), vmax=1, aspect="equal")
    chosen.set_yticks(range(len(labels)), labels)
    chosen.set_xticks(range(len(labels)), labels, rotation=90)
    chosen.tick_params(length=0)
    middle = (image.norm.vmin + image.norm.vmax) / 2  # type: ignore[operator]
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            colour = "white" if value < middle else "black"
            chosen.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=7)
    bar = colour_bar(image, chosen)
    bar.set_label("correlation over units")
    return chosen
