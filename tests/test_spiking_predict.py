"""What spikes will cost: renewal statistics against simulated trains, predicted noise against Brian2, recalibration."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.network._intervals import cv_of_intervals
from tonicnet.spiking import _surrogate
from tonicnet.spiking._lif_network import LIFNetwork
from tonicnet.spiking._plan import plan

LEVELS = np.array([0.7, 0.9, 1.0, 1.2, 1.6, 2.5])


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_variance_of_counts_is_that_of_renewal_theory(noise: float) -> None:
    """var(count in T) -> T rate CV^2, neurons stepped as Brian2 does."""
    neuron, copies, seconds = LIF(noise=noise), 1500, 2.0
    rng = np.random.default_rng(0)
    x = np.repeat(LEVELS, copies)
    v, held, counts = np.zeros(len(x)), np.zeros(len(x), int), np.zeros(len(x))
    rest = int(neuron.refractory / neuron.dt + 1e-3) - 1
    jump = neuron.noise * np.sqrt(2 * neuron.dt / neuron.tau_m)
    for k in range(int((seconds + 0.2) / neuron.dt)):
        v = np.where(held == 0, v + neuron.dt / neuron.tau_m * (x - v) + jump * rng.standard_normal(len(x)), v)
        spiked = (held == 0) & (v > 1)
        held = np.where(spiked, rest, np.maximum(held - 1, 0))
        v[spiked] = 0.0
        counts += spiked * (k >= 0.2 / neuron.dt)
    power = counts.reshape(len(LEVELS), copies).var(1) / seconds
    expected = neuron.variability(LEVELS)
    assert np.all(np.abs(power - expected) < 0.15 * expected + 0.05)


def test_a_noise_free_neuron_is_regular_and_a_starved_one_nearly_poisson() -> None:
    assert cv_of_intervals(LIF(noise=0.0), 1.5) == 0
    assert LIF(noise=0.0).variability(LEVELS).tolist() == [0.0] * len(LEVELS)
    assert cv_of_intervals(LIF(noise=0.1), 0.65) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("noise", [pytest.param(0.1, marks=pytest.mark.slow), 0.3])
def test_predicted_noise_is_that_of_brian2(noise: float) -> None:
    """A network that hardly hears itself: its output is a mean and noise. Of quiet neurons half of that is ripple."""
    # 12 components are 12 outputs of a short run: about 600 independent values, so 3 % of standard error.
    open_loop = tn.Network(units=60, seed=3, components=12, encoder_scale=1e-4, tau=0.05, transfer=LIF(noise=noise))
    bias = np.random.default_rng(0).normal(1.0, 0.5, 60)
    predicted = tn.spiking.predict(open_loop, bias, neurons_per_unit=4, duration=1.0)
    run = tn.spiking.simulate(open_loop, bias, neurons_per_unit=4, duration=5.5)
    measured = run["output"].values[0, 100:].std(0)
    assert (measured / predicted["decoded_noise"].values[0]).mean() == pytest.approx(1, abs=0.09)
    slow, all_of_it = (predicted[name].values[0] for name in ("slow_noise", "relative_noise"))
    assert np.all(slow < (0.9 if noise == 0.1 else 0.99) * all_of_it)
    noisy = tn.spiking.surrogate(open_loop, bias, neurons_per_unit=4, duration=5.5)["output"].values[0, 100:]
    assert (noisy.std(0) / all_of_it).mean() == pytest.approx(1, abs=0.09)
    rate = run.sizes["spike"] / 240 / 5.5
    assert predicted["firing_rate"].item() == pytest.approx(rate, rel=0.02)
    assert predicted["cv"].item() == pytest.approx(interval_cv(run), abs=0.05)


def interval_cv(run: xr.Dataset) -> float:
    """The coefficient of variation of each neuron's intervals, its square weighted by the neuron's rate."""
    time, neuron = run["spike_time"].values, run["spike_neuron"].values
    gaps = [np.diff(np.sort(time[neuron == k])) for k in np.unique(neuron)]
    counts, squares = zip(*[(len(g), (g.std() / g.mean()) ** 2) for g in gaps if len(g) > 20], strict=True)
    return float(np.sqrt(np.average(squares, weights=counts)))


def test_noise_falls_with_neurons_per_unit_and_grows_with_the_decoder() -> None:
    few, many, loud = (
        tn.spiking.predict(tn.Network(units=60, seed=3, encoder_scale=1e-4, decoder_scale=d), np.ones(60),
                           neurons_per_unit=m, duration=0.5)["relative_noise"].values
        for m, d in ((1, 2.0), (9, 2.0), (1, 6.0))
    )  # fmt: skip
    assert few / many == pytest.approx(3.0)
    assert loud / few == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("synapses", ["low-rank", "dense"])
def test_the_surrogate_without_noise_is_the_rate_network(synapses: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_surrogate, "ripple", lambda model, x: 0 * x)
    net = tn.Network(units=40, seed=1, synapses=synapses, transfer=LIF(noise=0.0))
    bias = np.random.default_rng(1).normal(1.0, 1.0, 40)
    start = np.array([[0.3, -0.2, 0.1]])
    noise_free = _surrogate.run(LIFNetwork(net), plan(net, bias, duration=1.0, schedule=None), start, 0.01, 0)
    rate = tn.simulate(net, bias, duration=1.0, dt=0.01, initial=start)
    assert noise_free["output"].values == pytest.approx(rate["output"].values, abs=1e-6)


# ---------------------------------------------------------------- inputs

HELD = np.array([0.4, -0.3, 0.2])


def lifted(net: tn.Network, bias: np.ndarray) -> np.ndarray:
    """The bias under which a network does alone what it does under an input that never changes: b + E u."""
    return bias + net.encoder.astype(np.float64) @ HELD


@pytest.fixture(scope="module", params=["low-rank", "dense"])
def driven(request: pytest.FixtureRequest) -> tuple[tn.Network, np.ndarray]:
    net = tn.Network(units=40, seed=1, synapses=request.param, transfer=LIF(noise=0.2))
    return net, np.random.default_rng(1).normal(1.0, 1.0, 40)


def test_the_surrogate_hears_a_lasting_input_as_another_bias(driven: tuple[tn.Network, np.ndarray]) -> None:
    net, bias = driven
    given = {"duration": 1.0, "trials": 3, "initial": np.zeros((3, 3)), "seed": 4}
    under = tn.spiking.surrogate(net, bias, inputs=np.tile(HELD, (100, 1)), **given)
    alone = tn.spiking.surrogate(net, lifted(net, bias), **given)
    late, near = (slice(1, None), 1e-9) if net.low_rank else (slice(60, None), 0.02)  # dense rates begin at rest
    np.testing.assert_allclose(under["output"][:, late], alone["output"][:, late], atol=near)


def test_neurons_answer_at_once_to_a_jump_of_their_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """z jumps by D kappa(x) E v / tau, which a rate network does not: seen over a step that is too short for more."""
    monkeypatch.setattr(_surrogate, "ripple", lambda model, x: 0 * x)
    monkeypatch.setattr(_surrogate, "power", lambda model, x: 0 * x)
    net = tn.Network(units=200, seed=1, transfer=LIF(noise=0.2))
    bias, step = np.random.default_rng(1).normal(1.0, 1.0, 200), 2e-4
    u, start = np.zeros((4, 3)), np.zeros((1, 3))
    u[2:] = 0.01 * HELD
    given = {"duration": 4 * step, "dt": step, "initial": start}
    spikes = tn.spiking.surrogate(net, bias, inputs=u, neurons_per_unit=10**5, **given)["output"].values[0]
    calm = tn.spiking.surrogate(net, bias, neurons_per_unit=10**5, **given)["output"].values[0]
    rate, still = (tn.simulate(net, bias, inputs=given_u, **given)["output"].values[0] for given_u in (u, 0 * u))
    x = net.encoder @ (rate[2] + u[2] / 2) + bias
    kappa = net.transfer.lead(torch.as_tensor(x))[0].numpy()
    expected = net.decoder @ (kappa * (net.encoder @ u[2])) / net.tau
    np.testing.assert_allclose((spikes - calm)[2], 0, atol=1e-9)
    np.testing.assert_allclose((spikes - calm)[3] - (rate - still)[3], expected, rtol=0.02, atol=2e-6)


def test_predicted_noise_is_that_under_the_inputs() -> None:
    net = tn.Network(units=40, seed=1, transfer=LIF(noise=0.2))
    bias = np.random.default_rng(1).normal(1.0, 1.0, 40)
    under, alone, bare = (
        tn.spiking.predict(net, b, duration=2.0, inputs=u)
        for b, u in ((bias, np.tile(HELD, (200, 1))), (lifted(net, bias), None), (bias, None))
    )
    for name in ("decoded_noise", "firing_rate", "cv"):
        np.testing.assert_allclose(under[name], alone[name], rtol=0.01)
    assert abs(under["firing_rate"] / bare["firing_rate"] - 1) > 0.02


def test_recalibration_under_inputs_keeps_where_they_lead(driven: tuple[tn.Network, np.ndarray]) -> None:
    """Louder neurons rest elsewhere under the same input; with the new biases they rest where they should."""
    net, bias = driven
    louder = tn.Network(units=40, seed=1, synapses=net.spec.synapses, transfer=LIF(noise=0.4))
    u = np.tile(HELD, (300, 1))
    moved = tn.spiking.recalibrate(net, bias, onto=louder, inputs=u, neurons_per_unit=1000)
    asked, uncorrected, made = (
        tn.simulate(one, b, duration=3.0, inputs=u)["output"].values[0, -1]
        for one, b in ((net, bias), (louder, bias), (louder, moved))
    )
    assert np.abs(uncorrected - asked).max() > 0.05
    np.testing.assert_allclose(made, asked, atol=0.03)


def test_inputs_may_last_half_a_step_less_than_the_run() -> None:
    """11 samples of 50 ms are 27.5 steps of 20 ms, and the run has 28."""
    net = tn.Network(20, seed=0, tau=0.2)
    u = xr.DataArray(np.ones((1, 11, 3)), dims=("trial", "time", "component"), coords={"time": 0.05 * np.arange(11)})
    moved = tn.spiking.recalibrate(net, np.ones(20), inputs=u)
    assert np.isfinite(moved).all()


def test_recalibration_refuses_inputs_that_are_nobodys(small: tuple[tn.Network, xr.Dataset]) -> None:
    net, bank = small
    with pytest.raises(ValueError, match="inputs are those of one task, and there are 2; say which by task="):
        tn.spiking.recalibrate(net, bank, inputs=np.zeros((10, 3)))
    with pytest.raises(ValueError, match="inputs are those of one task, and there are 2; say which by task="):
        tn.spiking.predict(net, bank, duration=0.1, inputs=np.zeros((10, 3)))
    with pytest.raises(ValueError, match="duration"):
        tn.spiking.recalibrate(net, bank, duration=0)
    adapting = tn.Network(units=40, seed=1, transfer=LIF(adaptation=0.05))
    with pytest.raises(ValueError, match="units that adapt are recalibrated without inputs; leave inputs out"):
        tn.spiking.recalibrate(adapting, np.ones(40), inputs=np.zeros((10, 3)))


@pytest.fixture(scope="module")
def small() -> tuple[tn.Network, xr.Dataset]:
    net = tn.Network(units=60, seed=0)
    return net, tn.fit(net, ["hopf", "two-well"], rounds=1, progress=False)


@pytest.mark.slow
def test_predict_covers_the_tasks_of_a_bank(small: tuple[tn.Network, xr.Dataset]) -> None:
    net, bank = small
    truth = {name: tn.task(name).trajectory(80.0, 0.02) for name in ("hopf", "two-well")}
    predicted = tn.spiking.predict(net, bank, neurons_per_unit=20, duration=10.0, truth=truth)
    assert predicted["task"].values.tolist() == ["hopf", "two-well"]
    assert abs(predicted["period_error"].sel(task="hopf").item()) < 0.1
    assert np.isnan(predicted["period_error"].sel(task="two-well").item())
    assert np.all(predicted["mismatch"] < 1e-3)
    assert all("units" in predicted[name].attrs and "long_name" in predicted[name].attrs for name in predicted)
    one = tn.spiking.predict(net, bank, task="hopf", neurons_per_unit=20, duration=10.0, truth=truth)
    assert one["decoded_noise"].values == pytest.approx(predicted["decoded_noise"].sel(task=["hopf"]).values)


def test_predict_refuses_what_has_no_neuron() -> None:
    with pytest.raises(ValueError, match="no spiking neuron"):
        tn.spiking.predict(tn.Network(units=20, seed=0, transfer="tanh"), np.ones(20))


def test_recalibration_brings_the_rates_of_another_neuron_back() -> None:
    """Dense synapses: a longer refractory time and less noise, and every unit fires at its own mean rate again."""
    options = {"units": 80, "seed": 2, "synapses": "dense", "encoder_scale": 0.05, "gain": 0.05}
    net = tn.Network(**options)
    other = tn.Network(**options, transfer=LIF(noise=0.2, refractory=0.006))
    bias = np.random.default_rng(0).normal(1.0, 0.3, 80)
    corrected = tn.spiking.recalibrate(net, bias, onto=other, duration=2.0)
    assert (corrected > bias).mean() > 0.9  # a longer refractory time fires less, so biases rise

    def fired(which: tn.Network, b: np.ndarray) -> np.ndarray:
        run = tn.spiking.simulate(which, b, duration=5.0, neurons_per_unit=10)
        return np.bincount(run["spike_unit"].values, minlength=80) / 50

    wanted = fired(net, bias)
    off, left = (np.abs(fired(other, b) - wanted).mean() for b in (bias, corrected))
    assert left < 0.25 * off


@pytest.fixture(scope="module")
def turning() -> tuple[tn.Network, xr.Dataset]:
    net = tn.Network(units=150, seed=0, components=2, transfer=LIF(noise=0.1))
    return net, tn.fit(net, "hopf", rounds=2, progress=False)


def _period_error(run: xr.Dataset) -> float:
    return tn.measure.limit_cycle(run, tn.task("hopf").trajectory(60.0, 0.02))["period_error"].item()


@pytest.mark.slow
def test_recalibration_undoes_the_lead_of_quiet_neurons(turning: tuple[tn.Network, xr.Dataset]) -> None:
    """Spikes run a cycle one per cent fast, as predicted, and with the new biases at its speed; rates then run slow."""
    net, bank = turning
    recalibrated = tn.spiking.recalibrate(net, bank, neurons_per_unit=32)
    learned, corrected = (
        _period_error(tn.spiking.simulate(net, b, duration=12.0, neurons_per_unit=32, dt=0.004))
        for b in (bank, recalibrated)  # 4800 spiking neurons: noise of some 0.002 of the period
    )
    predicted = [
        _period_error(tn.spiking.surrogate(net, b, duration=8.0, neurons_per_unit=4000, dt=0.004))
        for b in (bank, recalibrated)
    ]
    assert -0.018 < predicted[0] < -0.008
    assert learned == pytest.approx(predicted[0], abs=0.003)
    assert abs(predicted[1]) < 0.002
    assert abs(corrected) < 0.004
    assert _period_error(tn.simulate(net, recalibrated, duration=8.0, dt=0.004)) == pytest.approx(
        -predicted[0], abs=0.003
    )


@pytest.mark.slow
def test_recalibration_onto_other_neurons_keeps_the_field(turning: tuple[tn.Network, xr.Dataset]) -> None:
    """Neurons of three times the noise would fire at other rates; with the new biases the cycle is the learned one."""
    net, bank = turning
    other = tn.Network.from_spec(replace(net.spec, transfer=LIF(noise=0.3)))
    recalibrated = tn.spiking.recalibrate(net, bank, onto=other, neurons_per_unit=8)
    unchanged = bank.assign_attrs(network_sha256=other.sha256)
    unchanged["network_hash"] = ("task", [other.sha256], bank["network_hash"].attrs)
    kept, off = (
        tn.compare(
            tn.simulate(net, bank, duration=8.0, dt=0.005),
            tn.spiking.surrogate(other, b, duration=8.0, neurons_per_unit=4000, dt=0.005),
        )["orbit_distance"].values[0, -1]
        for b in (recalibrated, unchanged)
    )
    assert kept < 0.1
    assert np.isnan(off) or off > 3 * kept  # no cycle at all, or another one


def test_recalibration_moves_a_bank_to_another_neuron(small: tuple[tn.Network, xr.Dataset]) -> None:
    net, bank = small
    other = tn.Network.from_spec(replace(net.spec, transfer=LIF(noise=0.2)))
    with pytest.raises(ValueError, match="was learned on network"):
        tn.spiking.simulate(other, bank, task="hopf", duration=1.0)
    recalibrated = tn.spiking.recalibrate(net, bank, onto=other, task="hopf", duration=2.0)
    assert recalibrated["task"].values.tolist() == ["hopf"]
    assert recalibrated.attrs["recalibrated"] == "hopf"
    assert not np.array_equal(recalibrated["bias"], bank["bias"].sel(task=["hopf"]))
    assert tn.spiking.simulate(other, recalibrated, duration=0.1).attrs["network_sha256"] == other.sha256


def test_recalibration_refuses_other_synapses() -> None:
    with pytest.raises(ValueError, match="onto has other synapses"):
        tn.spiking.recalibrate(tn.Network(20, seed=0), np.ones(20), onto=tn.Network(20, seed=1), duration=1.0)


def test_recalibration_of_still_neurons_changes_nothing(small: tuple[tn.Network, xr.Dataset]) -> None:
    """What hardly moves has no lead, and the curve is the neuron's own."""
    net = tn.Network(units=60, seed=0, encoder_scale=1e-4)
    bias = np.random.default_rng(0).normal(1.0, 0.3, 60)
    assert tn.spiking.recalibrate(net, bias, duration=2.0) == pytest.approx(bias, abs=1e-3)
    net, bank = small
    both = tn.spiking.recalibrate(net, bank, duration=1.0)
    assert both.attrs["recalibrated"] == "hopf, two-well"
    assert both["bias"].dims == bank["bias"].dims
