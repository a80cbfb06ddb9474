"""Learning a recording on a low-rank network: its smoothed field first, then shooting through its noise."""

from __future__ import annotations

import numpy as np

from ..simulate import EULER, RK4, Circuit
from ._flow import FlowResidual
from ._horizon import horizon, noisy, rollout_step
from ._latent import LatentRollout
from ._plan import Draw, Plan, Stage
from ._residual import Residual, Sum
from ._sample import recorded_flow, recorded_windows
from ._setup import Setup
from ._target import Target

_THIN = 3  # one state in so many for the first steps of the flow fit
_WINDOW_STEPS = {True: 10_000, False: 2000}  # of all windows together: noise is averaged over many samples
_ROUND = 8  # steps of a round
_ANCHOR = 0.01  # weight of the smoothed field beside the windows, which holds the funnel


def recording_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield the field of the smoothed recording, and rounds of multiple shooting on the recording as it is.

    A window starts where the biases want it to, not where noise put its first sample, so that nothing is
    biased by the noise of the starts; all its samples are scored.
    """
    drawn: list[FlowResidual] = []

    def flow(draw: Draw) -> FlowResidual:
        if not drawn:
            drawn.append(recorded_flow(target, circuit, draw("flow"), setup))
        return drawn[0]

    yield Stage("coarse flow", setup.steps, lambda draw: flow(draw).thinned(_THIN), scored=False)
    yield Stage("flow", max(1, setup.steps // 2), flow, scored=False)
    h = _stride(target) * rollout_step(target)
    tableau = EULER if target.net.spec.dt else RK4
    length = max(4, round(horizon(target) / (h * target.unit)))
    count = int(np.clip(_WINDOW_STEPS[noisy(target)] / length, 48, 1000))

    def shooting(name: str) -> Stage:
        def make(draw: Draw) -> Residual:
            every = tuple(range(0 if noisy(target) else 1, length + 1))
            windows = recorded_windows(
                target, circuit, draw(name), count=count, driven=0, steps=length, h=h, scored=every
            )
            rollout = LatentRollout(circuit, windows, h, tableau, free=noisy(target), room=setup.room)
            return Sum([(1.0, rollout), (_ANCHOR, flow(draw))])

        return Stage(name, _ROUND, make)

    number = 1
    while True:
        yield shooting(f"shooting {number}")
        number += 1


def _stride(target: Target) -> int:
    """Return how many samples of a finely sampled recording a step may take: up to half a tau."""
    return 1 if target.net.spec.dt else max(1, int(0.5 / rollout_step(target) + 1e-9))
