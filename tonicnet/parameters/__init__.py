"""What may be learned: one file a set of numbers, one dict of all sets."""

from ._set import Inner as Inner
from ._set import ParameterSet as ParameterSet
from ._set import PerUnit as PerUnit
from ._set import Response as Response
from ._set import Synaptic as Synaptic
from ._set import Values as Values
from ._sets import SETS as SETS
