"""Two coordinates of one system: its own, in which phases grow without bound, and those of its task, all bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import xarray as xr
from jaxtyping import Float

Flow = Callable[[np.ndarray], np.ndarray]

_CENTRE = 1e-9  # radius at which the field is taken where polar coordinates have none


@final
@dataclass(frozen=True)
class Phase:
    """A variable that counts only up to whole ``period``: it enters as the pair (cos, sin) of 2 pi x / period.

    ``radius``: the variable that is its radius, if the two are polar coordinates; it then enters by the pair
    (r cos, r sin). ``pull``: the rate at which the pair is drawn back to the unit circle, where there is no radius.
    """

    variable: int
    period: float
    pull: float = 0.0
    radius: int | None = None

    @property
    def turn(self) -> float:
        """Radians of the angle for each unit of the variable."""
        return 2 * np.pi / self.period


@final
@dataclass(frozen=True)
class Chart:
    """The map between a system's own state x and the components y of its task.

    A phase theta becomes the pair (cos theta, sin theta), so that y stays bounded and closes where theta has gone
    round; the variables of polar coordinates become Cartesian ones; all others are the same in both.
    ``names``: the variables of the own state. ``phases``: those that are phases. ``source``: which variable of the
    own state each one that enters is; a phase that enters with several periods is there once for each.

    >>> import numpy as np
    >>> chart = Chart(("x", "theta"), (Phase(1, 2 * np.pi),))
    >>> chart.components, chart.to_bounded(np.array([3.0, 20.0])).round(3).tolist()
    (('x', 'cos theta', 'sin theta'), [3.0, 0.408, 0.913])
    >>> chart.to_own(chart.to_bounded(np.array([3.0, 20.0]))).round(3).tolist()         # up to whole turns
    [3.0, 1.15]
    """

    names: tuple[str, ...]
    phases: tuple[Phase, ...] = ()
    source: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", self.source or tuple(range(len(self.names))))

    @property
    def plain(self) -> bool:
        """Whether the task's components are the system's own variables."""
        return not self.phases

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The names of the task's components."""
        return tuple(name for place in self._places for name in self._named(place))

    def _named(self, place: int | Phase) -> tuple[str, ...]:
        if not isinstance(place, Phase):
            return (self.names[self.source[place]],)
        name = self.names[self.source[place.variable]]
        if place.radius is not None:
            return tuple(f"{self.names[self.source[place.radius]]} {part} {name}" for part in ("cos", "sin"))
        several = [phase for phase in self.phases if self.source[phase.variable] == self.source[place.variable]]
        number = f" {several.index(place) + 1}" if len(several) > 1 else ""
        return tuple(f"{part} {name}{number}" for part in ("cos", "sin"))

    @cached_property
    def _places(self) -> tuple[int | Phase, ...]:
        """What the components are, in order: variables, and pairs where phases stand."""
        phases = {phase.variable: phase for phase in self.phases}
        radii = {phase.radius for phase in self.phases}
        return tuple(phases.get(variable, variable) for variable in range(len(self.source)) if variable not in radii)

    @cached_property
    def _columns(self) -> tuple[tuple[int | Phase, int], ...]:
        """The same, each with the number of its (first) component."""
        found, column = [], 0
        for place in self._places:
            found.append((place, column))
            column += 1 + isinstance(place, Phase)
        return tuple(found)

    def to_bounded(self, own: Float[np.ndarray, "... variable"]) -> Float[np.ndarray, "... component"]:
        """Return the components (..., K) of states (..., d) of the system."""
        x = np.asarray(own, dtype=float)
        if x.shape[-1:] != (len(self.names),):
            raise ValueError(
                f"the system's own state has {len(self.names)} variables ({', '.join(self.names)}), got states of "
                f"shape {x.shape}; the last axis must be {len(self.names)} long"
            )
        return self._bounded(x[..., self.source])

    def _bounded(self, x: np.ndarray) -> np.ndarray:
        y = np.empty((*x.shape[:-1], len(self.components)))
        for place, column in self._columns:
            if not isinstance(place, Phase):
                y[..., column] = x[..., place]
                continue
            angle = place.turn * x[..., place.variable]
            radius = 1.0 if place.radius is None else x[..., place.radius]
            y[..., column], y[..., column + 1] = radius * np.cos(angle), radius * np.sin(angle)
        return y

    def to_own(
        self, bounded: Float[np.ndarray, "... component"], *, unwrap: bool = False
    ) -> Float[np.ndarray, "... variable"]:
        """Return the system's own states (..., d) of components (..., K).

        A phase is known up to whole periods and returned between minus and plus half of one. ``unwrap``: the last
        axis but one is time, along which phases are continued without a jump; samples must be denser than half a
        turn.
        """
        y = np.asarray(bounded, dtype=float)
        if y.shape[-1:] != (len(self.components),):
            raise ValueError(
                f"the task has {len(self.components)} components ({', '.join(self.components)}), got states of shape "
                f"{y.shape}; the last axis must be {len(self.components)} long"
            )
        if unwrap and y.ndim < 2:
            raise ValueError(
                f"phases are continued along time, and a state of shape {y.shape} has none; leave unwrap out"
            )
        return self.entering(y, unwrap=unwrap)[..., self._first]

    @cached_property
    def _first(self) -> list[int]:
        """Where each variable of the own state is first found, of several periods the longest."""
        periods = {phase.variable: phase.period for phase in self.phases}
        return [
            max((v for v, s in enumerate(self.source) if s == own), key=lambda v: periods.get(v, 0.0))
            for own in range(len(self.names))
        ]

    def entering(
        self, y: Float[np.ndarray, "... component"], *, unwrap: bool = False
    ) -> Float[np.ndarray, "... variable"]:
        """Return all variables that enter the field: those of the own state, each once for each of its periods."""
        x = np.empty((*y.shape[:-1], len(self.source)))
        for place, column in self._columns:
            if not isinstance(place, Phase):
                x[..., place] = y[..., column]
                continue
            angle = np.arctan2(y[..., column + 1], y[..., column])
            x[..., place.variable] = (np.unwrap(angle) if unwrap else angle) / place.turn
            if place.radius is not None:
                x[..., place.radius] = np.hypot(y[..., column], y[..., column + 1])
        return x

    def bounded_field(self, flow: Flow) -> Flow:
        """Return the field of the components, by the chain rule, of the field of all variables that enter.

        With turn = 2 pi / period: d cos/dt = -turn sin dtheta/dt, d sin/dt = turn cos dtheta/dt. A pair off the unit
        circle is drawn back to it, d rho/dt = pull (1 - rho^2) rho: the circle attracts.
        """
        return flow if self.plain else _Bounded(flow, self)

    def own_run(self, run: xr.Dataset) -> xr.Dataset:
        """Return a run of this task in the system's own coordinates, its phases continued along time.

        ``run``: a trajectory of the task, or a run of a network of any kind that did this task from beginning to end,
        with its ``output`` (..., time, component) and, if there is one, its ``target``. Raises KeyError for a Dataset
        that is no run, and ValueError for one without the task's components.
        """
        if "output" not in run or "component" not in run.coords:
            raise KeyError(
                "a run with output(..., time, component) is needed, as task.trajectory or simulate return it"
            )
        missing = [name for name in self.components if name not in run["component"].values]
        if missing:
            raise ValueError(
                f"the run has components {', '.join(map(str, run['component'].values))}, the task also "
                f"{', '.join(missing)}; give a run of this task"
            )
        kept = run.sel(component=list(self.components)).drop_vars("component")
        held = {name: self._own_variable(kept[name]) for name in kept.data_vars if "component" in kept[name].dims}
        label = run["component"].variable
        names = xr.Variable(("component",), list(self.names), label.attrs)
        return kept.drop_dims("component").assign(held).assign_coords(component=names).assign_attrs(run.attrs)

    def _own_variable(self, values: xr.DataArray) -> xr.DataArray:
        array = values.transpose(..., "time", "component")
        own = self.to_own(array.values, unwrap=True)
        return xr.DataArray(own, dims=array.dims, attrs=values.attrs).transpose(*values.dims)


@final
@dataclass(frozen=True)
class _Bounded:
    """The field of the components."""

    flow: Flow
    chart: Chart

    def __call__(self, y: np.ndarray) -> np.ndarray:
        x = self.chart.entering(y)
        for phase in self.chart.phases:
            if phase.radius is not None:
                x[..., phase.radius] = np.maximum(x[..., phase.radius], _CENTRE)
        slope = self.flow(x)
        found = np.empty_like(y, dtype=float)
        for place, column in self.chart._columns:
            if not isinstance(place, Phase):
                found[..., column] = slope[..., place]
                continue
            pair = y[..., column : column + 2]
            found[..., column : column + 2] = _turned(place, pair, x, slope)
        return found


def _turned(phase: Phase, pair: np.ndarray, x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return d(cos, sin)/dt of a phase, and the pull to the circle; d(r cos, r sin)/dt of polar coordinates."""
    turning = phase.turn * slope[..., phase.variable]
    if phase.radius is None:
        growth = phase.pull * (1 - (pair**2).sum(axis=-1))
    else:
        growth = slope[..., phase.radius] / x[..., phase.radius]
    along, across = growth[..., None] * pair, turning[..., None] * np.stack([-pair[..., 1], pair[..., 0]], axis=-1)
    return along + across
