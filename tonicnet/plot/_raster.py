"""Spikes: a raster of some units, and the rate of all neurons beneath it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .._names import shown
from .._numbers import is_whole, whole
from ._requirements import SPIKES, require, unit_numbers
from ._segment_shading import room_for_names, shade_segments
from ._segments import Segment, Window, clock_label, segments, segments_within
from ._style import INK, RASTERISED_FROM, figure_of, looks, new_figure, style_ticks, styled

_BINS = 400  # of the rate, at most
_SHORTEST_BIN = 0.005  # s


@styled
def raster(
    spikes: xr.Dataset,
    *,
    units: int | Sequence[int] = 50,
    window: Window | None = None,
    trial: int = 0,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw when some units spike, tasks shaded, and beneath it the mean rate over all neurons.

        rate(bin) = spikes in the bin / (neurons x bin width)

    A row is one unit, shown by the first of its neurons that fires; the units that fire most in the first
    segment are at the top. The bin is a 400th of the window, 5 ms at least.

    Arguments
    ---------
    spikes : Dataset with ``output``, ``spike_time`` (s), ``spike_neuron``, ``spike_unit``, ``spike_trial``.
    units : how many units, evenly spaced, or which.
    window : (start, stop) in s, all if not given.
    trial : which trial.
    fig : an empty figure or subfigure to draw in, a new one if not given.

    Returns the figure. Raises ValueError for a run without spikes, unknown units or trials, or a window
    outside the run.

    >>> from tonicnet.network import Network
    >>> from tonicnet.simulate import simulate
    >>> from tonicnet import plot
    >>> run = simulate(Network(units=20, seed=0), np.zeros(20), duration=1.0)
    >>> event = {"time": [0.2, 0.4], "neuron": [3, 7], "unit": [3, 7], "trial": [0, 0]}
    >>> run = run.assign({f"spike_{name}": ("spike", values) for name, values in event.items()})
    >>> fig = plot.raster(run)
    >>> [ax.get_ylabel() for ax in fig.axes]
    ['8 of 8 units', 'rate (Hz)']
    >>> fig.clear()
    """
    found = spiking_segments(spikes)
    shown = segments_within(found, window)
    room = room_for_names(shown, 6.5 if fig is None else fig.bbox.width / fig.dpi)
    chosen = fig or new_figure(room.width, 3.6 + room.height)
    upper, lower = chosen.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    style = looks(p.task for p in found)
    for ax, named in ((upper, True), (lower, False)):
        shade_segments(style_ticks(ax), shown, style, named=named, upright=room.upright)
    draw_spikes(upper, spikes, shown, units=units, trial=trial)
    _draw_rate(lower, spikes, shown, trial)
    lower.set_xlabel(clock_label(spikes))
    return chosen


def spiking_segments(spikes: object, role: str = "run") -> list[Segment]:
    """Return the segments of a run that has spikes."""
    names = [f"spike_{name}" for name in ("time", "neuron", "unit", "trial")]
    return segments(require(spikes, names, role=role, maker=SPIKES), role)


def draw_spikes(
    ax: Axes,
    spikes: xr.Dataset,
    shown: Sequence[Segment],
    *,
    units: int | Sequence[int] = 50,
    trial: int = 0,
    of_all: bool = True,
) -> None:
    """Draw the raster of the segments shown into axes whose limits in time are set."""
    events = _events(spikes, trial)
    count = _unit_count(spikes, events)
    rows = _rows(events, _chosen_units(count, units), shown[0])
    _draw_ticks(ax, rows)
    ax.set_ylabel(f"{len(rows)} of {count} units" if of_all else f"{len(rows)} units")


def _events(spikes: xr.Dataset, trial: int) -> dict[str, np.ndarray]:
    """Return the spikes of one trial; raise ValueError if there is no such trial."""
    events = {name: spikes[f"spike_{name}"].values for name in ("time", "neuron", "unit", "trial")}
    known = spikes["trial"].values if "trial" in spikes.coords else np.unique(events["trial"])
    if trial not in known:
        raise ValueError(f"there is no trial {trial}; the run has {', '.join(map(str, known))}")
    return {name: values[events["trial"] == trial] for name, values in events.items()}


def _unit_count(spikes: xr.Dataset, events: dict[str, np.ndarray]) -> int:
    """Return how many units the network has."""
    if "neurons" in spikes.attrs and "neurons_per_unit" in spikes.attrs:
        return int(spikes.attrs["neurons"] // spikes.attrs["neurons_per_unit"])
    return int(events["unit"].max(initial=0)) + 1


def _neuron_count(spikes: xr.Dataset, events: dict[str, np.ndarray]) -> int:
    """Return how many neurons the network has."""
    return int(spikes.attrs.get("neurons", events["neuron"].max(initial=0) + 1))


def _chosen_units(count: int, units: int | Sequence[int]) -> Int[np.ndarray, " unit"]:
    """Return the units asked for, evenly spaced if only their number is given."""
    if hasattr(units, "__len__"):
        return np.unique(unit_numbers(units, count))
    if not is_whole(units):
        raise ValueError(f"units is how many units to show (at least 1) or a list of them, got {shown(units)}")
    return np.unique(np.linspace(0, count - 1, min(whole("units", units), count)).round().astype(int))


def _rows(
    events: dict[str, np.ndarray], chosen: Int[np.ndarray, " unit"], first: Segment
) -> list[Float[np.ndarray, " spike"]]:
    """Return the spike times of each unit's shown neuron, the busiest of the first segment last (on top)."""
    found = [_of_unit(events, unit) for unit in chosen]
    busy = [int(np.count_nonzero((t >= first.start) & (t < first.stop))) for t in found]
    return [found[i] for i in np.argsort(busy, kind="stable")]


def _of_unit(events: dict[str, np.ndarray], unit: int) -> Float[np.ndarray, " spike"]:
    """Return the spike times of a unit's first neuron that fires."""
    mine = events["unit"] == unit
    neurons = events["neuron"][mine]
    return events["time"][mine][neurons == neurons.min(initial=neurons[0] if neurons.size else 0)]


def _draw_ticks(ax: Axes, rows: list[Float[np.ndarray, " spike"]]) -> None:
    """Draw a tick for each spike, a row a unit."""
    time = np.concatenate(rows)
    row = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    low, high = ax.get_xlim()
    seen = (time >= low) & (time <= high)
    width = _tick_width(ax, row[seen])
    ax.plot(
        time[seen], row[seen], "|", color=INK, markersize=_tick_height(ax, len(rows)), markeredgewidth=width,
        alpha=min(0.9, 0.42 + width), rasterized=bool(seen.sum() > RASTERISED_FROM),
    )  # fmt: skip
    ax.set_ylim(-1, len(rows))
    ax.set_yticks([])


def _tick_height(ax: Axes, rows: int) -> float:
    """Return the height of a tick in points that leaves a little room between rows."""
    return float(np.clip(0.8 * _size_in_points(ax)[1] / rows, 0.8, 8.0))


def _tick_width(ax: Axes, row: Int[np.ndarray, " spike"]) -> float:
    """Return the width of a tick in points at which the fullest row is not yet solid."""
    most = np.bincount(row).max(initial=1)
    return float(np.clip(0.8 * _size_in_points(ax)[0] / most, 0.12, 0.7))


def _size_in_points(ax: Axes) -> Float[np.ndarray, 2]:
    """Return width and height of the axes in points."""
    return np.asarray(ax.get_window_extent().size) * 72 / figure_of(ax).dpi


def _draw_rate(ax: Axes, spikes: xr.Dataset, shown: Sequence[Segment], trial: int) -> None:
    """Draw the mean rate over all neurons."""
    events = _events(spikes, trial)
    start, stop = shown[0].start, shown[-1].stop
    bins = max(1, min(_BINS, int((stop - start) / _SHORTEST_BIN)))
    count, edges = np.histogram(events["time"], bins=bins, range=(start, stop))
    rate = count / (_neuron_count(spikes, events) * (edges[1] - edges[0]))
    ax.stairs(rate, edges, color=INK, linewidth=0.8)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("rate (Hz)")
