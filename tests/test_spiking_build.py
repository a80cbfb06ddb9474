"""The live Brian2 network: names, units, what goes in, what comes out, and whose rates it has."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.network import LIF, Filter
from tonicnet.spiking import _codegen

AREA = Filter(0.1).area(0.0002)  # what neurons read of a spike


def tonic(units, seed=0):
    return np.random.default_rng(seed).normal(1.3, 0.5, units)


def spiking(net, bias, **given):
    return tn.spiking.simulate(net, bias, **{"codegen": "numpy"} | given)


# ---------------------------------------------------------------- objects


@pytest.mark.usefixtures("numpy_code")
@pytest.mark.parametrize("kind", ["low-rank", "dense", "sparse"])
def test_every_object_is_named_and_monitors_are_optional(kind):
    net = tn.Network(20, seed=0, synapses=kind)
    names = {"neurons", "latents", "decoder"} | ({"currents", "recurrent"} if kind != "low-rank" else set())
    assert {o.name for o in tn.spiking.to_brian2(net, tonic(20), monitors=False).objects} == names
    assert {o.name for o in tn.spiking.to_brian2(net, tonic(20)).objects} == names | {"spikes", "output"}


@pytest.mark.usefixtures("numpy_code")
@pytest.mark.parametrize(
    ("form", "name", "unit"), [("threshold", "v_th", "volt"), ("current", "I_tonic", "amp"), ("leak", "E_L", "volt")]
)
def test_quantities_carry_real_units(form, name, unit):
    import brian2 as b2

    b = tonic(20)
    neurons = tn.spiking.to_brian2(tn.Network(20, seed=0), b, form=form)["neurons"]
    carried = getattr(neurons, name)
    assert carried.dim == getattr(b2, unit).dim
    assert neurons.v.dim == b2.volt.dim
    expected = {
        "threshold": (-50 - 20 * b) * b2.mV,
        "current": 10 * b2.nS * 20 * b2.mV * b,
        "leak": (-70 + 20 * b) * b2.mV,
    }
    assert np.allclose(np.asarray(carried[:]), np.asarray(expected[form]), rtol=1e-12)
    parameters = neurons.equations.parameter_names
    assert [n for n in ("v_th", "I_tonic", "E_L") if n in parameters] == [name]
    assert neurons.namespace["tau_m"] == 10 * b2.ms
    assert neurons.namespace["V"].dim == b2.volt.dim
    assert float(neurons.namespace["V"]) == pytest.approx(0.02)
    depth = (np.asarray(neurons.v[:]) - (np.asarray(carried[:]) - 0.02 if form == "threshold" else -0.07)) / 0.02
    assert (depth <= 1).all()
    assert depth.std() > 0.1  # found at moments of their own


@pytest.mark.usefixtures("numpy_code")
def test_low_rank_synapses_are_units_times_components():
    net = tn.Network(30, seed=0)
    live = tn.spiking.to_brian2(net, tonic(30), neurons_per_unit=2)
    assert len(live["decoder"]) == 60 * 3
    w = np.array(live["decoder"].w[:]).reshape(60, 3)
    assert np.allclose(w, np.repeat(net.decoder.T, 2, axis=0).astype(float) / (2 * 0.1 * 100) / AREA, rtol=1e-12)
    assert np.allclose(live["neurons"].e_1[:], np.repeat(net.encoder[:, 1], 2))


@pytest.mark.usefixtures("numpy_code")
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_recurrent_weights_lie_the_right_way_round(kind):
    net = tn.Network(25, seed=0, synapses=kind)
    recurrent = tn.spiking.to_brian2(net, tonic(25))["recurrent"]
    w = net.recurrent.toarray() if kind == "sparse" else np.asarray(net.recurrent)
    found = np.zeros((25, 25))
    found[np.array(recurrent.j[:]), np.array(recurrent.i[:])] = np.array(recurrent.w[:]) * (0.1 * 100) * AREA
    assert np.allclose(found, w, rtol=1e-6)
    assert len(recurrent) == np.count_nonzero(w)


@pytest.mark.usefixtures("numpy_code")
def test_the_start_is_in_the_tasks_units(bank_of):
    net = tn.Network(20, seed=0)
    bank = bank_of(net)
    x = bank["center"].values[1] + [1.0, 2.0, 0.0] * bank["scale"].values[1]
    live = tn.spiking.to_brian2(net, bank, task="two", initial=x)
    assert np.allclose(live["latents"].z_[:], [1, 2, 0])


def test_one_spike_moves_the_decoded_latent_by_its_decoder(numpy_code):
    """One neuron pushed over its threshold, all others far below: z jumps and decays, and what neurons read of it at
    every step, after its decay, has the area D / rate_scale exactly."""
    import brian2 as b2

    net = tn.Network(10, seed=0, transfer=LIF(noise=0.0))
    live = tn.spiking.to_brian2(net, np.full(10, -50.0), initial=[0.0, 0.0, 0.0], form="current")
    neurons = live["neurons"]
    neurons.v_[3] = -0.01
    live.run(0.0202 * b2.second, namespace={})
    assert np.array(live["spikes"].i[:]).tolist() == [3]
    fired = live["spikes"].t_[0]
    read = np.exp(-0.0002 / 0.1 * np.arange(1, 20000))  # once a step, from the one after the spike
    jump = net.decoder[:, 3] / 100 / (0.0002 * read.sum())
    expected = jump * np.exp(-(0.0202 - 0.0002 - fired) / 0.1)
    assert np.allclose(live["latents"].z_[:], expected, rtol=1e-6)


# ---------------------------------------------------------------- layout of a run


@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_a_spiking_run_is_laid_out_like_a_rate_run(kind, bank_of, tmp_path):
    net = tn.Network(20, seed=0, synapses=kind)
    bank = bank_of(net)
    how = {"schedule": [("one", 0.05), ("two", 0.07)], "initial": bank["start"].values[0, :2]}
    rate, spikes = tn.simulate(net, bank, **how), spiking(net, bank, **how)
    assert spikes["output"].dims == rate["output"].dims
    assert spikes["output"].shape == rate["output"].shape == (2, 13, 3)
    for name in rate.coords:
        assert (
            np.allclose(spikes[name], rate[name]) if rate[name].dtype.kind == "f" else spikes[name].equals(rate[name])
        )
    assert np.allclose(spikes["output"][:, 0], how["initial"], atol=1e-12)
    for name in spikes.variables:
        assert {"units", "long_name"} <= set(spikes[name].attrs)
    assert spikes.attrs["kind"] == "spiking"
    assert spikes.attrs["network_sha256"] == net.sha256
    back = tn.load(tn.save(spikes, tmp_path / "spikes.nc"))
    assert back.equals(spikes)


def test_the_output_is_decoded_from_the_spikes_sample_by_sample():
    """z at a sample is the start and all spikes before it, each decayed from the end of its own step."""
    net, dt = tn.Network(20, seed=0), 0.0002
    z0 = np.array([0.5, -0.5, 1.0])
    run = spiking(net, tonic(20), duration=0.2, dt=0.004, initial=z0)
    t, who = run["spike_time"].values, run["spike_neuron"].values
    for k in (0, 1, 17, 50):
        now = run["time"].values[k]
        past = t < now - dt / 2
        weights = np.exp(-(now - t[past] - dt) / net.tau)
        z = z0 * np.exp(-now / net.tau) + net.decoder[:, who[past]].astype(float) @ weights / (net.tau * 100) / AREA
        assert np.allclose(run["output"].values[0, k], z, rtol=1e-9, atol=1e-12)
    assert run["time"].values[-1] == pytest.approx(0.2)


def test_trials_have_their_own_noise_and_events():
    net = tn.Network(15, seed=0)
    run = spiking(net, tonic(15), duration=0.1, trials=3, neurons_per_unit=2, seed=4)
    assert run.sizes["trial"] == 3
    counts = [(run["spike_trial"] == k).sum().item() for k in range(3)]
    assert min(counts) > 20
    assert not np.allclose(run["output"][0], run["output"][1])
    assert np.array_equal(run["spike_unit"], run["spike_neuron"] // 2)
    assert run["spike_neuron"].max() > 15
    assert run.attrs["neurons"] == 30
    first = spiking(net, tonic(15), duration=0.1, neurons_per_unit=2, seed=4)
    assert np.array_equal(first["spike_time"], run["spike_time"].values[: counts[0]])
    assert np.array_equal(first["output"][0], run["output"][0])


@pytest.mark.parametrize("seed", [0, 2**31, 2**40])
def test_seeds_reproduce_and_any_size_will_do(seed):
    net = tn.Network(10, seed=0)
    one, two = (spiking(net, tonic(10), duration=0.1, seed=seed) for _ in range(2))
    other = spiking(net, tonic(10), duration=0.1, seed=seed + 1)
    assert one["output"].equals(two["output"])
    assert one["spike_time"].equals(two["spike_time"])
    assert not one["output"].equals(other["output"])


def test_a_silent_network_has_no_events():
    run = spiking(tn.Network(10, seed=0), np.full(10, -20.0), duration=0.05)
    assert run.sizes["spike"] == 0
    assert np.isfinite(run["output"]).all()


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"form": "treshold"}, ValueError, "unknown form 'treshold'. Did you mean 'threshold'"),
        ({"neurons_per_unit": 0}, ValueError, "neurons_per_unit must be a whole number of at least 1"),
        ({"neurons_per_unit": 1.5}, ValueError, "neurons_per_unit must be a whole number"),
        ({"dt": 0.0003}, ValueError, "dt 0.0003 s is the sampling step .* whole number of the neuron's own steps"),
        ({"dt": 0.0}, ValueError, "sampling step"),
        ({"dt": float("nan")}, ValueError, "sampling step"),
        ({"duration": None}, ValueError, "give either duration"),
        ({"codegen": "cpp"}, ValueError, "unknown codegen 'cpp'"),
        ({"initial": np.zeros(5)}, ValueError, "initial is"),
        ({"trials": 0}, ValueError, "trials must be a whole number"),
    ],
)
def test_a_bad_argument_is_one_sentence(given, error, said):
    with pytest.raises(error, match=said):
        spiking(tn.Network(10, seed=0), tonic(10), **{"duration": 0.05} | given)


def test_transfer_functions_without_spikes_and_discrete_networks_are_refused(bank_of):
    for function in (tn.spiking.to_brian2, spiking, tn.spiking.verify):
        extra = {} if function is tn.spiking.to_brian2 else {"duration": 0.1}
        with pytest.raises(ValueError, match=r"'tanh' has no spiking neuron.*transfer=\"lif\""):
            function(tn.Network(10, seed=0, transfer="tanh"), tonic(10), **extra)
        with pytest.raises(ValueError, match=r"discrete network .* no spiking counterpart"):
            function(tn.Network(10, seed=0, dt=0.1), tonic(10), **extra)
        with pytest.raises(ValueError, match="learned on network"):
            function(tn.Network(10, seed=0), bank_of(tn.Network(10, seed=1)), task="one", **extra)
    with pytest.raises(ValueError, match=r"tau 0.001 s is too short"):
        spiking(tn.Network(10, seed=0, tau=0.001), tonic(10), duration=0.1)


def test_any_time_constant_has_a_sampling_step():
    """tau / 10 need not be a whole number of the neuron's steps: the nearest is taken."""
    net = tn.Network(10, seed=0, tau=0.025)
    run = spiking(net, tonic(10), duration=0.05)
    assert run["time"].values[1] == pytest.approx(0.0024)
    assert tn.spiking.verify(net, tonic(10), duration=0.05, codegen="numpy")["differing"].sum() == 0


def test_without_a_compiler(monkeypatch):
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    monkeypatch.setattr(CythonCodeObject, "is_available", classmethod(lambda cls: False))
    net = tn.Network(10, seed=0)
    with pytest.raises(RuntimeError, match=r'install one .* or use codegen="numpy"'):
        tn.spiking.simulate(net, tonic(10), duration=0.05, codegen="cython")
    assert _codegen.resolve("auto") == "numpy"
    assert tn.spiking.simulate(net, tonic(10), duration=0.05, codegen="auto").sizes["spike"] > 0


def test_preferences_and_global_random_state_are_put_back(bank_of):
    import brian2 as b2

    net = tn.Network(10, seed=0)
    kept, state = b2.prefs["codegen.target"], np.random.get_state()[1].copy()  # noqa: NPY002
    spiking(net, tonic(10), duration=0.02)
    tn.spiking.verify(net, tonic(10), duration=0.02, codegen="numpy")
    with pytest.raises(ValueError, match="not finite"):
        spiking(net, tonic(10), duration=0.02, initial=[np.nan, 0, 0])
    with pytest.raises(ZeroDivisionError), _codegen.target("numpy"):  # noqa: PT012
        np.random.rand(3)  # noqa: NPY002
        1 / 0  # noqa: B018
    assert b2.prefs["codegen.target"] == kept
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.fixture
def other_settings():
    """Sets what a user may have set, and puts it back."""
    import brian2 as b2
    from brian2.devices.device import reset_device

    def standalone():
        b2.set_device("cpp_standalone", build_on_run=False)

    def single():
        b2.prefs["core.default_float_dtype"] = np.float32

    yield {"device": standalone, "precision": single}
    b2.prefs["core.default_float_dtype"] = np.float64
    if b2.get_device().__class__.__name__ != "RuntimeDevice":
        b2.get_device().reinit()
        reset_device()


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("device", r"set to another device; finish there.*set_device\(\"runtime\"\)"),
        ("precision", r"Brian2 is set to float32 \(brian2.prefs.core.default_float_dtype\).*numpy.float64"),
    ],
)
def test_settings_of_brian2_under_which_nothing_runs_are_one_sentence_at_every_door(
    which, said, other_settings, tmp_path
):
    other_settings[which]()
    net, b = tn.Network(10, seed=0), tonic(10)
    for door in (
        lambda: tn.spiking.simulate(net, b, duration=0.02, codegen="numpy"),
        lambda: tn.spiking.simulate(net, b, duration=0.02, codegen="standalone", cache=tmp_path / "builds"),
        lambda: tn.spiking.verify(net, b, duration=0.02, codegen="numpy"),
        lambda: tn.spiking.write_cpp(tmp_path / "cpp", net, b, duration=0.02),
    ):
        with pytest.raises(RuntimeError, match=said) as e:
            door()
        assert "\n" not in str(e.value)
    assert not list(tmp_path.glob("cpp*"))


def test_brian2_says_nothing(caplog):
    """No name in the namespace is hidden by another, no unit is guessed: Brian2 logs no warning."""
    for kind in ("low-rank", "dense"):
        spiking(tn.Network(10, seed=0, synapses=kind), tonic(10), duration=0.02)
    unused = "never included in a network"  # networks of earlier tests that were built and not run
    assert not [r for r in caplog.records if r.levelname == "WARNING" and unused not in r.getMessage()]


def test_the_caller_may_use_any_names(caplog):
    v = tau_m = V = noise = z = w = 3.0
    spiking(tn.Network(10, seed=0), tonic(10), duration=0.02)
    assert v == tau_m == V == noise == z == w
    assert not [r for r in caplog.records if "internal variable" in r.getMessage()]


# ---------------------------------------------------------------- the same network as the rates


def test_unconnected_units_fire_at_their_f_i_curve():
    """Held at a fixed point by silence of the synapses: every unit at phi(b), within 2 % or 4 standard errors."""
    net = tn.Network(40, seed=0, decoder_scale=1e-9)
    b = np.linspace(0.6, 3.0, 40)
    run = spiking(net, b, duration=1.5, neurons_per_unit=20, initial=[0.0, 0.0, 0.0])
    late = run["spike_time"].values > 0.2
    counts = np.bincount(run["spike_unit"].values[late], minlength=40) / 20
    rate = tn.simulate(net, b, duration=2.0, rates=True)["rate"].values[0, -1]
    error = np.sqrt(rate * 1.3 / 20)  # counts are more regular than a Poisson process's
    assert (np.abs(counts / 1.3 - rate) < np.maximum(0.02 * rate, 4 * error / 1.3)).all()


@pytest.fixture(scope="module")
def settled():
    """A recurrent network at its fixed point, with rates, and spiking with 1, 4 and 16 neurons for each unit."""
    net, b = tn.Network(60, seed=2, decoder_scale=1.0, tau=0.05), tonic(60, 3)
    rate = tn.simulate(net, b, duration=4.0, rates=True)
    assert np.ptp(rate["output"].values[0, -50:], axis=0).max() < 1e-6
    start = rate["output"].values[0, -1]
    runs = {
        m: tn.spiking.simulate(net, b, duration=d, neurons_per_unit=m, initial=start, seed=m)
        for m, d in ((1, 3.0), (4, 3.0), (16, 1.5))
    }
    return net, rate, runs


def test_a_recurrent_fixed_point_has_the_rates_of_the_rate_network(settled):
    _, rate, runs = settled
    r = rate["rate"].values[0, -1]
    for m, limit in ((4, 0.05), (16, 0.03)):
        run = runs[m]
        late = run["spike_time"].values > 0.25
        seconds = run["time"].values[-1] - 0.25
        found = np.bincount(run["spike_unit"].values[late], minlength=60) / (m * seconds)
        assert abs(found.sum() / r.sum() - 1) < limit
        assert np.linalg.norm(found - r) / np.linalg.norm(r) < 2 * limit


def test_the_decoded_output_nears_the_fixed_point_and_its_noise_falls_as_one_over_root_m(settled):
    net, rate, runs = settled
    point = rate["output"].values[0, -1]
    z = {m: run["output"].values[0, 50:] for m, run in runs.items()}
    spread = {m: np.sqrt(v.var(0).sum()) for m, v in z.items()}
    away = {m: np.linalg.norm(v.mean(0) - point) for m, v in z.items()}
    assert 1.5 < spread[1] / spread[4] < 2.7
    assert 1.4 < spread[4] / spread[16] < 2.8
    for m, run in runs.items():  # three standard errors of a mean of noise that is correlated over tau
        seconds = run["time"].values[-1] - run["time"].values[50]
        assert away[m] < 3 * spread[m] * np.sqrt(2 * net.tau / seconds)
    assert away[16] < 0.5 * spread[16] + 0.02
