"""The output scale of each unit: r = t phi(h)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Inner, Response, Values
from ._set import PerUnit


@final
class Scale(PerUnit):
    """r = t phi(h): all outgoing synapses of a unit times one number, decoder and recurrent synapses alike."""

    name: ClassVar[str] = "scale"
    variable: ClassVar[str] = "unit_scale"  # a bank's "scale" is the unit of z
    long_name: ClassVar[str] = "output scale"
    linear = True
    signed: ClassVar[bool] = True

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return a scale of one."""
        return np.ones(net.units)

    def decoder_weights(self, net: Network) -> Float[np.ndarray, " number"]:
        """Return |D_n|^2: the scales make the decoder D diag(t)."""
        return np.square(net.decoder.astype(np.float64)).sum(0)

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return t phi(h)."""
        return t * inner(h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return t phi(h), t phi'(h) and phi(h)."""
        rate, slope, touch = inner(h)
        carried = {name: t * one for name, one in touch.items()}
        return Response(t * rate, t * slope, {**carried, self.name: rate} if learned else carried)
