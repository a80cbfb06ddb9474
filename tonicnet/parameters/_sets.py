"""All parameter sets by name, in the order in which they act on the input of a unit; and what a fit calls them."""

from __future__ import annotations

from ..network import Network
from ._bias import Bias
from ._decoder import Decoder
from ._encoder import Encoder
from ._gain import Gain
from ._recurrent import Synapses
from ._scale import Scale
from ._set import ParameterSet
from ._update import UpdateLatent, UpdateLeft, UpdateRight

SETS: dict[str, ParameterSet] = {
    s.name: s
    for s in (
        Bias(), Gain(), Scale(), Decoder(), Encoder(), Synapses(), UpdateLeft(), UpdateRight(), UpdateLatent(),
    )
}  # fmt: skip

UPDATE = "low-rank-update"
LEARNABLE = ("bias", "gain", "scale", "decoder", "encoder", "recurrent", UPDATE)


def sets_for(names: tuple[str, ...], net: Network) -> tuple[str, ...]:
    """Return the parameter sets that some names of :data:`LEARNABLE` are on a network.

    >>> sets_for(("bias", "low-rank-update"), Network(units=20, seed=0))
    ('bias', 'update-left', 'update-latent')
    """
    right = "update-latent" if net.low_rank else "update-right"
    return tuple(one for name in names for one in (("update-left", right) if name == UPDATE else (name,)))
