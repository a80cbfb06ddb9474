"""Which units take part: r = t phi(h) with t one or zero."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Inner, Response, Values
from ._set import PerUnit


@final
class Mask(PerUnit):
    """r = t phi(h), t in {0, 1}: a unit is left out of all synapses and of the output, or takes part as it was drawn.

    Methods that relax t need its derivatives, which are those of an output scale.

    Source: masks on random weights, Zhou, Lan, Liu and Yosinski (2019), arXiv 1905.01067.
    """

    name: ClassVar[str] = "mask"
    variable: ClassVar[str] = "mask"
    long_name: ClassVar[str] = "unit mask"
    linear = True

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return that all units take part."""
        return np.ones(net.units)

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return t phi(h)."""
        return t * inner(h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return t phi(h), t phi'(h) and phi(h)."""
        rate, slope, touch = inner(h)
        carried = {name: t * one for name, one in touch.items()}
        return Response(t * rate, t * slope, {**carried, self.name: rate} if learned else carried)
