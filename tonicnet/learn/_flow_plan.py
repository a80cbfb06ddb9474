"""Learning a vector field on a low-rank network: the field itself, then polish in closed loop."""

from __future__ import annotations

import numpy as np

from ..simulate import EULER, RK4, Circuit
from ._flow import FlowResidual
from ._horizon import horizon, rollout_step
from ._latent import LatentRollout
from ._plan import Draw, Plan, Stage
from ._residual import Residual, Sum
from ._sample import flow_residual, flow_windows
from ._setup import Setup
from ._target import Target

_THIN = 3  # one state in so many for the first steps of the flow fit
_WINDOW_STEPS = 3000  # of all windows together, which bounds the cost of a step
_POLISH = 12  # steps of a round


def flow_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield the flow fit, on few states and then on all, and rounds of closed-loop polish with the flow beside it.

    A memory may be good without polish; chaos and cycles gain by it and are scored after their first round.
    """
    drawn: list[FlowResidual] = []

    def flow(draw: Draw) -> FlowResidual:
        if not drawn:
            drawn.append(flow_residual(target, circuit, draw("flow"), setup))
        return drawn[0]

    yield Stage("coarse flow", setup.steps, lambda draw: flow(draw).thinned(_THIN), scored=False)
    yield Stage("flow", max(1, setup.steps // 2), flow, scored=target.task.kind == "memory")
    h = rollout_step(target)
    tableau = EULER if target.net.spec.dt else RK4
    length = max(4, round(horizon(target) / (h * target.unit)))
    count = int(np.clip(_WINDOW_STEPS / length, 48, 128))

    def polish(name: str) -> Stage:
        def make(draw: Draw) -> Residual:
            windows = flow_windows(target, circuit, draw(name), count=count, steps=length, h=h, noise=setup.noise)
            rollout = LatentRollout(circuit, windows, h, tableau, room=setup.room)
            return Sum([(1.0, rollout), (1.0, flow(draw))])

        return Stage(name, _POLISH, make)

    number = 1
    while True:
        yield polish(f"polish {number}")
        number += 1
