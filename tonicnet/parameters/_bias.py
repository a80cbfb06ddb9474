"""The tonic input of each unit: r = phi(h + t)."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Inner, Response, Values
from ._set import PerUnit


@final
class Bias(PerUnit):
    """r = phi(h + t): the tonic input, which a spiking neuron carries as its threshold.

    Its two derivatives are one tensor, dr/dh = dr/dt = phi', so that it costs nothing beside the response itself.
    """

    name: ClassVar[str] = "bias"
    variable: ClassVar[str] = "bias"
    reads: ClassVar[tuple[str, ...]] = ("through",)
    long_name: ClassVar[str] = "tonic input"
    threshold: ClassVar[bool] = True

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return no tonic input."""
        return np.zeros(net.units)

    def onto(self, t: Tensor) -> Tensor:
        """Return t: it is added to the input together with what the synapses bring."""
        return t

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return phi(h), h with t in it."""
        del t
        return inner(h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return phi(h) and phi'(h), h with t in it."""
        del t
        plain = inner(h)
        return plain._replace(touch={**plain.touch, self.name: plain.through}) if learned else plain

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return kappa o dr/dh, which is known already."""
        del kappa, feature, circuit, closed
        return local
