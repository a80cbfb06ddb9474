"""Learned biases as thresholds in mV, and how many neurons lie outside a range."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn

NET = tn.Network(20, seed=0)


def test_thresholds_are_those_of_the_live_network(bank_of):
    bank = bank_of(NET)
    found = tn.spiking.thresholds(NET, bank, within=(-80, -40), neurons_per_unit=3)
    for k, task in enumerate(("one", "two")):
        live = tn.spiking.to_brian2(NET, bank, task=task, neurons_per_unit=3)
        live.run(0 * live["neurons"].clock.dt)
        v = 1e3 * np.array(live["neurons"].v_th_[:])
        np.testing.assert_allclose(np.repeat(found["threshold"].values[k], 3), v, rtol=1e-12)
        assert int(found["outside"][k]) == ((v < -80) | (v > -40)).sum() > 0
        assert float(found["share"][k]) == pytest.approx(int(found["outside"][k]) / 60)
    assert found["threshold"].attrs["units"] == "mV"


def test_a_range_of_biases_is_a_range_of_thresholds():
    """The biases at the ends of the range are just inside, a little more is outside."""
    found = tn.spiking.thresholds(NET, np.zeros(20), within=(-75, -42))
    ends = np.array([float(found["bias_least"]), float(found["bias_greatest"])])
    np.testing.assert_allclose(ends, [-0.4, 1.25])
    for wider, count in ((0.0, 0), (1e-6, 20)):
        biases = np.resize(ends + wider * np.array([-1, 1]), 20)
        counted = tn.spiking.thresholds(NET, biases, within=(-75, -42))
        assert int(counted["outside"][0]) == count


def test_units_that_a_mask_leaves_out_have_no_threshold(bank_of):
    bank = bank_of(NET)
    mask = np.ones((2, 20))
    mask[:, :5] = 0
    held = bank.assign(mask=(("task", "unit"), mask, {"units": "1", "long_name": "unit mask"}))
    found = tn.spiking.thresholds(NET, held, task="one", within=(-80, -40))
    assert np.isnan(found["threshold"].values[0]).sum() == 5
    assert np.isfinite(found["greatest"].values).all()


def test_a_gain_scales_the_tonic_input(bank_of):
    bank = bank_of(NET)
    held = bank.assign(gain=(("task", "unit"), np.full((2, 20), 2.0), {"units": "1", "long_name": "input gain"}))
    plain, doubled = (tn.spiking.thresholds(NET, b, task="two", within=(-80, -40))["threshold"] for b in (bank, held))
    np.testing.assert_allclose(doubled + 50, 2 * (plain + 50), rtol=1e-10)


@pytest.mark.parametrize(
    ("within", "error"), [((-40, -80), ValueError), ((-40, np.inf), ValueError), (5.0, TypeError), ("ab", TypeError)]
)
def test_a_range_that_is_none_is_refused(within, error):
    with pytest.raises(error, match="within is"):
        tn.spiking.thresholds(NET, np.ones(20), within=within)


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="no spiking neuron"):
        tn.spiking.thresholds(tn.Network(20, seed=0, transfer="tanh"), np.ones(20), within=(-80, -40))
