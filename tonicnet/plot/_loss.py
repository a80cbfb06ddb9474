"""How learning went: the loss of each task, step by step."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ._requirements import BANK, chosen_tasks, require
from ._style import looks, new_axes, round_ticks, styled


@styled
def loss(bank: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the loss of each task over the steps of learning, on a logarithmic scale.

    A jump is where one stage of learning ends and the next, with other residuals, begins.

    Arguments: ``bank``, a Dataset with ``loss(task, epoch)``; ``ax``, where to draw, a new figure if not
    given. Returns the axes. Raises ValueError for a bank without losses.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> values = np.array([[1.0, 0.1, 0.01], [1.0, 0.5, np.nan]])
    >>> bank = xr.Dataset({"loss": (("task", "epoch"), values)}, coords={"task": ["a", "b"]})
    >>> ax = plot.loss(bank)
    >>> ax.get_yscale(), [len(line.get_xdata()) for line in ax.lines]
    ('log', [3, 2])
    >>> ax.figure.clear()
    """
    require(bank, ("loss", "task"), role="bank", maker=BANK)
    chosen = ax or new_axes(4.2, 2.8)
    for name, k in looks(chosen_tasks(bank, None)).items():
        values = bank["loss"].sel(task=name).values
        step = np.flatnonzero(np.isfinite(values) & (values > 0))
        chosen.plot(
            step, values[step], color=k.colour, linestyle=k.line, marker=k.marker, markersize=3, label=name,
            markevery=max(1, len(step) // 12), linewidth=1.1,
        )  # fmt: skip
    chosen.set(yscale="log", xlabel="step of learning", ylabel="loss (mean squared residual)")
    chosen.xaxis.set_major_locator(round_ticks(5, whole=True))
    chosen.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return chosen
