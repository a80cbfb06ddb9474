"""Inputs and input noise of spiking networks: as of the rate network, and the same spikes in every form and way."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.bank import Entry, Scaling, written
from tonicnet.network import LIF
from tonicnet.spiking._equations import FORMS
from tonicnet.spiking._external import externals
from tonicnet.spiking._plan import plan

STEP = 0.01  # s: of the output, and of the rows of inputs
SCHEDULE = [("one", 0.1), ("two", 0.06), ("one", 0.04)]
KINDS: dict[str, dict[str, Any]] = {
    "low-rank": {},
    "dense": {"synapses": "dense"},
    "sparse, no feedback": {"synapses": "sparse", "density": 0.3, "feedback": False},
    "rise and delay": {"rise": 0.005, "delay": 0.002},
}


def network(kind: str = "low-rank", units: int = 30, **given: Any) -> tn.Network:
    lif = LIF(**{"refractory": 0.004} | given)
    return tn.Network(units, seed=3, transfer=lif, **KINDS[kind])


def rows(count: int, components: int = 3, size: float = 3.0) -> np.ndarray:
    return size * np.random.default_rng(1).normal(size=(count, components))


def run(net: tn.Network, bias: Any, **given: Any) -> xr.Dataset:
    return tn.spiking.simulate(net, bias, **{"codegen": "numpy", "seed": 5} | given)


def events(spikes: xr.Dataset) -> list[tuple[int, int, int]]:
    steps = np.rint(spikes["spike_time"].values / 0.0002).astype(int).tolist()
    return list(zip(spikes["spike_trial"].values.tolist(), steps, spikes["spike_neuron"].values.tolist(), strict=True))


# ---------------------------------------------------------------- one network in every form and way


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("dense", "rise and delay")]


@pytest.mark.parametrize("kind", ["low-rank", "sparse, no feedback", *SLOW])
def test_three_forms_have_the_same_spikes_under_inputs_noise_and_a_schedule(kind, bank_of):
    net = network(kind)
    given = {"schedule": SCHEDULE, "inputs": rows(20), "noise": 0.3, "codegen": "numpy", "seed": 5}
    held = tn.spiking.verify(net, bank_of(net), neurons_per_unit=2, **given)
    assert held["differing"].values.tolist() == [0, 0, 0]
    assert (held["spikes"] > 200).all()
    plain = run(net, bank_of(net), schedule=SCHEDULE, neurons_per_unit=2)
    assert held["spikes"].values[0] != plain.sizes["spike"]


def test_latents_and_matrix_have_the_same_spikes_under_inputs_and_noise(bank_of):
    net = network()
    given = {"schedule": SCHEDULE, "inputs": rows(20), "noise": 0.3}
    latents, matrix = (run(net, bank_of(net), propagation=p, **given) for p in ("latents", "matrix"))
    assert latents.sizes["spike"] > 200
    assert events(latents) == events(matrix)


@pytest.mark.slow
def test_compiled_code_has_the_same_spikes_under_inputs_and_noise(bank_of):
    net = network()
    given = {"schedule": SCHEDULE, "inputs": rows(20), "noise": 0.3}
    assert events(run(net, bank_of(net), **given)) == events(run(net, bank_of(net), codegen="auto", **given))


def test_a_live_network_has_the_spikes_of_simulate(bank_of, numpy_code):
    import brian2 as b2

    net, u = network(), rows(12)
    z0 = bank_of(net)["start"].values[1, 0]
    live = tn.spiking.to_brian2(net, bank_of(net), task="two", initial=z0, inputs=u, noise=0.2, seed=5)
    live.run(0.05 * b2.second, namespace={})
    live.run(0.07 * b2.second, namespace={})
    whole = run(net, bank_of(net), task="two", duration=0.12, initial=z0, inputs=u, noise=0.2)
    assert whole.sizes["spike"] > 50
    np.testing.assert_array_equal(whole["spike_time"], live["spikes"].t_[:])
    np.testing.assert_array_equal(whole["spike_neuron"], live["spikes"].i[:])
    live.run(0.05 * b2.second, namespace={})  # after the end of the inputs the last row is held
    scale = bank_of(net)["scale"].values[1]
    np.testing.assert_allclose(live["inputs"].u_[:], u[-1] / scale, rtol=1e-12)


# ---------------------------------------------------------------- what an input is


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("propagation", ["latents", "matrix"])
def test_a_constant_input_is_the_same_amount_in_the_bias(form, propagation):
    """Spike for spike, membranes at the start included: b + E u is a bias."""
    net = network(noise=0.2)
    bias, u = np.full(30, 1.2), np.array([0.4, -0.3, 0.2])
    given = {"duration": 0.3, "form": form, "propagation": propagation, "initial": np.array([0.1, 0.0, -0.2])}
    fed = run(net, bias, inputs=np.tile(u, (30, 1)), **given)
    moved = run(net, bias + net.encoder.astype(float) @ u, **given)
    assert fed.sizes["spike"] > 300
    assert events(fed) == events(moved)
    assert events(fed) != events(run(net, bias, **given))


def test_inputs_are_in_the_units_of_the_task_in_force(bank_of):
    net, bank = network(), bank_of(network())
    segments = plan(net, bank, duration=None, schedule=SCHEDULE, task=None)
    u = rows(20)
    given = externals(u, 0.0, segments, STEP, 1, 3)[0].rows
    of = np.repeat([0, 1, 0], [10, 6, 4])
    np.testing.assert_allclose(given, u / bank["scale"].values[of], rtol=1e-15)


def test_a_step_of_the_input_arrives_in_the_neuron_step_of_its_time(numpy_code):
    """Silent neurons that an input lifts above threshold: v moves in the very step at which the row begins."""
    import brian2 as b2

    net = network(noise=0.0)
    u = np.zeros((10, 3))
    u[5:, 0] = 1.0
    live = tn.spiking.to_brian2(net, np.full(30, -1.0), initial=np.zeros(3), inputs=u)
    neurons = live["neurons"]
    neurons.v_[:] = -0.03 - 0.02  # v_th - V: all at their reset
    live["latents"].z_[:] = 0
    before = b2.StateMonitor(neurons, "v", record=True, name="membranes")
    live.add(before)
    live.run(0.06 * b2.second, namespace={})
    v = np.array(before.v / b2.volt)
    first = round(0.05 / 0.0002)
    drive = 0.02 * net.encoder[:, 0].astype(float)
    moved = v[:, first + 1] - (v[:, first] + 0.0002 / 0.01 * (-0.07 - v[:, first]))
    np.testing.assert_allclose(moved, 0.0002 / net.transfer.tau_m * drive, atol=1e-12)
    relaxing = v[:, first] - (v[:, first - 1] + 0.0002 / 0.01 * (-0.07 - v[:, first - 1]))
    np.testing.assert_allclose(relaxing, 0, atol=1e-12)


def test_labelled_inputs_of_their_own_pace_and_names(bank_of):
    """Held from each sample to the next; components by name; those not named get none; another time unit is read."""
    net = network()
    slow = rows(4, 1)
    labelled = xr.DataArray(
        slow, dims=("time", "component"), coords={"time": [0.0, 50.0, 100.0, 150.0], "component": ["0"]}
    )
    labelled["time"].attrs["units"] = "ms"
    plain = np.zeros((20, 3))
    plain[:, :1] = np.repeat(slow, 5, axis=0)
    given = {"task": "one", "duration": 0.2}
    assert events(run(net, bank_of(net), inputs=labelled, **given)) == events(
        run(net, bank_of(net), inputs=plain, **given)
    )


def test_trials_have_inputs_of_their_own():
    net, u = network(), np.stack([rows(10), -rows(10)])
    given = {"duration": 0.1, "initial": np.zeros(3)}
    both = run(net, np.ones(30), inputs=u, trials=2, **given)
    first = run(net, np.ones(30), inputs=u[0], **given)
    second = run(net, np.ones(30), inputs=u[1], **given | {"seed": 5 + 7919})
    assert [e[1:] for e in events(both) if e[0] == 0] == [e[1:] for e in events(first)]
    assert [e[1:] for e in events(both) if e[0] == 1] == [e[1:] for e in events(second)]


def test_spikes_follow_an_input_as_the_rate_network_does():
    """An input that outlasts the filter moves the fed-back output of both by as much."""
    net = tn.Network(400, seed=0, transfer=LIF(noise=0.3), synapses="dense", gain=0.3)
    u = np.zeros((100, 3))
    u[50:] = [3.0, -3.0, 2.0]
    given = {"duration": 1.0, "inputs": u, "initial": np.zeros(3), "dt": STEP}
    rate = tn.simulate(net, np.full(400, 0.9), **given)["output"].values[0]
    spikes = run(net, np.full(400, 0.9), neurons_per_unit=2, codegen="numpy", **given)["output"].values[0]
    moved = [x[80:].mean(0) - x[35:50].mean(0) for x in (rate, spikes)]
    assert np.abs(moved[0]).max() > 0.2
    np.testing.assert_allclose(moved[1], moved[0], atol=0.08)


# ---------------------------------------------------------------- noise


def test_input_noise_is_an_ornstein_uhlenbeck_process_of_the_given_size(numpy_code):
    import brian2 as b2

    net = network(units=60, dt=0.001, refractory=0.002)
    live = tn.spiking.to_brian2(net, np.full(60, -5.0), noise=0.4, neurons_per_unit=2, seed=2)
    kept = b2.StateMonitor(live["input_noise"], "eta", record=True, dt=0.01 * b2.second, name="kept")
    live.add(kept)
    live.run(4.0 * b2.second, namespace={})
    eta = np.array(kept.eta)
    assert eta.shape == (60, 400)
    assert eta.std() == pytest.approx(0.4, rel=0.05)
    for lag in (1, 5, 10):
        found = (eta[:, lag:] * eta[:, :-lag]).mean() / 0.4**2
        assert found == pytest.approx(np.exp(-lag * 0.01 / net.tau), abs=0.07)
    assert eta[:, 0].std() == pytest.approx(0.4, rel=0.25)
    across = np.corrcoef(eta)
    assert np.abs(across[np.triu_indices(60, 1)]).mean() < 0.3


def test_input_noise_is_of_units_and_membrane_noise_of_neurons():
    """Neurons of one unit share its input noise; without membrane noise they differ by their starts alone."""
    net = network(noise=0.0)
    runs = [run(net, np.ones(30), duration=0.2, noise=0.3, seed=s, initial=np.zeros(3)) for s in (1, 1, 2)]
    assert events(runs[0]) == events(runs[1]) != events(runs[2])
    none = run(net, np.ones(30), duration=0.2, noise=0.0, seed=1, initial=np.zeros(3))
    assert events(none) == events(run(net, np.ones(30), duration=0.2, seed=1, initial=np.zeros(3)))


def test_noise_lowers_and_raises_the_rate_of_units_as_it_does_in_the_rate_network():
    """Silent units whose curve is convex fire more under noise, in both networks by the same."""
    net = tn.Network(300, seed=0, transfer=LIF(noise=0.2, dt=0.001), synapses="dense", gain=0.01, feedback=False)
    given = {"duration": 4.0, "noise": 0.4, "initial": np.zeros(3)}
    rate = tn.simulate(net, np.full(300, 0.7), rates=True, dt=STEP, **given)["rate"].values.mean()
    quiet = tn.simulate(net, np.full(300, 0.7), rates=True, dt=STEP, **given | {"noise": 0.0})["rate"].values.mean()
    spikes = run(net, np.full(300, 0.7), **given).sizes["spike"] / 300 / 4.0
    assert rate > 1.2 * quiet
    assert spikes == pytest.approx(rate, rel=0.06)


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inputs": np.zeros((19, 3))}, r"inputs must be \(time, component\) = \(20, 3\)"),
        ({"inputs": np.zeros((20, 2))}, r"inputs must be \(time, component\) = \(20, 3\)"),
        ({"inputs": np.zeros((2, 20, 3))}, "or with 1 trials in front"),
        ({"inputs": np.full((20, 3), np.nan)}, "not finite|finite"),
        ({"inputs": np.zeros((20, 3)), "dt": 0.02}, r"= \(10, 3\)"),
        ({"noise": -1.0}, "noise is a standard deviation, zero or positive, got -1"),
        ({"noise": np.nan}, "noise is a standard deviation"),
    ],
)
def test_bad_inputs_have_the_sentences_of_the_rate_network(given, said):
    net = network()
    for door in (tn.simulate, tn.spiking.simulate):
        with pytest.raises(ValueError, match=said):
            door(net, np.ones(30), **{"duration": 0.2} | given)


def strange(name: str, step: float = STEP, count: int = 20) -> xr.DataArray:
    time = step * np.arange(count)
    return xr.DataArray(np.zeros((count, 1)), dims=("time", "component"), coords={"time": time, "component": [name]})


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (strange("q"), "the inputs have components q, the task has"),
        (strange("x", 0.001, 200), "which would leave some out; run with dt=0.001"),
        (strange("x", STEP, 30), "the inputs last 0.3 s"),
    ],
)
def test_labels_that_do_not_fit_are_refused_by_every_door(inputs, said, tmp_path):
    net = network()
    plain = np.zeros(3), np.ones(3), 1.0, 3, np.zeros((1, 3))
    bank = written(net, [Entry(Scaling("lag", *plain), {"bias": np.ones(30)})])
    bank.attrs["tasks"] = json.dumps({"lag": {"components": ["x", "y", "z"]}})
    given = {"duration": 0.2, "inputs": inputs}
    doors = [
        lambda: tn.simulate(net, bank, **given),
        lambda: run(net, bank, **given),
        lambda: tn.spiking.verify(net, bank, **given),
        lambda: tn.spiking.write_script(tmp_path / "a.py", net, bank, **given),
        lambda: tn.spiking.write_cpp(tmp_path / "a", net, bank, **given),
    ]
    for door in doors:
        with pytest.raises(ValueError, match=said):
            door()
    assert not list(tmp_path.iterdir())


def test_nothing_given_is_nothing_built(numpy_code):
    live = tn.spiking.to_brian2(network(), np.ones(30))
    live.run(0 * live["neurons"].clock.dt)
    assert sorted(o.name for o in live.objects) == ["decoder", "latents", "neurons", "output", "spikes"]
    assert "u_0" not in live["neurons"].equations.names
