"""All parameter sets by name, in the order in which they act on the input of a unit; and what a fit calls them."""

from __future__ import annotations

from ..network import Network
from ._bias import Bias
from ._decoder import Decoder
from ._encoder import Encoder
from ._gain import Gain
from ._input_weights import InputWeights
from ._mask import Mask
from ._recurrent import Synapses
from ._scale import Scale
from ._set import ParameterSet
from ._update import UpdateInput, UpdateLatent, UpdateLeft, UpdateRight

SETS: dict[str, ParameterSet] = {
    s.name: s
    for s in (
        Bias(), Gain(), Scale(), Mask(), Decoder(), Encoder(), Synapses(), UpdateLeft(), UpdateRight(), UpdateLatent(),
        UpdateInput(), InputWeights(),
    )
}  # fmt: skip

UPDATE = "low-rank-update"
MASK = "mask"
PERMUTATIONS = ("permutation", "decoder-permutation", "row-permutation")  # of tonic inputs, of D, of the rows of W
LEARNABLE = ("bias", "gain", "scale", MASK, "decoder", "encoder", "recurrent", UPDATE, *PERMUTATIONS)


def sets_for(names: tuple[str, ...], net: Network) -> tuple[str, ...]:
    """Return the parameter sets that some names of :data:`LEARNABLE` are on a network.

    A permutation is one of the numbers of a set: the rows of W are those of the encoder where W = E D, and where W are
    the weights of the inputs.

    >>> sets_for(("bias", "low-rank-update"), Network(units=20, seed=0))
    ('bias', 'update-left', 'update-latent')
    """
    right = "latent" if net.low_rank else "input" if net.feed_forward else "right"
    into = "encoder" if net.low_rank else "input-weights" if net.feed_forward else "recurrent"
    known = {
        UPDATE: ("update-left", f"update-{right}"),
        "permutation": ("bias",),
        "decoder-permutation": ("decoder",),
        "row-permutation": (into,),
    }
    known |= {"encoder": ("input-weights",)} if net.feed_forward else {}
    return tuple(one for name in names for one in known.get(name, (name,)))
