"""Two coordinates of one system: its own, in which phases grow without bound, and those of its task, all bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

Flow = Callable[[np.ndarray], np.ndarray]

_CENTRE = 1e-9  # radius at which the field is taken where polar coordinates have none


@final
@dataclass(frozen=True)
class Phase:
    """A variable that counts only up to whole ``period``: it enters as the pair (cos, sin) of 2 pi x / period.

    ``pull``: the rate at which the pair is drawn back to the unit circle. ``radius``: the variable that is its
    radius, if the two are polar coordinates; they then enter as the pair (r cos, r sin), which nothing pulls.
    """

    variable: int
    period: float
    pull: float = 0.0
    radius: int | None = None


@final
@dataclass(frozen=True)
class Chart:
    """The map between a system's own state x and the components y of its task.

    A phase theta becomes the pair (cos theta, sin theta), so that y stays bounded and closes where theta has gone
    round; the variables of polar coordinates become Cartesian ones; all others are the same in both.
    ``names``: the variables of the own state. ``phases``: those that are phases. ``source``: which variable of the
    own state each one that enters the field is; a phase that enters with several periods is there once for each.

    >>> import numpy as np
    >>> chart = Chart(("x", "theta"), (Phase(1, 2 * np.pi),))
    >>> chart.components, chart.to_bounded([3.0, 20.0]).round(3).tolist()
    (('x', 'cos theta', 'sin theta'), [3.0, 0.408, 0.913])
    >>> chart.to_own(chart.to_bounded([3.0, 20.0])).round(3).tolist()                   # up to whole turns
    [3.0, 1.15]
    """

    names: tuple[str, ...]
    phases: tuple[Phase, ...] = ()
    source: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", self.source or tuple(range(len(self.names))))

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The names of the task's components."""
        phases = {phase.variable: phase for phase in self.phases}
        named = [self._pair(phases[v]) if v in phases else (self.names[self.source[v]],) for v in self._shown]
        return tuple(name for names in named for name in names)

    def _pair(self, phase: Phase) -> tuple[str, ...]:
        """Return the names of a phase's two components: cos theta and sin theta, r cos theta and r sin theta."""
        own = self.source[phase.variable]
        radius = "" if phase.radius is None else f"{self.names[self.source[phase.radius]]} "
        several = [other for other in self.phases if self.source[other.variable] == own]
        number = f" {several.index(phase) + 1}" if len(several) > 1 else ""
        return tuple(f"{radius}{part} {self.names[own]}{number}" for part in ("cos", "sin"))

    @cached_property
    def _shown(self) -> list[int]:
        """The variables that have components of their own, in order: all but the radii."""
        radii = {phase.radius for phase in self.phases}
        return [variable for variable in range(len(self.source)) if variable not in radii]

    @cached_property
    def _places(self) -> _Places:
        return _Places.of(self._shown, self.phases)

    def to_bounded(self, own: Float[np.ndarray, "... variable"]) -> Float[np.ndarray, "... component"]:
        """Return the components (..., K) of states (..., d) of the system. Raises ValueError for another dimension."""
        x = _states(own, self.names, "the system's own state has {} variables")[..., self.source]
        at, y = self._places, np.empty((*x.shape[:-1], len(self.components)))
        angle, radius = at.turn * x[..., at.variable], np.ones((*x.shape[:-1], len(self.phases)))
        radius[..., at.polar] = x[..., at.radius]
        y[..., at.plain_component] = x[..., at.plain]
        y[..., at.cos], y[..., at.sin] = radius * np.cos(angle), radius * np.sin(angle)
        return y

    def to_own(
        self, bounded: Float[np.ndarray, "... component"], *, unwrap: bool = False
    ) -> Float[np.ndarray, "... variable"]:
        """Return the system's own states (..., d) of components (..., K).

        A phase is known up to whole periods and returned between minus and plus half of one. ``unwrap``: the last
        axis but one is time, along which phases are continued without a jump; samples must be denser than half a
        turn. Raises ValueError for another dimension, and for states without time that are to be continued.
        """
        y = _states(bounded, self.components, "the task has {} components")
        if unwrap and y.ndim < 2:
            raise ValueError(
                f"phases are continued along time, which a state of shape {y.shape} has not; leave unwrap out"
            )
        return self.entering(y, unwrap=unwrap)[..., self._first]

    def entering(
        self, y: Float[np.ndarray, "... component"], *, unwrap: bool = False
    ) -> Float[np.ndarray, "... variable"]:
        """Return all variables that enter the field: those of the own state, each once for each of its periods."""
        shape = (*y.shape[:-1], len(self.source))
        at, x = self._places, np.empty_like(y, np.result_type(y, float), shape=shape)  # of symbols, where y is
        x[..., at.plain] = y[..., at.plain_component]
        angle = np.arctan2(y[..., at.sin], y[..., at.cos])
        x[..., at.variable] = (np.unwrap(angle, axis=-2) if unwrap else angle) / at.turn
        if len(at.polar):
            x[..., at.radius] = np.hypot(y[..., at.cos[at.polar]], y[..., at.sin[at.polar]])
        return x

    @cached_property
    def _first(self) -> list[int]:
        """Where each variable of the own state is found, of several periods at the longest."""
        periods = {phase.variable: phase.period for phase in self.phases}
        alike = [[v for v, own in enumerate(self.source) if own == name] for name in range(len(self.names))]
        return [max(places, key=lambda v: periods.get(v, 0.0)) for places in alike]

    def sizes(self, bounded: Float[np.ndarray, " component"]) -> Float[np.ndarray, " component"]:
        """Return the size of each component of a state; those of a pair share the pair's."""
        at, found = self._places, np.abs(bounded)
        found[at.cos] = found[at.sin] = np.hypot(bounded[at.cos], bounded[at.sin])
        return found

    def bounded_field(self, flow: Flow) -> Flow:
        """Return the field of the components, by the chain rule, from that of all variables that enter.

        With turn = 2 pi / period: d cos/dt = -turn sin dtheta/dt, d sin/dt = turn cos dtheta/dt. A pair off the unit
        circle is drawn back to it, d rho/dt = pull (1 - rho^2) rho: the circle attracts.
        """
        return _Bounded(flow, self) if self.phases else flow

    def own_run(self, run: xr.Dataset) -> xr.Dataset:
        """Return a run of this task in the system's own coordinates, its phases continued along time.

        ``run``: a trajectory of the task, or a run of a network of any kind that did this task from beginning to end.
        Every variable of it with dims time and component is mapped; what else it holds stays. Raises TypeError for
        what is no run, and ValueError for one without the task's components.

        >>> import tonicnet as tn
        >>> run = tn.task("hopf").trajectory(1.0, 0.1)
        >>> bool((tn.task("hopf").chart.own_run(run)["output"] == run["output"]).all())     # no phases: the same
        True
        """
        if not isinstance(run, xr.Dataset) or not {"time", "component"} <= {*run.dims}:
            raise TypeError("a run is needed, a Dataset with time and component, as task.trajectory or simulate return")
        there = [str(name) for name in run["component"].values]
        missing = [name for name in self.components if name not in there]
        if missing:
            raise ValueError(
                f"the run has components {', '.join(there)}, and the task has {', '.join(missing)} too; give a run of "
                "this task"
            )
        kept = run.isel(component=[there.index(name) for name in self.components])
        held = {
            key: self._own_values(kept[key]) for key in kept.data_vars if {"time", "component"} <= {*kept[key].dims}
        }
        names = xr.Variable(("component",), list(self.names), run["component"].attrs)
        return kept.drop_dims("component").assign(held).assign_coords(component=names)

    def _own_values(self, values: xr.DataArray) -> xr.Variable:
        array = values.variable.transpose(..., "time", "component")
        return xr.Variable(array.dims, self.to_own(array.values, unwrap=True), values.attrs).transpose(*values.dims)


@final
@dataclass(frozen=True)
class _Places:
    """Where what is, as numbers of variables and of components; a row a phase, ``polar`` those with a radius."""

    plain: Int[np.ndarray, " plain"]
    plain_component: Int[np.ndarray, " plain"]
    variable: Int[np.ndarray, " phase"]
    cos: Int[np.ndarray, " phase"]
    sin: Int[np.ndarray, " phase"]
    turn: Float[np.ndarray, " phase"]
    pull: Float[np.ndarray, " phase"]
    polar: Int[np.ndarray, " polar"]
    radius: Int[np.ndarray, " polar"]

    @classmethod
    def of(cls, shown: list[int], phases: tuple[Phase, ...]) -> _Places:
        """Return the places of variables that have components, in this order, pairs of components where phases are."""
        pairs = [phase.variable for phase in phases]
        column = np.cumsum([0, *(1 + (variable in pairs) for variable in shown)])
        begin = dict(zip(shown, column.tolist(), strict=False))
        plain = [variable for variable in shown if variable not in pairs]
        cos = np.array([begin[variable] for variable in pairs], dtype=int)
        polar = [row for row, phase in enumerate(phases) if phase.radius is not None]
        return cls(
            _whole(plain), _whole([begin[variable] for variable in plain]), _whole(pairs), cos, cos + 1,
            2 * np.pi / np.array([phase.period for phase in phases]), np.array([phase.pull for phase in phases]),
            _whole(polar), _whole([phases[row].radius for row in polar]),
        )  # fmt: skip


def _whole(numbers: list[int] | list[int | None]) -> Int[np.ndarray, " number"]:
    return np.array(numbers, dtype=int)


@final
@dataclass(frozen=True)
class _Bounded:
    """The field of the components."""

    flow: Flow
    chart: Chart

    def __call__(self, y: np.ndarray) -> np.ndarray:
        at, x = self.chart._places, self.chart.entering(y)
        x[..., at.radius] = np.hypot(x[..., at.radius], _CENTRE)  # no maximum: a traced field cannot compare
        slope, found = self.flow(x), np.empty(y.shape, np.result_type(y, float))
        cos, sin, turning = y[..., at.cos], y[..., at.sin], at.turn * slope[..., at.variable]
        growth = at.pull * (1 - cos**2 - sin**2)
        growth[..., at.polar] = slope[..., at.radius] / x[..., at.radius]
        found[..., at.plain_component] = slope[..., at.plain]
        found[..., at.cos], found[..., at.sin] = growth * cos - turning * sin, growth * sin + turning * cos
        return found


def _states(given: np.ndarray, names: tuple[str, ...], what: str) -> np.ndarray:
    x = np.asarray(given, dtype=float)
    if x.shape[-1:] != (len(names),):
        raise ValueError(
            f"{what.format(len(names))} ({', '.join(names)}), got states of shape {x.shape}; the last axis must be "
            f"{len(names)} long"
        )
    return x
