"""The phase portrait: where states go, where they stay, and the path of a run among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from .._numbers import is_whole
from ._attractor import draw_paths
from ._legend import legend_beside
from ._plane import plane_of
from ._requirements import require
from ._segments import Segment, component_label, segments
from ._style import FAINT, INK, Look, looks, new_axes, style_ticks, styled
from ._text import as_text

Flow = Callable[[Float[np.ndarray, "... component"]], Float[np.ndarray, "... component"]]

POINTS = "tonicnet.measure.fixed_points"
_GRID = 32  # arrows' origins a side
_MARGIN = 0.15  # of what is shown, around it


@styled
def phase_portrait(
    run: xr.Dataset,
    *,
    flow: Flow | None = None,
    points: xr.Dataset | None = None,
    components: Sequence[str | int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a run of one task in the plane of two components, over the field that moves it and its fixed points.

    The field is that of the plane in which the other components stand at their mean over the run; its lines run
    along dx/dt and darken with its size. Fixed points of the network are filled where they are stable and
    open where not; slow points, where the field is small but not zero, are crosses.

    Arguments
    ---------
    run : Dataset with ``output(trial, time, component)`` of one task.
    flow : dx/dt as a function of states (..., d): ``task.flow``, or that of a network, ``tonicnet.flow(...)``.
    points : what tonicnet.measure.fixed_points returned; only those of the run's task are drawn.
    components : the two components of the plane, by name or position; if not given, those of the plane that the task
        states, else the first and the last of its first three.
    ax : where to draw, a new figure if not given.

    Returns the axes. Raises ValueError for a run of several tasks, unknown components, or points that lack
    locations.

    >>> import tonicnet as tn
    >>> task = tn.task("hopf")
    >>> ax = tn.plot.phase_portrait(task.trajectory(6.0, 0.1), flow=task.flow)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x (task units)', 'y (task units)')
    >>> ax.figure.clear()
    """
    found = _of_one_task(segments(run))
    picked = _plane(found[0], components)
    chosen = ax or new_axes(4.4, 3.6)
    look = looks([found[0].task])[found[0].task]
    places = _set_limits(chosen, found, picked, _point_places(points, found[0], picked))
    if flow is not None:
        _draw_field(chosen, found[0], picked, flow)
    for segment in found:
        draw_paths(chosen, segment, picked, look, ends=False)
    _draw_points(chosen, places)
    _legend(chosen, found[0].task, look, places)
    return chosen


Places = dict[str, Float[np.ndarray, "point 2"]]  # kind of point -> where

# kind -> (marker, face); told apart by shape and filling, not by colour
_KINDS = {"stable": ("o", INK), "unstable": ("o", "white"), "slow": ("x", INK)}


def _of_one_task(found: list[Segment]) -> list[Segment]:
    """Return the segments; raise ValueError if they are of several tasks."""
    names = list(dict.fromkeys(p.task for p in found))
    if len(names) > 1:
        raise ValueError(
            f"a phase portrait is of one task, the run has {', '.join(names)}; pick one with tonicnet.measure.segment"
        )
    return found


def _plane(segment: Segment, components: Sequence[str | int] | None) -> list[int]:
    """Return the positions of two components; raise ValueError if they are not two different ones."""
    if components is None:
        if len(segment.components) < 2:
            raise ValueError(f"a phase portrait takes two components, task {segment.task!r} has one; draw components")
        return list(plane_of(segment))
    picked = [_position(segment, name) for name in components]
    if len(set(picked)) != 2:
        raise ValueError(f"a phase portrait takes two different components, got {list(components)}")
    return picked


def _position(segment: Segment, name: str | int) -> int:
    """Return the position of a component; raise ValueError if the task has no such component."""
    if is_whole(name, 0) and int(name) < len(segment.components):
        return int(name)
    if str(name) in segment.components:
        return segment.components.index(str(name))
    raise ValueError(
        f"task {segment.task!r} has components {', '.join(segment.components)}, not {name!r}; choose two of them"
    )


def _point_places(points: xr.Dataset | None, segment: Segment, picked: list[int]) -> Places:
    """Return where the fixed points of the run's task are, by kind."""
    if points is None:
        return {}
    mine = require(points, ("location", "stable"), role="fixed points", maker=POINTS)
    if "task" in mine.dims:
        names = [str(n) for n in mine["task"].values]
        if segment.task not in names and len(names) > 1:
            raise ValueError(
                f"the fixed points are of {', '.join(names)}, the run of {segment.task!r}; give those of its task"
            )
        mine = mine.isel(task=names.index(segment.task) if segment.task in names else 0)
    where = mine["location"].transpose("point", "component").values[:, picked]
    slow = mine["slow"].values.astype(bool) if "slow" in mine else np.zeros(len(where), dtype=bool)
    stable = mine["stable"].values.astype(bool)
    real = np.isfinite(where).all(axis=1)
    kinds = {"stable": stable & ~slow, "unstable": ~stable & ~slow, "slow": slow}
    return {kind: where[real & mask] for kind, mask in kinds.items() if (real & mask).any()}


def _set_limits(ax: Axes, found: list[Segment], picked: list[int], places: Places) -> Places:
    """Set limits that hold the run and the fixed points within twice its reach; return these points."""
    paths = np.concatenate([p.values[..., picked].reshape(-1, 2) for p in found])
    paths = paths[np.isfinite(paths).all(axis=1)]
    low, high = paths.min(axis=0), paths.max(axis=0)
    reach = np.maximum(high - low, 1e-9)
    within = {k: where[((where > low - reach) & (where < high + reach)).all(axis=1)] for k, where in places.items()}
    near = {kind: where for kind, where in within.items() if len(where)}
    low, high = (f(np.concatenate([[end], *near.values()]), axis=0) for f, end in ((np.min, low), (np.max, high)))
    margin = _MARGIN * np.maximum(high - low, 1e-9)
    (x0, y0), (x1, y1) = low - margin, high + margin
    names = [f"{component_label(found[0].components[k])} (task units)" for k in picked]
    ax.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=names[0], ylabel=names[1])
    return near


def _draw_field(ax: Axes, segment: Segment, picked: list[int], flow: Flow) -> None:
    """Draw the streamlines of the flow in the plane, darker where it is faster."""
    x, y = (np.linspace(*limits, _GRID) for limits in (ax.get_xlim(), ax.get_ylim()))
    states = np.tile(segment.center, (_GRID, _GRID, 1))
    states[..., picked[0]], states[..., picked[1]] = np.meshgrid(x, y)
    moved = np.asarray(flow(states))
    if moved.shape != states.shape:
        raise ValueError(f"flow returned shape {moved.shape} for states {states.shape}; it must keep the shape")
    u, v = moved[..., picked[0]], moved[..., picked[1]]
    size = np.hypot(u / np.ptp(x), v / np.ptp(y))
    ax.streamplot(
        x, y, u, v, color=np.log10(np.maximum(size, 1e-6 * size.max())), cmap="Greys", norm=_pale_greys(size),
        linewidth=0.6, arrowsize=0.6, density=1.1, zorder=1,
    )  # fmt: skip
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    style_ticks(ax)


def _pale_greys(size: Float[np.ndarray, "row column"]) -> Normalize:
    """Return a scale of grey on which the fastest is still paler than the run."""
    top = float(np.log10(size.max()))
    return Normalize(top - 2.5, top + 1.5)


def _draw_points(ax: Axes, places: Places) -> None:
    """Draw the fixed points."""
    for kind, where in places.items():
        marker, face = _KINDS[kind]
        ax.plot(*where.T, marker, color=INK, markerfacecolor=face, markersize=5, markeredgewidth=1.0, zorder=6)


def _legend(ax: Axes, task: str, look: Look, places: Places) -> None:
    """Name the run and the kinds of fixed points."""
    if not places:
        return
    lines = [Line2D([], [], color=look.colour, linewidth=1.2, label=as_text(task) or "run")]
    for kind in places:
        marker, face = _KINDS[kind]
        words = "slow point" if kind == "slow" else f"{kind} fixed point"
        lines.append(
            Line2D([], [], color=INK, marker=marker, markerfacecolor=face, markersize=5, linewidth=0, label=words)
        )
    legend_beside(ax, lines, edgecolor=FAINT)
