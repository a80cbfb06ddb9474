"""The weights W of the inputs of a feed-forward network, N x inputs numbers."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._afferent import Afferent
from ._learned import Here


@final
class InputWeights(Afferent):
    """y = C phi(W x + b) with a learned W: what an encoder is to a network without state.

    Units of later layers, which no input reaches, keep their zeros.
    """

    name: ClassVar[str] = "input-weights"
    variable: ClassVar[str] = "input_weights"
    long_name: ClassVar[str] = "weight of the input"
    dims: ClassVar[tuple[str, ...]] = ("unit", "input")

    def lacks(self, net: Network) -> str:
        """Return that networks with a state have encoders."""
        return "" if net.feed_forward else 'a feed-forward network; learn "encoder"'

    def neutral(self, net: Network) -> Float[np.ndarray, "unit input"]:
        """Return the weights that were drawn."""
        return net.encoder.astype(np.float64)

    def place(self, circuit: Any, values: Float[Tensor, "unit input"]) -> Any:
        """Return the circuit with these weights."""
        return circuit.with_encoder(values)

    def source(self, here: Here, circuit: Any) -> Tensor:
        """Return x."""
        return circuit.received(*here)

    def sources(self, circuit: Any) -> int:
        """Return the number of inputs."""
        return int(circuit.into.shape[0])
