"""tonicnet: what a recurrent circuit can do when no synapse ever changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._door import open_door as _open_door

if TYPE_CHECKING:  # what type checkers and editors read; a test holds it against the table below
    from . import measure as measure
    from . import plot as plot
    from . import spiking as spiking
    from ._show import show as show
    from ._version import __version__ as __version__
    from .bank import load_bank as load_bank
    from .explore import explore as explore
    from .files import load as load
    from .files import save as save
    from .learn import fit as fit
    from .learn import learn_online as learn_online
    from .learn import screen as screen
    from .measure import compare as compare
    from .network import LIF as LIF
    from .network import Custom as Custom
    from .network import Network as Network
    from .network import Relu as Relu
    from .network import Sigmoid as Sigmoid
    from .network import Softplus as Softplus
    from .network import Tanh as Tanh
    from .network import Transfer as Transfer
    from .network import load_network as load_network
    from .network import models as models
    from .report import report as report
    from .simulate import flow as flow
    from .simulate import perform as perform
    from .simulate import predict as predict
    from .simulate import simulate as simulate
    from .study import atlas as atlas
    from .study import atlas_network as atlas_network
    from .study import capacity as capacity
    from .study import compare_learning as compare_learning
    from .study import study as study
    from .task import Task as Task
    from .task import behaviour_options as behaviour_options
    from .task import behaviours as behaviours
    from .task import cut_trials as cut_trials
    from .task import dysts_systems as dysts_systems
    from .task import embed_recording as embed_recording
    from .task import from_dysts as from_dysts
    from .task import from_neurogym as from_neurogym
    from .task import from_observed as from_observed
    from .task import read_recording as read_recording
    from .task import recording as recording
    from .task import recordings as recordings
    from .task import resample_recording as resample_recording
    from .task import sample_task as sample_task
    from .task import sample_tasks as sample_tasks
    from .task import task as task
    from .task import task_factory as task_factory
    from .task import tasks as tasks
    from .task import teacher_flow as teacher_flow
    from .task import teacher_samples as teacher_samples

_open_door(
    __name__,
    {
        "files": ("load", "save"),
        "_show": ("show",),
        "_version": ("__version__",),
        "bank": ("load_bank",),
        "explore": ("explore",),
        "learn": ("fit", "learn_online", "screen"),
        "measure": ("compare",),
        "network": (
            "LIF", "Custom", "Network", "Relu", "Sigmoid", "Softplus", "Tanh", "Transfer",
            "load_network", "models",
        ),
        "report": ("report",),
        "simulate": ("flow", "perform", "predict", "simulate"),
        "study": ("atlas", "atlas_network", "capacity", "compare_learning", "study"),
        "task": (
            "Task", "behaviour_options", "behaviours", "cut_trials", "dysts_systems", "embed_recording",
            "from_dysts", "from_neurogym", "from_observed", "read_recording", "recording", "recordings",
            "resample_recording", "sample_task", "sample_tasks", "task", "task_factory", "tasks", "teacher_flow",
            "teacher_samples",
        ),
    },
    rooms=("measure", "plot", "spiking"),
)  # fmt: skip
