"""All parameter sets by name, in the order in which they act on the input of a unit."""

from __future__ import annotations

from ._bias import Bias
from ._decoder import Decoder
from ._gain import Gain
from ._scale import Scale
from ._set import ParameterSet

SETS: dict[str, ParameterSet] = {s.name: s for s in (Bias(), Gain(), Scale(), Decoder())}
