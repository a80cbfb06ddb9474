"""What spikes will add to the output by chance: learned down beside the error, in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import LIF, Network
from ..simulate import Circuit
from ._plan import Draw, Stage
from ._residual import Block, Normal, Products, Residual, Sum
from ._target import Target

_STATES = 1500  # known states over which the noise is averaged
_TINY = 1e-30


@dataclass(frozen=True)
class SpikeNoise(Residual):
    """q_i^2 = |D_i|^2 mean_s S_i(E z_s + b_i) / (m lag): what spikes add to E|z|^2 in one lag.

    A unit of m neurons is its rate and white noise of intensity S_i / m, S = rate CV^2 / rate_scale^2
    (:meth:`LIF.noise_power`). The flow residual is by how far a state is off after one lag in the mean; the two add
    up to the mean square by which it is off, and q has one row for each unit, which its own bias alone moves.

    Arguments: ``states`` z (sample, component) in network coordinates; ``lag`` of the synapses in seconds.
    """

    circuit: Circuit
    states: Float[Tensor, "sample component"]
    neurons_per_unit: int
    lag: float

    @property
    def rows(self) -> int:
        """Return the number of units."""
        return len(self.circuit.out)

    def row_bytes(self, units: int) -> int:  # noqa: ARG002
        """Return the memory of the rows, of which only the diagonal is kept."""
        return 0

    def loss(self, bias: Tensor) -> float:
        """Return sum_i q_i^2."""
        return float(self._power(bias)[0].sum())

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the loss and half its gradient."""
        power, slope = self._power(bias)
        return float(power.sum()), slope / 2

    def normal(self, bias: Tensor) -> Normal:
        """Return the normal equations, whose curvature is diagonal."""
        power, slope = self._power(bias)
        return Normal(float(power.sum()), slope / 2, self._diagonal(power, slope).to(self.circuit.dtype).diag())

    def products(self, bias: Tensor) -> Products:
        """Return the matrix-free form."""
        power, slope = self._power(bias)
        diagonal = self._diagonal(power, slope)
        return Products(float(power.sum()), slope / 2, diagonal, lambda v: diagonal * v)

    def blocks(self, bias: Tensor) -> Iterator[Block]:
        """Yield all rows."""
        power, slope = self._power(bias)
        root = power.clamp(min=_TINY).sqrt()
        dtype = self.circuit.dtype
        yield Block(root.to(dtype), (slope / (2 * root)).to(dtype).diag())

    def _power(self, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return q^2 and its derivative, unit by unit, in float64."""
        phi = self.circuit.phi
        assert isinstance(phi, LIF)
        x = torch.addmm(bias.to(self.states.dtype), self.states, self.circuit.into)
        share = self.circuit.out.double().square().sum(1) / (self.neurons_per_unit * self.lag)
        power, slope = (share * made.double().mean(0) for made in phi.noise_power(x))
        return power.clamp(min=0), slope

    @staticmethod
    def _diagonal(power: Tensor, slope: Tensor) -> Tensor:
        """Return (dq/db)^2."""
        return slope.square() / (4 * power.clamp(min=_TINY))


def quieted(stage: Stage, target: Target, circuit: Circuit, neurons_per_unit: int) -> Stage:
    """Return the stage with the noise of spikes beside what it mends, at known states (of a behaviour: its targets)."""
    known = target.known[:: max(1, len(target.known) // _STATES)]
    noise = SpikeNoise(circuit, circuit.tensor(known), neurons_per_unit, target.net.filter.lag)

    def make(draw: Draw) -> Residual:
        return Sum([(1.0, stage.make(draw)), (1.0, noise)])

    return replace(stage, make=make)


def check_spikes(net: Network, neurons_per_unit: int | None) -> None:
    """Refuse to learn for spikes where their noise is not known: no noisy LIF neuron, or no latents."""
    if neurons_per_unit is None:
        return
    lacks = (
        f"transfer function {net.transfer.name!r} has no spiking neuron"
        if not isinstance(net.transfer, LIF)
        else "a neuron without noise fires regularly, and spikes add no chance to its rate"
        if net.transfer.noise == 0
        else f"this network's synapses are {net.spec.synapses}"
        if not net.low_rank
        else None
    )
    if lacks:
        raise ValueError(
            f"neurons_per_unit={neurons_per_unit} asks learning to keep the noise of spikes low, which it does for "
            f"low-rank networks of noisy LIF neurons, but {lacks}; leave it out, or draw the network with "
            'synapses="low-rank" and transfer=tonicnet.LIF(noise=0.2)'
        )
