"""Three forms, one network: the same spikes, through switches and refractory neurons too."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.spiking import _run
from tonicnet.spiking._equations import FORMS

KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense"},
    "sparse": {"synapses": "sparse", "density": 0.3},
    "dense, no feedback": {"synapses": "dense", "feedback": False},
    "dale": {"synapses": "dense", "dale": True},
    "noise-free": {"transfer": LIF(noise=0.0)},
}


def tonic(units, seed=0):
    return np.random.default_rng(seed).normal(1.3, 0.5, units)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_zero_differing_spikes_in_five_seconds_of_five_hundred_units(kind):
    net = tn.Network(500, seed=0, synapses=kind)
    held = tn.spiking.verify(net, tonic(500), duration=5.0)
    assert held["form"].values.tolist() == ["threshold", "current", "leak"]
    assert held["differing"].values.tolist() == [0, 0, 0]
    assert np.isnan(held["first_difference"]).all()
    assert (held["spikes"] > 50_000).all()
    assert len(set(held["spikes"].values.tolist())) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_has_three_equal_forms(kind):
    net = tn.Network(40, seed=1, **KINDS[kind])
    held = tn.spiking.verify(net, tonic(40), duration=0.3, codegen="numpy")
    assert held["differing"].values.tolist() == [0, 0, 0]
    assert (held["spikes"] > 200).all()


def test_several_neurons_for_each_unit():
    net = tn.Network(15, seed=1)
    held = tn.spiking.verify(net, tonic(15), duration=0.3, neurons_per_unit=4, codegen="numpy")
    assert held["differing"].values.tolist() == [0, 0, 0]
    assert (held["spikes"] > 300).all()


# ---------------------------------------------------------------- switches


def refractory_case(bank_of, kind):
    """A network of which many neurons are refractory whenever its bias is switched."""
    net = tn.Network(60, seed=3, transfer=LIF(refractory=0.008), synapses=kind)
    bank = bank_of(net, bias=np.stack([tonic(60, 1) + 1, tonic(60, 2) - 0.3]))
    return net, bank, [("one", 0.1), ("two", 0.05), ("one", 0.05)]


@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_a_switch_with_refractory_neurons_is_the_same_in_every_form(bank_of, kind):
    net, bank, schedule = refractory_case(bank_of, kind)
    runs = {
        form: tn.spiking.simulate(net, bank, schedule=schedule, form=form, codegen="numpy", seed=5) for form in FORMS
    }
    times = runs["current"]["spike_time"].values
    for switch in (0.1, 0.15):
        assert ((times > switch - 0.008) & (times < switch)).sum() > 3
    steps = {form: np.rint(run["spike_time"].values / 0.0002).astype(int) for form, run in runs.items()}
    for form, run in runs.items():
        assert np.array_equal(steps[form], steps["current"])
        assert np.array_equal(run["spike_neuron"], runs["current"]["spike_neuron"])
        assert np.allclose(run["output"], runs["current"]["output"], atol=1e-12)


@pytest.mark.parametrize("skipped", ["refractory neurons", "all neurons"])
def test_a_switch_that_forgets_to_move_v_would_be_seen(bank_of, monkeypatch, skipped):
    """The test above has teeth: leaving refractory neurons where they were changes the spikes."""
    net, bank, schedule = refractory_case(bank_of, "low-rank")
    true = _run.set_tonic

    def forgetful(neurons, model, form, bias):
        before = np.array(neurons.v_[:])
        true(neurons, model, form, bias)
        still = ~np.array(neurons.not_refractory[:]) if skipped == "refractory neurons" else np.ones(60, bool)
        neurons.v_[:] = np.where(still, before, neurons.v_[:])

    monkeypatch.setattr(_run, "set_tonic", forgetful)
    held = tn.spiking.verify(net, bank, schedule=schedule, forms=("current", "threshold"), codegen="numpy")
    assert held["differing"].values[1] > 0
    assert held["first_difference"].values[1] >= 0.1 - 1e-9


@pytest.mark.parametrize("form", FORMS)
def test_switch_on_a_live_network_moves_every_neuron(bank_of, form, numpy_code):
    import brian2 as b2

    net, bank, _ = refractory_case(bank_of, "low-rank")
    live = tn.spiking.to_brian2(net, bank, task="one", form=form)
    live.run(0.1 * b2.second, namespace={})
    neurons = live["neurons"]
    resting = ~np.array(neurons.not_refractory[:])
    assert 3 < resting.sum() < 57
    before = np.array(neurons.v_[:])
    tn.spiking.switch(live, net, bank, task="two")
    span = 0.02
    change = span * (bank["bias"].values[1] - bank["bias"].values[0])
    moved = np.array(neurons.v_[:]) - before
    assert np.allclose(moved, -change if form == "threshold" else 0, atol=1e-15)
    b = bank["bias"].values[1]
    expected = {"threshold": -0.05 - span * b, "current": 1e-8 * span * b, "leak": -0.07 + span * b}[form]
    assert np.allclose(getattr(neurons, f"{FORMS[form]}_")[:], expected, rtol=1e-12)
    live.run(0.05 * b2.second, namespace={})
    assert np.isfinite(live["latents"].z_[:]).all()


def test_a_schedule_is_a_live_run_with_switches(bank_of, numpy_code):
    import brian2 as b2

    net, bank, _ = refractory_case(bank_of, "low-rank")
    z0 = bank["start"].values[0, 0]
    run = tn.spiking.simulate(net, bank, schedule=[("one", 0.1), ("two", 0.1)], initial=z0, codegen="numpy", seed=2)
    live = tn.spiking.to_brian2(net, bank, task="one", initial=z0, seed=2)
    live.run(0.1 * b2.second, namespace={})
    tn.spiking.switch(live, net, bank, task="two")
    live.run(0.1 * b2.second, namespace={})
    assert np.array_equal(run["spike_time"], live["spikes"].t_[:])
    assert np.array_equal(run["spike_neuron"], live["spikes"].i[:])


def test_a_switch_passes_verify(bank_of):
    net, bank, schedule = refractory_case(bank_of, "low-rank")
    held = tn.spiking.verify(net, bank, schedule=schedule)
    assert held["differing"].values.tolist() == [0, 0, 0]


def test_switch_refuses_what_is_not_its_own(bank_of, numpy_code):
    import brian2 as b2

    net = tn.Network(20, seed=0)
    live = tn.spiking.to_brian2(net, np.ones(20))
    with pytest.raises(ValueError, match="learned on network"):
        tn.spiking.switch(live, net, bank_of(tn.Network(20, seed=1)), task="one")
    with pytest.raises(ValueError, match=r"20 neurons.*40 units"):
        tn.spiking.switch(live, tn.Network(40, seed=0), np.ones(40))
    with pytest.raises(ValueError, match=r"20 neurons.*15 units"):
        tn.spiking.switch(live, tn.Network(15, seed=0), np.ones(15))
    stranger = b2.Network(b2.NeuronGroup(20, "dv/dt = -v / second : 1", method="exact", name="neurons"))
    with pytest.raises(ValueError, match="carries no learned bias"):
        tn.spiking.switch(stranger, net, np.ones(20))


# ---------------------------------------------------------------- verify itself


def test_verify_sees_a_differing_spike(monkeypatch):
    """A form that is none (its tonic input off by a thousandth) is found, with the time of its first spike."""
    from tonicnet.spiking._lif_network import LIFNetwork

    true = LIFNetwork.tonic
    monkeypatch.setattr(
        LIFNetwork, "tonic", lambda self, form, b: true(self, form, b * (1.001 if form == "leak" else 1.0))
    )
    net = tn.Network(30, seed=0)
    held = tn.spiking.verify(net, tonic(30), duration=0.5, codegen="numpy")
    assert held["differing"].values.tolist()[:2] == [0, 0]
    assert held["differing"].values[2] > 0
    assert 0 < held["first_difference"].values[2] < 0.5


def test_the_count_of_differing_spikes_by_hand():
    from tonicnet.spiking._spikes import Spikes, differing_spikes

    def train(*events):
        time, neuron = zip(*events, strict=True) if events else ((), ())
        return Spikes(np.zeros((1, 3)), np.array(time, float), np.array(neuron, int))

    one = train((0.1, 0), (0.2, 5), (0.3, 2))
    assert differing_spikes(one, one, 0.1)[0] == 0
    assert differing_spikes(one, train((0.1, 0), (0.2, 4), (0.3, 2)), 0.1) == (2, pytest.approx(0.2))
    assert differing_spikes(one, train((0.1, 0), (0.2, 5)), 0.1) == (1, pytest.approx(0.3))
    assert differing_spikes(train(), one, 0.1) == (3, pytest.approx(0.1))
    assert differing_spikes(train(), train(), 0.1)[0] == 0


@pytest.mark.parametrize("forms", [("threshold",), ("threshold", "currant"), "threshold", ()])
def test_verify_wants_two_known_forms(forms):
    with pytest.raises(ValueError, match="two or more of threshold, current, leak"):
        tn.spiking.verify(tn.Network(10, seed=0), np.ones(10), duration=0.1, forms=forms)
