"""NIR and back: the same graph, the same thresholds, the same spikes; what NIR cannot say is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.network import LIF

nir = pytest.importorskip("nir")

SAYABLE = LIF(refractory=0.0, noise=0.0)
KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense"},
    "sparse, no feedback": {"synapses": "sparse", "feedback": False},
}


def tonic(units: int) -> np.ndarray:
    return np.random.default_rng(0).normal(1.3, 0.5, units)


@pytest.mark.parametrize("kind", KINDS)
def test_written_and_read_it_is_the_same_graph(kind, tmp_path, bank_of):
    net = tn.Network(30, seed=1, transfer=SAYABLE, **KINDS[kind])
    graph = tn.spiking.to_nir(net, bank_of(net), task="two", neurons_per_unit=2)
    nir.write(tmp_path / "net.nir", graph)
    back = nir.read(tmp_path / "net.nir")
    assert sorted(back.edges) == sorted(graph.edges)
    assert set(back.nodes) == set(graph.nodes)
    for name, node in graph.nodes.items():
        for key, value in node.to_dict().items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(back.nodes[name].to_dict()[key], value)
    assert back.metadata["task"] == "two"
    assert back.metadata["network_sha256"] == net.sha256
    assert back.metadata["dropped"] == "nothing"


def test_thresholds_and_resets_are_the_biases(bank_of):
    net = tn.Network(30, seed=1, transfer=SAYABLE)
    bank = bank_of(net)
    neurons = tn.spiking.to_nir(net, bank, task="one").nodes["neurons"]
    np.testing.assert_allclose((-0.05 - neurons.v_threshold) / 0.02, bank["bias"].values[0], atol=1e-12)
    np.testing.assert_allclose(neurons.v_threshold - neurons.v_reset, 0.02, rtol=1e-12)
    assert (neurons.v_leak == -0.07).all()


@pytest.mark.parametrize("kind", KINDS)
def test_back_in_brian2_it_has_the_same_spikes(kind, tmp_path, numpy_code):
    """From the file alone: thresholds, synapses and time constants give the run of ``simulate``."""
    import brian2 as b2

    net = tn.Network(30, seed=1, transfer=SAYABLE, **KINDS[kind])
    b, x = tonic(30), [0.5, -0.5, 1.0]
    nir.write(tmp_path / "net.nir", tn.spiking.to_nir(net, b))
    live = tn.spiking.from_nir(nir.read(tmp_path / "net.nir"))
    origin = tn.spiking.to_brian2(net, b, initial=x, propagation="matrix", seed=4)
    np.testing.assert_array_equal(live["neurons"].v_th_[:], origin["neurons"].v_th_[:])
    live["neurons"].v_[:] = np.array(origin["neurons"].v_[:])
    start = np.array(origin["currents"].I_[:]) / 1e-8
    if kind == "dense":
        start = start + 0.02 * net.encoder.astype(float) @ np.array(x)
    live["currents"].I_[:] = start
    live.run(0.2 * b2.second, namespace={})
    run = tn.spiking.simulate(net, b, duration=0.2, initial=x, seed=4, codegen="numpy")
    assert run.sizes["spike"] > 100
    np.testing.assert_array_equal(live["spikes"].i[:], run["spike_neuron"])
    np.testing.assert_allclose(live["spikes"].t_[:], run["spike_time"], atol=1e-9)


@pytest.mark.parametrize("kind", ["low-rank", "sparse, no feedback"])
def test_with_inputs_it_has_the_spikes_of_a_run_with_inputs(kind, tmp_path, numpy_code, bank_of):
    """The Input node takes u in the task's units, which enters beside the synapses and not through them."""
    import brian2 as b2

    net = tn.Network(30, seed=1, transfer=SAYABLE, **KINDS[kind])
    u = 3 * np.random.default_rng(1).normal(size=(10, 3))
    given = {"task": "two", "initial": [0.5, -0.5, 1.0], "inputs": u, "seed": 4}
    nir.write(tmp_path / "net.nir", tn.spiking.to_nir(net, bank_of(net), task="two", inputs=True))
    graph = nir.read(tmp_path / "net.nir")
    assert graph.nodes["input"].input_type["input"].tolist() == [3]
    live = tn.spiking.from_nir(graph)
    origin = tn.spiking.to_brian2(net, bank_of(net), propagation="matrix", **given)
    live["neurons"].v_[:], live["currents"].I_[:] = np.array(origin["neurons"].v_[:]), origin["currents"].I_[:] / 1e-8
    for row in u:
        live["neurons"].I_ext_[:] = graph.nodes["input_encoder"].weight @ row
        live.run(0.01 * b2.second, namespace={})
    run = tn.spiking.simulate(net, bank_of(net), duration=0.1, codegen="numpy", **given)
    assert run.sizes["spike"] > 50
    np.testing.assert_array_equal(live["spikes"].i[:], run["spike_neuron"])
    np.testing.assert_allclose(live["spikes"].t_[:], run["spike_time"], atol=1e-9)


def test_a_graph_of_another_tool(numpy_code):
    """Two neurons, the first far above threshold, exciting the second through a chain of two linear nodes."""
    import brian2 as b2

    def array(*values):
        return np.array(values, dtype=float)

    same = np.ones(2)
    neurons = nir.CubaLIF(
        tau_syn=0.005 * same,
        tau_mem=0.01 * same,
        r=same,
        v_leak=array(2.0, 0.0),
        v_threshold=same,
        w_in=0.005 * same,
        v_reset=0 * same,
    )
    graph = nir.NIRGraph(
        nodes={
            "in": nir.Input({"input": np.array([2])}),
            "cells": neurons,
            "a": nir.Linear(array(3.0, 0.0)[None]),
            "b": nir.Linear(array(0.0, 2.0)[:, None]),
            "out": nir.Output({"output": np.array([2])}),
        },
        edges=[("in", "cells"), ("cells", "a"), ("a", "b"), ("b", "cells"), ("cells", "out")],
    )
    with pytest.raises(ValueError, match="does not say its time step; give dt="):
        tn.spiking.from_nir(graph)
    with pytest.raises(ValueError, match=r"dt 0.001 s is too coarse for the fastest time constant 0.005 s"):
        tn.spiking.from_nir(graph, dt=0.001)
    live = tn.spiking.from_nir(graph, dt=1e-4)
    recurrent = live["recurrent"]
    assert [(i, j, w) for i, j, w in zip(recurrent.i[:], recurrent.j[:], recurrent.w_[:], strict=True)] == [(0, 1, 6.0)]
    live.run(0.05 * b2.second, namespace={})
    fired = np.array(live["spikes"].i[:])
    first = live["spikes"].t_[:][fired == 0]
    assert np.diff(first) == pytest.approx(0.01 * np.log(2), abs=1.5e-4)  # tau ln((v_leak - v_reset) / (v_leak - 1))
    assert (fired == 1).sum() > 3


@pytest.mark.parametrize(
    ("lif", "said"),
    [
        (LIF(noise=0.0), r"NIR cannot say: refractory; leave it out with drop=\('refractory',\)"),
        (LIF(refractory=0.0), "NIR cannot say: noise;"),
        (LIF(refractory=0.0, noise=0.0, reset_rule="soft"), "NIR cannot say: soft reset;"),
        (LIF(), r"NIR cannot say: refractory, noise; leave it out with drop=\('refractory', 'noise'\)"),
    ],
)
def test_what_nir_cannot_say_is_refused_unless_dropped(lif, said):
    net = tn.Network(10, seed=0, transfer=lif)
    with pytest.raises(ValueError, match=said):
        tn.spiking.to_nir(net, np.ones(10))
    graph = tn.spiking.to_nir(net, np.ones(10), drop=("refractory", "noise", "soft reset"))
    assert graph.metadata["dropped"] == said.split(": ")[1].split(";")[0]


def test_bad_input_is_one_sentence(bank_of, monkeypatch):
    net = tn.Network(10, seed=0, transfer=SAYABLE)
    with pytest.raises(ValueError, match=r"unknown property to drop 'refractry'. Did you mean 'refractory'"):
        tn.spiking.to_nir(net, np.ones(10), drop=("refractry",))
    with pytest.raises(ValueError, match="no spiking neuron"):
        tn.spiking.to_nir(tn.Network(10, seed=0, transfer="tanh"), np.ones(10))
    with pytest.raises(ValueError, match="learned on network"):
        tn.spiking.to_nir(net, bank_of(tn.Network(10, seed=1)), task="one")
    one = nir.Linear(np.eye(2))
    ends = {"in": nir.Input({"input": np.array([2])}), "out": nir.Output({"output": np.array([2])})}
    graph = nir.NIRGraph(nodes=ends | {"x": one}, edges=[("in", "x"), ("x", "out")])
    with pytest.raises(ValueError, match="one CubaLIF population, or one of LIF, this one has 0"):
        tn.spiking.from_nir(graph)
    odd = nir.NIRGraph(nodes=ends | {"x": nir.Threshold(np.ones(2))}, edges=[("in", "x"), ("x", "out")])
    with pytest.raises(ValueError, match=r"has 'x' \(Threshold\); from_nir reads CubaLIF"):
        tn.spiking.from_nir(odd)
    same = np.ones(2)
    bare = nir.LIF(tau=0.01 * same, r=same, v_leak=same, v_threshold=same, v_reset=0 * same)
    with pytest.raises(ValueError, match="behind one LI node of as many"):
        tn.spiking.from_nir(nir.NIRGraph(nodes=ends | {"x": bare}, edges=[("in", "x"), ("x", "out")]), dt=1e-4)
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r'pip install "tonicnet\[nir\]"'):
        tn.spiking.to_nir(net, np.ones(10))
