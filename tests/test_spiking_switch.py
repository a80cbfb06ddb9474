"""switch refuses what would not be the same network."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest

import tonicnet as tn

NET = tn.Network(units=10, seed=0)


def test_a_group_with_another_reset_is_refused() -> None:
    neurons = b2.NeuronGroup(
        10, "dv/dt = -v / (10*ms) : volt\nv_th : volt", threshold="v > v_th", reset="v -= v_th", method="exact",
        name="neurons", namespace={},
    )  # fmt: skip
    with pytest.raises(ValueError, match="takes away the threshold itself"):
        tn.spiking.switch(b2.Network(neurons), NET, np.zeros(10))


def test_a_group_without_a_bias_is_refused() -> None:
    neurons = b2.NeuronGroup(
        10, "dv/dt = -v / (10*ms) : volt", threshold="v > 1*volt", reset="v = v_th - V", method="exact",
        name="neurons", namespace={},
    )  # fmt: skip
    with pytest.raises(ValueError, match="no learned bias"):
        tn.spiking.switch(b2.Network(neurons), NET, np.zeros(10))
