"""How fast a network is asked to run a task: no faster than its units can bend their responses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..task import Task
from ._chosen_coordinates import Frame

_STATES = 2000
_DIFFERENCE = 1e-5
_BENT = 0.5  # of what units are asked for at most: see fitting_speed
_SHARES = np.linspace(0.2, 1.0, 81)
_WIDE = np.linspace(0.2, 3.0, 141)
SLOWNESS = 0.375  # rms of tau f(z) in units of z at most, for a speed chosen from the task's own time scale

Flow = Callable[[np.ndarray], np.ndarray]


def fitting_speed(task: Task, fastest: float) -> float:
    """Return the share of a speed, in task time per lag, at which what units are asked for is not too hard.

    At the share s of that speed the units must put out y(z) = z + s g(z), g the scaled field per lag. What a linear
    map cannot give of it, times how steep it is,

        c(s) = rms (s g - its least-squares line) x rms |1 + s Dg|,

    goes with the relative error that learning leaves: on the shelf it is smallest for Hopf, larger for Lorenz and
    largest for Thomas. The largest s with c(s) <= 0.5 is returned, and 0.2 at least.
    """
    x = task.states(_STATES, seed=11)
    z = (x - task.center) / task.scale
    field = _scaled(task, x, fastest)
    design = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    bent = field - design @ np.linalg.lstsq(design, field, rcond=None)[0]
    steep = _slopes(task, x, fastest)
    hard = [s * _rms(bent) * _rms(np.linalg.norm(np.eye(z.shape[1]) + s * steep, axis=(1, 2))) for s in _SHARES]
    fitting = _SHARES[np.array(hard) <= _BENT]
    return float(fitting.max(initial=_SHARES[0]))


def even_speed(frame: Frame, flow: Flow) -> float:
    """Return the speed, in task time per lag, for a field whose speed is uneven, from its spectrum in a frame.

    The measure c(s) of :func:`fitting_speed`, each state counted as the residual of learning counts it,

        w = 1 / (1 + |s g|^2),    c(s) = rms_w (s g - its least-squares line) x rms_w |1 + s Dg|,

    so that rare bursts do not rule alone. The largest s with c(s) <= 0.5 is returned, from 0.2 to 3 times the speed
    at which the rms of slopes is that of tasks with an even speed. ``flow`` is the field dz/dt in the frame.
    """
    z, field = frame.z, frame.velocity
    steep = np.stack([_along(flow, z, step) for step in _DIFFERENCE * np.eye(z.shape[1])], axis=-1)
    design = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    shares = SLOWNESS * frame.time_scale * _WIDE
    fitting = shares[[_weighted_hardness(s * field, s * steep, design) <= _BENT for s in shares]]
    return float(fitting.max(initial=shares[0]))


def _along(flow: Flow, z: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the derivative of a field along one direction, by central differences."""
    return (flow(z + step) - flow(z - step)) / (2 * np.linalg.norm(step))


def _weighted_hardness(field: np.ndarray, steep: np.ndarray, design: np.ndarray) -> float:
    """Return c of a field and its Jacobian per lag."""
    weights = 1 / (1 + (field**2).sum(axis=1))
    weights /= weights.sum()
    root = np.sqrt(weights)[:, None]
    bent = root * field - (root * design) @ np.linalg.lstsq(root * design, root * field, rcond=None)[0]
    turned = np.linalg.norm(np.eye(field.shape[1]) + steep, axis=(1, 2))
    return float(np.sqrt((bent**2).sum() / field.shape[1] * (weights * turned**2).sum()))


def _scaled(task: Task, x: Float[np.ndarray, "state component"], unit: float) -> Float[np.ndarray, "state component"]:
    return unit * task.flow(x) / task.scale


def _slopes(task: Task, x: Float[np.ndarray, "state component"], unit: float) -> np.ndarray:
    """Return the Jacobian of the scaled field in scaled coordinates, (state, component, component)."""
    here = _scaled(task, x, unit)
    steps = _DIFFERENCE * np.diag(task.scale)
    return np.stack([(_scaled(task, x + step, unit) - here) / _DIFFERENCE for step in steps], axis=-1)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
