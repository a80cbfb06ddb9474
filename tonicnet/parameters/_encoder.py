"""The encoder E, N x K numbers: how units receive the output that is fed back, and inputs."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._afferent import Afferent
from ._learned import Here


@final
class Encoder(Afferent):
    """h = W r + E u + b with a learned E, the input side of the low-rank synapses W = E D or of the feedback.

    u = D r + the inputs of a task. A network without feedback has the inputs alone.
    """

    name: ClassVar[str] = "encoder"
    variable: ClassVar[str] = "encoder"
    long_name: ClassVar[str] = "encoder"
    dims: ClassVar[tuple[str, ...]] = ("unit", "component")

    def lacks(self, net: Network) -> str:
        """Return that feed-forward networks have weights of their inputs."""
        return (
            'a network with a state; a feed-forward one learns "encoder" as the weights of its inputs'
            * net.feed_forward
        )

    def neutral(self, net: Network) -> Float[np.ndarray, "unit component"]:
        """Return the encoder that was drawn."""
        return net.encoder.astype(np.float64)

    def place(self, circuit: Any, values: Float[Tensor, "unit component"]) -> Any:
        """Return the circuit with this encoder."""
        return circuit.with_encoder(values)

    def source(self, here: Here, circuit: Any) -> Tensor:
        """Return u."""
        return circuit.received(*here)

    def sources(self, circuit: Any) -> int:
        """Return the number of components."""
        return int(circuit.out.shape[1])
