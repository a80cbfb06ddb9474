"""The output scale of each unit: r = t phi(h)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float

from ..network import Network
from ._rate_factor import RateFactor


@final
class Scale(RateFactor):
    """r = t phi(h): all outgoing synapses of a unit times one number, decoder and recurrent synapses alike."""

    name: ClassVar[str] = "scale"
    variable: ClassVar[str] = "unit_scale"  # a bank's "scale" is the unit of z
    long_name: ClassVar[str] = "output scale"
    signed: ClassVar[bool] = True

    def decoder_weights(self, net: Network) -> Float[np.ndarray, " number"]:
        """Return |D_n|^2: the scales make the decoder D diag(t)."""
        return np.square(net.decoder.astype(np.float64)).sum(0)
