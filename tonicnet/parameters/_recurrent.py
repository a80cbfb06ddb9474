"""All recurrent synapses W of a dense network, N x N numbers."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._afferent import Afferent
from ._learned import Here


@final
class Synapses(Afferent):
    """h = W r + E u + b with a learned W: what a network can do where every synapse may change."""

    name: ClassVar[str] = "recurrent"
    variable: ClassVar[str] = "recurrent"
    long_name: ClassVar[str] = "recurrent synapse"
    dims: ClassVar[tuple[str, ...]] = ("unit", "presynaptic")

    def lacks(self, net: Network) -> str:
        """Return what is missing where synapses are not dense."""
        return (
            ""
            if net.spec.synapses == "dense"
            else 'all N x N synapses, which synapses="dense" has; learn "low-rank-update" or "encoder" instead, or '
            "draw a dense network"
        )

    def neutral(self, net: Network) -> Float[np.ndarray, "unit presynaptic"]:
        """Return the synapses that were drawn."""
        return net.recurrent.astype(np.float64)

    def place(self, circuit: Any, values: Float[Tensor, "unit presynaptic"]) -> Any:
        """Return the circuit with these synapses."""
        return circuit.with_recurrent(values)

    def source(self, here: Here, circuit: Any) -> Tensor:
        """Return the rates."""
        del circuit
        return here.state

    def sources(self, circuit: Any) -> int:
        """Return the number of units."""
        return int(circuit.out.shape[0])
