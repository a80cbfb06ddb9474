"""The return map: each maximum of a component against the next."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ._requirements import require
from ._segments import component_label
from ._style import FAINT, RASTERISED_FROM, RUN_LOOKS, new_axes, styled

EVENTS = "tonicnet.measure.return_map"


@styled
def return_map(events: xr.Dataset, *, truth: xr.Dataset | None = None, ax: Axes | None = None) -> Axes:
    """Draw every maximum of a component against the one before it, over those of the truth.

        m[k+1] = g(m[k])

    A chaotic flow that is nearly two-dimensional, such as Lorenz's, draws a curve; a cycle one point; a
    network that has learned the flow the same curve. On the diagonal m repeats.

    Arguments: ``events``, what tonicnet.measure.return_map returned, ``now(event)`` and ``next(event)``;
    ``truth``, the same of true runs, drawn beneath; ``ax``, where to draw, a new figure if not given. Returns
    the axes. Raises ValueError for a Dataset without events, or one with none. Source: Lorenz (1963),
    doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> tent = [0.3]
    >>> for _ in range(20):
    ...     tent.append(1.9 * min(tent[-1], 1 - tent[-1]))
    >>> ax = plot.return_map(xr.Dataset({"now": ("event", tent[:-1]), "next": ("event", tent[1:])}))
    >>> ax.get_xlabel()
    'maximum (task units)'
    >>> ax.figure.clear()
    """
    layers = [("truth", truth, 4.5, 0.5), ("network", events, 2.2, 0.9)]
    chosen = ax or new_axes(3.4, 3.2)
    colours = {"truth": FAINT, "network": RUN_LOOKS["rate"][0]}
    for name, data, size, ink in layers:
        if data is not None:
            now, after = _known_pairs(data, "events" if name == "network" else "truth")
            chosen.plot(
                now, after, "o", color=colours[name], markersize=size, markeredgewidth=0, alpha=ink, label=name,
                rasterized=len(now) > RASTERISED_FROM, zorder=2 + (name == "network"),
            )  # fmt: skip
    _draw_diagonal(chosen)
    words = _maximum_words(events)
    chosen.set(xlabel=f"{words} (task units)", ylabel=f"next {words} (task units)", box_aspect=1)
    if truth is not None:
        chosen.legend(loc="best", markerscale=1.5)
    return chosen


def _known_pairs(data: xr.Dataset, role: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the finite pairs of maxima; raise ValueError if there are none."""
    require(data, ("now", "next"), role=role, maker=EVENTS)
    now, after = data["now"].values.ravel(), data["next"].values.ravel()
    known = np.isfinite(now) & np.isfinite(after)
    if not known.any():
        raise ValueError(f"the {role} hold no pair of maxima; the run is too short, or at rest")
    return now[known], after[known]


def _maximum_words(events: xr.Dataset) -> str:
    """Return the words for a maximum of the component."""
    name = str(events.attrs.get("component", ""))
    return f"maximum of {component_label(name)}" if name else "maximum"


def _draw_diagonal(ax: Axes) -> None:
    """Draw the diagonal, over equal limits of both axes."""
    low, high = min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1])
    ax.plot([low, high], [low, high], color=FAINT, linewidth=0.8, linestyle=(0, (5, 3)), zorder=1)
    ax.set(xlim=(low, high), ylim=(low, high))
