"""The dynamics of a network under one bias: derivatives against differences, and against the run it describes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.network import dynamics_of
from tonicnet.simulate import Circuit

KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense", "gain": 1.3},
    "dense, no feedback": {"synapses": "dense", "feedback": False},
    "sparse": {"synapses": "sparse", "density": 0.3},
    "sparse, no feedback": {"synapses": "sparse", "density": 0.3, "feedback": False},
}


@pytest.fixture(params=KINDS)
def case(request):
    net = tn.Network(units=40, seed=3, transfer="tanh", **KINDS[request.param])
    rng = np.random.default_rng(0)
    dynamics = dynamics_of(net, rng.normal(size=40))
    return net, dynamics, rng.normal(size=(5, dynamics.size)), rng


def test_jacobian_is_the_derivative(case):
    _, dynamics, x, _ = case
    step = 1e-5 * np.eye(dynamics.size)
    for row, made in zip(x, dynamics.jacobian(x), strict=True):
        differences = (dynamics.flow(row + step) - dynamics.flow(row - step)) / 2e-5
        np.testing.assert_allclose(made, differences.T, atol=1e-8)


def test_tangent_is_flow_and_jacobian(case):
    _, dynamics, x, rng = case
    v = rng.normal(size=(5, 2, dynamics.size))
    flow, pushed = dynamics.tangent(x, v)
    np.testing.assert_allclose(flow, dynamics.flow(x), atol=1e-12)
    np.testing.assert_allclose(pushed, np.einsum("rij,rmj->rmi", dynamics.jacobian(x), v), atol=1e-12)
    assert dynamics.tangent(x, v[:, :0])[1].shape == (5, 0, dynamics.size)


def test_flow_is_the_one_that_is_simulated(case):
    net, dynamics, x, _ = case
    circuit, bias = Circuit(net), torch.tensor(dynamics.bias)
    theirs = (circuit.latent_flow if net.low_rank else circuit.rate_flow)(torch.tensor(x), bias)
    np.testing.assert_allclose(dynamics.flow(x), theirs.numpy(), atol=1e-12)
    z = x[:, : net.components]
    np.testing.assert_allclose(dynamics.output(dynamics.state(z)), z, atol=1e-10)
    if not net.low_rank:
        theirs = circuit.resting_rates(torch.tensor(z), bias).numpy()
        np.testing.assert_allclose(dynamics.state(z), theirs, atol=1e-10)
