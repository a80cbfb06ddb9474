"""One row of a bank: the map between task and network, and the numbers learned for the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Scaling:
    """The map z = (x - center) / scale between a task and a network, and their times.

    ``speed`` is in task-time units per second; components from ``dimension`` on are idle.
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

    @property
    def names(self) -> list[str]:
        """The names of all components of the network: those of the task, and numbers for idle ones."""
        own = self.components or tuple(map(str, range(self.dimension)))
        return [*own, *map(str, range(len(own), len(self.center)))]

    def to_network(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return z for x in the task's units."""
        return (x - self.center) / self.scale

    def to_task(self, z: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return x in the task's units for z."""
        return self.center + self.scale * z

    def inputs_to_network(self, x: Float[np.ndarray, "sample input"]) -> Float[np.ndarray, "sample input"]:
        """Return the inputs that the network gets for samples in the task's units."""
        if self.input_center is None or self.input_scale is None:
            return x
        return (x - self.input_center) / self.input_scale

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
