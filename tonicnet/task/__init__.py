"""What is to be reproduced: dynamical systems, recordings, and the shelf of tasks."""

from ..labelled import cut_trials as cut_trials
from ..labelled import read_recording as read_recording
from ._card import task_card as task_card
from ._chart import Chart as Chart
from ._chart import Phase as Phase
from ._dysts import dysts_period as dysts_period
from ._dysts import dysts_systems as dysts_systems
from ._dysts import dysts_version as dysts_version
from ._dysts import from_dysts as from_dysts
from ._factory import registered as registered
from ._factory import task_factory as task_factory
from ._given_samples import given_inputs as given_inputs
from ._observed import from_observed as from_observed
from ._recording import recorded as recorded
from ._sample_set import PARTS as PARTS
from ._sample_set import SampleSet as SampleSet
from ._sample_set import sample_set as sample_set
from ._sample_shelf import sample_task as sample_task
from ._sample_shelf import sample_tasks as sample_tasks
from ._shelf import task as task
from ._shelf import tasks as tasks
from ._spec import KINDS as KINDS
from ._spec import STILL as STILL
from ._task import Task as Task
from ._teachers import teacher_flow as teacher_flow
from ._teachers import teacher_samples as teacher_samples
