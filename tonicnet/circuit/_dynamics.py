"""A circuit under one row of numbers: its flow, its derivative, where it may start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ..parameters import SETS, PerUnit, Response
from ._circuit import Circuit
from ._feed_forward import FeedForward
from ._low_rank import LowRank
from ._recurrent import Recurrent
from ._units import Units

Numbers = Mapping[str, np.ndarray | Tensor]  # of one row of a bank, by the name of their parameter set

_RELAXED, _PART = 50, 0.2  # steps towards rates at rest, and their size in tau


@dataclass(frozen=True)
class Dynamics:
    """dx/ds = F(x) = -x + C r, s = t / tau; a discrete network is the map x' = x + (dt / tau) F(x)."""

    circuit: Circuit
    units: Units

    @property
    def tonic(self) -> Float[Tensor, " unit"]:
        """The tonic input of each unit: what inputs and noise are added to (:meth:`Circuit.fed`)."""
        return self.units.tonic

    def drive(
        self, x: Float[Tensor, "trial state"], onto: Tensor | None = None, fed: Tensor | None = None,
        closed: float = 1.0,
    ) -> Float[Tensor, "trial unit"]:  # fmt: skip
        """Return the whole input of each unit; ``onto`` stands in the place of the tonic input."""
        return self.circuit.drive(x, self.tonic if onto is None else onto, fed, closed)

    def rate(self, x: Tensor, onto: Tensor | None = None) -> Float[Tensor, "trial unit"]:
        """Return the units' responses at a state."""
        return self.circuit.rate(self.units, self.drive(x, onto))

    def respond(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Response:
        """Return the units' responses at a state, and their derivatives."""
        return self.circuit.respond(self.units, self.drive(x, None, fed, closed))

    def flow(
        self, x: Float[Tensor, "trial state"], onto: Tensor | None = None, fed: Tensor | None = None,
        closed: float = 1.0,
    ) -> Float[Tensor, "trial state"]:  # fmt: skip
        """Return F(x)."""
        return self.circuit.collect(self.units.rate(self.drive(x, onto, fed, closed))) - x

    def jacobian(self, x: Float[Tensor, "row state"]) -> Float[Tensor, "row state state"]:
        """Return dF/dx."""
        return self.linear(self.respond(x).through)

    def linear(self, gain: Float[Tensor, "row unit"]) -> Float[Tensor, "row state state"]:
        """Return dF/dx where the units have these gains dr/dh; of their mean along a run, the mean of dF/dx."""
        return self.circuit.linear(gain) - torch.eye(self.circuit.size, dtype=gain.dtype, device=gain.device)

    def tangent(self, x: Tensor, v: Float[Tensor, "row mode state"]) -> tuple[Tensor, Tensor]:
        """Return F(x), and dF/dx applied to each of the vectors v."""
        response = self.respond(x)
        return self.circuit.collect(response.rate) - x, self.circuit.pushed(response.through, v) - v

    def output(self, x: Float[Tensor, "trial state"]) -> Float[Tensor, "trial component"]:
        """Return D r in the network's coordinates."""
        return self.circuit.output(x)

    def state(self, z: Float[Tensor, "trial component"]) -> Float[Tensor, "trial state"]:
        """Return a state with output z from which a run may begin: the latent itself, or rates.

        With feedback the rates at rest while z is fed back (relaxed for ten time constants), else those of least norm.
        """
        circuit = self.circuit
        if not isinstance(circuit, Recurrent):
            return z
        r = torch.zeros(len(z), circuit.size, dtype=circuit.dtype, device=circuit.device)
        if circuit.feedback:
            onto = circuit.fed(z, self.tonic)
            for _ in range(_RELAXED):
                r = r + _PART * self.flow(r, onto, closed=0.0)
        return circuit.with_output(r, z)


def circuit_of(
    net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu", *, rates: bool = False
) -> Circuit:
    """Return the circuit of a network: of its K latents where these are closed, else (or if ``rates``) of its N rates.

    That of a feed-forward network takes inputs where others take a state.

    >>> circuit_of(Network(units=50, seed=0)).size
    3
    """
    if net.feed_forward:
        return FeedForward(net, dtype, device)
    return (LowRank if net.low_rank and not rates else Recurrent)(net, dtype, device)


def placed(circuit: Circuit, numbers: Numbers, learned: tuple[str, ...] = ()) -> Dynamics:
    """Return a circuit under numbers by parameter set; ``learned`` are the sets by which responses are differentiated.

    >>> net = Network(units=50, seed=0)
    >>> placed(circuit_of(net), {"bias": np.zeros(50)}).flow(torch.zeros(1, 3, dtype=torch.float64)).shape
    torch.Size([1, 3])
    """
    sets = [(SETS[name], circuit.tensor(numbers[name])) for name in SETS if name in numbers]
    for one, values in sets:
        circuit = one.place(circuit, values)
    acting = tuple((one, values) for one, values in sets if isinstance(one, PerUnit))
    added = [tonic for one, t in acting if (tonic := one.onto(t)) is not None]
    still = torch.zeros(circuit.net.units, dtype=circuit.dtype, device=circuit.device)
    return Dynamics(circuit, Units(circuit.phi, acting, sum(added[1:], added[0]) if added else still, learned))
