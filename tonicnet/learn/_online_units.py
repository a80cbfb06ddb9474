"""Units that run while they learn: LIF neurons step by step, or rates; each tells how steep its own response is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int

from .._random import generator
from ..network import Network, held
from ..spiking._initial_membranes import at_random_moment
from ..spiking._lif_network import LIFNetwork
from ._local_rule import TICKS

_WIDTH, _NARROWEST = 2.0, 0.1  # of the pseudo-derivative: in sizes of the membrane's noise; from reset to threshold

Latent = Float[np.ndarray, " component"]
PerUnit = Float[np.ndarray, " unit"]


class Answer(NamedTuple):
    """The output after one tick, and how steeply each unit answered its input."""

    output: Latent
    slope: PerUnit


class OnlineUnits(ABC):
    """Units on frozen synapses, one run of them. ``tick`` is in seconds, ``kept`` what the filter keeps over one."""

    tick: float

    def __init__(self, net: Network) -> None:
        self.net = net

    @property
    def kept(self) -> float:
        """exp(-tick / tau)."""
        return math.exp(-self.tick / self.net.tau)

    @abstractmethod
    def advance(self, tonic: PerUnit, output: Latent, fed: Latent, closed: float) -> Answer:
        """Run one tick at input E (closed output + fed) + tonic, the output being that of the units themselves."""


@final
class RateUnits(OnlineUnits):
    """tau dy/dt = -y + D phi(x), x = E (closed y + fed) + b, exactly for inputs held over a tick; the slope is phi'."""

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        self.tick = net.tau / TICKS
        self._encoder, self._decoder = net.encoder.astype(np.float64), net.decoder.astype(np.float64)

    def advance(self, tonic: PerUnit, output: Latent, fed: Latent, closed: float) -> Answer:
        """Run one tick."""
        x = torch.as_tensor(self._encoder @ (closed * output + fed) + tonic)
        rate, slope = (part.numpy() for part in (self.net.transfer.value(x), self.net.transfer.slope(x)))
        return Answer(self.kept * output + (1 - self.kept) * (self._decoder @ rate), slope)


@final
class SpikingUnits(OnlineUnits):
    """LIF neurons in steps of their own dt, the same as in Brian2: latents decay, neurons read them, spikes are added.

    The slope of a unit is the pseudo-derivative of its neurons, in the mean over a tick,

        psi = max(0, 1 - |v - 1| / width),    width = 2 sd of the membrane's noise, 0.1 at least,

    v from reset (0) to threshold (1), and zero while v is held after a spike. A wider one would count neurons below the
    threshold that no small change of their input makes fire. A constant input such as the bias reaches the membrane
    whole, which is why no trace of the membrane stands beside it. A ``tick`` is tau / 25 if not given.

    Source: Bellec et al. (2020), doi:10.1038/s41467-020-17236-y.
    """

    def __init__(
        self,
        net: Network,
        neurons_per_unit: int,
        tonic: PerUnit,
        start: Latent,
        seed: int,
        *,
        tick: float | None = None,
    ) -> None:
        super().__init__(net)
        model = LIFNetwork(net, neurons_per_unit)
        self.model, self._lif = model, model.lif
        self._encoder, self._added = model.encoder, np.ascontiguousarray(model.decoder.T)
        self._steps = max(1, round((tick or net.tau / TICKS) / self._lif.dt))
        self.tick = self._steps * self._lif.dt
        self._share, self._width = self._lif.dt / self._lif.tau_m, max(_WIDTH * self._lif.noise, _NARROWEST)
        self._rng = generator(seed)
        first = self._encoder @ start + tonic[model.unit]
        self._v = at_random_moment(self._lif, first, self._rng)[0]
        self._until = np.zeros(model.neurons, dtype=np.int64)  # the step up to which v is held
        self._now, self._held = 0, held(self._lif)

    def advance(self, tonic: PerUnit, output: Latent, fed: Latent, closed: float) -> Answer:
        """Run one tick."""
        onto, decay = tonic[self.model.unit], math.exp(-self._lif.dt / self.net.tau)
        slope = np.zeros(self.model.neurons)
        for kick in self._kicks():
            output = decay * output
            v, free = self._moved(self._encoder @ (closed * output + fed) + onto, kick)
            slope += free * np.maximum(0, 1 - np.abs(v - 1) / self._width)
            output = output + self._added[self._fired(v)].sum(0)
        return Answer(output, slope.reshape(self.net.units, -1).mean(1) / self._steps)

    def _kicks(self) -> Float[np.ndarray, "step neuron"]:
        size = self._lif.noise * math.sqrt(2 * self._share)
        shape = (self._steps, self.model.neurons)
        return size * self._rng.standard_normal(shape, dtype=np.float32) if size else np.zeros(shape)

    def _moved(self, x: np.ndarray, kick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the membranes a step on, and which of them were free to move."""
        x -= self._v
        x *= self._share
        x += kick
        free = self._until <= self._now
        x *= free
        x += self._v
        return x, free

    def _fired(self, v: Float[np.ndarray, " neuron"]) -> Int[np.ndarray, " spike"]:
        """Reset the neurons that passed the threshold, and return which ones."""
        spiked = (v > 1).nonzero()[0]
        self._v = v.copy()
        self._v[spiked] = v[spiked] - 1 if self._lif.reset_rule == "soft" else 0.0
        self._now += 1
        self._until[spiked] = self._now + self._held
        return spiked
