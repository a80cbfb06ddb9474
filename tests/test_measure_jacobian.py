"""The mechanism of bias learning: the leading pair of the Jacobian moves to modulus 1 at the target's frequency."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet import measure
from tonicnet.learn import first_bias

PERIOD = 25


@pytest.fixture(scope="module")
def learned():
    """The published task (a cosine of period 25, no input, no feedback, gain 1.2), and the biases on the way."""
    net = tn.Network(
        units=100, seed=1, components=1, synapses="dense", gain=1.2, transfer="tanh", feedback=False, tau=1.0, dt=1.0
    )
    wave = np.cos(2 * np.pi * np.arange(200) / PERIOD)[:, None]
    told: list[dict] = []
    bank = tn.fit(net, tn.Task.from_array(wave, name="cosine", dt=1.0), rounds=0, progress=told.append)
    way = np.stack([first_bias(net), *(told[i]["bias"] for i in (0, 10, 30)), bank["bias"].values[0]])
    epochs = xr.DataArray(way, dims=("epoch", "unit"), coords={"epoch": [0, 1, 11, 31, len(told)]})
    return net, bank, epochs, told


def test_the_leading_pair_moves_to_the_unit_circle(learned):
    net, bank, _, _ = learned
    before = measure.jacobian_spectrum(net, first_bias(net), at="secant")
    after = measure.jacobian_spectrum(net, bank, at="secant")
    assert after.attrs["of"] == "map"
    assert after.modulus.values[0, :2] == pytest.approx(1, abs=0.01)
    assert after.period.values[0, :2] == pytest.approx(PERIOD, rel=0.02)
    assert after.modulus[0, 2] < 0.95
    assert before.modulus[0, 0] < 0.97
    assert abs(before.period[0, 0] - PERIOD) > 10
    value = after.eigenvalue.values[0, 0] @ [1, 1j]
    assert abs(np.angle(value)) == pytest.approx(2 * np.pi / PERIOD, rel=0.02)


def test_run_and_rest_lie_on_either_side(learned):
    net, bank, _, _ = learned
    run, rest = (measure.jacobian_spectrum(net, bank, at=at) for at in ("run", "rest"))
    assert 0.9 < run.modulus[0, 0] < 1 < rest.modulus[0, 0] < 1.1
    for made in (run, rest):
        assert made.period.values[0, 0] == pytest.approx(PERIOD, rel=0.05)
        assert float(made.random_radius[0]) == pytest.approx(1.2 * float(made.gain_rms[0]), rel=0.05)
    assert float(rest.spread[0]) == 0 < float(run.spread[0])


def test_along_learning(learned):
    net, bank, epochs, told = learned
    assert told[0]["bias"].shape == (100,)
    made = measure.jacobian_spectrum(net, epochs, like=bank, at="secant")
    assert made.eigenvalue.dims == ("epoch", "mode", "part")
    assert made.epoch.values.tolist() == epochs.epoch.values.tolist()
    gap = np.abs(made.eigenvalue.values[:, 0] @ [1, 1j]) - 1
    assert abs(gap[-1]) < 0.01 < abs(gap[0])
    last = measure.jacobian_spectrum(net, bank, at="secant")
    np.testing.assert_allclose(made.modulus.values[-1], last.modulus.values[0], rtol=1e-9)
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in made.variables.values())


def test_mean_gain_at_rest_is_the_jacobian_at_the_fixed_point():
    net = tn.Network(units=40, seed=0, transfer="tanh")
    bias = np.random.default_rng(0).normal(size=40)
    made = measure.jacobian_spectrum(net, bias, at="rest")
    points = measure.fixed_points(net, bias, slow=0.0)
    nearest = int(np.nanargmin((points.location.values[0] ** 2).sum(axis=1)))
    np.testing.assert_allclose(made.eigenvalue.values[0], points.eigenvalue.values[0, nearest], atol=1e-6)
    assert made.attrs["of"] == "flow"
    assert "random_radius" not in made
    np.testing.assert_allclose(made.modulus.values, np.exp(made.growth.values * net.tau))


def test_bad_input(learned):
    net, bank, epochs, _ = learned
    for bias, options, words in [
        (bank, {"at": "rst"}, "Did you mean 'rest'"),
        (epochs.T, {}, "with dim unit last"),
        (np.zeros(7), {}, r"has shape \(100,\)"),
        (bank, {"duration": 0.0}, "duration is a positive number"),
        (np.full(100, np.nan), {}, "not finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.jacobian_spectrum(net, bias, **options)
