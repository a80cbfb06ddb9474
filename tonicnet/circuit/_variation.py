"""States and, beside them, small displacements: one step of a flow or of a map and of its variational equation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._weight import check_end
from ._autonomous import Autonomous
from ._compiled import kernel
from ._loop import compiled_units
from ._low_rank import LowRank
from ._runge_kutta import EULER, RK4, runge_kutta

Field = Callable[[np.ndarray], np.ndarray]
Tangent = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

STEPS_PER_TAU = 10  # of a run whose dt is not given
_PART = 1000  # renewals of one call of compiled code, which cannot be interrupted


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
    network: Autonomous | None = None

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
        return cls(dynamics.tangent, size / net.tau, net.spec.dt is not None, dynamics)

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

    def growth(self, now: Bundle, renewals: int, every: int) -> Float[np.ndarray, "renewal row mode"] | None:
        """Return log |R_jj| of displacements orthonormalised after ``every`` steps, so many times, by compiled code.

        None where that does not know the network, and where the state leaves the finite numbers.
        """
        dynamics = None if self.network is None else self.network.dynamics
        if dynamics is None or not isinstance(dynamics.circuit, LowRank) or dynamics.circuit.net.transfer.adapts:
            return None
        code, units = kernel(), compiled_units(dynamics)
        if code is None or units is None:
            return None
        logs, tableau = [], EULER if self.discrete else RK4
        for first in range(0, renewals, _PART):
            steps = min(_PART, renewals - first) * every
            found = code.exponents(
                units, dynamics.tonic.numpy(), now.x, now.v, tableau=tableau, h=self.dt, steps=steps, renew=every
            )
            if not np.isfinite(found.state).all():
                return None
            now = Bundle(found.state, found.displacements)
            logs.append(found.grown.swapaxes(0, 1))
        return np.concatenate(logs)

    def _slope(self, stacked: Float[np.ndarray, "row vector state"]) -> Float[np.ndarray, "row vector state"]:
        return _stacked(Bundle(*self.tangent(stacked[:, 0], stacked[:, 1:])))


def _stacked(bundle: Bundle) -> Float[np.ndarray, "row vector state"]:
    return np.concatenate([bundle.x[:, None], bundle.v], axis=1)
