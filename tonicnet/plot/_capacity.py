"""How much networks hold, against their size or anything else that a study varied."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .._names import choose
from ._legend import legend_beside, legend_width
from ._requirements import require
from ._style import Look, looks, new_axes, round_ticks, style_ticks, styled
from ._text import as_text

_MAKER = "tonicnet.capacity"
_WIDTH, _HEIGHT = 2.6, 2.4  # inches


@styled
def capacity(
    found: xr.Dataset, *, x: str = "units", lines: str | None = None, draws: str = "seed", ax: Axes | None = None
) -> Axes:
    """Draw the capacity of networks: means over draws, with bars from the least to the most.

    Arguments: ``found``, a Dataset from :func:`tonicnet.capacity`; ``x``, the dim across; ``lines``, a dim with a line
    for each value; ``draws``, the dim that is averaged; ``ax``, where to draw. Every other dim must have one value.
    Over units the axis is logarithmic, and the legend tells the exponent with its interval of 95 %. Returns the Axes.
    Raises TypeError for anything but a Dataset, ValueError for one without capacity, unknown dims and dims left over.

    >>> import numpy as np, xarray as xr
    >>> from matplotlib import pyplot as plt
    >>> from tonicnet import plot
    >>> held = xr.DataArray([[1, 1], [2, 3]], dims=("units", "seed"), coords={"units": [64, 256]}, name="capacity")
    >>> plot.capacity(held.to_dataset()).get_xlabel()
    'units'
    >>> plt.close()
    """
    data = require(found, ("capacity",), role="capacity", maker=_MAKER)
    held = data["capacity"]
    held = held.squeeze([dim for dim in held.dims if held.sizes[dim] == 1 and dim not in (x, lines, draws)])
    for dim in (x, draws, *(() if lines is None else (lines,))):
        choose("dim of capacity", dim, map(str, held.dims))
    left = set(map(str, held.dims)) - {x, lines, draws}
    if left:
        raise ValueError(f"capacity also varies along {', '.join(sorted(left))}; take one value with .sel(...)")
    values = [None] if lines is None else list(held[lines].values)
    labels = [_label(data, lines, value, x) for value in values]
    chosen = style_ticks(ax or new_axes(_WIDTH + legend_width(labels if any(labels) else [], _HEIGHT), _HEIGHT))
    for value, label, look in zip(values, labels, looks(map(str, values)).values(), strict=True):
        part = held if value is None else held.sel({lines: value})
        _line(chosen, part.sortby(x).transpose(x, draws), look, label)
    chosen.set(xlabel=as_text(x.replace("_", " "), 24), ylabel=str(held.attrs.get("long_name", "capacity")))
    _axis(chosen, held.sortby(x)[x].values, x)
    chosen.yaxis.set_major_locator(round_ticks(whole=True))
    if any(labels):
        legend_beside(chosen)
    return chosen


def _line(ax: Axes, part: xr.DataArray, look: Look, label: str) -> None:
    """Draw the means over draws, with bars from the least to the most."""
    values = part.values.astype(float)
    mean = values.mean(axis=1)
    bars = np.abs(np.stack([values.min(axis=1), values.max(axis=1)]) - mean)
    ax.errorbar(
        _places(part[str(part.dims[0])].values), mean, yerr=bars, color=look.colour, linestyle=look.line,
        marker=look.marker, markersize=3.5, linewidth=1, elinewidth=0.6, capsize=2, label=label or None,
    )  # fmt: skip


def _axis(ax: Axes, values: np.ndarray, x: str) -> None:
    """Name the places across by what they are; sizes are an octave apart wherever they are."""
    if x == "units":
        ax.set_xscale("log", base=2)
    ax.set_xticks(_places(values), [as_text(f"{v:g}" if _numbers(values) else str(v), 16) for v in values])
    ax.minorticks_off()


def _places(values: np.ndarray) -> np.ndarray:
    return values.astype(float) if _numbers(values) else np.arange(len(values), dtype=float)


def _numbers(values: np.ndarray) -> bool:
    return bool(np.issubdtype(values.dtype, np.number))


def _label(data: xr.Dataset, lines: str | None, value: object, x: str) -> str:
    """Return what a line is called: its value, and over units its exponent."""
    at = {} if lines is None else {lines: value}
    named = "" if lines is None else f"{lines.replace('_', ' ')} {value:g}" if _is_number(value) else str(value)
    if x != "units" or "exponent" not in data:
        return as_text(named, 28)
    middle, low, high = (
        float(data[f"exponent{end}"].sel(at if at.keys() <= set(data["exponent"].dims) else {}).squeeze())
        for end in ("", "_low", "_high")
    )
    if not np.isfinite(middle):
        return as_text(named, 28)
    told = f"N^{middle:.2f}" + (f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else "")
    return f"{as_text(named, 28)}: {told}" if named else told


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number)
