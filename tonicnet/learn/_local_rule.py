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
_FORGET = 0.005  # of the mean loss, and of the mean square of traces, each tick


class LocalRule(ABC):
    """A rule that says, tick by tick, how the biases should change to lower |e|^2 / 2.

    ``kept`` is what the synaptic filter keeps over a tick: traces decay as the output does.
    """

    def __init__(self, units: int, kept: float) -> None:
        self.kept, self.trace = kept, np.zeros(units)

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

    def _filtered(self, signal: PerUnit) -> None:
        self.trace = self.kept * self.trace + (1 - self.kept) * signal


@final
class EProp(LocalRule):
    """Three factors: g_i = (B' e)_i p_i, tau dp_i/dt = -p_i + psi_i, with psi_i the slope of the unit's own response.

    B broadcasts the error: the decoder itself, with which g is the gradient where the output is not fed back, or fixed
    numbers drawn at random. What a bias does later through the loop is left out.

    Source: Bellec et al. (2020), doi:10.1038/s41467-020-17236-y.
    """

    def __init__(self, broadcast: Float[np.ndarray, "component unit"], kept: float) -> None:
        super().__init__(broadcast.shape[1], kept)
        self.broadcast = broadcast

    def read(self, slope: PerUnit) -> None:
        """Filter the slope."""
        self._filtered(slope)

    def gradient(self, error: Latent) -> PerUnit:
        """Return broadcast error times trace."""
        return (error @ self.broadcast) * self.trace


@final
class NodePerturbation(LocalRule):
    """Every unit is perturbed at random, and is told one number: g_i = (L - mean L) h_i / mean h^2, L = |e|^2 / 2.

    h_i is the perturbation xi_i through the filter of the synapses; perturbations are of either sign, held for half a
    tau. Its mean is the gradient, its variance grows with the number of units.

    Source: Fiete and Seung (2006), doi:10.1103/PhysRevLett.97.048104.
    """

    def __init__(self, units: int, kept: float, rng: np.random.Generator) -> None:
        super().__init__(units, kept)
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
        return (loss - mean) * self.trace / self._square
