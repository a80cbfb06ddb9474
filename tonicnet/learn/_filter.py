"""What a network with other synapses is taught: its field, corrected for their rise time and delay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..network import Filter, Network
from ..task import Task

Flow = Callable[[np.ndarray], np.ndarray]

_TRUTH_STEP = 0.05  # of paths of a field, in its unit of time
_DIFFERENCE = 1e-4  # along the field, in its unit of time


def advanced(flow: Flow, z: Float[np.ndarray, "*any state"], h: float) -> Float[np.ndarray, "*any state"]:
    """Return the states of dz/dt = flow(z) after ``h``, by fourth-order steps of at most 0.05, all at once."""
    count = int(np.ceil(h / _TRUTH_STEP))
    for _ in range(count):
        step = h / count
        k1 = flow(z)
        k2 = flow(z + step / 2 * k1)
        k3 = flow(z + step / 2 * k2)
        z = z + step / 6 * (k1 + 2 * k2 + 2 * k3 + flow(z + step * k3))
    return z


def taught(flow: Flow, filter: Filter, z: Float[np.ndarray, "*any state"]) -> Float[np.ndarray, "*any state"]:
    """Return the field f* that a first-order network is taught, so that one with this filter has the field f.

    On the flow dz/dt = f(z) the rates that arrive, D phi(E z(t - delay) + b), must be (1 + rise d/dt)(1 + tau d/dt) z,
    and so at every state z, with z+ the state a delay later,

        D phi(E z + b) = R(z) = z+ + (tau + rise) f(z+) + tau rise (Df f)(z+).

    A first-order network of time constant lag = tau + rise + delay has D phi(E z + b) = z + lag f*(z), hence

        f*(z) = (R(z) - z) / lag,

    which is f to first order in rise and delay. ``flow`` and the result are per lag. Df f is a central difference.

    Source: Voelker and Eliasmith (2018), doi:10.1162/neco_a_01046, who map linear fields so, and nonlinear ones to
    the first order.

    >>> turning = lambda z: z @ np.array([[0.0, 0.5], [-0.5, 0.0]])
    >>> bool(np.allclose(taught(turning, Filter(1.0), np.eye(2)), turning(np.eye(2))))
    True
    """
    tau, rise, delay = (seconds / filter.lag for seconds in (filter.tau, filter.rise, filter.delay))
    later = advanced(flow, z, delay)
    moved = flow(later)
    ahead, behind = (flow(later + sign * _DIFFERENCE * moved) for sign in (1, -1))
    return later + (tau + rise) * moved + tau * rise * (ahead - behind) / (2 * _DIFFERENCE) - z


def check_field(net: Network, task: Task, method: str) -> None:
    """Refuse what cannot be corrected: a network with rise or delay is taught a field, so both must have one."""
    if net.filter.first_order or (net.low_rank and task.has_flow and method != "trajectory"):
        return
    lacks = (
        f'method "trajectory" follows paths of task {task.name!r}'
        if net.low_rank and task.has_flow
        else f"task {task.name!r} has no vector field"
        if net.low_rank
        else f"this network's synapses are {net.spec.synapses}"
    )
    raise ValueError(
        f"{lacks}, and rise and delay are corrected in the vector field of a low-rank network only; give a task with "
        'a field on synapses="low-rank" (method "auto"), or a network with rise=0 and delay=0'
    )
