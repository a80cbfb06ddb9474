"""Running a rate network: schedules, inputs, noise."""

from ._flow import flow as flow
from ._inputs import given_inputs as given_inputs
from ._inputs import lasting as lasting
from ._inputs import trials_of as trials_of
from ._perform import perform as perform
from ._predict import predict as predict
from ._run import simulate as simulate
from ._runner import given_noise as given_noise
from ._starting import starting_states as starting_states
