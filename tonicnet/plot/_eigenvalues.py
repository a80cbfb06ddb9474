"""Eigenvalues in the complex plane: over learning, or task by task."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Circle

from ._requirements import require
from ._style import COLOURS, FAINT, INK, MARKERS, MINUS, figure_of, new_axes, style_ticks, styled

SPECTRUM = "tonicnet.measure.jacobian_spectrum"
_ROWS, _STEP = ("epoch", "task"), "step "
_EARLY, _LATE = 0.82, 0.0  # ends of the colour map used: pale first, dark last
_TARGET: dict[str, Any] = {"color": FAINT, "linewidth": 0.9, "linestyle": (0, (5, 3)), "zorder": 1}
_NAMED = 6  # steps up to which each has a name and a mark of its own; tasks always have


@styled
def eigenvalues(spectrum: xr.Dataset, *, period: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the eigenvalues of a network's Jacobian in the complex plane, before, during and after learning.

    Those of a discrete network (a map) are held against the unit circle, inside which perturbations
    decay; those of a continuous one (a flow, 1/s) against the imaginary axis, left of which they do. The
    leading pair of each row is larger. Rows go from pale to dark; a few are marked and named, many have a bar.

    Arguments
    ---------
    spectrum : what tonicnet.measure.jacobian_spectrum returned: ``eigenvalue(epoch or task, mode, part)``, the
        leading one first, with the attribute ``of``, "map" or "flow".
    period : of the target, in steps for a map and in seconds for a flow; its angle 2 pi / period is marked.
    ax : where to draw, a new figure if not given; many rows put a colour bar beside it.

    Returns the axes. Raises ValueError for a Dataset without eigenvalues or a period that is not positive.
    Source: Williams et al. (2025), ICLR, arXiv 2407.00957: learning a cycle moves the leading pair to modulus
    1 at the target's angle.

    >>> import numpy as np, xarray as xr
    >>> from tonicnet import plot
    >>> turn = np.exp(2j * np.pi / 25 * np.array([1, -1]))
    >>> values = np.stack([0.5 * turn, turn])
    >>> both = np.stack([values.real, values.imag], axis=-1)
    >>> spectrum = xr.Dataset({"eigenvalue": (("epoch", "mode", "part"), both)}, attrs={"of": "map"})
    >>> ax = plot.eigenvalues(spectrum, period=25)
    >>> ax.get_xlabel()
    'real part'
    >>> ax.figure.clear()
    """
    require(spectrum, ("eigenvalue",), role="spectrum", maker=SPECTRUM)
    values, names = _rows(spectrum)
    if period is not None and not period > 0:
        raise ValueError(f"a period is a positive number of steps (map) or seconds (flow), got {period}")
    mapped = spectrum.attrs.get("of", spectrum["eigenvalue"].attrs.get("of", "map")) == "map"
    chosen = ax or new_axes(4.6, 3.6)
    _draw_rows(chosen, values, names)
    (_draw_unit_circle if mapped else _draw_imaginary_axis)(chosen, period)
    unit = "" if mapped else " (1/s)"
    chosen.set(xlabel=f"real part{unit}", ylabel=f"imaginary part{unit}")
    _legend(chosen, names)
    return chosen


def _rows(spectrum: xr.Dataset) -> tuple[Float[np.ndarray, "row mode part"], list[str]]:
    """Return the eigenvalues of each row, and the row's name."""
    array = spectrum["eigenvalue"]
    kind = next((dim for dim in _ROWS if dim in array.dims), None)
    if kind is None:
        return array.transpose("mode", "part").values[None], [""]
    values = array.transpose(kind, "mode", "part").values
    labels = array[kind].values if kind in array.coords else np.arange(len(values))
    return values, [str(label) if kind == "task" else f"{_STEP}{label}" for label in labels]


def _too_many_to_name(names: list[str]) -> bool:
    """Return whether these are steps of learning, in order, and too many to name each."""
    return len(names) > _NAMED and names[0].startswith(_STEP)


def _colour(row: int, names: list[str]) -> Any:
    """Return the colour of a row."""
    if _too_many_to_name(names):
        return colormaps["cividis"](_EARLY + (_LATE - _EARLY) * row / (len(names) - 1))
    before = len(names) > 1 and names[0].startswith(_STEP)  # the first step is faint
    return ((FAINT, *COLOURS) if before else COLOURS)[row % len(COLOURS)]


def _draw_rows(ax: Axes, values: Float[np.ndarray, "row mode part"], names: list[str]) -> None:
    """Draw the eigenvalues of every row, the leading ones larger."""
    for i, row in enumerate(values):
        colour = _colour(i, names)
        marker = "o" if _too_many_to_name(names) else MARKERS[i % len(MARKERS)]
        real, imaginary = row[np.isfinite(row).all(axis=1)].T
        rest: dict[str, Any] = {"color": colour, "markeredgewidth": 0, "linewidth": 0, "zorder": 3 + i / len(values)}
        ax.plot(real, imaginary, marker=marker, markersize=2.5, alpha=0.75, **rest)
        lead = _leading(real, imaginary)
        ax.plot(real[lead], imaginary[lead], marker=marker, markersize=6, label=names[i], **rest)


def _leading(real: Float[np.ndarray, " mode"], imaginary: Float[np.ndarray, " mode"]) -> list[int]:
    """Return the first mode, with its conjugate if it has one."""
    if len(real) < 2 or abs(imaginary[0]) < 1e-9 or abs(imaginary[0] + imaginary[1]) > 1e-6 * abs(imaginary[0]):
        return [0][: len(real)]
    return [0, 1]


def _draw_unit_circle(ax: Axes, period: float | None) -> None:
    """Draw the unit circle, and rays at the angle of the target."""
    ax.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.8, zorder=2))
    ax.update_datalim([(-1.05, -1.05), (1.05, 1.05)])
    ax.autoscale_view()
    ax.set_aspect("equal", adjustable="datalim")
    if period is not None:
        x, y = 1.12 * np.cos(2 * np.pi / period), 1.12 * np.sin(2 * np.pi / period)
        ax.plot([x, 0, x], [y, 0, -y], label="2π / period", **_TARGET)


def _draw_imaginary_axis(ax: Axes, period: float | None) -> None:
    """Draw the imaginary axis, and lines at the angular frequency of the target."""
    ax.axvline(0, color=INK, linewidth=0.8, zorder=2)
    if period is not None:
        ax.axhline(2 * np.pi / period, label="2π / period", **_TARGET)
        ax.axhline(-2 * np.pi / period, **_TARGET)


def _legend(ax: Axes, names: list[str]) -> None:
    """Name the rows, or draw a colour bar where there are too many."""
    many = _too_many_to_name(names)
    handles, words = ax.get_legend_handles_labels()
    named = [(h, w) for h, w in zip(handles, words, strict=True) if not (many and w in names)]
    if named and (len(names) > 1 or words != [""]):
        place = (
            {"loc": "lower left", "bbox_to_anchor": (0, 1)}
            if many
            else {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
        )
        ax.legend(*zip(*named, strict=True), **place)
    if many:
        shades = ListedColormap([_colour(i, names) for i in range(len(names))])
        bar = figure_of(ax).colorbar(ScalarMappable(Normalize(0, 1), shades), ax=ax, pad=0.02, aspect=18, ticks=[0, 1])
        style_ticks(bar.ax)
        bar.ax.set_yticklabels([name.replace("-", MINUS) for name in (names[0], names[-1])])
