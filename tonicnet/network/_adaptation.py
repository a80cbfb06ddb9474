"""The curves of a neuron with a spike-triggered current, from those of the same neuron without one.

In units of input the current obeys tau_a da/dt = -a + beta r in the mean, beta = jump tau_a rate_scale. With
y = h - a the input that is left and R(y) the rate there, a long run at the input h has

    h = y + beta R(y),    psi(h) = R(y),    psi' = R' / (1 + beta R') = q R',    q = 1 - beta psi'.

A perturbation of the rate, from noise or own spikes, is answered by the current: slow ones are left as q of what
they were. docs/theory/adaptation.md derives all that is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ._look_up import Samples

if TYPE_CHECKING:
    from ._filter import Filter
    from ._lif import LIF

Curve = Float[np.ndarray, " point"]
_NEWTON = 3  # steps towards y, from the nearest point of the grid


@dataclass(frozen=True, eq=False)
class Level:
    """Inputs ``grid`` h, what is left of them (``left``, y), and the adapted rate with its slope in h."""

    grid: Curve
    left: Curve
    rate: Curve
    rise: Curve
    beta: float

    @classmethod
    def of(cls, settled: Samples, beta: float) -> Level:
        """Return the level of R(y), whose inputs y are the grid of h as well."""
        grid, rate, slope = settled
        rate = np.maximum(rate, 0)
        whole = grid + beta * rate
        if (np.diff(whole) <= 0).any():
            raise ValueError(
                "lif: with this adaptation the rate falls as input rises, so that it has no curve; lower adaptation"
            )
        left = np.interp(grid, whole, grid)
        for _ in range(_NEWTON):
            at, steep = np.interp(left, grid, rate), np.interp(left, grid, slope)
            left = left - (left + beta * at - grid) / (1 + beta * np.maximum(steep, 0))
        steep = np.interp(left, grid, slope)
        return cls(grid, left, np.interp(left, grid, rate), steep / (1 + beta * steep), beta)

    @property
    def samples(self) -> Samples:
        """The steady curve."""
        return self.grid, self.rate, self.rise

    @property
    def share(self) -> Curve:
        """q, what the current leaves of a slow change."""
        return 1 - self.beta * self.rise

    def effective(self, h: float) -> float:
        """Return y at one input."""
        return float(np.interp(h, self.grid, self.left))

    def slope(self, y: float) -> float:
        """Return psi' where ``y`` is left."""
        return float(np.interp(y, self.left, self.rise))

    def moved(self, made: Samples) -> Curve:
        """Return a function of y at the grid of h."""
        return np.interp(self.left, made[0], made[1])

    def sampled(self, values: Curve) -> Samples:
        """Return values with their slopes."""
        return self.grid, values, np.gradient(values, self.grid)


def of_power(level: Level, power: Samples) -> Samples:
    """Return S q^2: the current takes away slow fluctuations of the rate as it takes away slow changes."""
    return level.sampled(level.moved(power) * level.share**2)


def of_own(level: Level, own: Samples) -> Samples:
    """Return sigma q."""
    return level.sampled(level.moved(own) * level.share)


def of_lead(level: Level, lead: Samples, neuron: LIF) -> Samples:
    """Return kappa = tau_a beta psi'^2 + q^2 kappa(y): of the current, which is late, and of the membrane."""
    late = neuron.adaptation_tau * level.beta * level.rise**2
    return level.sampled(late + level.share**2 * level.moved(lead))


def of_variance(level: Level, variance: Samples, power: Samples, neuron: LIF, filter: Filter) -> Samples:
    """Return the variance behind the synapses: white noise S of the train passes (1 + s tau_a) / (1 + s tau_a + g) on
    its way, g = beta R', and the ripple is what it was.

    With T = tau_a and t = tau + rise of the synapses it leaves S (T (1 + g) + t) / (2 t (1 + g) (T + t (1 + g))).
    """
    t, late = filter.tau + filter.rise, neuron.adaptation_tau
    loop = 1 / level.share
    white = (late * loop + t) / (2 * t * loop * (late + t * loop))
    kept = level.moved(variance) - level.moved(power) / (2 * t)
    return level.sampled(kept + white * level.moved(power))
