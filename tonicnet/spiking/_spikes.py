"""What one trial of a spiking network leaves behind."""

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
