"""Low-rank synapses W = E D: the latent z = D r is closed."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._circuit import Circuit


@final
class LowRank(Circuit):
    """tau dz/dt = -z + D response(E z + b): K state variables, N x N synapses are never formed.

    The rates around the latent only decay: the other N - K exponents of the network are exactly -1 / tau.
    """

    def __init__(self, net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        super().__init__(net, dtype, device)
        self.size = net.components

    def drive(self, x: Tensor, onto: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return onto + E (closed z + fed)."""
        own = x if closed == 1 else closed * x
        return torch.addmm(onto, own if fed is None else torch.add(fed, x, alpha=closed), self.into)

    def received(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return closed z + fed."""
        own = x if closed == 1 else closed * x
        return own if fed is None else own + fed

    def sent(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return the same."""
        return self.received(x, fed, closed)

    def through_synapses(self, x: Tensor) -> Tensor:
        """Return E z."""
        return x @ self.into

    def pull(self, local: Tensor, closed: float = 1.0) -> Tensor:
        """Return closed E' times each row."""
        return closed * (local @ self.into.T)

    def collect(self, rate: Tensor) -> Tensor:
        """Return D r."""
        return rate @ self.out

    def spread(self, adjoint: Tensor) -> Tensor:
        """Return D' times each row."""
        return adjoint @ self.out.T

    def output(self, x: Tensor) -> Tensor:
        """Return z itself."""
        return x

    def rates(self, x: Tensor, rate: Tensor) -> Tensor:
        """Return the rates that the units are at; the latent does not say how they came there."""
        del x
        return rate

    def linear(self, gain: Tensor) -> Tensor:
        """Return D diag(gain) E, one product for all rows."""
        return (gain @ self.pairs).view(-1, self.size, self.size)

    def pushed(self, gain: Tensor, v: Tensor) -> Tensor:
        """Return D diag(gain) E v."""
        return v @ self.linear(gain).mT

    @property
    def pairs(self) -> Float[Tensor, "unit pair"]:
        """D_in E_nj for each unit n, so that D diag(gain) E is gain times these."""
        return (self.out[:, :, None] * self.into.T[:, None, :]).flatten(1)
