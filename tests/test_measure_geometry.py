"""Return maps, sliced Wasserstein distance and participation ratio, against exact cases."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from test_measure_calibration import lorenz

import tonicnet as tn
from tonicnet import measure


def labelled(values, dt=0.01):
    values = np.asarray(values, dtype=float)
    values = values[None] if values.ndim == 2 else values
    coords = {"time": np.arange(values.shape[1]) * dt}
    return xr.DataArray(values, dims=("trial", "time", "component"), coords=coords, name="output")


@pytest.fixture(scope="module")
def runs():
    """Four true runs of Lorenz, and one with rho 30."""
    return lorenz([28, 28, 28, 28, 30], [1] * 5, samples=60_000)


# ---- return maps


def test_maxima_of_a_parabola_are_exact():
    t = np.arange(-5, 6) * 0.3
    at, height = measure.maxima_of(4 - (t - 0.11) ** 2)
    assert at * 0.3 - 1.5 == pytest.approx(0.11)
    assert height == pytest.approx(4)


def test_logistic_map_is_read_off():
    """Humps of which each is as high as the logistic map makes it."""
    heights = [0.3]
    for _ in range(60):
        heights.append(3.8 * heights[-1] * (1 - heights[-1]))
    hump = np.sin(np.pi * np.arange(40) / 40)
    made = measure.return_map(labelled((np.array(heights)[:, None] * hump).reshape(-1, 1)))
    assert made.sizes["event"] == 60
    np.testing.assert_allclose(made["next"], 3.8 * made.now * (1 - made.now), atol=2e-3)
    assert (np.diff(made.event_time.values) > 0).all()


def test_lorenz_cusp(runs):
    made = measure.return_map(labelled(runs[:2]), component=-1)
    assert made.attrs["component"] == "2"
    assert set(made.trial.values.tolist()) == {0, 1}
    now, after = made.now.values, made["next"].values
    left, right = now < 38, now > 39
    assert np.corrcoef(now[left], after[left])[0, 1] > 0.95
    assert np.corrcoef(now[right], after[right])[0, 1] < -0.9


def test_residual_tells_parameters_apart(runs):
    truth = labelled(runs[:2])
    found = measure.return_map_residual(labelled(runs[2:]), truth)
    same, other = found.return_map_residual.values[:2], found.return_map_residual.values[2]
    floor = float(found.return_map_residual_floor)
    assert (same < 3 * floor + 0.02).all()
    assert other > 4 * same.max()
    assert other > 0.3
    assert found.outside.values[2] > 0.01 > found.outside.values[:2].max()
    shuffled = measure.return_map_residual(labelled(np.random.default_rng(0).permutation(runs[2])), truth)
    assert shuffled.return_map_residual > 0.8


def test_residual_of_a_cycle_is_zero():
    wave = labelled(np.sin(np.arange(0, 200, 0.05))[:, None], 0.05)
    found = measure.return_map_residual(1.1 * wave, wave)
    assert found.return_map_residual[0] == pytest.approx(0.1 * np.sqrt(2), rel=0.02)
    assert measure.return_map_residual(wave, wave).return_map_residual[0] < 1e-3


def test_return_map_bad_input(runs):
    with pytest.raises(ValueError, match=r"has 2 maxima in 1\.\d+ task time, 13 are needed"):
        measure.return_map(labelled(np.sin(np.arange(0, 13, 0.1))[:, None] * np.ones(2)))
    with pytest.raises(ValueError, match="unknown component 'z'"):
        measure.return_map(labelled(runs[0]), component="z")
    with pytest.raises(ValueError, match="there is no component 3"):
        measure.return_map(labelled(runs[0]), component=3)
    with pytest.raises(ValueError, match="the truth is too short for a return map"):
        measure.return_map_residual(labelled(runs[0]), labelled(runs[1][:500]))


# ---- sliced Wasserstein


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-5, 5), d=st.integers(1, 4))
def test_shift_is_the_mean_projection(shift, d):
    """A shift s of a z-scored cloud moves it by s E|w_1|: exactly known directions."""
    x = np.random.default_rng(0).normal(size=(200, d))
    moved = x + shift * x.std(axis=0) * np.eye(d)[0]
    rng = np.random.Generator(np.random.Philox(3))
    w = rng.standard_normal((50, d))
    expected = abs(shift) * np.abs(w[:, 0] / np.linalg.norm(w, axis=1)).mean()
    assert measure.sliced_wasserstein_of(x, moved, seed=3) == pytest.approx(expected, abs=1e-9)


def test_order_does_not_matter_and_floor_falls(runs):
    truth, made = (
        labelled(runs[0]),
        labelled(np.stack([runs[1], np.random.default_rng(0).permutation(runs[1]), runs[4]])),
    )
    found = measure.sliced_wasserstein(made, truth, reference=labelled(runs[2:4]))
    same, shuffled, other = found.sliced_wasserstein.values
    assert same == pytest.approx(shuffled, abs=1e-12)
    assert other > 2 * max(same, float(found.sliced_wasserstein_floor))
    short = measure.sliced_wasserstein(made[:, :2000], truth)
    assert short.sliced_wasserstein_floor > found.sliced_wasserstein_floor > 0
    assert int(short.samples) == 2000
    again = measure.sliced_wasserstein(made, truth, reference=labelled(runs[2:4]))
    np.testing.assert_array_equal(found.sliced_wasserstein, again.sliced_wasserstein)


def test_sliced_bad_input(runs):
    truth = labelled(runs[0])
    with pytest.raises(ValueError, match=r"step is 0\.02"):
        measure.sliced_wasserstein(labelled(runs[1], 0.02), truth)
    with pytest.raises(ValueError, match="projections is a whole number"):
        measure.sliced_wasserstein(truth, truth, projections=0)
    with pytest.raises(ValueError, match="as many samples of both"):
        measure.sliced_wasserstein_of(runs[0], runs[1][:-1])
    assert np.isnan(measure.sliced_wasserstein(truth * np.nan, truth).sliced_wasserstein[0])


# ---- participation ratio


@pytest.mark.parametrize("d", [1, 2, 5])
def test_ball_has_as_many_dimensions(d):
    x = (
        np.random.default_rng(0).normal(size=(20_000, d))
        @ np.linalg.qr(np.random.default_rng(1).normal(size=(8, d)))[0].T
    )
    found = measure.participation_ratio(labelled(x))
    assert found.participation_ratio[0] == pytest.approx(d, rel=0.01)
    assert abs(found.participation_ratio[0] - d) < 4 * found.participation_ratio_error[0] + 1e-3
    assert found.variance_share.values[0, :d] == pytest.approx(1 / d, rel=0.1)
    assert found.attrs["variable"] == "output"


def test_known_spectrum():
    x = np.random.default_rng(0).normal(size=(100_000, 2)) * [1, 2]
    assert measure.participation_ratio_of(x) == pytest.approx(25 / 17, rel=0.02)


def test_rates_are_preferred():
    net = tn.Network(units=30, seed=0, transfer="tanh")
    run = tn.simulate(net, np.zeros(30), duration=4.0, rates=True, initial=np.ones(3))
    made = measure.participation_ratio(run)
    assert made.attrs["variable"] == "rate"
    assert made.sizes["mode"] == 30
    with pytest.raises(ValueError, match="too short: 5 samples"):
        measure.participation_ratio(run.isel(time=slice(0, 5)))
    assert np.isnan(measure.participation_ratio(labelled(np.ones((50, 2)))).participation_ratio[0])
