"""The Lorenz attractor as Nengo's own example makes it (recurrent decoded function through one filter), for scoring."""

from __future__ import annotations

from typing import Any

import numpy as np

TAU = 0.1  # of the recurrent filter, s
SPEED = 0.5  # Lorenz units a second
LEAD = 0.5  # seconds that hold the state at its start before it is left alone
CENTRE = np.array([0.0, 0.0, 25.0])
RADIUS = 45.0
SIGMA, RHO, BETA = 10.0, 28.0, 8.0 / 3.0


def field(x: np.ndarray) -> np.ndarray:
    """Return the Lorenz field."""
    return np.array([SIGMA * (x[1] - x[0]), x[0] * (RHO - x[2]) - x[1], x[0] * x[1] - BETA * x[2]])


def run(neurons: int, length: float, starts: np.ndarray, dt: float, seed: int) -> np.ndarray:
    """Return runs of ``length`` Lorenz units from each start, sampled every ``dt``: (trial, time, component)."""
    return np.stack([_one(neurons, length, start, dt, seed, trial) for trial, start in enumerate(starts)])


def _one(neurons: int, length: float, start: np.ndarray, dt: float, seed: int, trial: int) -> np.ndarray:
    import nengo

    model = nengo.Network(seed=seed)
    with model:
        state = nengo.Ensemble(neurons, 3, radius=RADIUS)
        gate = nengo.Node(_Hold(start - CENTRE), size_in=3)
        nengo.Connection(state, gate, function=_wanted, synapse=None)
        nengo.Connection(gate, state, synapse=TAU)
        probe = nengo.Probe(state, synapse=TAU, sample_every=dt / SPEED)
    with nengo.Simulator(model, progress_bar=False, seed=seed + 100 * trial) as made:
        made.run(LEAD + (length + dt) / SPEED)
        found = made.data[probe] + CENTRE
    first = round(LEAD / (dt / SPEED))
    return found[first : first + round(length / dt) + 1]


def _wanted(u: np.ndarray) -> np.ndarray:
    """Return what the filter must be fed so that its output follows the field."""
    return u + TAU * SPEED * field(u + CENTRE)


class _Hold:
    """Feeds the start for a while, then what the neurons decode."""

    def __init__(self, start: np.ndarray) -> None:
        self.start = start

    def __call__(self, time: float, decoded: np.ndarray) -> Any:
        return self.start if time < LEAD else decoded
