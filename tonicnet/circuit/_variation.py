"""States and, beside them, small displacements: one step of a flow or of a map and of its variational equation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._weight import check_end
from ._autonomous import Autonomous
from ._runge_kutta import EULER, RK4, runge_kutta

Field = Callable[[np.ndarray], np.ndarray]
Tangent = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

STEPS_PER_TAU = 10  # of a run whose dt is not given


class Bundle(NamedTuple):
    """States x (row, state) and displacements v (row, mode, state) carried along."""

    x: Float[np.ndarray, "row state"]
    v: Float[np.ndarray, "row mode state"]


@dataclass(frozen=True)
class Variation:
    """A flow dx/dt = F(x), dv/dt = F'(x) v in steps of ``dt``, or the map x' = x + dt F(x), v' = v + dt F'(x) v."""

    tangent: Tangent
    dt: float
    discrete: bool = False

    @classmethod
    def of(cls, flow: Field, jacobian: Field, dt: float, *, discrete: bool = False) -> Variation:
        """Return the variation of a vector field and its Jacobian, both functions of states (row, state)."""

        def tangent(x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.asarray(flow(x)), v @ np.asarray(jacobian(x)).swapaxes(-1, -2)

        return cls(tangent, dt, discrete)

    @classmethod
    def alone(cls, dynamics: Autonomous, dt: float | None = None) -> Variation:
        """Return that of a network left alone, time in units of tau: steps of ``dt`` seconds, or its own."""
        net = dynamics.net
        size = net.spec.dt or dt or net.tau / STEPS_PER_TAU
        return cls(dynamics.tangent, size / net.tau, discrete=net.spec.dt is not None)

    def step(self, now: Bundle) -> Bundle:
        """Return states and displacements one step later: the map, or classical Runge-Kutta of order 4."""
        moved = runge_kutta(self._slope, _stacked(now), self.dt, EULER if self.discrete else RK4)
        return Bundle(moved[:, 0], moved[:, 1:])

    def run(self, x: Float[np.ndarray, "row state"], steps: int, every: int = 1) -> Float[np.ndarray, "row time state"]:
        """Return states alone, from ``x`` on, one in ``every`` steps; the first is ``x``."""
        check_end(steps, "ask for a shorter duration")
        now, kept = Bundle(x, np.empty((len(x), 0, x.shape[1]))), [x]
        for k in range(1, steps + 1):
            now = self.step(now)
            if k % every == 0:
                kept.append(now.x)
        return np.stack(kept, axis=1)

    def _slope(self, stacked: Float[np.ndarray, "row vector state"]) -> Float[np.ndarray, "row vector state"]:
        return _stacked(Bundle(*self.tangent(stacked[:, 0], stacked[:, 1:])))


def _stacked(bundle: Bundle) -> Float[np.ndarray, "row vector state"]:
    return np.concatenate([bundle.x[:, None], bundle.v], axis=1)
