"""Feed-forward synapses: inputs go through one or more hidden layers, and there is no state."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NoReturn, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ..parameters import Response
from ._circuit import Circuit
from ._units import Units


@final
class FeedForward(Circuit):
    """y = C r,  r_1 = response(W x + b_1),  r_l = response(W_l r_{l-1} + b_l): inputs take the place of a state.

    ``layers`` are the places of each layer among the units, ``between`` the synapses W_l' from each layer to the next
    (before, after), ``used`` how many outputs a task has: the others are silent.
    """

    def __init__(self, net: Network, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        super().__init__(net, dtype, device)
        self.feedback, self.recurrent = False, None
        self.size, self.used = self.into.shape[0], net.components
        ends = torch.tensor(net.spec.layers).cumsum(0).tolist()
        self.layers = [slice(end - size, end) for end, size in zip(ends, net.spec.layers, strict=True)]
        w = net.recurrent
        pairs = zip(self.layers, self.layers[1:], strict=False)
        self.between = [self.tensor(w[after, before].toarray().T.copy()) for before, after in pairs]  # type: ignore[union-attr]

    def using(self, outputs: int) -> Self:
        """Return the circuit with the first ``outputs`` of its outputs; the others are zero."""
        other = copy.copy(self)
        other.used = outputs
        return other.with_decoder(self.out.T)

    def with_decoder(self, decoder: Tensor) -> Self:
        """Return the circuit with another readout of the last layer, for the outputs in use."""
        other = super().with_decoder(decoder)
        idle = torch.arange(other.out.shape[1], device=self.device) >= self.used
        other.out = self.read(other.out.T).T.masked_fill(idle, 0.0).contiguous()  # a copy: circuits share tensors
        return other

    def read(self, rate: Float[Tensor, "*any unit"]) -> Float[Tensor, "*any unit"]:
        """Return what of the rates is read out: those of the last layer, zero for the others."""
        first = self.layers[-1].start
        return rate if not first else torch.cat([torch.zeros_like(rate[..., :first]), rate[..., first:]], -1)

    def drive(self, x: Tensor, onto: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return onto + W x; later layers have ``onto`` alone, until those before them respond (:meth:`respond`)."""
        return torch.addmm(onto, self.received(x, fed, closed), self.into)

    def respond(self, units: Units, h: Tensor) -> Response:
        """Return the responses of all units, layer after layer, from what :meth:`drive` brings."""
        if not self.between:
            return units.respond(h)
        found = list(self._responses(units, h))
        touch = {name: torch.cat([r.touch[name] for r in found], -1) for name in found[0].touch}
        return Response(torch.cat([r.rate for r in found], -1), torch.cat([r.through for r in found], -1), touch)

    def rate(self, units: Units, h: Tensor) -> Tensor:
        """Return the rates of all units, layer after layer, from what :meth:`drive` brings."""
        if not self.between:
            return units.rate(h)
        rates: list[Tensor] = []
        for k, layer in enumerate(self.layers):
            own = h[..., layer] if not k else torch.addmm(h[..., layer], rates[-1], self.between[k - 1])
            rates.append(units.part(layer).rate(own))
        return torch.cat(rates, -1)

    def _responses(self, units: Units, h: Tensor) -> Iterator[Response]:
        rate: Tensor | None = None
        for k, layer in enumerate(self.layers):
            own = h[..., layer] if rate is None else torch.addmm(h[..., layer], rate, self.between[k - 1])
            found = units.part(layer).respond(own)
            rate = found.rate
            yield found

    def back(
        self, seed: Float[Tensor, "sample *row component"], through: Float[Tensor, "sample *one unit"]
    ) -> Float[Tensor, "sample *row unit"]:
        """Return the adjoint of each unit's rate from that of the outputs; ``through`` = dr/dh of all units."""
        kappa = seed @ self.out.T
        if not self.between:
            return kappa
        parts = [kappa[..., self.layers[-1]]]
        for w, layer in zip(reversed(self.between), reversed(self.layers[1:]), strict=True):
            parts.append((parts[-1] * through[..., layer]) @ w.T)
        return torch.cat(parts[::-1], -1)

    def received(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return the inputs."""
        del closed
        return x if fed is None else x + fed

    def sent(self, x: Tensor, fed: Tensor | None = None, closed: float = 1.0) -> Tensor:
        """Return the inputs, which an update of the weights multiplies."""
        return self.received(x, fed, closed)

    def through_synapses(self, x: Tensor) -> Tensor:
        """Return W x."""
        return x @ self.into

    def pull(self, local: Tensor, closed: float = 1.0) -> Tensor:
        """Return W' times each row."""
        del closed
        return local @ self.into.T

    def collect(self, rate: Tensor) -> Tensor:
        """Return C r."""
        return rate @ self.out

    def spread(self, adjoint: Tensor) -> Tensor:
        """Return C' times each row."""
        return adjoint @ self.out.T

    def output(self, x: Tensor) -> NoReturn:
        """Raise TypeError: an input says nothing of the output without the units."""
        raise no_state(f"an output of inputs {tuple(x.shape)}")

    def rates(self, x: Tensor, rate: Tensor) -> Tensor:
        """Return the responses."""
        del x
        return rate

    def linear(self, gain: Tensor) -> NoReturn:
        """Raise TypeError: there is no state whose motion could be linear."""
        raise no_state(f"a linear motion at gains {tuple(gain.shape)}")

    def pushed(self, gain: Tensor, v: Tensor) -> NoReturn:
        """Raise TypeError: there is no state to push."""
        raise no_state(f"a push of {tuple(v.shape)} at gains {tuple(gain.shape)}")


def no_state(what: str) -> TypeError:
    """Return the error of a network without state, of which ``what`` was asked."""
    return TypeError(f"a feed-forward network has no state, and {what} needs one; use tonicnet.predict")
