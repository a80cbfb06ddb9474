"""The network equation, once: what synapses bring, how units respond, how states move."""

from ._autonomous import Autonomous as Autonomous
from ._autonomous import autonomous as autonomous
from ._circuit import Circuit as Circuit
from ._dynamics import Dynamics as Dynamics
from ._dynamics import Numbers as Numbers
from ._dynamics import circuit_of as circuit_of
from ._dynamics import placed as placed
from ._learnable import Learnable as Learnable
from ._learnable import of_bias as of_bias
from ._low_rank import LowRank as LowRank
from ._motion import Motion as Motion
from ._motion import driven as driven
from ._motion import motion as motion
from ._motion import pace_of as pace_of
from ._recurrent import Recurrent as Recurrent
from ._runge_kutta import EULER as EULER
from ._runge_kutta import METHODS as METHODS
from ._runge_kutta import RK4 as RK4
from ._runge_kutta import Tableau as Tableau
from ._runge_kutta import combine as combine
from ._runge_kutta import runge_kutta as runge_kutta
from ._runge_kutta import step as step
from ._units import Units as Units
from ._variation import STEPS_PER_TAU as STEPS_PER_TAU
from ._variation import Bundle as Bundle
from ._variation import Variation as Variation
