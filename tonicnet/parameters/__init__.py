"""What may be learned: one file a set of numbers, one dict of all sets."""

from ._afferent import Afferent as Afferent
from ._learned import Factors as Factors
from ._learned import Here as Here
from ._learned import Inner as Inner
from ._learned import Learned as Learned
from ._learned import Response as Response
from ._learned import Values as Values
from ._set import ParameterSet as ParameterSet
from ._set import PerUnit as PerUnit
from ._set import Synaptic as Synaptic
from ._sets import LEARNABLE as LEARNABLE
from ._sets import MASK as MASK
from ._sets import PERMUTATIONS as PERMUTATIONS
from ._sets import SETS as SETS
from ._sets import UPDATE as UPDATE
from ._sets import sets_for as sets_for
from ._together import Together as Together
