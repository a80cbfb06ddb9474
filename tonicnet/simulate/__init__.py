"""Running a rate network: fields, methods of integration, schedules."""

from ._coupling import Coupling as Coupling
from ._field import Circuit as Circuit
from ._flow import flow as flow
from ._method import EULER as EULER
from ._method import RK4 as RK4
from ._method import Tableau as Tableau
from ._method import combine as combine
from ._method import runge_kutta as runge_kutta
from ._method import step as step
from ._motion import Motion as Motion
from ._motion import motion as motion
from ._motion import pace_of as pace_of
from ._run import simulate as simulate
from ._run import starting_states as starting_states
