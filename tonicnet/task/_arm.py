"""A planar arm of two joints: where its hand is, and how torques move it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

Joints = Float[np.ndarray, "trial joint"]


@final
@dataclass(frozen=True)
class Arm:
    """M(q) q'' + C(q, q') + B q' = torque, with q the angles of shoulder and elbow (rad), in the horizontal plane.

    ``lengths`` (m), ``masses`` (kg), ``centres`` of mass from the joint (m) and ``inertias`` (kg m^2) of upper arm and
    forearm; ``friction`` (N m s) on and off the diagonal of B. The values are those of a human arm.
    Source: Li and Todorov 2004, doi:10.5220/0001143902220229.
    """

    lengths: tuple[float, float] = (0.30, 0.33)
    masses: tuple[float, float] = (1.4, 1.1)
    centres: tuple[float, float] = (0.11, 0.16)
    inertias: tuple[float, float] = (0.025, 0.045)
    friction: tuple[float, float] = (0.05, 0.025)

    def hand(self, q: Joints) -> Float[np.ndarray, "trial axis"]:
        """Return where the hand is, in metres from the shoulder."""
        (upper, lower), both = self.lengths, q.sum(axis=-1)
        first = q[..., 0]
        return np.stack(
            [upper * np.cos(first) + lower * np.cos(both), upper * np.sin(first) + lower * np.sin(both)], axis=-1
        )

    def jacobian(self, q: Joints) -> Float[np.ndarray, "trial axis joint"]:
        """Return how the hand moves with the joints."""
        (upper, lower), both = self.lengths, q.sum(axis=-1)
        elbow = np.stack([-lower * np.sin(both), lower * np.cos(both)], axis=-1)
        shoulder = elbow + np.stack([-upper * np.sin(q[..., 0]), upper * np.cos(q[..., 0])], axis=-1)
        return np.stack([shoulder, elbow], axis=-1)

    def inertia(self, q: Joints) -> Float[np.ndarray, "trial joint joint"]:
        """Return M(q)."""
        one, two, three = self._sums()
        cosine = np.cos(q[..., 1])
        off = three + two * cosine
        rows = [np.stack([one + 2 * two * cosine, off], axis=-1), np.stack([off, three + 0 * off], axis=-1)]
        return np.stack(rows, axis=-2)

    def acceleration(self, q: Joints, velocity: Joints, torque: Joints) -> Joints:
        """Return q''."""
        a, b = velocity[..., 0], velocity[..., 1]
        twist = self._sums()[1] * np.sin(q[..., 1])
        on, off = self.friction
        drag = np.stack([-twist * b * (2 * a + b) + on * a + off * b, twist * a**2 + off * a + on * b], axis=-1)
        return np.linalg.solve(self.inertia(q), (torque - drag)[..., None])[..., 0]

    def moved(self, q: Joints, velocity: Joints, torque: Joints, seconds: float, parts: int) -> tuple[Joints, Joints]:
        """Return angles and velocities after some seconds under a constant torque, by ``parts`` steps of RK4."""
        state, h = np.stack([q, velocity]), seconds / parts

        def slope(x: np.ndarray) -> np.ndarray:
            return np.stack([x[1], self.acceleration(x[0], x[1], torque)])

        for _ in range(parts):
            one = slope(state)
            two = slope(state + h / 2 * one)
            three = slope(state + h / 2 * two)
            state = state + h / 6 * (one + 2 * two + 2 * three + slope(state + h * three))
        return state[0], state[1]

    def _sums(self) -> tuple[float, float, float]:
        upper = self.lengths[0]
        one = sum(self.inertias) + self.masses[0] * self.centres[0] ** 2
        one += self.masses[1] * (upper**2 + self.centres[1] ** 2)
        three = self.inertias[1] + self.masses[1] * self.centres[1] ** 2
        return one, self.masses[1] * upper * self.centres[1], three
