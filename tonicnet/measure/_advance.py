"""Advancing states and, beside them, small displacements: one step of a flow or of a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..network import Dynamics

Flow = Callable[[np.ndarray], np.ndarray]
Tangent = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Bundle(NamedTuple):
    """States x (row, state) and displacements v (row, mode, state) carried along."""

    x: Float[np.ndarray, "row state"]
    v: Float[np.ndarray, "row mode state"]


@dataclass(frozen=True)
class Motion:
    """A flow dx/dt = F(x), dv/dt = F'(x) v in steps of ``dt``, or the map x' = x + dt F(x), v' = v + dt F'(x) v."""

    tangent: Tangent
    dt: float
    discrete: bool = False

    @classmethod
    def of(cls, flow: Flow, jacobian: Flow, dt: float, *, discrete: bool = False) -> Motion:
        """Return the motion of a vector field and its Jacobian, both functions of states (row, state)."""

        def tangent(x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.asarray(flow(x)), v @ np.asarray(jacobian(x)).swapaxes(-1, -2)

        return cls(tangent, dt, discrete)

    @classmethod
    def alone(cls, dynamics: Dynamics, dt: float | None = None) -> Motion:
        """Return the motion of a network left alone, time in units of tau: steps of ``dt`` seconds, or its own."""
        net = dynamics.net
        size = net.spec.dt or dt or net.tau / STEPS_PER_TAU
        return cls(dynamics.tangent, size / net.tau, discrete=net.spec.dt is not None)

    def step(self, now: Bundle) -> Bundle:
        """Return states and displacements one step later: the map, or classical Runge-Kutta of order 4."""
        a = Bundle(*self.tangent(*now))
        if self.discrete:
            return _moved(now, a, self.dt)
        b = Bundle(*self.tangent(*_moved(now, a, self.dt / 2)))
        c = Bundle(*self.tangent(*_moved(now, b, self.dt / 2)))
        d = Bundle(*self.tangent(*_moved(now, c, self.dt)))
        return Bundle(*(y + self.dt / 6 * (p + 2 * (q + r) + s) for y, p, q, r, s in zip(now, a, b, c, d, strict=True)))

    def run(self, x: Float[np.ndarray, "row state"], steps: int, every: int = 1) -> Float[np.ndarray, "row time state"]:
        """Return states alone, from ``x`` on, one in ``every`` steps; the first is ``x``."""
        now, kept = Bundle(x, np.empty((len(x), 0, x.shape[1]))), [x]
        for k in range(1, steps + 1):
            now = self.step(now)
            if k % every == 0:
                kept.append(now.x)
        return np.stack(kept, axis=1)


STEPS_PER_TAU = 10  # of a run whose dt is not given


def _moved(now: Bundle, slope: Bundle, h: float) -> Bundle:
    return Bundle(now.x + h * slope.x, now.v + h * slope.v)
