"""The attractor: outputs against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._names import unknown
from ._segments import Segment, clock_label, component_label, segments
from ._style import INK, RASTERISED_FROM, Look, looks, new_axes, round_ticks, style_ticks, styled, thin_lines

_MOST_COMPONENTS = 3


@styled
def attractor(run: xr.Dataset, *, components: Sequence[str | int] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the portrait of a run in state space, in the task's own units, one colour a task.

    Where there are several paths (segments, trials) each begins at an open and ends at a filled mark.
    A single component is drawn against time.

    Arguments
    ---------
    run : Dataset with ``output(trial, time, component)``, of rates, of spikes, or a task's trajectory.
    components : one to three names or positions; if not given the first three that every task of the run
        uses (two on flat axes).
    ax : where to draw; three components need ``projection="3d"``. A new figure if not given.

    Returns the axes. Raises ValueError for more than three components, unknown or idle ones, or flat axes
    for three.

    >>> from tonicnet.network import Network
    >>> from tonicnet.simulate import simulate
    >>> from tonicnet import plot
    >>> run = simulate(Network(units=20, seed=0), np.zeros(20), duration=1.0)
    >>> ax = plot.attractor(run, components=[0, 1])
    >>> ax.get_xlabel()
    'component 0 (task units)'
    >>> ax.figure.clear()
    """
    found = segments(run)
    picked = _positions(found, components, ax)
    chosen = _axes(ax, len(picked), 5.4 if _several_paths(found) else 4.2)
    style = looks(p.task for p in found)
    for segment in found:
        draw_paths(chosen, segment, picked, style[segment.task], ends=_several_paths(found))
    _label_axes(chosen, [component_label(found[0].components[k]) for k in picked], clock_label(run))
    _legend(chosen, style, _several_paths(found))
    return chosen


def draw_paths(ax: Axes, segment: Segment, picked: Sequence[int], look: Look, *, ends: bool) -> None:
    """Draw every trial of a segment, with marks where it begins and ends if ``ends``."""
    width = thin_lines(len(segment.values))
    for path in (coordinates(segment, trial, picked) for trial in segment.values):
        ax.plot(*path.T, color=look.colour, rasterized=len(path) > RASTERISED_FROM, **width)
        if ends:
            _mark_end(ax, path[0], look, "white")
            _mark_end(ax, path[-1], look, look.colour)


def coordinates(
    segment: Segment, trial: Float[np.ndarray, "time component"], picked: Sequence[int]
) -> Float[np.ndarray, "time axis"]:
    """Return the chosen components of one trial; time before a single one."""
    columns = trial[:, list(picked)]
    return columns if len(picked) > 1 else np.column_stack([segment.clock, columns])


def _positions(found: list[Segment], asked: Sequence[str | int] | None, ax: Axes | None) -> list[int]:
    """Return the positions of the components asked for, or of the first that all tasks use."""
    if asked is None:
        room = _MOST_COMPONENTS if ax is None or ax.name == "3d" else 2
        return list(range(min(room, *(len(p.components) for p in found))))
    wanted = [asked] if isinstance(asked, str | int) else list(asked)
    if not 1 <= len(wanted) <= _MOST_COMPONENTS:
        raise ValueError(f"a portrait takes 1 to {_MOST_COMPONENTS} components, got {len(wanted)}; choose among them")
    return [_position(found, name) for name in wanted]


def _position(found: list[Segment], name: str | int) -> int:
    """Return the position of one component; raise ValueError if it is unknown, or idle in a task."""
    names = max((p.components for p in found), key=len)
    if isinstance(name, int) and 0 <= name < len(names):
        position = name
    elif str(name) in names:
        position = names.index(str(name))
    else:
        raise ValueError(unknown("component", name, names))
    for segment in found:
        if position >= len(segment.components):
            raise ValueError(
                f"component {name!r} is idle in task {segment.task!r}, which has {len(segment.components)}; "
                "choose another, or draw one segment with tonicnet.measure.segment"
            )
    return position


def _axes(ax: Axes | None, count: int, width: float) -> Axes:
    """Return the axes given, if they suit so many components, or new ones."""
    if ax is None:
        new = new_axes(width, 3.6, three_d=count == _MOST_COMPONENTS)
        return without_walls(new) if count == _MOST_COMPONENTS else new
    if (ax.name == "3d") != (count == _MOST_COMPONENTS):
        raise ValueError(
            f"{count} components do not fit these axes; three need axes made with projection='3d', fewer need flat ones"
        )
    return ax


def without_walls(ax: Any) -> Axes:
    """Return axes in three dimensions without walls, with room for their labels."""
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis._axinfo["grid"].update(color="#DDDDDD", linewidth=0.5)
        axis.set_major_locator(round_ticks())
    ax.set_box_aspect((1, 1, 0.85), zoom=0.82)
    for label in (ax.xaxis.label, ax.yaxis.label, ax.zaxis.label):
        label.set_size(7)
    return style_ticks(ax)


def _mark_end(ax: Axes, point: Float[np.ndarray, " axis"], look: Look, face: str) -> None:
    """Draw the mark of a path's start or end."""
    at = [[value] for value in point]
    ax.plot(
        *at,
        look.marker,
        color=look.colour,
        markerfacecolor=face,
        markersize=3.2,
        markeredgewidth=0.8,
        zorder=5,
    )


def _label_axes(ax: Axes, names: list[str], clock: str) -> None:
    """Write what is drawn along each axis, time along the first where one component is drawn."""
    words = [f"{name} (task units)" for name in names]
    words = [clock, *words] if len(words) == 1 else words
    for put, word in zip((ax.set_xlabel, ax.set_ylabel, getattr(ax, "set_zlabel", None)), words, strict=False):
        if put is not None:
            put(word)


def _legend(ax: Axes, style: dict[str, Look], several: bool) -> None:
    """Name the tasks and the two marks, where there are several paths."""
    if not several:
        return
    lines = [
        Line2D([], [], color=k.colour, marker=k.marker, markersize=4, linewidth=1.2, label=name or "output")
        for name, k in style.items()
    ]
    for face, name in (("white", "start"), (INK, "end")):
        lines.append(Line2D([], [], color=INK, marker="o", markerfacecolor=face, markersize=4, linewidth=0, label=name))
    ax.legend(handles=lines, loc="upper left", bbox_to_anchor=(1.08 if ax.name == "3d" else 1.01, 1.0))


def _several_paths(found: list[Segment]) -> bool:
    """Return whether there are several segments or trials."""
    return len(found) > 1 or len(found[0].values) > 1
