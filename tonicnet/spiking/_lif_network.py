"""The numbers of a spiking network: what the frozen synapses and one bias become, in SI units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float, Int

from .._names import choose, shown
from .._numbers import whole
from .._weight import weigh
from ..network import LIF, TRANSFERS, Network, Transfer, check_moving

if TYPE_CHECKING:
    import scipy.sparse as sp

PROPAGATIONS = ("auto", "latents", "matrix")


@dataclass(frozen=True)
class LIFNetwork:
    """One LIF neuron, or several, for each rate unit, on the network's own synapses.

    A spike of neuron j adds D[k, unit j] / (neurons_per_unit tau rate_scale) to latent k, so that the
    latent's mean is that of the rate network, whose units fire at rate_scale r. With a rise time it enters the stage
    before the latent, and rise stands for tau: the area is the same. ``propagation`` says how spikes
    come back: "latents" through z (low-rank networks), "matrix" through N x N synapses, or "auto". ``gain`` scales the
    whole input of each unit, r = phi(g h): its neurons have synapses and tonic input g times as strong.
    """

    net: Network
    neurons_per_unit: int = 1
    propagation: str = "auto"
    gain: Float[np.ndarray, " unit"] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_moving(self.net, "a spiking network")
        if not isinstance(self.net.transfer, LIF):
            raise ValueError(_without_neuron(self.net.transfer))
        if self.net.spec.dt is not None:
            raise ValueError("a discrete network (dt given) has no spiking counterpart; draw it with dt=None")
        choose("propagation", self.propagation, PROPAGATIONS)
        if self.propagation == "latents" and not self.latent:
            raise ValueError(
                f'propagation="latents" needs low-rank synapses, this network\'s are {self.net.spec.synapses}; '
                'use propagation="auto"'
            )
        neurons = self.net.units * whole("neurons_per_unit", self.neurons_per_unit)
        weigh(f"{shown(neurons)} neurons", 8 * neurons * (8 + 3 * self.net.components), "lower neurons_per_unit")
        if self.net.tau < 10 * self.lif.dt:
            raise ValueError(f"tau {self.net.tau} s is too short for steps of {self.lif.dt} s; use 10 steps or more")

    @property
    def lif(self) -> LIF:
        """The neuron."""
        assert isinstance(self.net.transfer, LIF)
        return self.net.transfer

    @property
    def latent(self) -> bool:
        """Whether the output is closed, so that spikes may pass through latents alone."""
        return self.net.low_rank

    @property
    def neurons(self) -> int:
        """How many neurons there are."""
        return self.net.units * self.neurons_per_unit

    @property
    def jump(self) -> float:
        """What one spike adds to its unit's filtered rate r, or to the stage before it that rises.

        It is as much larger as neurons, who read their input once a step, lose of a filter's area: one part in a
        thousand for tau 0.1 s, which in a slow part of a field would be some percent of its speed.
        """
        return 1 / (self.neurons_per_unit * self.net.filter.entrance * self.lif.rate_scale) / self.area

    @property
    def own(self) -> Float[np.ndarray, " unit"]:
        """By how much a spike raises the input of the very neuron that sent it; 0 where it arrives late, as a rise."""
        if not self.net.filter.first_order:
            return np.zeros(self.net.units)
        w = np.zeros(self.net.units) if self.latent else self.net.recurrent.diagonal().astype(np.float64)
        if self.net.spec.feedback:
            w = w + np.einsum("nk,kn->n", self.net.encoder, self.net.decoder, dtype=np.float64)
        return self.jump * w * self.gains

    @property
    def area(self) -> float:
        """What neurons read of a spike's unit area in steps of dt."""
        return self.net.filter.area(self.lif.dt)

    @property
    def rising(self) -> bool:
        """Whether synapses have a rise time."""
        return self.net.spec.rise > 0

    @property
    def late(self) -> int:
        """How many of the neuron's steps spikes arrive late."""
        return round(self.net.spec.delay / self.lif.dt)

    @property
    def unit(self) -> Int[np.ndarray, " neuron"]:
        """The unit of each neuron."""
        return np.repeat(np.arange(self.net.units), self.neurons_per_unit)

    @property
    def gains(self) -> Float[np.ndarray, " unit"]:
        """What the input of each unit is multiplied by; one where no gains are given."""
        return np.ones(self.net.units) if self.gain is None else self.gain

    @property
    def encoder(self) -> Float[np.ndarray, "neuron component"]:
        """E, a row for each neuron."""
        return self.gains[self.unit, None] * self.net.encoder[self.unit].astype(np.float64)

    @property
    def decoder(self) -> Float[np.ndarray, "component neuron"]:
        """What a spike of each neuron adds to each latent."""
        return self.jump * self.net.decoder[:, self.unit].astype(np.float64)

    @property
    def matrix(self) -> bool:
        """Whether spikes pass through N x N synapses."""
        return self.propagation == "matrix" or not self.latent

    @property
    def latent_input(self) -> bool:
        """Whether the neurons read the latents back."""
        return self.net.spec.feedback and not (self.matrix and self.latent)

    @property
    def by_unit(self) -> sp.csr_array | Float[np.ndarray, "unit unit"]:
        """What a spike of a neuron of each unit (column) adds to the input of each unit (row)."""
        if self.latent:
            scaled = self.gains[:, None] * self.net.encoder.astype(np.float64)
            return self.jump * (scaled @ self.net.decoder.astype(np.float64))
        w = self.net.recurrent
        drawn = self.jump * (w if self.net.spec.synapses == "sparse" else np.asarray(w, dtype=np.float64))
        gained = drawn if self.gain is None else drawn * self.gains[:, None]
        return gained if isinstance(gained, np.ndarray) else gained.tocsr()

    @property
    def recurrent(self) -> sp.coo_array | np.ndarray | None:
        """What a spike of each neuron (column) adds to the input of each (row); None where latents do it."""
        if not self.matrix:
            return None
        w = self.by_unit
        if isinstance(w, np.ndarray):
            return w[np.ix_(self.unit, self.unit)]
        return w[self.unit][:, self.unit].tocoo()

    def constants(self) -> dict[str, float]:
        """Return the shared constants of all neurons, in SI units."""
        lif = self.lif
        return (
            {
                "tau_m": lif.tau_m,
                "tau_s": self.net.tau,
                "V": lif.threshold - lif.reset,
                "g_L": lif.leak,
                "noise": lif.noise,
            }
            | ({"tau_r": self.net.spec.rise} if self.rising else {})
            | self._adaptation()
            | self.onset()
        )

    def _adaptation(self) -> dict[str, float]:
        lif = self.lif
        return {"tau_a": lif.adaptation_tau, "J_a": self.current(lif.adaptation)} if lif.adapts else {}

    def onset(self) -> dict[str, float]:
        """Return the scale of the current by which spikes begin, and by how much they pass v_th (V); empty without."""
        lif = self.lif
        scale = (lif.threshold - lif.reset) * lif.sharpness
        return {"Delta_T": scale, "V_peak": scale * lif.peak} if lif.sharpness else {}

    def current(self, x: Any) -> Any:
        """Return input, in units of threshold - reset, as a current (A)."""
        return self.lif.leak * (self.lif.threshold - self.lif.reset) * x

    def tonic(self, form: str, bias: Float[np.ndarray, " unit"]) -> Float[np.ndarray, " neuron"]:
        """Return the per-neuron parameter that carries the bias in a form (V, A, V)."""
        lif = self.lif
        b = (lif.threshold - lif.reset) * (self.gains * np.asarray(bias, dtype=np.float64))[self.unit]
        return {"threshold": lif.threshold - b, "current": lif.leak * b, "leak": lif.reset + b}[form]

    def potential(
        self, form: str, depth: Float[np.ndarray, " neuron"], tonic: Float[np.ndarray, " neuron"]
    ) -> np.ndarray:
        """Return v (V) for a depth, 0 at reset and 1 at threshold."""
        span = self.lif.threshold - self.lif.reset
        reset = tonic - span if form == "threshold" else np.full(self.neurons, self.lif.reset)
        return reset + span * depth


def _without_neuron(transfer: Transfer) -> str:
    """Return why a transfer function has no spiking neuron, and the way out."""
    known = ", ".join(name for name, kind in TRANSFERS.items() if issubclass(kind, LIF))
    signed = bool((transfer.value(torch.linspace(-3, 3, 61, dtype=torch.float64)) < 0).any())
    negative = "its rates can be negative, which no neuron fires at; " if signed else ""
    tanh = (
        "tanh(x) = 2 sigmoid(2 x) - 1 would make them positive by an exact change of variables with new biases "
        "(tonicnet.bank.as_sigmoid), but a sigmoid is no neuron's f-I curve either; "
        if transfer.name == "tanh"
        else ""
    )
    return (
        f"transfer function {transfer.name!r} has no spiking neuron (known with one: {known}): {negative}{tanh}"
        'draw the network with transfer="lif" and learn its biases there'
    )
