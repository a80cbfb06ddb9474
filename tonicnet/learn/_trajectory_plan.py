"""Learning from trajectories: driven first, then alone for longer and longer."""

from __future__ import annotations

import numpy as np
import torch

from ..simulate import EULER, RK4, Circuit
from ._continuous import ContinuousRollout
from ._discrete import DiscreteRollout
from ._horizon import horizon, rollout_step
from ._latent import LatentRollout
from ._plan import Draw, Plan, Stage
from ._residual import Residual
from ._sample import recorded_windows
from ._setup import Setup
from ._target import Target
from ._windows import Windows

_WINDOW_STEPS = 3000  # of all windows together, which bounds the cost of a step
_WARM_UP = 3.0  # driven time before closed-loop windows, in tau


def trajectory_plan(target: Target, circuit: Circuit, setup: Setup) -> Plan:
    """Yield driven windows, then closed-loop windows that double until they reach the horizon, then new ones."""
    h = rollout_step(target)
    full = max(4, round(horizon(target) / (h * target.unit)))
    warm = max(2, round(_WARM_UP / h))

    def windows(name: str, closed: int, steps: int, scored: bool) -> Stage:
        def make(draw: Draw) -> Residual:
            count = int(np.clip(_WINDOW_STEPS / closed, 48, 192))
            made = recorded_windows(target, circuit, draw(name), count=count, driven=warm, steps=closed, h=h)
            return rollout(target, circuit, made, h, setup)

        return Stage(name, steps, make, scored)

    closed = max(2, full // 16)
    while closed < full:
        yield windows(f"{closed} steps", closed, max(6, setup.steps // 3), False)
        closed *= 2
    number = 1
    while True:
        yield windows(f"{full} steps, {number}", full, max(6, setup.steps // 2), True)
        number += 1


def rollout(target: Target, circuit: Circuit, windows: Windows, h: float, setup: Setup) -> Residual:
    """Return the trajectory residual that suits the network."""
    net = target.net
    if net.low_rank:
        return LatentRollout(circuit, windows, h, EULER if net.spec.dt else RK4, room=setup.room)
    start = circuit.resting_rates(windows.path[:, 0], torch.zeros(net.units, dtype=circuit.dtype))
    kind = DiscreteRollout if net.spec.dt else ContinuousRollout
    return kind(circuit, windows, start, h, room=setup.room, curved=setup.curved(net))
