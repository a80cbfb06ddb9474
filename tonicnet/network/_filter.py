"""The synaptic filter: what a rate, or a spike, becomes on its way to the output, and how a loop through it grows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Num

_PER_TAU, _PER_RISE = 10, 2  # steps in a time constant at least
_FINEST = 64  # parts that a step is cut into, at most, for each that would do without a delay
_NEWTON, _SURE = 20, 1e-9  # iterations towards a root, and the error left there


@dataclass(frozen=True)
class Filter:
    """A delay, and a double-exponential filter of unit area behind it (times in seconds).

        rise ds/dt = -s + phi(x(t - delay)),   tau dr/dt = -r + s

    Its mean lag, tau + rise + delay, is the time constant of the first-order filter nearest to it.

    >>> Filter(0.1).first_order, round(Filter(0.1, rise=0.005, delay=0.002).lag, 6)
    (True, 0.107)
    """

    tau: float
    rise: float = 0.0
    delay: float = 0.0

    @property
    def first_order(self) -> bool:
        """Whether it is the exponential filter of tau and nothing more."""
        return self.rise == 0 and self.delay == 0

    @property
    def lag(self) -> float:
        """The mean time from a spike to its effect, in seconds."""
        return self.tau + self.rise + self.delay

    @property
    def entrance(self) -> float:
        """The time constant of the stage that spikes enter."""
        return self.rise or self.tau

    def area(self, step: float) -> float:
        """Return what is read of the filter's unit area by a neuron that reads it at every ``step`` seconds after an
        arrival, the moment itself left out: step sum_{n>=1} h(n step), h the response, 1 - step / (2 tau) and higher
        orders for an exponential one.

        >>> 0.99899 < Filter(0.1).area(0.0002) < 0.99901, 0.9999 < Filter(0.1, rise=0.005).area(0.0002) < 1
        (True, True)
        """
        slow = 1 / math.expm1(step / self.tau)
        if not self.rise:
            return step / self.tau * slow
        return step / (self.tau - self.rise) * (slow - 1 / math.expm1(step / self.rise))

    @property
    def longest(self) -> float:
        """The longest step in seconds that resolves the filter; behind a delay the rise is exact at any."""
        return min(self.tau / _PER_TAU, self.rise / _PER_RISE if self.rise and not self.delay else math.inf)

    @property
    def step(self) -> float:
        """A step in seconds that resolves the filter, and a whole number of which is the delay."""
        return self.delay / math.ceil(self.delay / self.longest - 1e-9) if self.delay else self.longest

    def near(self, span: float) -> float:
        """Return a time of about ``span`` seconds that is a whole number of steps: one to sample at."""
        return span if self.first_order else max(1, round(span / self.step)) * self.step

    def cuts(self, dt: float) -> int:
        """Return into how many equal steps ``dt`` seconds are cut: none longer than :attr:`longest`, a whole number
        of them in the delay.

        Raises ValueError where only very short ones would do.
        """
        if self.first_order:
            return 1
        least = max(1, math.ceil(dt / self.longest - 1e-9))
        for count in range(least, _FINEST * least + 1):
            whole = self.delay * count / dt
            if abs(whole - round(whole)) < 1e-6 and (round(whole) >= 1 or not self.delay):
                return count
        raise ValueError(
            f"dt {dt:g} s has no step in common with the synapses' delay of {self.delay:g} s; give a dt such as "
            f"{self.near(dt):g} s"
        )

    def growth(self, gain: Num[np.ndarray, "*any"]) -> Complex[np.ndarray, "*any"]:
        """Return how fast (1/s) a loop of this gain through the filter grows: the rightmost root l of

            (1 + rise l) (1 + tau l) exp(delay l) = gain,

        which is (gain - 1) / tau for a first-order filter.

        >>> Filter(0.1).growth(np.array([0.0, 2.0])).real.round(6).tolist()
        [-10.0, 10.0]
        """
        loops = np.asarray(gain, dtype=np.complex128)
        if self.first_order:
            return (loops - 1) / self.tau
        made = [_rightmost(g, self.rise / self.tau, self.delay / self.tau) for g in loops.ravel()]
        return np.array(made, dtype=np.complex128).reshape(loops.shape) / self.tau


def _rightmost(gain: complex, rise: float, delay: float) -> complex:
    """Return the rightmost root in units of 1 / tau, by Newton's method from the roots that are found with a Pade
    approximant of exp(delay l)."""
    decay = np.polymul([rise, 1.0], [1.0, 1.0])
    pade = np.array([delay**2 / 12, delay / 2, 1.0])
    rate = np.roots(np.polysub(np.polymul(decay, pade), gain * pade * [1, -1, 1])).astype(np.complex128)
    slope = np.polyder(decay)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(_NEWTON):
            value = np.polyval(decay, rate)
            late = gain * np.exp(-delay * rate)
            rate = rate - (value - late) / (np.polyval(slope, rate) + delay * late)
        error = np.abs(np.polyval(decay, rate) - gain * np.exp(-delay * rate))
    found = rate[error < _SURE * (1 + np.abs(np.polyval(decay, rate)))]
    return complex(found[np.argmax(found.real)])
