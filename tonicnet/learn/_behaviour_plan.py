"""Learning an input/output behaviour: trials with their targets fed back, then less and less of them."""

from __future__ import annotations

import numpy as np

from ..simulate import Circuit
from ._horizon import rollout_step
from ._plan import Draw, Plan, Stage
from ._residual import Residual
from ._sample import trial_windows
from ._setup import Setup
from ._target import Target
from ._trajectory_plan import rollout

_FORCING = (1.0, 0.5, 0.2)  # share of the target fed back, before the network is left alone
_WINDOW_STEPS = 6000  # of all trials together, which bounds the cost of a step
_TRIALS = (16, 200)  # least and most trials of a stage


def behaviour_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield trials under generalised teacher forcing that fades, then the closed loop on new trials."""
    h = rollout_step(target)
    steps = int(target.task.duration / (h * target.unit) + 1e-6)
    count = int(np.clip(_WINDOW_STEPS / steps, *_TRIALS))

    def trials(name: str, forcing: float, scored: bool) -> Stage:
        def make(draw: Draw) -> Residual:
            windows = trial_windows(target, circuit, draw(name), count=count, forcing=forcing, h=h)
            return rollout(target, circuit, windows, h, setup)

        return Stage(name, max(6, setup.steps // 2), make, scored)

    for forcing in _FORCING if target.net.spec.feedback else ():
        yield trials(f"forcing {forcing:g}", forcing, False)
    number = 1
    while True:
        yield trials(f"alone {number}", 0.0, True)
        number += 1
