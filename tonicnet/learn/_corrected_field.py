"""Fields for networks with other synapses: corrected for rise time and delay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..circuit import RK4, runge_kutta
from ..network import Filter, Network
from ..task import Task

Flow = Callable[[np.ndarray], np.ndarray]

_TRUTH_STEP = 0.05  # of paths of a field, in its unit of time
_DIFFERENCE = 1e-4  # along the field, in its unit of time


def advanced(flow: Flow, z: Float[np.ndarray, "*any state"], h: float) -> Float[np.ndarray, "*any state"]:
    """Return the states of dz/dt = flow(z) after ``h``, by fourth-order steps of at most 0.05, all at once."""
    count = int(np.ceil(h / _TRUTH_STEP))
    for _ in range(count):
        z = runge_kutta(flow, z, h / count, RK4)
    return z


def corrected(flow: Flow, filter: Filter, z: Float[np.ndarray, "*any state"]) -> Float[np.ndarray, "*any state"]:
    """Return the field f* that a first-order network must have, so that one with this filter has the field f.

    On the flow dz/dt = f(z) the rates that arrive, D phi(E z(t - delay) + b), must be (1 + rise d/dt)(1 + tau d/dt) z,
    and so at every state z, with z+ the state a delay later,

        D phi(E z + b) = R(z) = z+ + (tau + rise) f(z+) + tau rise (Df f)(z+).

    A first-order network of time constant lag = tau + rise + delay has D phi(E z + b) = z + lag f*(z), hence

        f*(z) = (R(z) - z) / lag,

    which is f to first order in rise and delay. ``flow`` and the result are per lag. Df f is a central difference.

    Source: Voelker and Eliasmith (2018), doi:10.1162/neco_a_01046, who map linear fields so, and nonlinear ones to
    the first order.

    >>> turning = lambda z: z @ np.array([[0.0, 0.5], [-0.5, 0.0]])
    >>> bool(np.allclose(corrected(turning, Filter(1.0), np.eye(2)), turning(np.eye(2))))
    True
    """
    tau, rise, delay = (seconds / filter.lag for seconds in (filter.tau, filter.rise, filter.delay))
    later = advanced(flow, z, delay)
    moved = flow(later)
    ahead, behind = (flow(later + sign * _DIFFERENCE * moved) for sign in (1, -1))
    return later + (tau + rise) * moved + tau * rise * (ahead - behind) / (2 * _DIFFERENCE) - z


def check_field(net: Network, task: Task, objective: str) -> None:
    """Refuse what cannot be corrected: with rise, delay or adaptation a network learns a field; both must have one."""
    latent = net.low_rank
    if net.first_order or (latent and task.has_flow and objective != "trajectory"):
        return
    lacks = (
        f'objective "trajectory" follows paths of task {task.name!r}'
        if latent and task.has_flow
        else f"task {task.name!r} has no vector field"
        if latent
        else f"this network's synapses are {net.spec.synapses}"
    )
    what, without = ("adaptation is", "LIF(adaptation=0)") if net.transfer.adapts else _SYNAPSES
    raise ValueError(
        f"{lacks}, and {what} corrected in the vector field of a low-rank network only; give a task with "
        f'a field on synapses="low-rank" (objective "auto"), or a network with {without}'
    )


_SYNAPSES = ("rise and delay are", "rise=0 and delay=0")
