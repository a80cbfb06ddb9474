"""One row of a bank: the map between task and network, and the numbers learned for the task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ._coordinate_map import CoordinateMap

States = Float[np.ndarray, "*any component"]


@dataclass(frozen=True)
class Scaling:
    """The map z = (x - center) / scale between a task and a network, and their times.

    Where a task has a coordinate map g or a mixing A, z = A (g(x) - center) / scale: ``center`` and ``scale`` are then
    those of g(x). ``speed`` is in task-time units per second; components from ``dimension`` on are idle.
    ``start`` holds states of the task, in its own units, from which runs may begin; ``components`` are the names of its
    components, where they are known. Of a task of samples ``input_center`` and ``input_scale`` are those of its inputs,
    and ``classes`` how many there are (0 for a regression).
    """

    task: str
    center: Float[np.ndarray, " component"]
    scale: Float[np.ndarray, " component"]
    speed: float
    dimension: int
    start: Float[np.ndarray, "trial component"]
    components: tuple[str, ...] = ()
    input_center: Float[np.ndarray, " input"] | None = None
    input_scale: Float[np.ndarray, " input"] | None = None
    classes: int = 0
    coordinates: CoordinateMap | None = None
    mixing: Float[np.ndarray, "own own"] | None = None

    @property
    def names(self) -> list[str]:
        """The names of all components of the network: those of the task, and numbers for idle ones."""
        own = self.components or tuple(map(str, range(self.dimension)))
        return [*own, *map(str, range(len(own), len(self.center)))]

    @property
    def plain(self) -> bool:
        """Whether z is x at another origin and unit, component by component."""
        return self.coordinates is None and self.mixing is None

    def to_network(self, x: States) -> States:
        """Return z for x in the task's units."""
        return self._mixed((self._mapped(x) - self.center) / self.scale)

    def to_task(self, z: States) -> States:
        """Return x in the task's units for z."""
        y = self.center + self.scale * self._unmixed(z)
        return y if self.coordinates is None else self._own(self.coordinates.back, y)

    def velocity_to_network(self, x: States, v: States) -> States:
        """Return dz/dt for dx/dt = v at x, in the same time; idle components may be left out."""
        moved = v if self.coordinates is None else self._own(self.coordinates.push, x, v)
        return self._mixed(moved / self.scale[: v.shape[-1]])

    def velocity_to_task(self, x: States, v: States) -> States:
        """Return dx/dt for dz/dt = v at x, in the same time: the inverse of :meth:`velocity_to_network`."""
        moved = self._unmixed(v) * self.scale[: v.shape[-1]]
        return moved if self.coordinates is None else self._own(self.coordinates.pull, x, moved)

    def shifted(self, rest: Float[np.ndarray, " component"]) -> Float[np.ndarray, " component"]:
        """Return the centre that makes z + rest the same state as z is now."""
        return self.center - self.scale * self._unmixed(rest)

    @property
    def input_unit(self) -> Float[np.ndarray, " component"]:
        """The size in the task's units of an input u(t) of size 1; ValueError where a coordinate map leaves it none."""
        if self.plain:
            return self.scale
        raise ValueError(
            f"task {self.task!r} was learned in mapped coordinates, in which inputs in its units have no fixed size; "
            'leave inputs out, or learn it with coordinates="plain"'
        )

    def spread_to_task(
        self, z: Float[np.ndarray, "state component"], spread: Float[np.ndarray, " component"]
    ) -> Float[np.ndarray, " component"]:
        """Return the standard deviation of x, rms over some states z, of small fluctuations of z of size ``spread``."""
        if self.plain:
            return spread * self.scale
        x = self.to_task(z)
        moved = [self.velocity_to_task(x, np.broadcast_to(one, x.shape)) for one in np.diag(spread)]
        return np.sqrt(np.square(moved).sum(axis=0).mean(axis=0))

    def inputs_to_network(self, x: Float[np.ndarray, "sample input"]) -> Float[np.ndarray, "sample input"]:
        """Return the inputs that the network gets for samples in the task's units."""
        if self.input_center is None or self.input_scale is None:
            return x
        return (x - self.input_center) / self.input_scale

    def _mapped(self, x: States) -> States:
        return x if self.coordinates is None else self._own(self.coordinates.forward, x)

    def _mixed(self, z: States) -> States:
        mixing = self.mixing
        return z if mixing is None else self._own(lambda own: own @ mixing.T, z)

    def _unmixed(self, z: States) -> States:
        mixing = self.mixing
        return z if mixing is None else self._own(lambda own: own @ np.linalg.inv(mixing).T, z)

    def _own(self, change: Callable[..., np.ndarray], *states: States) -> States:
        """Return what a function makes of the task's own components, the idle ones of the last states behind them."""
        own = change(*(one[..., : self.dimension] for one in states))
        return np.concatenate([own, states[-1][..., self.dimension :]], axis=-1)

    def completed(self, x: Float[np.ndarray, "*any own"]) -> Float[np.ndarray, "*any component"]:
        """Return states of the task with the idle components of the network added, at their centre."""
        idle = np.broadcast_to(self.center[x.shape[-1] :], (*x.shape[:-1], len(self.center) - x.shape[-1]))
        return np.concatenate([x, idle], axis=-1)


@dataclass(frozen=True)
class Entry:
    """One task of a bank: its scaling, and its numbers by the name of their parameter set ("bias", "gain", ...)."""

    scaling: Scaling
    numbers: Mapping[str, np.ndarray]

    @property
    def task(self) -> str:
        """The name of the task."""
        return self.scaling.task

    @property
    def bias(self) -> Float[np.ndarray, " unit"]:
        """The tonic inputs."""
        return self.numbers["bias"]

    @property
    def speed(self) -> float:
        """Task-time units per second."""
        return self.scaling.speed

    @property
    def dimension(self) -> int:
        """How many components the task uses."""
        return self.scaling.dimension

    @property
    def center(self) -> Float[np.ndarray, " component"]:
        """The origin of z in the task's units."""
        return self.scaling.center

    @property
    def scale(self) -> Float[np.ndarray, " component"]:
        """The unit of z in the task's units."""
        return self.scaling.scale

    @property
    def start(self) -> Float[np.ndarray, "trial component"]:
        """States of the task from which runs may begin."""
        return self.scaling.start

    def to_network(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return z for x in the task's units."""
        return self.scaling.to_network(x)

    def to_task(self, z: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return x in the task's units for z."""
        return self.scaling.to_task(z)
