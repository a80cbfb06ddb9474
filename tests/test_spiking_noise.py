"""Noise as a function of seed, step and neuron: normal, independent, and the same in every language."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.spiking.exported.membrane_noise import EDGE, SEEDS, brian2_normal, normal

DRAWN = np.concatenate([normal(np.arange(5000), step, 3) for step in range(100)])


def test_the_numbers_are_standard_normal():
    assert stats.kstest(DRAWN, "norm").pvalue > 0.01
    assert abs(DRAWN.mean()) < 4 / np.sqrt(DRAWN.size)
    assert abs(DRAWN.var() - 1) < 4 * np.sqrt(2 / DRAWN.size)
    assert abs(stats.kurtosis(DRAWN)) < 4 * np.sqrt(24 / DRAWN.size)


def test_the_tail_beyond_the_last_layer_is_there():
    expected = 2 * stats.norm.sf(EDGE) * DRAWN.size
    beyond = np.abs(DRAWN[np.abs(DRAWN) > EDGE])
    assert abs(len(beyond) - expected) < 4 * np.sqrt(expected)
    assert beyond.max() < 6
    assert stats.kstest(stats.norm.sf(beyond) / stats.norm.sf(EDGE), "uniform").pvalue > 0.01


def test_neighbours_in_neuron_step_and_seed_are_unrelated():
    here = DRAWN.reshape(100, 5000)
    for a, b in ((here[:, 1:], here[:, :-1]), (here[1:], here[:-1]), (here[0], normal(np.arange(5000), 0, 4))):
        r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(r) < 4 / np.sqrt(a.size)


def test_a_number_depends_on_its_three_counters_alone():
    whole = normal(np.arange(50), 1234, 99)
    parts = np.concatenate([normal(k, 1234, 99) for k in range(50)])
    np.testing.assert_array_equal(whole, parts)
    assert not np.array_equal(whole, normal(np.arange(50), 1235, 99))


def test_compiled_code_draws_the_same_numbers():
    import brian2 as b2

    with tn.spiking._codegen.target("cython"):
        group = b2.NeuronGroup(20_000, "x : 1\nkey : integer (shared)", namespace={"normal": brian2_normal()}, name="g")
        group.key = SEEDS - 1
        group.run_regularly("x = normal(i, t_in_timesteps, key)")
        network = b2.Network(group)
        network.run(b2.defaultclock.dt * 3, namespace={})
    np.testing.assert_allclose(group.x[:], normal(np.arange(20_000), 2, SEEDS - 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", ["hard", "soft"])
def test_a_live_network_can_be_given_another_seed(rule, numpy_code):
    import brian2 as b2

    net = tn.Network(20, seed=0, transfer=LIF(reset_rule=rule))
    live = [tn.spiking.to_brian2(net, np.ones(20)) for _ in range(2)]
    live[1]["neurons"].noise_seed = 1
    for one in live:
        one.run(0.05 * b2.second, namespace={})
    assert not np.array_equal(live[0]["spikes"].t_[:], live[1]["spikes"].t_[:])


def test_a_noise_free_network_has_no_seed():
    net = tn.Network(20, seed=0, transfer=LIF(noise=0.0))
    assert "noise_seed" not in tn.spiking.to_brian2(net, np.ones(20))["neurons"].equations.parameter_names
