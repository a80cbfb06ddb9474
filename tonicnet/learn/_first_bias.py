"""Where learning starts: the first tonic inputs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..network import Network, first_tonic_inputs
from ._draw import Draw


def first_bias(net: Network, *, seed: int = 0, restart: int = 0) -> Float[np.ndarray, " unit"]:
    """Return the tonic inputs from which :func:`tonicnet.fit` of this seed starts, before it learns anything.

    They are normal, with the mean and spread of the transfer function (``Transfer.spread``); a tenth of that spread
    where synapses are not low-rank. Structured draws have first tonic inputs of their own kind (``Network(draw=...)``).

    >>> from tonicnet.network import Network
    >>> first_bias(Network(units=50, seed=0), seed=3).shape
    (50,)
    """
    return first_tonic_inputs(net.spec, net.decoder, Draw(seed, restart)("bias"))
