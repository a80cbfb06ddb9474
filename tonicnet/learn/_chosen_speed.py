"""How fast a network is asked to run a task: no faster than its units can bend their responses."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..task import Task

_STATES = 2000
_DIFFERENCE = 1e-5
_BENT = 0.5  # of what units are asked for at most: see fitting_speed
_SHARES = np.linspace(0.2, 1.0, 81)


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


def _scaled(task: Task, x: Float[np.ndarray, "state component"], unit: float) -> Float[np.ndarray, "state component"]:
    return unit * task.flow(x) / task.scale


def _slopes(task: Task, x: Float[np.ndarray, "state component"], unit: float) -> np.ndarray:
    """Return the Jacobian of the scaled field in scaled coordinates, (state, component, component)."""
    here = _scaled(task, x, unit)
    steps = _DIFFERENCE * np.diag(task.scale)
    return np.stack([(_scaled(task, x + step, unit) - here) / _DIFFERENCE for step in steps], axis=-1)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
