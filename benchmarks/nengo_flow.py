"""Flows as Nengo's own Lorenz example makes them (recurrent decoded function through one filter), for scoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LEAD = 0.5  # seconds that hold the state at its start before it is left alone
SIGMA, RHO, BETA = 10.0, 28.0, 8.0 / 3.0


def _lorenz(x: np.ndarray) -> np.ndarray:
    """Return the Lorenz field."""
    return np.array([SIGMA * (x[1] - x[0]), x[0] * (RHO - x[2]) - x[1], x[0] * x[1] - BETA * x[2]])


@dataclass(frozen=True)
class Flow:
    """A field in a ball round ``centre``, ``speed`` task units a second, through a filter of ``tau`` seconds.

    ``neuron`` names a neuron type of Nengo, made with ``options``; "adapted" is AdaptiveLIF whose decoders are solved
    for rates that have adapted, where Nengo takes rates before that. ``rate`` is how often neurons fire on average
    over the ball, without what their type adapts; not given, as Nengo draws them, up to 200 to 400 Hz.
    """

    field: Callable[[np.ndarray], np.ndarray]
    centre: np.ndarray
    radius: float
    speed: float = 0.5
    tau: float = 0.1
    neuron: str = "LIF"
    options: dict[str, float] = field(default_factory=dict)
    rate: float | None = None

    def drawn_rate(self, neurons: int, seed: int, share: float = 1.0) -> float:
        """Return the mean rate over the ball of neurons that Nengo draws, of ``share`` of its usual highest rates."""
        import nengo

        with nengo.Network(seed=seed) as model:
            state = nengo.Ensemble(neurons, len(self.centre), max_rates=nengo.dists.Uniform(200 * share, 400 * share))
        with nengo.Simulator(model, progress_bar=False) as made:
            inside = nengo.dists.UniformHypersphere().sample(2000, len(self.centre), rng=np.random.RandomState(seed))
            return float(nengo.builder.ensemble.get_activities(made.data[state], state, inside).mean())

    def _highest(self, neurons: int, seed: int) -> tuple[float, float]:
        """Return the bounds of the highest rates by which neurons fire as often as they should."""
        if self.rate is None:
            return 200.0, 400.0
        share = self.rate / self.drawn_rate(neurons, seed)
        share *= self.rate / self.drawn_rate(neurons, seed, share)  # rates bend: a second step is within some per cent
        return 200 * share, 400 * share

    def run(self, neurons: int, length: float, starts: np.ndarray, dt: float, seed: int) -> np.ndarray:
        """Return runs of ``length`` task units from each start, sampled every ``dt``: (trial, time, component)."""
        return np.stack([self._one(neurons, length, start, dt, seed, trial) for trial, start in enumerate(starts)])

    def _one(self, neurons: int, length: float, start: np.ndarray, dt: float, seed: int, trial: int) -> np.ndarray:
        import nengo

        every, size = dt / self.speed, len(self.centre)
        model = nengo.Network(seed=seed)
        with model:
            kind = (_adapted() if self.neuron == "adapted" else getattr(nengo, self.neuron))(**self.options)
            highest = nengo.dists.Uniform(*self._highest(neurons, seed))
            state = nengo.Ensemble(neurons, size, radius=self.radius, neuron_type=kind, max_rates=highest)
            gate = nengo.Node(_Hold(start - self.centre), size_in=size)
            nengo.Connection(state, gate, function=self._wanted, synapse=None)
            nengo.Connection(gate, state, synapse=self.tau)
            probe = nengo.Probe(state, synapse=self.tau, sample_every=every)
        with nengo.Simulator(model, progress_bar=False, seed=seed + 100 * trial) as made:
            made.run(LEAD + (length + dt) / self.speed)
            found = made.data[probe] + self.centre
        first = round(LEAD / every)
        return found[first : first + round(length / dt) + 1]

    def _wanted(self, u: np.ndarray) -> np.ndarray:
        """Return what the filter must be fed so that its output follows the field."""
        return u + self.tau * self.speed * self.field(u + self.centre)


LORENZ = Flow(_lorenz, np.array([0.0, 0.0, 25.0]), 45.0)


def _adapted() -> Any:
    """Return the type of adapting neurons with the rates r = f(J - inc_n r) at which they settle."""
    import nengo

    class Adapted(nengo.AdaptiveLIF):
        def rates(self, x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
            low, high = np.zeros_like(super().rates(x, gain, bias)), super().rates(x, gain, bias)
            for _ in range(40):
                middle = (low + high) / 2
                above = super().rates(x, gain, bias - self.inc_n * middle) > middle
                low, high = np.where(above, middle, low), np.where(above, high, middle)
            return (low + high) / 2

    return Adapted


class _Hold:
    """Feeds the start for a while, then what the neurons decode."""

    def __init__(self, start: np.ndarray) -> None:
        self.start = start

    def __call__(self, time: float, decoded: np.ndarray) -> Any:
        return self.start if time < LEAD else decoded
