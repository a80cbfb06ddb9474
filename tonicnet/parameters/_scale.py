"""The output scale of each unit: r = t phi(h)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._set import Inner, PerUnit, Response, Values


@final
class Scale(PerUnit):
    """r = t phi(h): all outgoing synapses of a unit times one number, decoder and recurrent synapses alike."""

    name: ClassVar[str] = "scale"
    variable: ClassVar[str] = "unit_scale"  # a bank's "scale" is the unit of z
    long_name: ClassVar[str] = "output scale"

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return a scale of one."""
        return np.ones(net.units)

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return t phi(h)."""
        return t * inner(h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return t phi(h), t phi'(h) and phi(h)."""
        rate, slope, touch = inner(h)
        carried = rate if learned else None if touch is None else t * touch
        return Response(t * rate, t * slope, carried)
