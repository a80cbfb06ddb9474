"""A tanh network as a sigmoid network: the same outputs, through switches and inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.bank import as_sigmoid

KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense", "gain": 1.3},
    "no feedback": {"synapses": "dense", "feedback": False},
    "sparse, dale": {"synapses": "sparse", "dale": True},
    "discrete": {"synapses": "dense", "dt": 0.1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_moves_the_same_way_and_is_read_out_the_same(kind, bank_of):
    """At random r = 2 s - 1 and input u: twice the flow of s is the flow of r, and the outputs are equal."""
    net = tn.Network(40, seed=2, transfer="tanh", **KINDS[kind])
    bank = bank_of(net)
    positive, moved = as_sigmoid(net, bank)
    rng = np.random.default_rng(0)
    r, u = rng.uniform(-1, 1, 40), rng.normal(size=3)

    def flow_and_output(one, ds, rates):
        e, d = one.encoder.astype(float), one.decoder.astype(float)
        w = np.zeros((40, 40)) if one.low_rank else one.recurrent @ np.eye(40)
        w = w + e @ d if one.spec.feedback else w
        b, center, scale = (ds[name].values[0] for name in ("bias", "center", "scale"))
        drive = torch.as_tensor(w @ rates + e @ u + b)
        return one.transfer.value(drive).numpy() - rates, center + scale * (d @ rates)

    before, after = flow_and_output(net, bank, r), flow_and_output(positive, moved, (r + 1) / 2)
    np.testing.assert_allclose(2 * after[0], before[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after[1], before[1], rtol=1e-9, atol=1e-9)
    assert moved.attrs["network_sha256"] == positive.sha256 != net.sha256


def test_a_schedule_runs_the_same(bank_of):
    net = tn.Network(40, seed=2, transfer="tanh")
    bank = bank_of(net)
    positive, moved = as_sigmoid(net, bank)
    given = {"schedule": [("one", 0.5), ("two", 0.5)], "inputs": 0.3 * np.random.default_rng(0).normal(size=(100, 3))}
    before, after = tn.simulate(net, bank, **given), tn.simulate(positive, moved, **given)
    np.testing.assert_allclose(after["output"], before["output"], rtol=1e-9, atol=1e-9)


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
