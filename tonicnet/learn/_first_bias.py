"""Where learning starts: the first tonic inputs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..network import Network
from ._draw import Draw

_DENSE = 0.1  # of the spread of first biases: broad ones silence what random synapses do by themselves


def first_bias(net: Network, *, seed: int = 0, restart: int = 0) -> Float[np.ndarray, " unit"]:
    """Return the tonic inputs from which :func:`tonicnet.fit` of this seed starts, before it learns anything.

    They are normal, with the mean and spread of the transfer function (``Transfer.spread``); a tenth of that spread
    where synapses are not low-rank.

    >>> from tonicnet.network import Network
    >>> first_bias(Network(units=50, seed=0), seed=3).shape
    (50,)
    """
    mean, spread = net.transfer.spread
    broad = spread if net.spec.synapses == "low-rank" else _DENSE * spread
    return mean + broad * Draw(seed, restart)("bias").standard_normal(net.units)
