"""Eigenvalues in the complex plane: over learning, or task by task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Circle

from .._names import shown
from .._numbers import real
from ._legend import legend_beside, legend_width
from ._requirements import require
from ._style import COLOURS, FAINT, INK, MARKERS, MINUS, figure_of, new_axes, style_ticks, styled
from ._text import as_texts

SPECTRUM = "tonicnet.measure.jacobian_spectrum"
_ROWS, _STEP = ("epoch", "task"), "step "
_EARLY, _LATE = 0.82, 0.0  # ends of the colour map used: pale first, dark last
_TARGET: dict[str, Any] = {"color": FAINT, "linewidth": 0.9, "linestyle": (0, (5, 3)), "zorder": 1}
_ANGLE = "2π / period"
_HEIGHT = 3.6  # inches
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
    rows = _rows(spectrum)
    if period is not None and not 0 < real(period) < np.inf:
        raise ValueError(f"a period is a positive number of steps (map) or seconds (flow), got {shown(period)}")
    mapped = spectrum.attrs.get("of", spectrum["eigenvalue"].attrs.get("of", "map")) == "map"
    chosen = ax or _new_axes(rows)
    _draw_rows(chosen, rows)
    (_draw_unit_circle if mapped else _draw_imaginary_axis)(chosen, period)
    unit = "" if mapped else " (1/s)"
    chosen.set(xlabel=f"real part{unit}", ylabel=f"imaginary part{unit}")
    _legend(chosen, rows)
    return chosen


@dataclass(frozen=True)
class _Rows:
    """The eigenvalues of each row, and the rows' names; ``steps`` says that rows are steps of learning, in order."""

    values: Float[np.ndarray, "row mode part"]
    names: list[str]
    steps: bool = False

    @property
    def many(self) -> bool:
        """Whether these are too many steps to name each."""
        return self.steps and len(self.names) > _NAMED

    def colour(self, row: int) -> Any:
        """Return the colour of a row."""
        if self.many:
            return colormaps["cividis"](_EARLY + (_LATE - _EARLY) * row / (len(self.names) - 1))
        first = self.steps and len(self.names) > 1  # the first step is faint
        return ((FAINT, *COLOURS) if first else COLOURS)[row % (len(COLOURS) + first)]


def _rows(spectrum: xr.Dataset) -> _Rows:
    """Return the rows of a spectrum."""
    array = spectrum["eigenvalue"]
    kind = next((dim for dim in _ROWS if dim in array.dims), None)
    if kind is None:
        return _Rows(array.transpose("mode", "part").values[None], [""])
    values = array.transpose(kind, "mode", "part").values
    labels = array[kind].values if kind in array.coords else np.arange(len(values))
    steps = kind == "epoch"
    return _Rows(values, [f"{_STEP}{label}" for label in labels] if steps else as_texts(labels), steps)


def _new_axes(rows: _Rows) -> Axes:
    """Return new axes with room for what stands beside them."""
    return new_axes(3.6 + (1.0 if rows.many else legend_width([*rows.names, _ANGLE], _HEIGHT)), _HEIGHT)


def _draw_rows(ax: Axes, rows: _Rows) -> None:
    """Draw the eigenvalues of every row, the leading ones larger."""
    for i, row in enumerate(rows.values):
        marker = "o" if rows.many else MARKERS[i % len(MARKERS)]
        real, imaginary = row[np.isfinite(row).all(axis=1)].T
        rest: dict[str, Any] = {
            "color": rows.colour(i), "markeredgewidth": 0, "linewidth": 0, "zorder": 3 + i / len(rows.values),
        }  # fmt: skip
        ax.plot(real, imaginary, marker=marker, markersize=2.5, alpha=0.75, **rest)
        lead = _leading(real, imaginary)
        ax.plot(real[lead], imaginary[lead], marker=marker, markersize=6, label=rows.names[i], **rest)


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
        ax.plot([x, 0, x], [y, 0, -y], label=_ANGLE, **_TARGET)


def _draw_imaginary_axis(ax: Axes, period: float | None) -> None:
    """Draw the imaginary axis, and lines at the angular frequency of the target."""
    ax.axvline(0, color=INK, linewidth=0.8, zorder=2)
    if period is not None:
        ax.axhline(2 * np.pi / period, label=_ANGLE, **_TARGET)
        ax.axhline(-2 * np.pi / period, **_TARGET)


def _legend(ax: Axes, rows: _Rows) -> None:
    """Name the rows, or draw a colour bar where there are too many."""
    if not rows.many:
        if rows.names != [""] or len(ax.get_legend_handles_labels()[1]) > 1:
            legend_beside(ax)
        return
    rays = [handle for handle, word in zip(*ax.get_legend_handles_labels(), strict=True) if word == _ANGLE]
    legend_beside(ax, rays, loc="lower left", bbox_to_anchor=(0, 1))
    shades = ListedColormap([rows.colour(i) for i in range(len(rows.names))])
    bar = figure_of(ax).colorbar(ScalarMappable(Normalize(0, 1), shades), ax=ax, pad=0.02, aspect=18, ticks=[0, 1])
    style_ticks(bar.ax)
    bar.ax.set_yticklabels([name.replace("-", MINUS) for name in (rows.names[0], rows.names[-1])])
