"""Floquet multipliers, recovery and basins against exact cases."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from test_measure_lyapunov import atlas, hopf, hopf_jacobian

import tonicnet as tn
from tonicnet import measure

__all__ = ["atlas"]


def labelled(values, dt=0.01):
    values = np.asarray(values, dtype=float)
    coords = {"time": np.arange(values.shape[1]) * dt}
    return xr.DataArray(values, dims=("trial", "time", "component"), coords=coords, name="output")


def test_hopf_is_exact():
    period = 2 * np.pi / 1.5
    made = measure.floquet_of(hopf, hopf_jacobian, np.array([0.8, 0.3]), 4.0, dt=0.01)
    assert made.period == pytest.approx(period, rel=1e-7)
    np.testing.assert_allclose(made.multiplier, [1, np.exp(-2 * period)], atol=1e-7)
    assert made.trivial_error < 1e-7
    np.testing.assert_allclose(np.hypot(*made.orbit.T), 1, atol=1e-7)


def test_an_unstable_cycle_is_found_too():
    """Hopf backwards in time: the same cycle, repelling."""
    made = measure.floquet_of(lambda x: -hopf(x), lambda x: -hopf_jacobian(x), np.array([1.00001, 0.0]), 4.2, dt=0.01)
    assert made.multiplier[0].real == pytest.approx(np.exp(2 * made.period), rel=1e-5)
    assert abs(made.multiplier[1] - 1) < 1e-5


def test_van_der_pol_multiplier_is_the_mean_divergence():
    def flow(x):
        return np.stack([x[:, 1], (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], axis=1)

    def jacobian(x):
        zero = np.zeros(len(x))
        return np.stack(
            [np.stack([zero, zero + 1], 1), np.stack([-2 * x[:, 0] * x[:, 1] - 1, 1 - x[:, 0] ** 2], 1)], axis=1
        )

    made = measure.floquet_of(flow, jacobian, np.array([2.0, 0.0]), 6.5, dt=0.01)
    assert made.period == pytest.approx(6.663287, rel=1e-5)
    at = np.arange(len(made.orbit) + 1) / len(made.orbit)
    square = np.append(made.orbit[:, 0], made.orbit[0, 0]) ** 2
    mean = 1 - quad(lambda s: np.interp(s, at, square), 0, 1, limit=500)[0]
    assert made.multiplier[1].real == pytest.approx(np.exp(mean * made.period), rel=0.02)


def test_order_four():
    exact = np.exp(-2 * 2 * np.pi / 1.5)
    gaps = []
    for dt in (0.1, 0.05):
        made = measure.floquet_of(hopf, hopf_jacobian, np.array([1.0, 0.0]), 4.2, dt=dt)
        gaps.append(abs(made.multiplier[1].real - exact))
    assert gaps[0] / gaps[1] == pytest.approx(16, rel=0.5)


def test_no_cycle_is_refused():
    with pytest.raises(ValueError, match="no cycle was found near this state"):
        measure.floquet_of(lambda x: -x, lambda x: np.broadcast_to(-np.eye(2), (len(x), 2, 2)), np.ones(2), 3.0, dt=0.1)
    with pytest.raises(ValueError, match="period must be a positive number"):
        measure.floquet_of(hopf, hopf_jacobian, np.ones(2), np.nan, dt=0.1)


def test_network_cycles(atlas):
    net, bank = atlas
    made = measure.floquet(net, bank.sel(task=["hopf", "two-well"]), transient=4.0, duration=8.0)
    assert made.period.values[0] == pytest.approx(2 * np.pi, rel=1e-3)
    assert made.exponent.values[0, 1] == pytest.approx(-2, abs=0.02)
    assert made.trivial_error[0] < 1e-3
    assert abs(made.modulus[0, 0] - 1) < 1e-3
    np.testing.assert_allclose(np.hypot(*made.orbit.values[0, :, :2].T), 1, atol=0.01)
    assert np.isnan(made.multiplier.values[1]).all()
    assert np.isnan(made.period.values[1])
    assert "does not move" in str(made.outcome.values[1])
    exponents = measure.lyapunov_spectrum(net, bank, task="hopf", duration=6.0, transient=6.0, trials=2, dt=0.02)
    np.testing.assert_allclose(exponents.exponent.values[0], made.exponent.values[0], atol=0.01)


def turns(matrix):
    """Whether rest is an unstable focus, so that a saturating network circles round it."""
    pair = np.linalg.eigvals(matrix)
    return pair.real.min() > 1.3 and np.abs(pair.imag).min() > 0.8


def test_dense_network_agrees_with_the_low_rank_one():
    """Random synapses too weak to count: the same cycle, and all else decays with the leak."""
    given = {"units": 40, "transfer": "tanh", "decoder_scale": 4.0, "components": 2}
    nets = (tn.Network(**given, seed=seed) for seed in range(100))
    net = next(n for n in nets if turns(n.decoder @ n.encoder))
    other = tn.Network(**given, seed=net.spec.seed, synapses="dense", gain=1e-9)
    options = {"initial": np.ones(2), "transient": 5.0, "duration": 10.0}
    one, two = (measure.floquet(n, np.zeros(40), **options) for n in (net, other))
    assert str(one.outcome.values[0]) == "a cycle"
    assert one.period.values == pytest.approx(two.period.values, rel=1e-4)
    np.testing.assert_allclose(two.modulus.values[0, :2], one.modulus.values[0], atol=1e-4)
    np.testing.assert_allclose(two.modulus.values[0, 2:], np.exp(-one.period.values[0] / net.tau), atol=1e-4)


def test_maps_and_wrong_spans_are_refused(atlas):
    net, bank = atlas
    with pytest.raises(ValueError, match="this network is a map"):
        measure.floquet(tn.Network(units=20, seed=0, dt=0.1), np.zeros(20))
    with pytest.raises(ValueError, match="transient is a positive number"):
        measure.floquet(net, bank, task="hopf", transient=-1.0)
    with pytest.raises(ValueError, match=r"the network does not cycle \(hopf: .*; run longer"):
        measure.floquet(net, bank, task="hopf", transient=1.0, duration=2.0)


# ---- recovery


def test_recovery_rate_is_the_floquet_exponent(atlas):
    net, bank = atlas
    truth, kicks = tn.task("hopf").trajectory(20.0, 0.01), np.array([[1.5, 0.0], [0.0, 0.6], [1.0, 0.0]])
    kicked = tn.simulate(net, bank, task="hopf", duration=2.0, initial=kicks)
    step = float(kicked.task_time[1])
    exact = measure.recovery(tn.task("hopf").trajectory(7.5, step, initial=kicks), truth, threshold=0.02)
    made = measure.recovery(kicked, truth, threshold=0.02)
    assert made.kick.values[:2] == pytest.approx([0.5, 0.4], rel=0.05)
    np.testing.assert_allclose(made.rate.values[:2], exact.rate.values[:2], rtol=0.01)
    assert made.rate.values[:2].mean() == pytest.approx(2, rel=0.02)  # faster from outside, slower from inside
    assert (np.abs(made.rate.values[:2] - 2) < 3 * made.rate_error.values[:2]).all()
    assert made.recovered.values.tolist() == [1, 1, 1]
    assert np.isnan(made.rate.values[2])
    assert made.distance.dims == ("trial", "time")


def test_what_does_not_come_back():
    t = np.arange(0, 5, 0.01)
    runs = labelled(np.stack([2 * np.exp(-t), 0 * t + 2, 2 * np.exp(t)])[:, :, None])
    made = measure.recovery(runs, labelled(np.zeros((1, 500, 1))))
    assert made.recovered.values.tolist() == [1, 0, 0]
    assert made.recovery_time.values[0] == pytest.approx(np.log(20), abs=0.02)
    assert made.rate.values == pytest.approx([1, 0, -1], abs=1e-9)
    assert made.rate_error.values == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="10 samples, a recovery needs 16"):
        measure.recovery(runs[:, :10], runs[:1])


# ---- basins


def test_basins_of_two_wells(atlas):
    net, bank = atlas
    starts = np.random.default_rng(0).uniform(-1.5, 1.5, (40, 2))
    run = tn.simulate(net, bank, task="two-well", duration=6.0, initial=starts)
    wells = {name: labelled(np.tile([x, 0.0], (1, 50, 1))) for name, x in (("left", -1), ("right", 1))}
    made = measure.basin(run, wells)
    assert made.attractor.values.tolist() == ["left", "right", "elsewhere"]
    assert made.share.values.sum() == pytest.approx(1)
    assert made.share.values[:2] == pytest.approx(0.5, abs=0.25)
    assert made.share[2] == 0
    assert (made.share_error > 0).all()
    np.testing.assert_allclose(made.start.values, starts, atol=1e-6)
    lost = measure.basin(run * np.nan, wells)
    assert lost.share.values.tolist() == [0, 0, 1]


def test_basin_bad_input():
    run = labelled(np.zeros((2, 50, 1)))
    for truths, options, words in [
        ({}, {}, "one or more"),
        ({"elsewhere": run}, {}, 'not "elsewhere"'),
        ({"a": run}, {"window": 7.0}, "a window of 7 task time does not fit"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.basin(run, truths, **options)
