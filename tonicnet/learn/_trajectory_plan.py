"""Learning from trajectories: driven first, then alone for longer and longer."""

from __future__ import annotations

import numpy as np
import torch

from ..simulate import EULER, RK4, Circuit
from ._continuous import ContinuousRollout
from ._discrete import DiscreteRollout
from ._horizon import WARM_UP, horizon, rollout_step
from ._latent import LatentRollout
from ._plan import Draw, Plan, Stage
from ._residual import Residual
from ._sample import recorded_windows
from ._setup import Setup
from ._target import Target
from ._windows import Windows

_WINDOWS = (64, 256)  # least and most windows of a stage
_ROWS = 6  # of the residual for each unknown: with fewer, new windows are not what was learned
_SCORED = 24  # components times scored steps of a window


def trajectory_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield driven windows, then closed-loop windows that double until they reach the horizon, then new ones."""
    h = rollout_step(target)
    full = max(4, round(horizon(target) / (h * target.unit)))
    warm = round(WARM_UP / h)

    def windows(name: str, closed: int, steps: int, scored: bool) -> Stage:
        def make(draw: Draw) -> Residual:
            at = _spread(warm, closed, max(1, _SCORED // target.net.components))
            count = int(np.clip(_ROWS * target.net.units / (len(at) * target.net.components), *_WINDOWS))
            made = recorded_windows(target, circuit, draw(name), count=count, driven=warm, steps=closed, h=h, scored=at)
            return rollout(target, circuit, made, h, setup)

        return Stage(name, steps, make, scored)

    closed = max(2, full // 4)
    while closed < full:
        yield windows(f"{closed} steps", closed, max(6, 3 * setup.steps // 4), False)
        closed *= 2
    number = 1
    while True:
        yield windows(f"{full} steps, {number}", full, max(6, setup.steps // 2), True)
        number += 1


def _spread(driven: int, closed: int, count: int) -> tuple[int, ...]:
    """Return ``count`` scored steps at most, evenly over the closed loop, its last one included."""
    return tuple(sorted({driven + max(1, round(closed * k / count)) for k in range(1, count + 1)}))


def rollout(target: Target, circuit: Circuit, windows: Windows, h: float, setup: Setup) -> Residual:
    """Return the trajectory residual that suits the network."""
    net = target.net
    if net.low_rank:
        return LatentRollout(circuit, windows, h, EULER if net.spec.dt else RK4, room=setup.room)
    start = circuit.resting_rates(windows.path[:, 0], torch.zeros(net.units, dtype=circuit.dtype))
    kind = DiscreteRollout if net.spec.dt else ContinuousRollout
    return kind(circuit, windows, start, h, room=setup.room, curved=setup.curved(net))
