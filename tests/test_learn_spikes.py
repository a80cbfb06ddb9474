"""Learning for spikes: the noise that they add, its derivatives, and that fits lower it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import circuit_of, of_bias
from tonicnet.learn._spike_noise import SpikeNoise
from tonicnet.network import LIF
from tonicnet.solve import Sum

N = 40


@pytest.fixture(scope="module")
def noise() -> SpikeNoise:
    net = tn.Network(N, seed=1, transfer=LIF(noise=0.2))
    states = torch.randn(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return SpikeNoise(of_bias(circuit_of(net)), states, neurons_per_unit=4, lag=net.tau)


@pytest.fixture(scope="module")
def bias() -> torch.Tensor:
    return torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def test_the_loss_is_the_noise_that_predict_gives(noise: SpikeNoise, bias: torch.Tensor) -> None:
    """Twice the variance of the filtered output, summed over components: what white noise adds in one tau."""
    net = tn.Network(N, seed=1, transfer=LIF(noise=0.2))
    x = noise.states @ noise.learnable.circuit.into + bias
    power = net.transfer.variability(x.numpy()) / (4 * 100.0**2)
    variance = (power @ net.decoder.T.astype(np.float64) ** 2).mean(0) / (2 * net.tau)
    assert noise.loss(bias) == pytest.approx(2 * variance.sum(), rel=1e-5)


def test_gradient_and_rows_are_those_of_differences(noise: SpikeNoise, bias: torch.Tensor) -> None:
    here = noise.at(bias)
    h = 1e-4
    moved = np.array([(noise.loss(bias + h * e) - noise.loss(bias - h * e)) / (2 * h) for e in torch.eye(N).double()])
    assert here.loss == noise.loss(bias)
    assert 2 * here.gradient().numpy() == pytest.approx(moved, rel=1e-3, abs=1e-3 * np.abs(moved).max())
    (block,) = here.blocks()
    normal, products = here.normal(), here.products()
    assert float(block.error.square().sum()) == pytest.approx(here.loss)
    assert torch.allclose(block.error @ block.jacobian, here.gradient())
    assert torch.allclose(normal.curvature, block.jacobian.T @ block.jacobian)
    assert torch.allclose(products.curvature(bias), normal.curvature @ bias)
    assert torch.allclose(products.diagonal, normal.curvature.diagonal())
    step = 0.1 * torch.cos(torch.arange(N).double())
    (there,) = noise.at(bias + step).blocks()
    assert torch.allclose(here.changed(step), (there.error - block.error) @ block.jacobian)
    both = Sum(((1.0, noise), (2.0, noise)))
    assert torch.allclose(both.at(bias).changed(step), 3 * here.changed(step))
    both = Sum(((1.0, noise), (1.0, noise)))
    assert both.rows == 2 * N
    assert torch.allclose(both.at(bias).normal().gradient, 2 * here.gradient())


def test_silent_units_make_no_noise_and_no_trouble(noise: SpikeNoise) -> None:
    silent = torch.full((N,), -1e3, dtype=torch.float64)
    assert noise.loss(silent) == pytest.approx(0, abs=1e-9)
    here = noise.at(silent)
    assert float(here.normal().curvature.abs().max()) == pytest.approx(0, abs=1e-9)
    assert all(torch.isfinite(b.jacobian).all() for b in here.blocks())


@pytest.fixture(scope="module")
def banks() -> dict[int | None, object]:
    net = tn.Network(150, seed=0, components=2, transfer=LIF(noise=0.2))
    return {m: tn.fit(net, "hopf", neurons_per_unit=m, rounds=2, progress=False) for m in (None, 1, 4)}


def test_fewer_neurons_a_unit_are_learned_to_be_quieter(banks: dict) -> None:
    net = tn.Network(150, seed=0, components=2, transfer=LIF(noise=0.2))
    loud, one, four = (
        tn.spiking.predict(net, banks[m], duration=1.0)["slow_noise"].values.mean() for m in (None, 1, 4)
    )
    assert one < 0.9 * loud
    assert one < four < loud
    assert float(banks[1]["period_error"][0]) < 0.02


def test_the_bank_says_what_it_was_learned_for(banks: dict) -> None:
    assert "for spikes of 4 neurons a unit" in str(banks[4]["method"].values[0])
    assert "spikes" not in str(banks[None]["method"].values[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"transfer": "tanh"}, "'tanh' has no spiking neuron"),
        ({"transfer": LIF(noise=0.0)}, "fires regularly"),
        ({"synapses": "dense"}, "synapses are dense"),
    ],
)
def test_where_the_noise_is_not_known_it_is_not_learned(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.*leave it out"):
        tn.fit(tn.Network(20, seed=0, **given), "hopf", neurons_per_unit=2, progress=False)


def test_neurons_per_unit_is_a_whole_number() -> None:
    with pytest.raises((ValueError, TypeError), match="neurons_per_unit"):
        tn.fit(tn.Network(20, seed=0), "hopf", neurons_per_unit=0, progress=False)
