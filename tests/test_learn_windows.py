"""How long closed-loop windows last: half a Lyapunov time, within bounds that the task's own time scale gives."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.learn._target import Target
from tonicnet.learn._window_length import horizon

NET = tn.Network(units=20, seed=0)


@pytest.mark.parametrize(("task", "exponent"), [("lorenz", 0.9056), ("roessler", 0.0714)])
def test_windows_of_chaos_last_half_a_lyapunov_time_within_bounds(task: str, exponent: float) -> None:
    target = Target(tn.task(task), NET)
    scale = target.time_scale
    asked = np.clip(0.5 / exponent, 4.5 * scale, 9 * scale)
    assert horizon(target) == pytest.approx(asked, rel=0.15)


def test_windows_where_states_do_not_part_are_the_longest() -> None:
    turning = tn.Task(lambda x: np.stack([x[..., 1], -x[..., 0]], -1), name="turning", initial=[1.0, 0.0], kind="chaos")
    target = Target(turning, NET)
    assert horizon(target) == pytest.approx(9 * target.time_scale, rel=1e-6)
