"""The network equation: what the synapses bring to each unit, and what its rate becomes in the state.

    tau dx/dt = -x + C r,    r = response(h),    h = W r + E u + b

Low-rank networks have the latent state x = D r (C = D), others the rates themselves (C = 1).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ..parameters import Response
from ._units import Units


class Circuit(ABC):
    """The frozen synapses of one network at one precision; holds copies, never the network's own arrays.

    ``into`` is E' (component, unit), ``out`` D' (unit, component), ``size`` the number of state variables.
    """

    size: int

    def __init__(self, net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        self.net, self.phi, self.feedback = net, net.transfer, net.spec.feedback
        self.dtype, self.device = dtype, torch.device(device)
        encoder, decoder, self.recurrent = net.tensors(dtype, device)
        self.into = encoder.T.contiguous()
        self.out = decoder.T.contiguous()
        self.left: Tensor | None = None
        self.right: Tensor | None = None

    def tensor(self, values: np.ndarray | Tensor) -> Tensor:
        """Return values as a tensor of this circuit's precision and device."""
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def with_decoder(self, decoder: Float[Tensor, "component unit"]) -> Self:
        """Return the circuit with another decoder D, and so with another feedback E D."""
        other = self._copied()
        other.out = decoder.to(self.dtype).T.contiguous()
        return other

    def with_encoder(self, encoder: Float[Tensor, "unit component"]) -> Self:
        """Return the circuit with another encoder E."""
        other = self._copied()
        other.into = encoder.to(self.dtype).T.contiguous()
        return other

    def with_update(self, left: Tensor | None = None, right: Tensor | None = None) -> Self:
        """Return the circuit with a factor of an update L R of its synapses, which is added once it has both."""
        other = self._copied()
        other.left = self.left if left is None else left.to(self.dtype)
        other.right = self.right if right is None else right.to(self.dtype)
        if other.left is not None and other.right is not None:
            other._update(other.left, other.right)
        return other

    def _update(self, left: Float[Tensor, "unit rank"], right: Float[Tensor, "rank source"]) -> None:
        """Add L R to the encoder: the synapses of a low-rank network are then (E + L R) D."""
        self.into = self.into + (left @ right).T

    def _copied(self) -> Self:
        return copy.copy(self)

    @abstractmethod
    def received(
        self, x: Float[Tensor, "row state"], fed: Tensor | None = None, closed: float = 1.0
    ) -> Float[Tensor, "row component"]:
        """Return u, what the encoder multiplies at a state: the share of its own output, and what is fed beside it."""

    @abstractmethod
    def sent(
        self, x: Float[Tensor, "row state"], fed: Tensor | None = None, closed: float = 1.0
    ) -> Float[Tensor, "row source"]:
        """Return what an update of the synapses multiplies at a state: rates, or u of a low-rank network."""

    def fed(self, u: Float[Tensor, "trial component"], onto: Tensor) -> Float[Tensor, "trial unit"]:
        """Return onto + E u."""
        return torch.addmm(onto, u, self.into)

    @abstractmethod
    def drive(
        self, x: Float[Tensor, "trial state"], onto: Tensor, fed: Tensor | None = None, closed: float = 1.0
    ) -> Float[Tensor, "trial unit"]:
        """Return onto + W r + E u for u = closed D r + ``fed``: ``closed`` is the share of its own output fed back.

        A network without feedback gets ``fed`` alone.
        """

    def respond(self, units: Units, h: Float[Tensor, "*any unit"]) -> Response:
        """Return the responses of the units to what :meth:`drive` brings: of all at once, unless they are in layers."""
        return units.respond(h)

    def rate(self, units: Units, h: Float[Tensor, "*any unit"]) -> Float[Tensor, "*any unit"]:
        """Return their rates alone."""
        return units.rate(h)

    @abstractmethod
    def through_synapses(self, x: Float[Tensor, "trial state"]) -> Float[Tensor, "trial unit"]:
        """Return W r alone: no tonic input, and no feedback beside the synapses."""

    @abstractmethod
    def pull(self, local: Float[Tensor, "row unit"], closed: float = 1.0) -> Float[Tensor, "row state"]:
        """Return the transpose of :meth:`drive` as a linear function of the state."""

    @abstractmethod
    def collect(self, rate: Float[Tensor, "trial unit"]) -> Float[Tensor, "trial state"]:
        """Return C r."""

    @abstractmethod
    def spread(self, adjoint: Float[Tensor, "row state"]) -> Float[Tensor, "row unit"]:
        """Return the transpose of :meth:`collect`."""

    @abstractmethod
    def output(self, x: Float[Tensor, "trial state"]) -> Float[Tensor, "trial component"]:
        """Return D r."""

    @abstractmethod
    def rates(self, x: Float[Tensor, "trial state"], rate: Tensor) -> Float[Tensor, "trial unit"]:
        """Return the rates of a state from which the units' present responses are ``rate``."""

    @abstractmethod
    def linear(self, gain: Float[Tensor, "row unit"]) -> Float[Tensor, "row state state"]:
        """Return C diag(gain) times the synapses: the derivative of C r by the state."""

    @abstractmethod
    def pushed(
        self, gain: Float[Tensor, "row unit"], v: Float[Tensor, "row mode state"]
    ) -> Float[Tensor, "row mode state"]:
        """Return :meth:`linear` applied to each of the vectors v."""
