"""Spikes through synapses with a rise time and a delay: the same in every form and every way, charge for charge."""

from __future__ import annotations

import numpy as np
import pytest
from test_spiking_script import check_same, run_here

import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.spiking._equations import FORMS
from tonicnet.spiking._lif_network import LIFNetwork

SLOW = {"rise": 0.005, "delay": 0.002}
FILTERS = {"rise": {"rise": 0.005}, "delay": {"delay": 0.002}, "both": SLOW}
SCHEDULE = [("one", 0.1), ("two", 0.05), ("three", 0.05), ("one", 0.03)]
NAMES = ("one", "two", "three")


def network(kind="low-rank", units=40, lif=None, **given):
    return tn.Network(units, seed=3, transfer=LIF(**{"refractory": 0.008} | (lif or {})), synapses=kind, **SLOW | given)


def events(run):
    steps = np.rint(run["spike_time"].values / 0.0002).astype(int)
    return list(
        zip(run["spike_trial"].values.tolist(), steps.tolist(), run["spike_neuron"].values.tolist(), strict=True)
    )


# ---------------------------------------------------------------- one spike


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("propagation", ["latents", "matrix"])
def test_what_one_spike_does_to_the_latent(numpy_code, kind, propagation):
    """It arrives a delay late, rises and decays, and neurons read D / (m rate_scale) in all, whatever the filter."""
    import brian2 as b2

    net = tn.Network(10, seed=0, transfer=LIF(noise=0.0), **FILTERS[kind])
    live = tn.spiking.to_brian2(
        net, np.full(10, -9.0), neurons_per_unit=2, dt=0.0002, propagation=propagation, initial=np.zeros(3)
    )
    for variables in (live[name] for name in ("latents", "currents") if name in live):
        for name in ("z", "z_in", "I", "I_in"):
            if name in variables.variables:
                getattr(variables, f"{name}_")[:] = 0
    live["neurons"].v_[:] -= 10.0
    live["neurons"].v_[7] = 9.0  # neuron 7 of unit 3 fires in the first step, and nobody again
    live.run(1.0 * b2.second, namespace={})
    z, step = np.array(live["output"].z_), 0.0002
    weight = net.decoder[:, 3].astype(float) / (2 * 100.0)
    late = round(net.spec.delay / step)
    read = z[:, late + 2 :]  # once a step, after the decay
    np.testing.assert_allclose(read.sum(axis=1) * step, weight, rtol=1e-4)
    assert np.all(z[:, : late + 1] == 0)
    t = np.arange(z.shape[1] - late - 1) * step
    tau, rise = net.tau, net.spec.rise
    shape = (np.exp(-t / tau) - np.exp(-t / rise)) / (tau - rise) if rise else np.exp(-t / tau) / tau
    np.testing.assert_allclose(z[:, late + 1 :], weight[:, None] * shape / net.filter.area(step), rtol=1e-9, atol=1e-12)
    if propagation == "matrix":
        current = np.array(live["currents"].I_) / (1e-8 * 0.02)
        np.testing.assert_allclose(
            current, (net.encoder @ np.array(live["latents"].z_))[LIFNetwork(net, 2).unit], rtol=1e-5
        )


def unheard(**given):
    """A run of units that do not hear each other, through some synapses."""
    net = tn.Network(units=30, seed=1, encoder_scale=1e-9, transfer=LIF(noise=0.0), **given)
    return tn.spiking.simulate(net, np.linspace(1.5, 3, 30), duration=2.0, codegen="numpy")


@pytest.fixture(scope="module")
def decaying():
    return unheard()


@pytest.mark.parametrize("kind", FILTERS)
def test_the_mean_output_is_that_of_synapses_that_only_decay(decaying, kind):
    """Units that do not hear each other fire alike, whatever their synapses, and their mean output is the same."""
    runs = [decaying, unheard(**FILTERS[kind])]
    assert events(runs[0]) == events(runs[1])
    one, two = (run["output"].values[0, 100:].mean(axis=0) for run in runs)
    np.testing.assert_allclose(two, one, atol=2e-3 * np.abs(one).max())


# ---------------------------------------------------------------- forms and ways


@pytest.mark.parametrize(("kind", "reset"), [("low-rank", "hard"), ("dense", "soft"), ("sparse", "soft")])
def test_the_three_forms_have_the_same_spikes(bank_of, kind, reset):
    net = network(kind, lif={"reset_rule": reset})
    schedule = [("one", 0.06), ("two", 0.04), ("one", 0.03)]
    compared = tn.spiking.verify(net, bank_of(net, NAMES), schedule=schedule, codegen="numpy", neurons_per_unit=2)
    assert compared["differing"].values.tolist() == [0, 0, 0]
    assert (compared["spikes"] > 200).all()


def test_latents_and_matrix_are_one_network(bank_of):
    net = network()
    latents, matrix = (
        tn.spiking.simulate(net, bank_of(net, NAMES), schedule=SCHEDULE, codegen="numpy", propagation=p)
        for p in ("latents", "matrix")
    )
    assert events(latents) == events(matrix)
    assert len(events(latents)) > 200


def test_compiled_code_has_the_spikes_of_numpy(bank_of):
    net = network()
    runs = [
        tn.spiking.simulate(net, bank_of(net, NAMES), schedule=SCHEDULE, codegen=c, seed=5) for c in ("numpy", "cython")
    ]
    assert events(runs[0]) == events(runs[1])


@pytest.mark.parametrize(("kind", "form"), [("low-rank", "threshold"), ("dense", "current")])
def test_the_script_has_the_same_spikes(tmp_path, bank_of, kind, form):
    net = network(kind, units=30)
    given = {"schedule": SCHEDULE, "form": form, "neurons_per_unit": 2, "seed": 7}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net, NAMES), **given)
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bank_of(net, NAMES), codegen="numpy", **given))


@pytest.mark.parametrize("form", FORMS)
def test_a_live_network_is_switched_with_spikes_under_way(bank_of, form, numpy_code):
    import brian2 as b2

    net = network()
    bank = bank_of(net, NAMES)
    z0 = bank["start"].values[0, 0]
    run = tn.spiking.simulate(net, bank, schedule=SCHEDULE[:2], initial=z0, codegen="numpy", seed=2, form=form)
    live = tn.spiking.to_brian2(net, bank, task="one", initial=z0, seed=2, form=form)
    live.run(0.1 * b2.second, namespace={})
    tn.spiking.switch(live, net, bank, task="two")
    live.run(0.05 * b2.second, namespace={})
    assert np.array_equal(run["spike_time"], live["spikes"].t_[:])


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize(("kind", "synapses"), [*((kind, "low-rank") for kind in FILTERS), ("both", "dense")])
def test_a_spiking_run_starts_in_the_motion_of_the_rate_run(kind, synapses):
    """Few units, many neurons each: the output leaves its start as the rate network's does."""
    net = tn.Network(20, seed=1, transfer=LIF(), synapses=synapses, tau=0.05, **FILTERS[kind])
    bias, z0 = np.linspace(0, 2, 20), np.array([1.0, -0.5, 0.5])
    rate = tn.simulate(net, bias, duration=0.04, dt=0.002, initial=z0)["output"].values[0]
    spike = tn.spiking.simulate(net, bias, duration=0.04, dt=0.002, initial=z0, neurons_per_unit=200, codegen="numpy")[
        "output"
    ].values[0]
    assert np.abs(spike - rate)[2:].max() < 0.12 * np.abs(rate[-1] - z0).max()


def test_the_surrogate_without_noise_is_the_rate_network(monkeypatch):
    from tonicnet.spiking import _surrogate

    net = tn.Network(30, seed=1, **SLOW)
    monkeypatch.setattr(_surrogate, "power", lambda model, x: 0 * x)
    monkeypatch.setattr(_surrogate, "ripple", lambda model, x: 0 * x)
    monkeypatch.setattr(LIF, "lead", lambda self, x: (0 * x, 0 * x))
    z0 = np.array([0.5, 0.2, -0.4])
    predicted = tn.spiking.surrogate(net, np.ones(30), duration=0.3, initial=z0, dt=0.01)
    rate = tn.simulate(net, np.ones(30), duration=0.3, initial=z0, dt=0.01)
    np.testing.assert_allclose(predicted["output"], rate["output"], atol=1e-5)


@pytest.mark.slow
def test_predicted_noise_is_that_of_the_spikes():
    """12 components are 12 outputs of a short run: about 1200 independent values, so 2 % of standard error."""
    net = tn.Network(60, seed=2, components=12, encoder_scale=1e-6, tau=0.02, rise=0.01, delay=0.002)
    bias = np.linspace(0.5, 2, 60)
    predicted = tn.spiking.predict(net, bias, duration=0.5)["decoded_noise"].values[0]
    run = tn.spiking.simulate(net, bias, duration=6.0, dt=0.002, codegen="numpy")["output"].values[0, 50:]
    assert (run.std(axis=0) / predicted).mean() == pytest.approx(1, abs=0.06)


# ---------------------------------------------------------------- doors


def test_nir_refuses_them_unless_dropped():
    pytest.importorskip("nir")
    net = tn.Network(20, seed=0, transfer=LIF(refractory=0.0, noise=0.0), **SLOW)
    with pytest.raises(ValueError, match=r"NIR cannot say: rise, delay; .*rise=0 and delay=0"):
        tn.spiking.to_nir(net, np.ones(20))
    graph = tn.spiking.to_nir(net, np.ones(20), drop=("rise", "delay"))
    plain = tn.spiking.to_nir(tn.Network(20, seed=0, transfer=net.transfer), np.ones(20))
    np.testing.assert_array_equal(graph.nodes["decoder"].weight, plain.nodes["decoder"].weight)
    assert graph.metadata["dropped"] == "rise, delay"
    assert graph.metadata["network_sha256"] == net.sha256
