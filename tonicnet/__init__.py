"""tonicnet: what a recurrent circuit can do when no synapse ever changes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import measure as measure
from . import spiking as spiking
from ._files import load as load
from ._files import save as save
from ._labels import package_version as _package_version
from ._show import show as show
from .bank import load_bank as load_bank
from .explore import explore as explore
from .learn import fit as fit
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
from .simulate import simulate as simulate
from .task import Task as Task
from .task import from_dysts as from_dysts
from .task import from_observed as from_observed
from .task import read_recording as read_recording
from .task import task as task
from .task import tasks as tasks

if TYPE_CHECKING:
    from . import plot as plot

__version__ = _package_version()


def __getattr__(name: str) -> Any:
    """Import ``tonicnet.plot``, and matplotlib with it, when it is first asked for."""
    if name == "plot":
        return import_module(".plot", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
