"""A task as one network sees it: in scaled coordinates, at a speed the network can follow, idle components at rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..network import Entry, Network
from ..task import Task

SLOWNESS = 0.375  # rms of tau f(z) in units of z, for a speed chosen from the task's own time scale
_TRUTH_STEP = 0.05  # of reference paths in network coordinates, in tau
_FUNNEL = (0.3, 0.8)  # distance from known states over which the target's field gives way to the funnel


@dataclass(frozen=True)
class Target:
    """The field tau dz/dt = F(z) that a network is to have for a task of d <= K components.

    The first d components are the task's, scaled; the others are held at rest, F_k = -z_k.
    """

    task: Task
    net: Network

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
        return SLOWNESS * self.task.time_scale / self.net.tau

    @property
    def unit(self) -> float:
        """Task time in one tau."""
        return self.net.tau * self.speed

    @cached_property
    def entry(self) -> Entry:
        """The bank's entry of this task before it is learned: bias zero, scaling, speed and starts."""
        d, k = self.task.dimension, self.net.components
        return Entry(
            task=self.task.name,
            bias=np.zeros(self.net.units),
            center=np.concatenate([self.task.center, np.zeros(k - d)]),
            scale=np.concatenate([self.task.scale, np.ones(k - d)]),
            speed=self.speed,
            dimension=d,
            start=self.embed(self.task.initial(32, seed=7)),
        )

    def embed(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any latent"]:
        """Return task states with the idle components added, at zero."""
        idle = np.zeros((*x.shape[:-1], self.net.components - self.task.dimension))
        return np.concatenate([x, idle], axis=-1)

    def scaled(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any latent"]:
        """Return task states in network coordinates."""
        return self.entry.to_network(self.embed(x))

    def flow(self, z: Float[np.ndarray, "*any latent"]) -> Float[np.ndarray, "*any latent"]:
        """Return F(z), the scaled field of the task per tau, and -z in idle components."""
        d = self.task.dimension
        field = self.unit * self.task.flow(self.entry.to_task(z)[..., :d]) / self.task.scale
        return np.concatenate([field, -z[..., d:]], axis=-1)

    def advance(self, z: Float[np.ndarray, "trial latent"], h: float) -> Float[np.ndarray, "trial latent"]:
        """Return the states of F after ``h`` tau, by fourth-order steps of at most 0.05 tau, all trials at once."""
        count = int(np.ceil(h / _TRUTH_STEP))
        step = h / count
        for _ in range(count):
            k1 = self.flow(z)
            k2 = self.flow(z + step / 2 * k1)
            k3 = self.flow(z + step / 2 * k2)
            z = z + step / 6 * (k1 + 2 * k2 + 2 * k3 + self.flow(z + step * k3))
        return z

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
    def known(self) -> Float[np.ndarray, "state latent"]:
        """States where the task's own field counts, idle components at rest."""
        return self.scaled(self.task.states(6000, seed=11))

    def guarded_flow(self, z: Float[np.ndarray, "state latent"]) -> Float[np.ndarray, "state latent"]:
        """Return F near the known states and, far from them, a funnel F(z*) + z* - z to the nearest one z*.

        A switch of tasks starts the new one where the old one happened to be; the funnel brings it home,
        also where the task's own field would run away.
        """
        from scipy.spatial import cKDTree

        distance, nearest = cKDTree(self.known).query(z)
        home = self.known[nearest]
        low, high = _FUNNEL
        far = np.clip((distance - low) / (high - low), 0, 1)[:, None]
        funnel = self.flow(home) + home - z
        near = self.flow(np.where(far < 1, z, home))
        return (1 - far) * near + far * funnel
