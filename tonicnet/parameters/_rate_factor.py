"""Numbers that multiply the rate of each unit: r = t phi(h)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Inner, Response, Values
from ._set import PerUnit


class RateFactor(PerUnit):
    """r = t phi(h): one number for all outgoing synapses of a unit."""

    reads: ClassVar[tuple[str, ...]] = ("scale",)
    linear = True

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return ones: the network as it was drawn."""
        return np.ones(net.units)

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return t phi(h)."""
        return t * inner(h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return t phi(h), t phi'(h) and phi(h)."""
        rate, slope, touch = inner(h)
        carried = {name: t * one for name, one in touch.items()}
        return Response(t * rate, t * slope, {**carried, self.name: rate} if learned else carried)
