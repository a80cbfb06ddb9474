"""Local rules: what a unit does with its own trace and the error that is broadcast to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import numpy as np
from jaxtyping import Float

Latent = Float[np.ndarray, " component"]
PerUnit = Float[np.ndarray, " unit"]
TICKS = 25  # of learning in one tau: errors and traces are read so often
_HELD = TICKS // 2  # ticks over which a perturbation is held: half a tau
_SIZE = 0.3  # of perturbations, in the transfer function's input unit
_FORGET = 0.005  # of the mean loss, and of the mean square of perturbations, each tick
_FIRST, _MOST = 4 * TICKS, 200 * TICKS  # ticks that a unit's own averages stand for: at first, and in the end
_QUIET = 0.05  # mean square of traces at first
_LEAST = 1e-12  # in the place of zero
_FLOOR = 0.01  # added to the mean square of traces, so that a unit that hardly answers is not moved without bound


class LocalRule(ABC):
    """A rule that says, tick by tick, how the biases should change to lower |e|^2 / 2.

    ``kept`` is what the synaptic filter keeps over a tick: traces decay as the output does.
    """

    def __init__(self, units: int, kept: float, usual: float) -> None:
        self.kept, self.trace = kept, np.zeros(units)
        self._usual, self._seen = np.full(units, usual), _FIRST

    def perturbation(self) -> PerUnit | float:
        """Return what is added to the tonic inputs over the next tick."""
        return 0.0

    def begin(self) -> None:
        """Forget the traces: another episode begins."""
        self.trace = np.zeros_like(self.trace)

    @abstractmethod
    def read(self, slope: PerUnit) -> None:
        """Take up what a unit knows of itself after a tick."""

    @abstractmethod
    def gradient(self, error: Latent) -> PerUnit:
        """Return the estimate of d (|e|^2 / 2) / db at this moment."""

    @abstractmethod
    def power(self) -> PerUnit:
        """Return what the gradient is divided by, so that the change would take the error of the moment away."""

    def _filtered(self, signal: PerUnit) -> None:
        self.trace = self.kept * self.trace + (1 - self.kept) * signal

    def _averaged(self, value: PerUnit) -> None:
        """Take a value into what is usual for each unit."""
        self._seen = min(self._seen + 1, _MOST)
        self._usual += (value - self._usual) / self._seen


@final
class EProp(LocalRule):
    """Three factors: g_i = (B' e)_i p_i, tau dp_i/dt = -p_i + psi_i, with psi_i the slope of the unit's own response.

    B broadcasts the error: the decoder itself, with which g is the gradient where the output is not fed back, or fixed
    numbers drawn at random. What a bias does later through the loop is left out.

    Its power is normalised least mean squares, by what a unit knows of itself: db_i = -g_i / (m_i |B|^2 / K), m_i the
    mean of its own p_i^2, changes the output by sum_i D_i p_i db_i, which is -e in the mean where D is B.

    Source: Bellec et al. (2020), doi:10.1038/s41467-020-17236-y; Nagumo and Noda (1967), doi:10.1109/TAC.1967.1098599.
    """

    def __init__(self, broadcast: Float[np.ndarray, "component unit"], kept: float) -> None:
        super().__init__(broadcast.shape[1], kept, _QUIET)
        self.broadcast = broadcast
        self._size = float((broadcast**2).sum(1).mean())

    def read(self, slope: PerUnit) -> None:
        """Filter the slope."""
        self._filtered(slope)
        self._averaged(self.trace**2)

    def gradient(self, error: Latent) -> PerUnit:
        """Return broadcast error times trace."""
        return (error @ self.broadcast) * self.trace

    def power(self) -> PerUnit:
        """Return the mean square of each unit's trace times the size of the broadcast."""
        return (self._usual + _FLOOR) * self._size


@final
class NodePerturbation(LocalRule):
    """Every unit is perturbed at random, and is told one number: g_i = (L - mean L) h_i / mean h^2, L = |e|^2 / 2.

    h_i is the perturbation xi_i through the filter of the synapses; perturbations are of either sign, held for half a
    tau. Its mean is the gradient, its variance grows with the number of units N. Its power is N g_i^2 / |e|^2, each in
    its running mean: so the mean change would take the error away if all of g were gradient.

    Source: Fiete and Seung (2006), doi:10.1103/PhysRevLett.97.048104.
    """

    def __init__(self, units: int, kept: float, rng: np.random.Generator) -> None:
        super().__init__(units, kept, 0.0)
        self._rng, self._left, self._xi = rng, 0, np.zeros(units)
        self._mean: float | None = None
        self._square = _SIZE**2

    def perturbation(self) -> PerUnit | float:
        """Return the perturbation, drawn anew twice in a tau."""
        if self._left == 0:
            self._xi, self._left = _SIZE * self._rng.choice([-1.0, 1.0], len(self._xi)), _HELD
        self._left -= 1
        return self._xi

    def read(self, slope: PerUnit) -> None:
        """Filter the perturbation; the slope is not looked at."""
        del slope
        self._filtered(self._xi)
        self._square += _FORGET * (float(np.mean(self.trace**2)) - self._square)

    def gradient(self, error: Latent) -> PerUnit:
        """Return how much greater the loss is than usual, times the trace."""
        loss = float(error @ error) / 2
        mean = loss if self._mean is None else self._mean
        self._mean = mean + _FORGET * (loss - mean)
        found = (loss - mean) * self.trace / self._square
        self._averaged(len(found) * found**2 / (2 * mean + _LEAST))
        return found

    def power(self) -> PerUnit:
        """Return N times the mean square of each unit's own estimate, over the mean |e|^2."""
        return self._usual + _LEAST
