"""Which numbers to learn: the error against how many they are, the decoder they need, and the noise of its spikes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .._names import choose
from ._legend import legend_beside, legend_width
from ._requirements import require
from ._style import FAINT, Look, looks, new_figure, style_ticks, styled
from ._text import as_text

_AGAINST = {
    "learned_numbers": "numbers learned",
    "decoder_norm": "decoder norm / drawn norm",
    "spike_noise": "spike noise / scale of the task",
}
_APART = {"learned_numbers": "norm", "decoder_norm": "numbers", "spike_noise": "numbers"}  # dims with a line a value
_MAKER = "tonicnet.compare_learning"
_PANEL, _HEIGHT = 2.1, 2.4  # inches


@styled
def which_numbers(comparison: xr.Dataset, *, score: str = "field_error", against: Sequence[str] = ()) -> Figure:
    """Draw a score of each parameter set against how many numbers it has, the decoder norm, and the noise of spikes.

    The lines of one look are one set: medians over seeds, with bars from the least to the most. Against numbers there
    is a line for each norm of the draw, against norm and noise one for each count of numbers; what has one point only
    is left out where others are lines. Both axes are logarithmic. Controls are grey lines across, at their medians.
    Where the score has a floor, it is dotted.

    Arguments: ``comparison``, a Dataset from :func:`tonicnet.compare_learning`; ``score``, its variable; ``against``,
    which panels: "learned_numbers", "decoder_norm", "spike_noise" (those that are known if not given). Returns the
    figure. Raises TypeError for anything but a Dataset, ValueError for an unknown score or panel.

    >>> import tonicnet as tn
    >>> from matplotlib import pyplot as plt
    >>> net = tn.Network(units=30, seed=0, transfer="tanh")
    >>> found = tn.compare_learning(net, "hopf", ["bias", "scale"], seeds=1, rounds=0, controls=False)
    >>> figure = tn.plot.which_numbers(found)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['numbers learned', 'decoder norm / drawn norm']
    >>> plt.close(figure)
    """
    data = require(comparison, ("learn", "learned_numbers"), role="comparison", maker=_MAKER)
    choose("score", score, sorted(name for name in map(str, data.data_vars) if "learn" in data[name].dims))
    known = [name for name in _AGAINST if name in data]
    for name in against:
        choose("panel", name, known)
    panels = list(against) or known
    sets, controls = _parts(data)
    labels = [as_text(name, 28) for name in (*sets, *controls)]
    figure = new_figure(_PANEL * len(panels) + 0.6 + legend_width(labels, _HEIGHT), _HEIGHT)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, name in zip(axes, panels, strict=True):
        style_ticks(ax)
        for one, look in looks(sets).items():
            for number, part in enumerate(_lines(data.sel(learn=one), score, name)):
                _line(ax, part, score, name, look, label=as_text(one, 28) if number == 0 else None)
        for number, one in enumerate(controls):
            _across(ax, data[score].sel(learn=one), one, number)
        _floor(ax, data, score)
        ax.set(xscale="log", yscale="log", xlabel=_AGAINST[name])
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel(_label(data[score]))
    legend_beside(axes[-1])
    return figure


def _parts(data: xr.Dataset) -> tuple[list[str], list[str]]:
    """Return the names of what was learned, and of controls: those without a decoder of their own."""
    learned = data["decoder_norm"].notnull().any([dim for dim in data["decoder_norm"].dims if dim != "learn"])
    names = [str(name) for name in data["learn"].values]
    return [n for n, own in zip(names, learned.values, strict=True) if own], [
        n for n, own in zip(names, learned.values, strict=True) if not own
    ]


def _lines(one: xr.Dataset, score: str, against: str) -> list[xr.Dataset]:
    """Return the parts of a set that are lines of their own: no single points, where there are lines."""
    apart = _APART[against]
    parts = [one.isel({apart: k}) for k in range(one.sizes[apart])]
    lines = [part for part in parts if (part[against].notnull() & part[score].notnull()).any("seed").sum() > 1]
    return lines or parts


def _line(ax: Axes, part: xr.Dataset, score: str, against: str, look: Look, *, label: str | None) -> None:
    """Draw the medians over seeds, with bars from least to most, in the order of the abscissa."""
    x, y = part[against].median("seed").values, np.abs(part[score].transpose("seed", ...).values)
    kept = np.isfinite(x) & np.isfinite(y).any(0)
    if not kept.any():
        return
    order = np.argsort(x[kept], kind="stable")
    x, y = x[kept][order], y[:, kept][:, order]
    middle = np.nanmedian(y, axis=0)
    bars = np.abs(np.nanquantile(y, [0.0, 1.0], axis=0) - middle)
    ax.errorbar(
        x, middle, yerr=bars, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.5, linewidth=1,
        elinewidth=0.6, label=label,
    )  # fmt: skip


def _across(ax: Axes, values: xr.DataArray, name: str, number: int) -> None:
    middle = float(np.nanmedian(np.abs(values.values))) if values.notnull().any() else np.nan
    if np.isfinite(middle):
        dashes = (0, (1 + number, 1.5))
        ax.axhline(middle, color=FAINT, linewidth=0.9, linestyle=dashes, label=as_text(name, 28), zorder=0)


def _floor(ax: Axes, data: xr.Dataset, score: str) -> None:
    name = f"{score}_floor"
    if name in data:
        ax.axhline(float(data[name].median()), color=FAINT, linewidth=0.7, linestyle=":", label="floor", zorder=0)


def _label(values: xr.DataArray) -> str:
    name = str(values.name).replace("_", " ")
    words = str(values.attrs.get("long_name", name))
    return as_text(words if len(words) < 40 else name, 44)
