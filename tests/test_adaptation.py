"""Neurons with a spike-triggered current: their curve, rates in motion, learning, and spikes in every form and way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from test_spiking_script import check_same, run_here

import tonicnet as tn
from tonicnet.circuit import circuit_of, moved_response, placed
from tonicnet.learn._moving_field import check_adaptation, moving_field
from tonicnet.learn._screen import problem_of
from tonicnet.learn._settings import Settings
from tonicnet.network import LIF, firing_rate, held
from tonicnet.spiking._equations import FORMS

NEURON = LIF(noise=0.2, adaptation=0.1, adaptation_tau=0.1)
SCHEDULE = [("one", 0.1), ("two", 0.05), ("one", 0.03)]


def small(units=40, **given):
    return tn.Network(units, seed=3, transfer=NEURON, **given)


# ---------------------------------------------------------------- the curve


def simulated(
    neuron: LIF, inputs: np.ndarray, copies: int = 250, seconds: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return rates of the simulated update after adaptation, and their standard errors."""
    rng = np.random.default_rng(0)
    x = np.repeat(inputs, copies)
    share, jump = neuron.dt / neuron.tau_m, neuron.noise * math.sqrt(2 * neuron.dt / neuron.tau_m)
    v, a, waits, count = rng.uniform(0, 1, len(x)), np.zeros(len(x)), np.zeros(len(x), int), np.zeros(len(x))
    steps, settled = round(seconds / neuron.dt), round(5 * neuron.adaptation_tau / neuron.dt)
    for k in range(settled + steps):
        moved = v + share * (x - a - v) + jump * rng.standard_normal(len(x))
        v, a, waits = (
            np.where(waits > 0, v, moved),
            a * (1 - neuron.dt / neuron.adaptation_tau),
            np.maximum(waits - 1, 0),
        )
        spiked = v > 1
        v[spiked], waits[spiked] = (v[spiked] - 1 if neuron.reset_rule == "soft" else 0.0), held(neuron)
        a += neuron.adaptation * spiked
        count += spiked * (k >= settled)
    rates = count.reshape(len(inputs), copies) / seconds
    return rates.mean(1), rates.std(1) / math.sqrt(copies)


@pytest.mark.parametrize("neuron", [NEURON, LIF(noise=0.3, adaptation=0.05, adaptation_tau=0.2, reset_rule="soft")])
def test_the_curve_is_that_of_the_simulated_update_within_one_per_cent(neuron):
    inputs = np.array([1.1, 1.6, 2.5])
    rates, error = simulated(neuron, inputs)
    known = neuron.rate_scale * neuron.value(torch.tensor(inputs)).numpy()
    assert (rates > 10).all()
    assert np.abs(known / rates - 1).max() < 0.01 + 2 * (error / rates).max()
    plain = neuron.rate_scale * neuron.at_rest.value(torch.tensor(inputs)).numpy()
    assert (known < 0.8 * plain).all()
    assert [firing_rate(neuron, x) for x in inputs] == pytest.approx(known, rel=1e-3)


def test_the_slope_is_the_derivative_and_the_lead_that_of_the_current():
    x = torch.linspace(0.2, 4, 50, dtype=torch.float64)
    rise = (NEURON.value(x + 0.01) - NEURON.value(x - 0.01)) / 0.02
    torch.testing.assert_close(NEURON.slope(x), rise, atol=2e-3, rtol=0.0)
    late = NEURON.adaptation_tau * NEURON.adapted_by * NEURON.slope(x) ** 2
    assert ((NEURON.lead(x)[0] - late).abs() <= NEURON.at_rest.lead(x)[0].abs().max()).all()
    share = NEURON.noise_power(x)[0] / NEURON.at_rest.noise_power(x)[0]
    assert (share < 1).all()


def test_a_neuron_without_it_is_as_before():
    assert "adaptation" not in str(LIF().parameters())
    assert tn.Network(20, seed=0).sha256 == tn.Network(20, seed=0, transfer=LIF(adaptation_tau=0.3)).sha256
    assert LIF().settled(torch.ones(1))[0] == LIF().value(torch.ones(1))


def test_it_is_part_of_the_recipe(tmp_path):
    net = tn.Network(20, seed=0, transfer="adaptive-lif")
    assert (net.transfer.adaptation, net.transfer.adaptation_tau) == (0.1, 0.1)
    assert net.sha256 != tn.Network(20, seed=0).sha256
    net.to_toml(tmp_path / "network.toml")
    assert tn.load_network(tmp_path) == net
    assert "adaptation = 0.1" in net.to_toml()


# ---------------------------------------------------------------- rates in motion


def test_a_run_is_that_of_its_equations():
    net, bias = small(), np.linspace(0, 2, 40)
    run = tn.simulate(net, bias, duration=0.3, initial=[1.0, -0.5, 0.5])["output"].values[0]
    e, d, fine = net.encoder.astype(float), net.decoder.astype(float), 1e-3
    dynamics = placed(circuit_of(net), {"bias": bias})
    z = np.array([1.0, -0.5, 0.5])
    from tonicnet.circuit import starting_current

    a = starting_current(dynamics, torch.tensor(z[None])).numpy()[0]
    path = [z]
    for _ in range(300):
        rate = NEURON.settled(torch.tensor(e @ z + bias - a))[0].numpy()
        z, a = z + fine / 0.1 * (d @ rate - z), a + fine / 0.1 * (NEURON.adapted_by * rate - a)
        path.append(z)
    np.testing.assert_allclose(run, np.array(path)[::10], atol=0.01)


def test_a_long_run_rests_where_the_steady_curve_does():
    net = small(encoder_scale=1e-9)
    end = tn.simulate(net, np.linspace(0, 2, 40), duration=2.0)["output"].values[0, -1]
    steady = NEURON.value(torch.linspace(0, 2, 40, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(end, net.decoder @ steady, atol=1e-5)


def test_known_motion_gives_the_rates_and_their_derivative():
    """Inputs that move for one second: against fine steps, and against differences in the tonic input."""
    dynamics = placed(circuit_of(small()), {"bias": np.linspace(0, 2, 40)}, ("bias",))

    def made(step, shift=0.0):
        times = np.arange(0, 1 + step / 2, step)
        inputs = (torch.linspace(0, 2, 40, dtype=torch.float64)[None] + np.sin(6 * t) + shift for t in times)
        return moved_response(dynamics, inputs, step, len(times) - 1)

    found, fine = made(0.005), made(0.0005)
    torch.testing.assert_close(found.rate, fine.rate, atol=2e-3, rtol=0.0)
    slope = (made(0.005, 1e-3).rate - made(0.005, -1e-3).rate) / 2e-3
    torch.testing.assert_close(found.touch["bias"], slope, atol=0.03, rtol=0.0)


def test_the_field_on_paths_has_the_gradient_of_its_loss():
    """Against differences along a direction; thinned, its paths are fewer and its loss like before."""
    net = tn.Network(40, seed=0, components=2, transfer=NEURON)
    problem = problem_of(net, tn.task("hopf"), Settings())
    field = moving_field(problem, problem.learnable(), np.random.default_rng(0), 4).parts[0][1]
    theta = problem.learnable().first
    along = torch.linspace(-1, 1, 40, dtype=torch.float64)
    slope = (field.loss(theta + 1e-3 * along) - field.loss(theta - 1e-3 * along)) / 2e-3
    assert float(2 * field.at(theta).gradient() @ along) == pytest.approx(slope, rel=0.03)
    assert field.at(theta).loss == pytest.approx(field.loss(theta), rel=1e-9)
    assert len(field.states) == field.seen * field.moments.shape[1]


@pytest.mark.slow
def test_what_is_learned_moves_at_the_intended_speed():
    """The closed loop with all currents has the target's period."""
    net = tn.Network(120, seed=0, components=2, transfer=NEURON)
    bank = tn.fit(net, "hopf", rounds=1, steps=20, progress=False)
    assert abs(float(bank["period_error"][0])) < 0.02
    assert abs(float(bank["amplitude_error"][0])) < 0.06


def test_recalibration_takes_the_lead_out(monkeypatch):
    """With no answers beside the rate there is nothing to correct; with them tonic inputs move."""
    net, bias = small(), np.linspace(0, 2, 40)
    moved = tn.spiking.recalibrate(net, bias, duration=0.5)
    assert 1e-4 < np.abs(moved - bias).max() < 0.5
    for answer in ("lead", "own"):
        monkeypatch.setattr(LIF, answer, lambda self, x: (0 * x, 0 * x))
    np.testing.assert_allclose(tn.spiking.recalibrate(net, bias, duration=0.5), bias, atol=1e-6)


# ---------------------------------------------------------------- spikes


def events(run):
    return list(zip(run["spike_time"].values.round(6).tolist(), run["spike_neuron"].values.tolist(), strict=True))


def check_forms_and_ways(net, bank):
    """Check that three forms, and both ways of a low-rank network, give the same spikes."""
    given = {"schedule": SCHEDULE, "codegen": "numpy", "neurons_per_unit": 2}
    compared = tn.spiking.verify(net, bank, **given)
    assert compared["differing"].values.tolist() == [0, 0, 0]
    assert (compared["spikes"] > 100).all()
    if net.low_rank:
        runs = [tn.spiking.simulate(net, bank, propagation=p, **given) for p in ("latents", "matrix")]
        assert events(runs[0]) == events(runs[1])


def check_compiled(net, bank, code):
    """Check that compiled code gives the spikes of numpy."""
    runs = [tn.spiking.simulate(net, bank, schedule=SCHEDULE, codegen=c, seed=5) for c in ("numpy", code)]
    assert events(runs[0]) == events(runs[1])


@pytest.mark.parametrize(("kind", "reset"), [("low-rank", "hard"), ("sparse", "soft")])
def test_forms_and_ways_have_the_same_spikes(bank_of, kind, reset):
    neuron = LIF(refractory=0.008, adaptation=0.1, reset_rule=reset)
    net = tn.Network(40, seed=3, transfer=neuron, synapses=kind)
    check_forms_and_ways(net, bank_of(net, ("one", "two")))


def test_the_script_has_the_same_spikes(tmp_path, bank_of):
    net, given = small(units=30), {"schedule": SCHEDULE, "form": "current", "neurons_per_unit": 2, "seed": 7}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net, ("one", "two")), **given)
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bank_of(net, ("one", "two")), codegen="numpy", **given))


@pytest.mark.slow
@pytest.mark.parametrize("code", ["cython", "standalone"])
def test_compiled_code_has_the_spikes_of_numpy(bank_of, code):
    net = small()
    check_compiled(net, bank_of(net, ("one", "two")), code)


def test_the_folder_of_a_program_holds_the_currents(tmp_path):
    folder = tn.spiking.write_cpp(tmp_path / "cpp", small(), np.ones(40), duration=0.1)
    currents = np.fromfile(folder / "inputs" / "adaptation.f64")
    assert currents.shape == (40,)
    assert (currents > 0).any()
    assert "adaptation.f64" in (folder / "main.cpp").read_text()


def test_unheard_neurons_fire_at_their_curve(numpy_code):
    """From the first moment on: membranes and currents begin as in a long run."""
    net = small(units=30, encoder_scale=1e-9)
    bias = np.linspace(1.2, 3, 30)
    run = tn.spiking.simulate(net, bias, duration=0.5, neurons_per_unit=20, codegen="numpy")
    rates = np.bincount(run["spike_unit"].values, minlength=30) / (20 * 0.5)
    known = 100 * NEURON.value(torch.tensor(bias)).numpy()
    assert rates.mean() == pytest.approx(known.mean(), rel=0.015)
    assert np.abs(rates / known - 1).max() < 0.1


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"adaptation": 0.3}, "at most 0.1 of threshold - reset, got 0.3; for more adaptation raise adaptation_tau"),
        ({"adaptation": -0.1}, "adaptation must be zero or positive"),
        ({"adaptation": 0.1, "noise": 0.0}, "a neuron that adapts needs noise"),
        ({"adaptation": 0.1, "adaptation_tau": 0.01}, "at least two membrane time constants"),
    ],
)
def test_neurons_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said) as caught:
        LIF(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: small(rise=0.005), "corrected behind synapses that only decay"),
        (lambda: small(dt=0.01), "discrete network .* has no units that adapt"),
        (lambda: tn.flow(small(), np.ones(40)), "has no field of its own"),
        (lambda: tn.measure.fixed_points(small(), np.ones(40)), "each with a current of its own"),
        (lambda: tn.measure.lyapunov_spectrum(small(), np.ones(40)), "each with a current of its own"),
        (lambda: tn.fit(small(), "hopf", learn="gain", progress=False), "learn their tonic inputs alone"),
        (
            lambda: tn.fit(small(synapses="dense"), "hopf", progress=False),
            "adaptation is corrected in the vector field",
        ),
        (lambda: tn.simulate(small(), np.ones(40), duration=0.1, method="euler"), 'run by method "rk4"'),
    ],
)
def test_what_units_that_adapt_refuse(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_currents_that_outlast_the_synapses_are_not_learned():
    lasting = LIF(noise=0.2, adaptation=0.1, adaptation_tau=0.5)
    with pytest.raises(ValueError, match="the network would swing by itself"):
        check_adaptation(tn.Network(20, seed=0, tau=0.1, transfer=lasting))
    check_adaptation(tn.Network(20, seed=0, tau=0.5, transfer=lasting))


@pytest.mark.parametrize("form", FORMS)
def test_a_current_that_follows_v_is_refused(form, numpy_code):
    """Subthreshold adaptation changes with the form; a spike-triggered current does not."""
    import brian2 as b2

    from tonicnet.spiking._equivalence import form_of

    live = tn.spiking.to_brian2(small(units=5), np.ones(5), form=form)
    assert form_of(live["neurons"]) == form
    own = {"threshold": "v_th : volt", "current": "I_tonic : amp", "leak": "E_L : volt"}[form]
    text = f"dv/dt = (E_L - v - I_a / g_L) / tau : volt\ndI_a/dt = (g_a * (v - E_L) - I_a) / tau_a : amp\n{own}"
    names = {"tau": 10 * b2.ms, "tau_a": 100 * b2.ms, "g_L": 10 * b2.nS, "g_a": 2 * b2.nS, "V": 20 * b2.mV}
    names |= {k: v for k, v in {"E_L": -70 * b2.mV, "v_th": -50 * b2.mV}.items() if not own.startswith(k)}
    group = b2.NeuronGroup(3, text, threshold="v > v_th", reset="v = v_th - V", method="euler", namespace=names)
    with pytest.raises(ValueError, match=r"I_a follows v itself \(subthreshold adaptation\)"):
        form_of(group)


def test_nir_refuses_it_unless_dropped():
    pytest.importorskip("nir")
    drop = ("refractory", "noise", "adaptation")
    with pytest.raises(ValueError, match="NIR cannot say: refractory, noise, adaptation"):
        tn.spiking.to_nir(small(), np.ones(40))
    assert tn.spiking.to_nir(small(), np.ones(40), drop=drop).metadata["dropped"] == ", ".join(drop)
