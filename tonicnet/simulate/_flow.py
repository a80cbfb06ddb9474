"""The vector field a low-rank network runs under a bias, in the task's own units: a callable like ``task.flow``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from jaxtyping import Float

from ..bank import Entry, plan
from ..circuit import autonomous
from ..network import Network, check_moving

Flow = Callable[[Float[np.ndarray, "... component"]], Float[np.ndarray, "... component"]]


def flow(net: Network, bias: xr.Dataset | xr.DataArray | np.ndarray, *, task: str | None = None) -> Flow:
    """Return dx/dt of a low-rank network under one bias, as a function of the output x.

        z = (x - center) / scale,      dx/dt = scale (-z + D phi(E z + b)) / (tau speed)

    (by the chain rule where the row has a coordinate map), which is to be held against ``task.flow(x)``: both take
    states (..., d) in task units and return task units per task-time unit. Components that the task leaves idle may be
    left out; they are then at rest.

    Arguments: ``net``, a network with ``synapses="low-rank"``, whose output is closed; ``bias``, a bank of it
    (with ``task``, if it holds several) or one bias vector (unit,), which runs in network coordinates and seconds.
    Raises ValueError for another kind of network, since its field has N dimensions, for synapses with rise or delay,
    since z is not their whole state, and for an unknown task.

    >>> net = Network(units=50, seed=0)
    >>> flow(net, np.zeros(50))(np.zeros((4, 3))).shape
    (4, 3)
    """
    if not check_moving(net, "flow").low_rank:
        raise ValueError(
            f"the output of a {net.spec.synapses} network does not close: its field has {net.units} dimensions; "
            'draw the network with synapses="low-rank", or run it with tonicnet.simulate'
        )
    entry = plan(net, bias, duration=net.tau, schedule=None, task=task)[0].entry
    if not net.filter.first_order:
        raise ValueError(
            "the output of a network with rise or delay has no field of its own: where it goes depends on what is in "
            "its synapses; run it with tonicnet.simulate"
        )
    latent = autonomous(net, entry.numbers)

    def field(x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        states = np.asarray(x, dtype=float)
        x = _whole(states, entry).reshape(-1, net.components)
        moved = entry.scaling.velocity_to_task(x, latent.flow(entry.to_network(x))) / (net.tau * entry.speed)
        return moved.reshape(*states.shape[:-1], net.components)[..., : states.shape[-1]]

    return field


def _whole(x: np.ndarray, entry: Entry) -> np.ndarray:
    """Return states of all components of the network, idle ones at their centre."""
    given, k = x.shape[-1] if x.ndim else 0, len(entry.center)
    if given not in (entry.dimension, k):
        raise ValueError(
            f"states of task {entry.task!r} have {entry.dimension} components in the last axis "
            f"({k} with idle ones), got shape {x.shape}"
        )
    return entry.scaling.completed(x)
