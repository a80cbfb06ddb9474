"""What spikes will add to the output by chance: learned down beside the error, in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Learnable
from ..network import LIF, Network
from ..parameters import SETS, sets_for
from ..solve import Block, Linearisation, Normal, Products, Residual, Sum
from ._course import Begun, Draw, Problem, Stage

_STATES = 1500  # known states over which the noise is averaged
_TINY = 1e-30


@dataclass(frozen=True)
class SpikeNoise(Residual):
    """q_i^2 = |D_i|^2 mean_s S_i(E z_s + b_i) / (m lag): what spikes add to E|z|^2 in one lag.

    A unit of m neurons is its rate and white noise of intensity S_i / m, S = rate CV^2 / rate_scale^2
    (:meth:`LIF.noise_power`). The field residual is by how far a state is off after one lag in the mean; the two add
    up to the mean square by which it is off, and q has one row for each unit, which its own tonic input alone moves.

    Arguments: ``states`` z (sample, component) in network coordinates; ``lag`` of the synapses in seconds.
    """

    learnable: Learnable
    states: Float[Tensor, "sample component"]
    neurons_per_unit: int
    lag: float

    @property
    def rows(self) -> int:
        """Return the number of units."""
        return self.learnable.circuit.net.units

    def row_bytes(self, size: int) -> int:
        """Return the memory of the rows, of which only the diagonal is kept."""
        del size
        return 0

    def at(self, theta: Tensor) -> Linearisation:
        """Return the noise at theta, and how it moves."""
        return _NoiseAt(theta, *self.power(theta), self)

    def power(self, theta: Tensor) -> tuple[Float[Tensor, " unit"], Float[Tensor, " unit"]]:
        """Return q^2 and its derivative, unit by unit."""
        dynamics = self.learnable.at(theta)
        phi = dynamics.circuit.phi
        assert isinstance(phi, LIF)
        share = dynamics.circuit.out.double().square().sum(1) / (self.neurons_per_unit * self.lag)
        power, slope = (share * found.double().mean(0) for found in phi.noise_power(dynamics.drive(self.states)))
        return power.clamp(min=_TINY), slope


@dataclass(frozen=True)
class _NoiseAt(Linearisation):
    """q^2 and its derivative, unit by unit, in float64."""

    theta: Tensor
    power: Float[Tensor, " unit"]
    slope: Float[Tensor, " unit"]
    residual: SpikeNoise

    @property
    def loss(self) -> float:
        """The sum of q_i^2."""
        return float(self.power.sum())

    def gradient(self) -> Tensor:
        """Return half the gradient."""
        return self.slope / 2

    def changed(self, step: Tensor) -> Tensor:
        """Return J'(q(theta + step) - q(theta))."""
        return self._moves * (self.residual.power(self.theta + step)[0].sqrt() - self.power.sqrt())

    def normal(self) -> Normal:
        """Return the normal equations, whose curvature is diagonal."""
        return Normal(self.gradient(), self._moves.square().to(self._dtype).diag())

    def products(self) -> Products:
        """Return the matrix-free form."""
        diagonal = self._moves.square()
        return Products(self.gradient(), diagonal, lambda v: diagonal * v)

    def blocks(self) -> Iterator[Block]:
        """Yield all rows."""
        yield Block(self.power.sqrt().to(self._dtype), self._moves.to(self._dtype).diag())

    @property
    def _moves(self) -> Float[Tensor, " unit"]:
        """dq/db."""
        return self.slope / (2 * self.power.sqrt())

    @property
    def _dtype(self) -> torch.dtype:
        return self.residual.learnable.circuit.dtype


def quieted(stage: Stage, problem: Problem, neurons_per_unit: int) -> Stage:
    """Return the stage with the noise of spikes beside its own error, at known states (of a behaviour: its targets)."""
    target = problem.target
    known = target.known[:: max(1, len(target.known) // _STATES)]
    states = problem.circuit.tensor(known)

    def make(draw: Draw, begun: Begun) -> Residual:
        noise = SpikeNoise(problem.learnable(draw.restart), states, neurons_per_unit, target.net.filter.lag)
        return Sum(((1.0, stage.make(draw, begun)), (1.0, noise)))

    return replace(stage, make=make)


def check_spikes(net: Network, neurons_per_unit: int | None, learned: tuple[str, ...] = ("bias",)) -> None:
    """Refuse to learn for spikes where their noise is not known: no noisy LIF neuron, no latents, no thresholds."""
    if neurons_per_unit is None:
        return
    lacks = (
        f"transfer function {net.transfer.name!r} has no spiking neuron"
        if not isinstance(net.transfer, LIF)
        else "a neuron without noise fires regularly, and spikes add no chance to its rate"
        if net.transfer.noise == 0
        else f"this network's synapses are {net.spec.synapses}"
        if not net.low_rank
        else next(
            (
                f"{SETS[name].long_name}s are no threshold of a neuron"
                for name in sets_for(learned, net)
                if not SETS[name].threshold
            ),
            None,
        )
    )
    if lacks:
        raise ValueError(
            f"neurons_per_unit={neurons_per_unit} asks learning to keep the noise of spikes low, which it does for "
            f"low-rank networks of noisy LIF neurons, but {lacks}; leave it out, or draw the network with "
            'synapses="low-rank" and transfer=tonicnet.LIF(noise=0.2)'
        )
