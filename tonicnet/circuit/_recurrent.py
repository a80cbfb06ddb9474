"""Dense or sparse synapses with the fixed feedback E D: the state is the rates."""

from __future__ import annotations

from typing import Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._circuit import Circuit
from ._coupling import Coupling


@final
class Recurrent(Circuit):
    """tau dr/dt = -r + response((W + E D) r + E u + b); without feedback W alone. Low-rank networks have W = 0 here."""

    def __init__(self, net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        super().__init__(net, dtype, device)
        self.size = net.units
        w = self.recurrent
        self._transposed = w.t().coalesce() if w is not None and w.is_sparse else None
        self._couplings: dict[tuple[float, torch.dtype], Coupling] = {}

    def with_recurrent(self, recurrent: Float[Tensor, "unit unit"]) -> Self:
        """Return the circuit with other dense synapses W."""
        other = self._copied()
        other.recurrent = recurrent.to(self.dtype)
        return other

    def _update(self, left: Tensor, right: Tensor) -> None:
        """Add L R to dense synapses; sparse ones keep it as two thin products, low-rank ones in the encoder."""
        if self.net.low_rank:
            super()._update(left, right)
        elif self.recurrent is not None and not self.recurrent.is_sparse:
            self.recurrent = self.recurrent + left @ right

    def _copied(self) -> Self:
        other = super()._copied()
        other._couplings = {}
        return other

    @property
    def thin(self) -> tuple[Tensor, Tensor] | None:
        """L' and R' of an update of sparse synapses, which is multiplied beside them."""
        if self.left is None or self.right is None or self.recurrent is None or not self.recurrent.is_sparse:
            return None
        return self.left.T, self.right.T

    def received(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return closed D r + fed; without feedback what is fed alone."""
        own = (closed if self.feedback else 0.0) * (x @ self.out)
        return own if fed is None else own + fed

    def sent(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return the rates."""
        return self.received(x, fed, closed) if self.net.low_rank else x

    def coupling(self, closed: float, dtype: torch.dtype | None = None) -> Coupling:
        """Return r -> onto + (W + closed E D) r; a network without feedback has W alone at any share."""
        key = (closed if self.feedback else 0.0, dtype or self.dtype)
        if key not in self._couplings:
            made = Coupling.of(self.recurrent, self._transposed, self.into, self.out, key[0], self.thin)
            self._couplings[key] = made if key[1] == self.dtype else made.to(key[1])
        return self._couplings[key]

    def drive(self, x: Tensor, onto: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return onto + E fed + (W + closed E D) r."""
        if fed is not None:  # as columns, which is how the coupling adds it
            column = onto[:, None] if onto.dim() == 1 else onto.T
            onto = torch.addmm(column, self.into.T, fed.T).T
        return self.coupling(closed).forward(x, onto)

    def through_synapses(self, x: Tensor) -> Tensor:
        """Return W r."""
        return self.coupling(0.0).forward(x, torch.zeros(self.size, dtype=self.dtype, device=self.device))

    def pull(self, local: Tensor, closed: float = 1.0) -> Tensor:
        """Return (W + closed E D)' times each row."""
        return self.coupling(closed).backward(local, torch.zeros_like(local), 0.0)

    def collect(self, rate: Tensor) -> Tensor:
        """Return the rates."""
        return rate

    def spread(self, adjoint: Tensor) -> Tensor:
        """Return the rows themselves."""
        return adjoint

    def output(self, x: Tensor) -> Tensor:
        """Return D r."""
        return x @ self.out

    def rates(self, x: Tensor, rate: Tensor) -> Tensor:
        """Return the state itself."""
        del rate
        return x

    def linear(self, gain: Tensor) -> Tensor:
        """Return diag(gain) (W + E D), N x N for each row."""
        identity = torch.eye(self.size, dtype=self.dtype, device=self.device)
        return gain[:, :, None] * self._through(identity).T

    def pushed(self, gain: Tensor, v: Tensor) -> Tensor:
        """Return diag(gain) (W + E D) v, no matrix of it formed."""
        return gain[:, None, :] * self._through(v.flatten(0, 1)).view(v.shape)

    def with_output(self, r: Tensor, z: Tensor) -> Tensor:
        """Return the rates nearest to r whose output D r is exactly z."""
        gram = self.out.T @ self.out
        return r + torch.linalg.solve(gram, (z - r @ self.out).T).T @ self.out.T

    def _through(self, rows: Tensor) -> Tensor:
        still = torch.zeros(self.size, dtype=self.dtype, device=self.device)
        return self.coupling(1.0).forward(rows, still)
