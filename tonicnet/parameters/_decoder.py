"""The decoder D, K x N numbers: the readout, and with it the feedback E D."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Here, Response
from ._set import Synaptic


@final
class Decoder(Synaptic):
    """x = D r with a learned D; the feedback E D, or the low-rank synapses W = E D, change with it."""

    name: ClassVar[str] = "decoder"
    variable: ClassVar[str] = "decoder"
    reads: ClassVar[tuple[str, ...]] = ("rate",)
    long_name: ClassVar[str] = "decoder"
    dims: ClassVar[tuple[str, ...]] = ("component", "unit")
    linear = True

    def neutral(self, net: Network) -> Float[np.ndarray, "component unit"]:
        """Return the decoder that was drawn."""
        return net.decoder.astype(np.float64)

    def decoder_weights(self, net: Network) -> Float[np.ndarray, " number"]:
        """Return ones."""
        return np.ones(net.decoder.size)

    def place(self, circuit: Any, values: Float[Tensor, "component unit"]) -> Any:
        """Return the circuit with this decoder."""
        return circuit.with_decoder(values)

    def columns(self, circuit: Any) -> int:
        """Return the number of units."""
        return int(circuit.out.shape[0])

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return the rates."""
        del here, circuit
        return response.rate

    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return the rates that are fed back."""
        del response, circuit
        return here.state

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return sum u_k r_n, component by component."""
        del circuit
        return sums.flatten(-2)

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return the change of D."""
        return change.view(circuit.out.shape[1], circuit.out.shape[0])

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return r_n in the rows of each component, zero in those of the others."""
        k = circuit.out.shape[1]
        blocks = torch.eye(k, dtype=feature.dtype, device=feature.device)[None, :, :, None] * feature[:, None, None, :]
        return blocks.flatten(2)

    def curvature(self, gram: Tensor, circuit: Any) -> Tensor:
        """Return R'R in the block of each component."""
        return torch.block_diag(*[gram] * circuit.out.shape[1])

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return sum r_n^2 for each component."""
        return feature.square().sum(0).repeat(circuit.out.shape[1])

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return E' local times the rates: D acts on the input through the feedback."""
        del kappa
        share = closed if circuit.feedback else 0.0
        sent = share * (local @ circuit.into.T.to(local.dtype))
        return (sent[..., None] * feature.to(local.dtype)[:, None, None, :]).flatten(2)

    def read_out(self, seed: Tensor, rates: Tensor, circuit: Any) -> Tensor:
        """Return the seed times the rates."""
        del circuit
        return (seed[..., None] * rates[:, None, None, :]).flatten(2)
