"""What one trial of a spiking network records, and how two trials differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Spikes:
    """One trial: latents at every sample, and spikes as events."""

    latents: Float[np.ndarray, "time component"]
    time: Float[np.ndarray, " spike"]
    neuron: Int[np.ndarray, " spike"]


def differing_spikes(one: Spikes, two: Spikes, dt: float) -> tuple[int, float]:
    """Return how many spikes are in one train and not in the other, and the time of the first."""
    keys = [np.stack([np.rint(s.time / dt).astype(np.int64), s.neuron.astype(np.int64)]) for s in (one, two)]
    width = 1 + max((int(k[1].max(initial=0)) for k in keys), default=0)
    only = np.setxor1d(*(k[0] * width + k[1] for k in keys))
    return len(only), float(only[0] // width * dt) if len(only) else np.nan
