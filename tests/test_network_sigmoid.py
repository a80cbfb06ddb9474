"""A tanh network as a sigmoid network: the same outputs, through switches and inputs."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.network import as_sigmoid

KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense", "gain": 1.3},
    "no feedback": {"synapses": "dense", "feedback": False},
    "sparse, dale": {"synapses": "sparse", "dale": True},
    "discrete": {"synapses": "dense", "dt": 0.1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_outputs_are_the_same(kind, bank_of):
    net = tn.Network(40, seed=2, transfer="tanh", **KINDS[kind])
    bank = bank_of(net)
    positive, moved = as_sigmoid(net, bank)
    u = 0.3 * np.random.default_rng(0).normal(size=(30, 3))
    given = {"dt": net.spec.dt or 0.01, "inputs": u, "rates": True}
    schedule = [("one", 20 * given["dt"]), ("two", 10 * given["dt"])]
    before = tn.simulate(net, bank, schedule=schedule, **given)
    after = tn.simulate(positive, moved, schedule=schedule, **given)
    np.testing.assert_allclose(after["output"], before["output"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(2 * after["rate"] - 1, before["rate"], rtol=1e-9, atol=1e-9)
    assert (after["rate"] > 0).all()
    assert moved.attrs["network_sha256"] == positive.sha256 != net.sha256


def test_the_network_of_the_moved_bank_is_read_back(bank_of, tmp_path):
    net = tn.Network(20, seed=2, transfer="tanh")
    positive, moved = as_sigmoid(net, bank_of(net))
    assert tn.load_network(tn.save(moved, tmp_path / "bank.nc")) == positive


def test_others_are_refused(bank_of):
    net = tn.Network(20, seed=2, transfer="relu")
    with pytest.raises(ValueError, match="transfer='tanh', this one has 'relu'"):
        as_sigmoid(net, bank_of(net))
    tanh = tn.Network(20, seed=2, transfer="tanh")
    with pytest.raises(ValueError, match="learned on network"):
        as_sigmoid(tanh, bank_of(tn.Network(20, seed=3, transfer="tanh")))
