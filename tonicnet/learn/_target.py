"""A task as one network sees it: in scaled coordinates, at a speed the network can follow, idle components at rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from ..bank import Scaling
from ..measure import limit_cycle_of
from ..network import Network
from ..solve import differenced, distinct, zeros
from ..task import Task, recorded
from ._chosen_coordinates import Frame, chosen_coordinates
from ._chosen_speed import SLOWNESS, even_speed, fitting_speed
from ._corrected_field import advanced, corrected
from ._smooth import Smoothed, smoothed
from ._spurious import APART, distance_to

_LONG = 400  # time scales of a recording in which a period must hold
_STEADY = 0.03  # variation of return times of a recorded cycle at most: chaos may seem periodic for a while
_SEEKERS, _NEWTON, _REST = 64, 30, 1e-6  # of the search for fixed points, and |F| left there
_FEWEST = 33  # samples in which a period is looked for
AWAY = (0.3, 0.8)  # distance from known states over which the target's field gives way to one that leads back


@dataclass(frozen=True)
class Target:
    """The field tau dz/dt = F(z) that a network is to have for a task of d <= K components.

    The first d components are the task's, scaled; the others are held at rest, F_k = -z_k. For synapses with rise or
    delay F is that of the first-order network of the same lag (:func:`corrected`), and lag takes the place of tau.
    """

    task: Task
    net: Network
    coordinates: str = "auto"

    def __post_init__(self) -> None:
        if self.task.dimension > self.net.components:
            raise ValueError(
                f"task {self.task.name!r} has {self.task.dimension} components, the network only "
                f"{self.net.components}; draw one with components={self.task.dimension} or more"
            )

    @cached_property
    def speed(self) -> float:
        """Task-time units per second."""
        if self.task.speed is not None:
            return self.task.speed
        if not np.isfinite(self.task.time_scale):
            raise ValueError(f"task {self.task.name!r} does not move; give it a speed (task-time units per second)")
        if self.frame is not None:
            return even_speed(self.frame, self._framed_flow) / self.net.filter.lag
        fastest = SLOWNESS * self.task.time_scale
        share = fitting_speed(self.task, fastest) if self.task.has_flow else 1.0
        return share * fastest / self.net.filter.lag

    @property
    def unit(self) -> float:
        """Task time in one tau (one lag of synapses with rise or delay)."""
        return self.net.filter.lag * self.speed

    @cached_property
    def frame(self) -> Frame | None:
        """The coordinates in which the task is learned; None where they are its own components, scaled."""
        return chosen_coordinates(self.task) if self.coordinates == "auto" else None

    def _framed_flow(self, z: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return dz/dt in the frame, per task time, of the task's own components."""
        scaling = self._map
        x = scaling.to_task(self.embed(z))[..., : self.task.dimension]
        return scaling.velocity_to_network(x, self.task.flow(x))

    @cached_property
    def scaling(self) -> Scaling:
        """The map between the task and the network, with the idle components of the network."""
        return self._scaled_by(self.embed(self.task.initial(32, seed=7)))

    def _scaled_by(self, start: Float[np.ndarray, "trial latent"], **samples: Any) -> Scaling:
        """Return the map of the task with ``start`` as its states; ``samples`` are the fields of a task of samples."""
        return replace(self._map, speed=self.speed, start=start, **samples)

    @cached_property
    def _map(self) -> Scaling:
        """The map of states alone, at speed 1."""
        d, k, frame = self.task.dimension, self.net.components, self.frame
        center, scale = (self.task.center, self.task.scale) if frame is None else (frame.center, frame.scale)
        return Scaling(
            task=self.task.name,
            center=np.concatenate([center, np.zeros(k - d)]),
            scale=np.concatenate([scale, np.ones(k - d)]),
            speed=1.0,
            dimension=d,
            start=np.empty((0, k)),
            coordinates=None if frame is None else frame.coordinates,
            mixing=None if frame is None else frame.mixing,
        )

    def embed(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any latent"]:
        """Return task states with the idle components added, at zero."""
        idle = np.zeros((*x.shape[:-1], self.net.components - self.task.dimension))
        return np.concatenate([x, idle], axis=-1)

    def scaled(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any latent"]:
        """Return task states in network coordinates."""
        return self.scaling.to_network(self.embed(x))

    def flow(self, z: Float[np.ndarray, "*any latent"]) -> Float[np.ndarray, "*any latent"]:
        """Return F(z): the task's scaled field per tau, corrected for the synapses, and -z in idle components."""
        d, filter = self.task.dimension, self.net.filter
        if filter.first_order:
            field = self._own_flow(z)
        else:
            field = corrected(lambda x: self._own_flow(self.embed(x)), filter, z[..., :d])
        return np.concatenate([field, -z[..., d:]], axis=-1)

    def _own_flow(self, z: Float[np.ndarray, "*any latent"]) -> Float[np.ndarray, "*any component"]:
        """Return the scaled field of the task per tau, its own components only."""
        x = self.scaling.to_task(z)[..., : self.task.dimension]
        return self.scaling.velocity_to_network(x, self.unit * self.task.flow(x))

    def standard(self, z: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return states in the task's own components at their scales, in which fidelity is measured: z, unmapped."""
        if self.frame is None:
            return z
        x = self.scaling.to_task(z)[..., : self.task.dimension]
        return self.embed((x - self.task.center) / self.task.scale)

    def advance(self, z: Float[np.ndarray, "trial latent"], h: float) -> Float[np.ndarray, "trial latent"]:
        """Return the states of F after ``h`` tau."""
        return advanced(self.flow, z, h)

    def response(self, z: Float[np.ndarray, "state latent"]) -> Float[np.ndarray, "state latent"]:
        """Return what D phi(E z + b) must be at z: z + F(z), or for a discrete network the exact map's equivalent."""
        if self.net.spec.dt is None:
            return z + self.flow(z)
        h = self.net.spec.dt / self.net.tau
        return (self.advance(z, h) - (1 - h) * z) / h

    def paths(
        self, start: Float[np.ndarray, "trial latent"], steps: int, h: float
    ) -> Float[np.ndarray, "trial step latent"]:
        """Return the true paths from ``start``, sampled every ``h`` tau, the start included."""
        path = [start]
        for _ in range(steps):
            path.append(self.advance(path[-1], h))
        return np.stack(path, axis=1)

    @cached_property
    def smooth(self) -> Smoothed:
        """A recording in scaled coordinates without its noise, slopes per task time, idle components at rest."""
        held = smoothed(recorded(self.task), self.task.dt)
        slopes = self.embed(held.slopes / self.task.scale)
        return Smoothed(self.scaled(held.values), slopes, self.embed(held.noise / self.task.scale))

    @cached_property
    def reference(self) -> Task:
        """The task that runs are held against: itself, or a recording without its noise."""
        if self.task.kind != "recording":
            return self.task
        values = self.scaling.to_task(self.smooth.values)[..., : self.task.dimension]
        return Task.from_array(
            values, name=self.task.name, dt=self.task.dt, components=self.task.components,
            center=self.task.center, scale=self.task.scale,
        )  # fmt: skip

    @cached_property
    def time_scale(self) -> float:
        """The time in which a component moves by one standard deviation, noise left out."""
        if self.task.kind != "recording":
            return self.task.time_scale if self.frame is None else self.frame.time_scale
        rms = float(np.sqrt(np.mean(self.smooth.slopes[..., : self.task.dimension] ** 2)))
        return 1 / rms if rms > 0 else self.task.time_scale

    @cached_property
    def period(self) -> float:
        """The period in task time, NaN where there is none; a recording's must hold over hundreds of time scales."""
        recording = self.task.kind == "recording"
        length = min(self.reference.duration, (_LONG if recording else 60) * self.time_scale)
        dt = 0.1 * self.unit
        if length < _FEWEST * dt:
            return float("nan")
        made = limit_cycle_of(self.reference.trajectory(length, dt)["output"].values[0], dt)
        return float("nan") if recording and made.variation > _STEADY else made.period

    @cached_property
    def known(self) -> Float[np.ndarray, "state latent"]:
        """States where the task's own field counts, idle components at rest."""
        return self.scaled(self.reference.states(6000, seed=11))

    @cached_property
    def rests(self) -> Float[np.ndarray, "point latent"]:
        """Fixed points of the task's field near the known states, found by Newton's method with differences."""
        rng = np.random.default_rng(3)
        start = self.known[rng.integers(len(self.known), size=_SEEKERS)]
        ends = zeros(self.flow, differenced(self.flow), start, tolerance=_REST, steps=_NEWTON)
        points = ends.location[ends.speed < _REST]
        return distinct(points[distance_to(self.known, points) < AWAY[1]], APART)

    def guarded_flow(self, z: Float[np.ndarray, "state latent"]) -> Float[np.ndarray, "state latent"]:
        """Return F near the known states and, far from them, F(z*) + z* - z, which leads to the nearest one z*.

        A switch of tasks starts the new one where the old one happened to be; this field brings it to the attractor,
        also where the task's own field would run away.
        """
        from scipy.spatial import cKDTree

        distance, nearest = cKDTree(self.known).query(z)
        home = self.known[nearest]
        far = led_back(distance)[:, None]
        back = self.flow(home) + home - z
        near = self.flow(np.where(far < 1, z, home))
        return (1 - far) * near + far * back


def led_back(distance: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Return the share, at a distance from known states, of the field that leads back to them."""
    low, high = AWAY
    return np.clip((distance - low) / (high - low), 0, 1)
