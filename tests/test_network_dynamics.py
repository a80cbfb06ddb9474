"""The dynamics of a network under one bias: derivatives against differences, and against the run it describes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import autonomous, circuit_of, placed

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
    numbers = {"bias": rng.normal(size=40)}
    dynamics = autonomous(net, numbers)
    return placed(circuit_of(net), numbers), dynamics, rng.normal(size=(5, dynamics.size)), rng


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


def test_arrays_are_those_of_the_circuit(case):
    theirs, dynamics, x, _ = case
    there = torch.tensor(x)
    np.testing.assert_array_equal(dynamics.flow(x), theirs.flow(there).numpy())
    np.testing.assert_array_equal(dynamics.drive(x), theirs.drive(there).numpy())
    np.testing.assert_array_equal(dynamics.output(x), theirs.output(there).numpy())
    np.testing.assert_allclose(dynamics.value(dynamics.drive(x)), np.tanh(dynamics.drive(x)), atol=1e-15)
    np.testing.assert_allclose(dynamics.gain(x), 1 - np.tanh(dynamics.drive(x)) ** 2, atol=1e-14)


def test_a_state_has_the_output_asked_for(case):
    _, dynamics, x, _ = case
    z = x[:, : dynamics.net.components]
    np.testing.assert_allclose(dynamics.output(dynamics.state(z)), z, atol=1e-10)
