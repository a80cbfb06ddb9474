"""The attractor: outputs against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._names import shown, unknown
from .._numbers import is_whole
from ._legend import legend_beside, legend_width
from ._panels import Panels, label_panel, write_title
from ._plane import plane_of
from ._segments import Segment, clock_label, component_label, segments
from ._style import (
    COLOURS,
    FAINT,
    INK,
    RASTERISED_FROM,
    Look,
    look,
    looks,
    new_axes,
    round_ticks,
    style_ticks,
    styled,
    thin_lines,
)
from ._text import as_text
from ._truth import Truths, true_segments

_MOST_COMPONENTS = 3
_SIDE, _HEIGHT = 3.7, 3.6  # inches: the width without a legend, the height


@styled
def attractor(
    run: xr.Dataset,
    *,
    components: Sequence[str | int] | None = None,
    truth: Truths | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the portrait of a run in state space, in the task's own units.

    A run of several tasks has a panel a task, each with its own scale, seen in the plane of two components: that which
    the task states, else the first and the last of its first three. Where a task has several paths (segments,
    trials) each begins at an open and ends at a filled mark. A single component is drawn against time.

    Arguments
    ---------
    run : Dataset with ``output(trial, time, component)``, of rates, of spikes, or a task's trajectory.
    components : one to three names or positions (two at most for several tasks); if not given the first three (that
        plane on flat axes).
    truth : a true run (Task.trajectory), a mapping from task to true run, or the bank of the run, whose tasks are then
        run; drawn beneath in grey.
    ax : where to draw; three components need ``projection="3d"``, all else flat axes. A new figure if not given.

    Returns the axes; those of panels are its ``child_axes``. Raises ValueError for more components than there is room
    for, unknown or idle ones, or flat axes for three.

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
    true = true_segments(truth, run)
    by_task = {p.task: [q for q in found if q.task == p.task] for p in found}
    if len(by_task) > 1:
        return _draw_panels(by_task, true, components, clock_label(run), ax)
    task, several = found[0].task, _several_paths(found)
    picked = _positions(found, components, ax)
    key = _key(task, several=several, with_truth=task in true)
    chosen = _axes(ax, len(picked), _SIDE + (legend_width([str(k.get_label()) for k in key], _HEIGHT)))
    _draw_truth(chosen, true.get(task, []), found[0], picked)
    for segment in found:
        draw_paths(chosen, segment, picked, look(0), ends=several)
    _label_axes(chosen, _names(found[0], true.get(task, []), picked), clock_label(run))
    legend_beside(chosen, key)
    return chosen


def draw_paths(ax: Axes, segment: Segment, picked: Sequence[int], shown: Look, *, ends: bool) -> None:
    """Draw every trial of a segment, with marks where it begins and ends if ``ends``."""
    width = thin_lines(len(segment.values))
    for path in (coordinates(segment, trial, picked) for trial in segment.values):
        ax.plot(*path.T, color=shown.colour, rasterized=len(path) > RASTERISED_FROM, **width)
        if ends:
            _mark_end(ax, path[0], shown, "white")
            _mark_end(ax, path[-1], shown, shown.colour)


def _draw_truth(ax: Axes, truth: list[Segment], run: Segment, picked: Sequence[int]) -> None:
    """Draw the truth beneath a run, broad and pale; over time, for as long as the run lasts."""
    beside = [true.on_clock_of(run).starting_at(run.start) for true in truth]
    if len(picked) == 1:
        beside = [true.within((run.start, run.stop)) for true in beside]
    for path in (coordinates(true, trial, picked) for true in beside for trial in true.values):
        ax.plot(*path.T, color=FAINT, linewidth=1.6, alpha=0.5, zorder=1, rasterized=len(path) > RASTERISED_FROM)


def coordinates(
    segment: Segment, trial: Float[np.ndarray, "time component"], picked: Sequence[int]
) -> Float[np.ndarray, "time axis"]:
    """Return the chosen components of one trial; time before a single one."""
    columns = trial[:, list(picked)]
    return columns if len(picked) > 1 else np.column_stack([segment.clock, columns])


def _draw_panels(
    by_task: dict[str, list[Segment]],
    true: dict[str, list[Segment]],
    components: Sequence[str | int] | None,
    clock: str,
    ax: Axes | None,
) -> Axes:
    """Draw a panel a task."""
    if ax is not None and ax.name == "3d":
        raise ValueError(
            f"a run of {len(by_task)} tasks is drawn in flat panels, these axes have three dimensions; give flat axes, "
            "or draw one segment with tonicnet.measure.segment"
        )
    panels = Panels.of(len(by_task), ax)
    style = looks(by_task) if len(by_task) <= len(COLOURS) else dict.fromkeys(by_task, look(0))  # else colours mislead
    for panel, (task, found) in zip(panels.axes(), by_task.items(), strict=True):
        picked = plane_of(found[0]) if components is None else _in_plane(found, components)
        _draw_truth(panel, true.get(task, []), found[0], picked)
        for segment in found:
            draw_paths(panel, segment, picked, style[task], ends=_several_paths(found))
        names = [f"{name} (task units)" for name in _names(found[0], true.get(task, []), picked)]
        label_panel(panel, names if len(names) > 1 else [clock, *names])
        write_title(panel, as_text(task))
    panels.say(_panel_words(by_task, with_truth=bool(true.keys() & by_task.keys())))
    return panels.host


def _names(run: Segment, truth: list[Segment], picked: Sequence[int]) -> list[str]:
    """Return the names of components, those of the truth where it is given: a network only counts them."""
    known = truth[0].components if truth else ()
    names = known if len(known) > max(picked) else run.components
    return [component_label(names[k]) for k in picked]


def _panel_words(by_task: dict[str, list[Segment]], *, with_truth: bool) -> str:
    """Return what all panels have in common."""
    words = ["grey: truth"] if with_truth else []
    words += ["open mark: start, filled: end"] if any(map(_several_paths, by_task.values())) else []
    return "; ".join(words)


def _in_plane(found: list[Segment], asked: Sequence[str | int]) -> list[int]:
    """Return the positions of one or two components."""
    picked = _positions(found, asked, None)
    if len(picked) > 2:
        raise ValueError(
            f"portraits of several tasks are flat and take 1 or 2 components, got {len(picked)}; choose among them, or "
            "draw one segment with tonicnet.measure.segment"
        )
    return picked


def _positions(found: list[Segment], asked: Sequence[str | int] | None, ax: Axes | None) -> list[int]:
    """Return the positions of the components asked for, or of the first three; of a plane on flat axes."""
    if asked is None:
        flat = ax is not None and ax.name != "3d"
        return list(plane_of(found[0]) if flat else range(min(_MOST_COMPONENTS, len(found[0].components))))
    wanted = [asked] if isinstance(asked, str | int | np.integer) else list(asked)
    if not 1 <= len(wanted) <= _MOST_COMPONENTS:
        raise ValueError(f"a portrait takes 1 to {_MOST_COMPONENTS} components, got {len(wanted)}; choose among them")
    return [_position(found[0], name) for name in wanted]


def _position(segment: Segment, name: str | int) -> int:
    """Return the position of one component; raise ValueError if it is unknown, or idle in the task."""
    names = segment.components
    if not isinstance(name, str | int | np.integer):
        raise TypeError(f"components are named, or numbered from 0, got {shown(name)}")
    if is_whole(name, 0) and int(name) < len(names):
        return int(name)
    if str(name) in names:
        return names.index(str(name))
    if str(name) in segment.idle or (is_whole(name, 0) and int(name) < len(names) + len(segment.idle)):
        raise ValueError(
            f"component {name!r} is idle in task {segment.task!r}, which has {len(names)}; "
            "choose another, or draw one segment with tonicnet.measure.segment"
        )
    raise ValueError(unknown("component", name, names))


def _axes(ax: Axes | None, count: int, width: float) -> Axes:
    """Return the axes given, if they suit so many components, or new ones."""
    if ax is None:
        new = new_axes(width, _HEIGHT, three_d=count == _MOST_COMPONENTS)
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


def _mark_end(ax: Axes, point: Float[np.ndarray, " axis"], shown: Look, face: str) -> None:
    """Draw the mark of a path's start or end."""
    at = [[value] for value in point]
    ax.plot(
        *at,
        shown.marker,
        color=shown.colour,
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


def _key(task: str, *, several: bool, with_truth: bool) -> list[Line2D]:
    """Return the entries of the legend: the run, the truth beneath it, and what marks the ends of several paths."""
    if not (several or with_truth):
        return []
    run = Line2D([], [], color=look(0).colour, linewidth=1.2, label=as_text(task) or "output")
    truth = Line2D([], [], color=FAINT, linewidth=1.6, alpha=0.5, label="truth")
    ends = [
        Line2D([], [], color=INK, marker=look(0).marker, markerfacecolor=face, markersize=4, linewidth=0, label=word)
        for face, word in (("white", "start"), (INK, "end"))
    ]
    return [run, *([truth] if with_truth else []), *(ends if several else [])]


def _several_paths(found: list[Segment]) -> bool:
    """Return whether there are several segments or trials."""
    return len(found) > 1 or len(found[0].values) > 1
