"""The spectrum of a run: how its power is spread over frequencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes

from ._legend import legend_beside, legend_width
from ._segments import Segment, clock_label, segments
from ._style import Look, looks, new_axes, styled
from ._text import as_texts

Curve = tuple[Float[np.ndarray, " frequency"], Float[np.ndarray, " frequency"]]

_HEIGHT = 2.8  # inches
_WINDOWS = 3  # one window in so many of the series
_LOWEST = 1e-5  # of the highest power: what lies below is not shown


@styled
def spectrum(run: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the power spectrum of the output, one curve a segment, summed over components in units of sd.

        P(f) = mean_k P_k(f) / var_k,   integral P df = 1

    by Welch's (1967, doi:10.1109/TAU.1967.1161901) averages over half-overlapping Hann windows of a
    third of the segment.

    Arguments: ``run``, a Dataset with ``output``; ``ax``, where to draw, a new figure if not given. Segments
    that do not move have no spectrum and are left out. Returns the axes. Raises ValueError without output.

    >>> from tonicnet.network import Network
    >>> from tonicnet.simulate import simulate
    >>> from tonicnet import plot
    >>> run = simulate(Network(units=20, seed=0), np.zeros(20), duration=1.0)
    >>> ax = plot.spectrum(run)
    >>> ax.get_xlabel()
    'frequency (Hz)'
    >>> ax.figure.clear()
    """
    found = segments(run)
    style = looks(p.task for p in found)
    several = len(found) > 1
    chosen = ax or new_axes(3.4 + (legend_width(as_texts(style), _HEIGHT) if several else 0.6), _HEIGHT)
    curves = [power(p) for p in found]
    _draw(chosen, [p.task for p in found], curves, style)
    in_seconds = clock_label(run) == "time (s)"
    frame_spectra(chosen, curves, *(_SECONDS if in_seconds else _TASK))
    if several:
        legend_beside(chosen)
    return chosen


def _draw(ax: Axes, tasks: Sequence[str], curves: Sequence[Curve], style: dict[str, Look]) -> None:
    """Draw a curve a segment; a task in several segments is named once."""
    labels = dict(zip(style, as_texts(style), strict=True))
    for task, (frequency, density) in zip(tasks, curves, strict=True):
        k = style[task]
        ax.plot(frequency, density, color=k.colour, linestyle=k.line, linewidth=1.0, label=labels.pop(task, None))


def power(segment: Segment, *, window: float | None = None) -> Curve:
    """Return frequencies and power of a segment; empty where nothing moves.

    ``window`` is the length averaged over, on the clock of the segment; a third of it if not given.
    """
    from scipy.signal import welch  # half a second, and only spectra need it

    values = segment.scaled[np.isfinite(segment.scaled).all(axis=(1, 2))]
    moving = segment.moving if len(values) else np.zeros(len(segment.components), bool)
    count = values.shape[1] if len(values) else 0
    if count < 8 * _WINDOWS or not moving.any():
        return np.empty(0), np.empty(0)
    step = (segment.clock[-1] - segment.clock[0]) / (len(segment.clock) - 1)
    length = count // _WINDOWS if window is None else min(count, max(8, round(window / step)))
    frequency, density = welch(values[..., moving], 1 / step, nperseg=length, axis=1)
    return frequency[1:], density.mean(axis=(0, 2))[1:]


_SECONDS = ("frequency (Hz)", "power (sd²/Hz)")
_TASK = ("frequency (1/task unit)", "power (sd² task unit)")


def frame_spectra(ax: Axes, curves: Sequence[Curve], across: str = _SECONDS[0], up: str = _SECONDS[1]) -> None:
    """Label the axes and show what holds the power: to four times the frequency below which 95 % lies."""
    moving = [c for c in curves if len(c[0])]
    ax.set(xlabel=across, ylabel=up)
    if not moving:
        ax.set_yticks([])
        ax.set_xticks([])
        ax.text(0.5, 0.5, "at rest:\nno spectrum", transform=ax.transAxes, ha="center", va="center")
        return
    top = max(float(density.max()) for _, density in moving)
    ax.set_yscale("log")
    ax.set_xlim(0, 4 * max(edge_frequency(c) for c in moving))
    ax.set_ylim(_LOWEST * top, 3 * top)


def edge_frequency(curve: Curve, fraction: float = 0.95) -> float:
    """Return the frequency below which this fraction of the power lies."""
    frequency, density = curve
    return float(frequency[np.searchsorted(np.cumsum(density) / density.sum(), fraction)])
