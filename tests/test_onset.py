"""Neurons whose spikes begin by an exponential current: their curve, learning, and spikes in every form and way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from test_adaptation import SCHEDULE, check_compiled, check_forms_and_ways
from test_spiking_script import check_same, run_here

import tonicnet as tn
from tonicnet.network import LIF, firing_rate
from tonicnet.network._first_passage import hard_passage
from tonicnet.network._onset import Onset, sharp_passage
from tonicnet.spiking._equations import FORMS

EIF = LIF(sharpness=0.1)
ADEX = LIF(sharpness=0.1, adaptation=0.1)
SHARP = {"eif": EIF, "adex": ADEX}


def small(units=40, transfer=EIF, **given):
    return tn.Network(units, seed=3, transfer=transfer, **given)


# ---------------------------------------------------------------- the curve


def in_brian2(neuron: LIF, inputs: np.ndarray, copies: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates that Brian2 gives with equations as they stand in textbooks, and their standard errors."""
    import brian2 as b2

    text = """
    dv/dt = (E_L - v + D_T * exp((v - V_T) / D_T) + V * x - w) / tau + sigma * sqrt(2 / tau) * xi
        : volt (unless refractory)
    dw/dt = -w / tau_w : volt
    x : 1 (constant)
    """
    v = (neuron.threshold - neuron.reset) * b2.volt
    names = {
        "tau": neuron.tau_m * b2.second, "tau_w": neuron.adaptation_tau * b2.second, "V": v,
        "D_T": neuron.sharpness * v,
        "E_L": neuron.reset * b2.volt, "V_T": neuron.threshold * b2.volt, "sigma": neuron.noise * v,
        "V_peak": neuron.threshold * b2.volt + 5 * neuron.sharpness * v, "b": neuron.adaptation * v,
    }  # fmt: skip
    clock = b2.Clock(dt=neuron.dt * b2.second)
    group = b2.NeuronGroup(
        copies * len(inputs), text, threshold="v > V_peak", reset="v = E_L; w += b", method="euler", clock=clock,
        refractory=neuron.refractory * b2.second, namespace=names,
    )  # fmt: skip
    group.x, group.v = np.repeat(inputs, copies), neuron.reset * b2.volt
    group.w = np.repeat(neuron.adapted_by * neuron.value(torch.tensor(inputs)).numpy(), copies) * v
    monitor = b2.SpikeMonitor(group, record=False)
    live = b2.Network(group, monitor)
    with tn.spiking._codegen.target("numpy"):
        b2.seed(0)
        live.run(0.15 * b2.second, namespace={})
        before = np.array(monitor.count)
        live.run(seconds * b2.second, namespace={})
    rates = ((np.array(monitor.count) - before) / seconds).reshape(len(inputs), copies)
    return rates.mean(1), rates.std(1) / np.sqrt(copies)


@pytest.mark.parametrize("kind", SHARP)
def test_the_curve_is_that_of_brian2_within_one_per_cent(kind):
    neuron, inputs = SHARP[kind], np.array([1.0, 1.6, 2.5])
    rates, error = in_brian2(neuron, inputs, 200, 1.0)
    known = neuron.rate_scale * neuron.value(torch.tensor(inputs)).numpy()
    assert (rates > 10).all()
    assert (error / rates).max() < 0.01
    assert np.abs(known / rates - 1).max() < 0.01 + 2 * (error / rates).max()
    plain = 100 * LIF(adaptation=neuron.adaptation).value(torch.tensor(inputs)).numpy()
    assert np.abs(known / plain - 1).min() > 0.02  # neither is the neuron without it


@pytest.mark.parametrize(
    ("onset", "x"), [(Onset(0.1, 5.0), 1.3), (Onset(0.1, 5.0), 0.9 + 1e-9), (Onset(0.5, 3.0), 4.0)]
)
def test_without_noise_it_is_the_integral_of_the_drift(onset, x):
    """Fine steps against quadrature by scipy, from far above to a billionth above the rheobase."""
    parts = [quad(lambda v: 1 / (x - v + onset.pull(v)), *ends, limit=500)[0] for ends in ((0, 1), (1, onset.top))]
    assert (sharp_passage(x, onset, 1e-4) - 0.5) * 1e-4 == pytest.approx(sum(parts), rel=5e-4)
    assert sharp_passage(onset.rheobase, onset, 1e-4) == np.inf


@pytest.mark.parametrize("step", [0.02, 0.1])
def test_without_noise_updates_are_counted(step):
    """In the mean over inputs, where the count of whole updates is a staircase."""
    onset, inputs = Onset(0.1, 5.0), np.linspace(1.195, 1.205, 400) if step < 0.1 else np.linspace(1.1, 1.3, 400)
    counts, v = np.zeros(400), np.zeros(400)
    for _ in range(1000):
        v, counts = np.where(v > 1.5, v, onset.moved(np.minimum(v, 1.5), inputs, step)), counts + (v <= 1.5)
    assert counts.min() < counts.max()
    assert np.mean([sharp_passage(x, onset, step) for x in inputs]) == pytest.approx(counts.mean(), abs=0.25)


def test_it_becomes_the_threshold_as_it_sharpens():
    """The pull's width goes to zero, and with it what the rate is off the neuron without it."""
    given = {"noise": 0.3, "step": 0.02}
    gaps = [
        abs(hard_passage(1.2, onset=Onset(s, 5.0), **given) / hard_passage(1.2, **given) - 1) for s in (0.1, 1e-2, 1e-4)
    ]
    assert gaps[0] > 3 * gaps[1] > 30 * gaps[2]
    assert gaps[2] < 2e-3
    quiet = [sharp_passage(1.2, Onset(s, 5.0), 0.02) / hard_passage(1.2, noise=0, step=0.02) - 1 for s in (1e-2, 1e-4)]
    assert abs(quiet[1]) < 2e-3 < abs(quiet[0])


@pytest.mark.parametrize("neuron", [EIF, LIF(noise=0.0, sharpness=0.1)])
def test_the_table_is_the_exact_curve_and_rises(neuron):
    x = np.linspace(0.95, 8, 12) + 0.003
    exact = [firing_rate(neuron, v) / neuron.rate_scale for v in x]
    assert neuron.value(torch.tensor(x)).numpy() == pytest.approx(exact, abs=2e-5)
    slope = [(firing_rate(neuron, v + 1e-4) - firing_rate(neuron, v - 1e-4)) / 2e-4 / neuron.rate_scale for v in x]
    assert np.abs(neuron.slope(torch.tensor(x)).numpy() - slope).max() < 0.01
    wide = neuron.value(torch.linspace(-3, 21, 50_000, dtype=torch.float64))
    assert wide.diff().min() > -1e-6
    assert wide.min() >= 0


def test_names_and_hashes(tmp_path):
    net = tn.Network(20, seed=0, transfer="adex")
    assert (net.transfer.sharpness, net.transfer.adaptation) == (0.1, 0.1)
    assert tn.Network(20, seed=0, transfer="eif").transfer == EIF
    net.to_toml(tmp_path / "network.toml")
    assert tn.load_network(tmp_path) == net
    assert tn.Network(20, seed=0).sha256 == tn.Network(20, seed=0, transfer=LIF(peak=7.0)).sha256
    assert (
        len({tn.Network(20, seed=0, transfer=t).sha256 for t in (LIF(), EIF, ADEX, LIF(sharpness=0.1, peak=7.0))}) == 4
    )


# ---------------------------------------------------------------- learning


@pytest.mark.slow
def test_what_is_learned_moves_at_the_intended_speed():
    bank = tn.fit(tn.Network(120, seed=0, components=2, transfer="eif"), "hopf", rounds=1, steps=20, progress=False)
    assert abs(float(bank["period_error"][0])) < 0.02
    assert abs(float(bank["amplitude_error"][0])) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHARP)
def test_recalibration_takes_the_lead_out(monkeypatch, kind):
    """With no answers beside the rate there is nothing to correct; with them tonic inputs move."""
    net, bias = small(transfer=SHARP[kind]), np.linspace(0, 2, 40)
    assert 1e-3 < np.median(np.abs(tn.spiking.recalibrate(net, bias, duration=0.5) - bias)) < 0.1
    for answer in ("lead", "own"):
        monkeypatch.setattr(LIF, answer, lambda self, x: (0 * x, 0 * x))
    np.testing.assert_allclose(tn.spiking.recalibrate(net, bias, duration=0.5), bias, atol=1e-6)


# ---------------------------------------------------------------- spikes


@pytest.mark.parametrize(
    ("kind", "synapses"), [("eif", "sparse"), pytest.param("adex", "low-rank", marks=pytest.mark.slow)]
)
def test_forms_and_ways_have_the_same_spikes(bank_of, kind, synapses):
    net = small(transfer=SHARP[kind], synapses=synapses)
    check_forms_and_ways(net, bank_of(net, ("one", "two")))


def test_the_script_has_the_same_spikes(tmp_path, bank_of):
    net, given = small(units=30, transfer=ADEX), {"schedule": SCHEDULE, "neurons_per_unit": 2, "seed": 7}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net, ("one", "two")), **given)
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bank_of(net, ("one", "two")), codegen="numpy", **given))


@pytest.mark.slow
@pytest.mark.parametrize("code", ["cython", "standalone"])
def test_compiled_code_has_the_spikes_of_numpy(bank_of, code):
    net = small(transfer=ADEX)
    check_compiled(net, bank_of(net, ("one", "two")), code)


def test_the_folder_of_a_program_holds_the_current(tmp_path):
    folder = tn.spiking.write_cpp(tmp_path / "cpp", small(), np.ones(40), duration=0.1)
    code = "".join(file.read_text() for file in (folder / "code_objects").glob("neurons_*.cpp"))
    assert "exp(" in code
    assert "V_peak" in code


def test_unheard_neurons_fire_at_their_curve():
    """From the first moment on: membranes begin as in a long run."""
    net, bias = small(units=20, encoder_scale=1e-9), np.linspace(1.1, 3, 20)
    run = tn.spiking.simulate(net, bias, duration=0.4, neurons_per_unit=30, codegen="numpy")
    rates = np.bincount(run["spike_unit"].values, minlength=20) / (30 * 0.4)
    known = 100 * EIF.value(torch.tensor(bias)).numpy()
    assert rates.mean() == pytest.approx(known.mean(), rel=0.015)


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sharpness": 0.001}, r"sharpness \(in units of threshold - reset\) must lie from 0.01 to 0.5, got 0.001"),
        ({"sharpness": -0.1}, "sharpness must be zero or positive"),
        ({"sharpness": 0.1, "peak": 1.0}, "peak .* must lie from 3.0 to 20.0, got 1.0"),
        ({"sharpness": float("nan")}, "sharpness must be a finite number"),
        ({"sharpness": 0.1, "reset_rule": "soft"}, 'a soft reset would too; use reset_rule="hard", or sharpness=0'),
    ],
)
def test_neurons_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said) as caught:
        LIF(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_the_current_must_move_with_the_threshold(form, numpy_code):
    import brian2 as b2

    from tonicnet.spiking._equivalence import form_of

    live = tn.spiking.to_brian2(small(units=5), np.ones(5), form=form)
    assert form_of(live["neurons"]) == form
    text = f"dv/dt = (E - v + D_T * exp((v - V_T) / D_T)) / tau : volt\n{FORMS[form]} : 1"
    names = {"tau": 10 * b2.ms, "E": -70 * b2.mV, "D_T": 2 * b2.mV, "V_T": -50 * b2.mV, "V": 20 * b2.mV}
    text = text.replace("v_th : 1", "v_th : volt")
    names |= {} if form == "threshold" else {"v_th": -50 * b2.mV}
    group = b2.NeuronGroup(3, text, threshold="v > v_th", reset="v = v_th - V", method="euler", namespace=names)
    with pytest.raises(ValueError, match="a spike-generating current that does not move with v_th"):
        form_of(group)


def test_nir_refuses_it_unless_dropped():
    pytest.importorskip("nir")
    drop = ("refractory", "noise", "sharpness")
    with pytest.raises(ValueError, match=r"NIR cannot say: refractory, noise, sharpness;.* begin at the threshold"):
        tn.spiking.to_nir(small(), np.ones(40))
    assert tn.spiking.to_nir(small(), np.ones(40), drop=drop).metadata["dropped"] == ", ".join(drop)
