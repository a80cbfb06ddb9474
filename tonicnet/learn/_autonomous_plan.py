"""Learning on a network without feedback: from its one start on, further and further."""

from __future__ import annotations

from ..simulate import Circuit
from ._horizon import rollout_step
from ._plan import Draw, Plan, Stage
from ._residual import Residual
from ._sample import whole_trials
from ._setup import Setup
from ._target import Target
from ._trajectory_plan import rollout

_FIRST = 20  # steps of the first horizon
_GROWTH = 1.5
_PATIENCE = 25  # steps: a horizon is often crossed after a plateau


def autonomous_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield horizons from the beginning of the trials that grow until all of them is followed."""
    h = rollout_step(target)
    full = int(target.task.duration / (h * target.unit) + 1e-6)

    def followed(name: str, steps: int, scored: bool) -> Stage:
        def make(draw: Draw) -> Residual:
            return rollout(target, circuit, whole_trials(target, circuit, draw(name), steps, h), h, setup)

        return Stage(name, 2 * setup.steps if scored else setup.steps, make, scored, patience=_PATIENCE)

    length = min(_FIRST, full)
    while length < full:
        yield followed(f"{length} steps", length, False)
        length = int(_GROWTH * length)
    number = 1
    while True:
        yield followed(f"{full} steps, {number}", full, True)
        number += 1
