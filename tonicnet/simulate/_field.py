"""The right-hand side of the network equation, in units of tau, for rates and for low-rank latents."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._coupling import Coupling


class Circuit:
    """The arithmetic of one frozen network at one precision; holds copies, never the network's own arrays.

    With ``drive`` = b + E u + noise, a tensor that broadcasts to (trial, unit):

        rates    F(r) = -r + phi(W r + E D r + drive)
        latents  F(z) = -z + D phi(E z + drive)           (low-rank only; z = D r)
    """

    def __init__(self, net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        encoder, decoder, self.recurrent = net.tensors(dtype, device)
        self.phi = net.transfer
        self.dtype, self.device = dtype, torch.device(device)
        self.feedback = net.spec.feedback
        self.into = encoder.T.contiguous()
        self.out = decoder.T.contiguous()
        w = self.recurrent
        self._transposed = w.t().coalesce() if w is not None and w.is_sparse else None
        self._couplings: dict[tuple[float, torch.dtype], Coupling] = {}

    def tensor(self, values: np.ndarray | Tensor) -> Tensor:
        """Return values as a tensor of this circuit's precision and device."""
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def latent_flow(self, z: Float[Tensor, "trial component"], drive: Tensor) -> Float[Tensor, "trial component"]:
        """Return F(z) of the closed low-rank latent."""
        rate = self.phi.value(torch.addmm(drive, z, self.into))
        return torch.addmm(z, rate, self.out, beta=-1)

    def coupling(self, share: float, dtype: torch.dtype | None = None) -> Coupling:
        """Return r -> drive + (W + share E D) r; a network without feedback has W alone at any share."""
        key = (share if self.feedback else 0.0, dtype or self.dtype)
        if key not in self._couplings:
            made = Coupling.of(self.recurrent, self._transposed, self.into, self.out, key[0])
            self._couplings[key] = made if key[1] == self.dtype else made.to(key[1])
        return self._couplings[key]

    def rate_flow(self, r: Float[Tensor, "trial unit"], drive: Tensor) -> Float[Tensor, "trial unit"]:
        """Return F(r) of the closed loop."""
        return self.phi.value(self.coupling(1.0).forward(r, drive)) - r

    def driven_flow(self, r: Float[Tensor, "trial unit"], drive: Tensor) -> Float[Tensor, "trial unit"]:
        """Return F(r) with the feedback cut; a teacher signal u comes as E u in ``drive``."""
        return self.phi.value(self.coupling(0.0).forward(r, drive)) - r

    def with_output(self, r: Float[Tensor, "trial unit"], z: Float[Tensor, "trial component"]) -> Tensor:
        """Return the rates nearest to r whose output D r is exactly z."""
        gram = self.out.T @ self.out
        return r + torch.linalg.solve(gram, (z - r @ self.out).T).T @ self.out.T

    def resting_rates(self, z: Float[Tensor, "trial component"], bias: Float[Tensor, " unit"]) -> Tensor:
        """Return rates with output z from which a run may begin.

        With feedback: the network relaxed for ten time constants while z is fed back to it; without, the
        rates of least norm.
        """
        r = torch.zeros(len(z), len(bias), dtype=self.dtype, device=self.device)
        if self.feedback:
            drive = torch.addmm(bias, z, self.into)
            for _ in range(50):
                r = r + 0.2 * self.driven_flow(r, drive)
        return self.with_output(r, z)
