"""Running a rate network: schedules, inputs, noise."""

from ._flow import flow as flow
from ._predict import predict as predict
from ._run import simulate as simulate
from ._starting import starting_states as starting_states
