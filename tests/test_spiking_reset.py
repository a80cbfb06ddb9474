"""Hard and soft reset: the right curve for each, three equal forms under both, and what is not equivalent refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.network import LIF, firing_rate


def test_the_rule_goes_with_the_network_and_a_hard_one_changes_no_old_hash():
    assert "reset_rule" not in LIF().to_dict()
    assert LIF(reset_rule="soft").to_dict()["reset_rule"] == "soft"
    hard, soft = (tn.Network(20, seed=0, transfer=LIF(reset_rule=rule)) for rule in ("hard", "soft"))
    assert hard.sha256 == tn.Network(20, seed=0).sha256 != soft.sha256
    with pytest.raises(ValueError, match="unknown reset_rule 'firm'"):
        LIF(reset_rule="firm")


def test_a_recipe_with_a_soft_reset_is_read_back(tmp_path):
    net = tn.Network(20, seed=0, transfer=LIF(reset_rule="soft"))
    net.to_toml(tmp_path / "network.toml")
    assert tn.load_network(tmp_path / "network.toml") == net


@pytest.mark.parametrize(("noise", "x"), [(0.3, 0.7), (0.3, 2.0), (0.6, 6.0)])
def test_the_soft_curve_is_that_of_the_simulated_neuron(noise, x):
    """200 unconnected neurons in Brian2, 2 s: the curve within 1 % and four standard errors."""
    neuron = LIF(reset_rule="soft", noise=noise)
    net = tn.Network(10, seed=0, transfer=neuron, decoder_scale=1e-9)
    run = tn.spiking.simulate(
        net, np.full(10, x), duration=2.0, neurons_per_unit=20, initial=[0.0, 0.0, 0.0], codegen="numpy"
    )
    late = (run["spike_time"].values > 0.1).sum() / 200 / 1.9
    exact = firing_rate(neuron, x)
    error = 4 * np.sqrt(exact / (200 * 1.9))
    assert abs(late - exact) < max(0.01 * exact, error)
    if x > 5:  # where the hard reset's curve is far away: it would not pass
        assert abs(exact - firing_rate(LIF(noise=noise), x)) > 2 * max(0.01 * exact, error)


@pytest.mark.parametrize("x", [1.5, 2.7, 6.0])
def test_the_noise_free_soft_curve(x):
    """The mean over a narrow band of inputs, since the count of whole updates is a staircase."""
    neuron, step, held = LIF(reset_rule="soft", noise=0.0), 0.02, 9
    inputs = x + np.linspace(-0.05, 0.05, 201)
    v, wait, count = np.zeros(201), np.zeros(201, int), 0
    for n in range(10_000):
        v = np.where(wait == 0, v + step * (inputs - v), v)
        wait = np.maximum(wait - 1, 0)
        fired = (v > 1) & (wait == 0)
        v, wait = v - fired, np.where(fired, held, wait)
        count += fired.sum() if n >= 1000 else 0
    exact = np.mean([firing_rate(neuron, y) for y in inputs])
    assert count / 201 / (9000 * neuron.dt) == pytest.approx(exact, rel=5e-3)


def test_the_soft_slope_is_the_derivative_and_never_below_the_hard_curve():
    phi = LIF(reset_rule="soft")
    x = torch.linspace(-1, 4, 41, dtype=torch.float64)
    rise = (phi.value(x + 1e-2) - phi.value(x - 1e-2)) / 2e-2
    assert torch.allclose(phi.slope(x), rise, atol=2e-3)
    assert (phi.value(x) >= LIF().value(x) - 1e-9).all()


@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_a_soft_reset_has_three_equal_forms(bank_of, kind):
    net = tn.Network(40, seed=1, synapses=kind, transfer=LIF(reset_rule="soft", refractory=0.006))
    held = tn.spiking.verify(net, bank_of(net), schedule=[("one", 0.15), ("two", 0.1)], codegen="numpy")
    assert held["differing"].values.tolist() == [0, 0, 0]
    assert (held["spikes"] > 200).all()
