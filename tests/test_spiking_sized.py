"""The rule by which a network for spikes is drawn."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.network import LIF


def _noise(neurons: int, **given: object) -> float:
    """Return the decoded noise of a sized network under random biases: what a fit would begin from."""
    net, m = tn.spiking.sized(neurons, seed=0, transfer=LIF(noise=0.2), encoder_scale=1e-4, **given)
    bias = np.random.default_rng(0).normal(0.8, 0.5, net.units)
    return tn.spiking.predict(net, bias, neurons_per_unit=m, duration=0.5)["decoded_noise"].values.mean()


@pytest.mark.parametrize("components", [2, 3])
def test_noise_falls_as_the_root_of_neurons_through_units_and_then_through_m(components: int) -> None:
    few, more, some, many = (_noise(n, components=components) for n in (250, 1000, 2000, 8000))
    assert few / more == pytest.approx(2, rel=0.15)
    assert some / many == pytest.approx(2, rel=1e-6)


def test_units_come_first_and_neurons_are_shared_out() -> None:
    for neurons, units, m in ((300, 300, 1), (1000, 1000, 1), (1999, 1000, 1), (5000, 1000, 5)):
        net, per_unit = tn.spiking.sized(neurons, seed=1, components=2)
        assert (net.units, per_unit) == (units, m)
        assert isinstance(net.transfer, LIF)
    net, m = tn.spiking.sized(1000, seed=1, units=200, tau=0.2)
    assert (net.units, m, net.tau) == (200, 5, 0.2)


def test_what_is_drawn_is_a_network_like_any_other() -> None:
    net, _ = tn.spiking.sized(5000, seed=3)
    assert net == tn.Network(1000, seed=3, encoder_scale=0.5, decoder_scale=1.5, transfer=LIF(noise=0.2))


def test_with_one_neuron_a_unit_three_components_take_quieter_neurons() -> None:
    net, _ = tn.spiking.sized(1999, seed=3)
    assert net == tn.Network(1000, seed=3, encoder_scale=1.1, decoder_scale=0.85, transfer=LIF(noise=0.1))
    assert tn.spiking.sized(2000, seed=3)[0] != net


@pytest.mark.parametrize("neurons", [49, 0, 2.5, True])
def test_too_few_neurons(neurons: object) -> None:
    with pytest.raises(ValueError, match=r"neurons must be a whole number of at least 50"):
        tn.spiking.sized(neurons, seed=0)


@pytest.mark.parametrize("components", [0, "two"])
def test_components_are_counted(components: object) -> None:
    with pytest.raises(ValueError, match=r"components must be a whole number of at least 1"):
        tn.spiking.sized(1000, seed=0, components=components)


def test_more_units_than_neurons() -> None:
    with pytest.raises(ValueError, match=r"200 units need as many neurons at least, got neurons=100"):
        tn.spiking.sized(100, seed=0, units=200)
