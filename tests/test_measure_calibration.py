"""The calibration table of the measures on Lorenz: dt 0.01, z-scored, T = 1e5."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr

from tonicnet.measure import limit_cycle_of, lost, spectral_hellinger_of, state_space_divergence_of

DT, T = 0.01, 100_000


def lorenz(rho, speed, transient=40.0, samples=T):
    """All trajectories at once, one per rho, each at its speed: (trajectory, time, component).

    By classical Runge-Kutta in sums and products alone, which are the same to the bit on any processor. So are the
    runs, and what is rare in them.
    """
    rho, speed, draw = np.array(rho), np.array(speed), np.random.default_rng(0)
    state = draw.normal([[0], [0], [25]], 5, (3, rho.size))

    def flow(state):
        x, y, z = state
        return speed * np.stack([10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z])

    skipped = round(transient / DT)
    made = np.empty((samples, *state.shape))
    for n in range(-skipped, samples):
        if n >= 0:
            made[n] = state
        k1 = flow(state)
        k2 = flow(state + DT / 2 * k1)
        k3 = flow(state + DT / 2 * k2)
        state = state + DT / 6 * (k1 + 2 * k2 + 2 * k3 + flow(state + DT * k3))
    return made.transpose(2, 0, 1)


@pytest.fixture(scope="module")
def catalogue():
    """Truths and the rows of the table, all z-scored by the first truth."""
    runs = lorenz([28, 28, 28, 28, 27, 29, 30, 32, 28], [1] * 8 + [0.5])
    mean, spread = runs[0].mean(axis=0), runs[0].std(axis=0)
    z = (runs - mean) / spread
    noise = np.random.default_rng(1).normal(size=z[1].shape)
    wing = runs[1] * np.concatenate([np.repeat(np.sign(runs[1][:, :1]), 2, axis=1), np.ones((T, 1))], axis=1)
    fixed = np.tile([np.sqrt(72), np.sqrt(72), 27.0], (T, 1))
    return {
        "truth": z[0],
        "others": z[1:4],
        "true": z[1],
        "5 % noise": z[1] + 0.05 * noise,
        "20 % noise": z[1] + 0.2 * noise,
        "rho 27": z[4],
        "rho 29": z[5],
        "rho 30": z[6],
        "rho 32": z[7],
        "half speed": z[8],
        "shuffled": np.random.default_rng(2).permutation(z[1]),
        "one wing": (wing - mean) / spread,
        "fixed point": (fixed - mean) / spread,
    }


@pytest.mark.parametrize(
    ("row", "divergence", "hellinger"),
    [
        ("true", (0.02, 0.08), (0.035, 0.075)),
        ("5 % noise", (0.10, 0.19), (0.04, 0.09)),
        ("20 % noise", (0.85, 1.05), (0.12, 0.16)),
        ("rho 27", (0.28, 0.55), (0.09, 0.14)),
        ("rho 29", (0.25, 0.45), (0.09, 0.13)),
        ("rho 30", (1.2, 1.8), (0.14, 0.20)),
        ("rho 32", (4.9, 6.0), (0.18, 0.25)),
        ("half speed", (0.03, 0.20), (0.37, 0.43)),
        ("shuffled", (0.02, 0.08), (0.86, 0.90)),
        ("one wing", (6.0, 9.5), (0.36, 0.46)),
        ("fixed point", (16.0, 16.8), (0.86, 0.90)),
    ],
)
def test_calibration_row(catalogue, row, divergence, hellinger):
    truth, made = catalogue["truth"], catalogue[row]
    assert divergence[0] < state_space_divergence_of(truth, made) < divergence[1]
    assert hellinger[0] < spectral_hellinger_of(truth, made) < hellinger[1]


@pytest.mark.parametrize(
    ("length", "divergence", "hellinger"),
    [
        (1_000, (3.5, 9.0), (0.005, 0.04)),
        (10_000, (0.55, 1.1), (0.015, 0.06)),
        (30_000, (0.09, 0.25), (0.035, 0.07)),
    ],
)
def test_floor_falls_with_the_length(catalogue, length, divergence, hellinger):
    pairs = itertools.combinations([catalogue["truth"], *catalogue["others"]], 2)
    cuts = [(a[s : s + length], b[s : s + length]) for a, b in pairs for s in (0, 30_000, 60_000)]
    assert divergence[0] < np.mean([state_space_divergence_of(a, b) for a, b in cuts]) < divergence[1]
    assert hellinger[0] < np.mean([spectral_hellinger_of(a, b) for a, b in cuts]) < hellinger[1]


def test_agrees_with_numpy_histograms(catalogue):
    truth, made = catalogue["truth"], catalogue["20 % noise"]
    low, high = truth.min(axis=0) - 0.1 * truth.std(axis=0), truth.max(axis=0) + 0.1 * truth.std(axis=0)
    edges = [np.linspace(a, b, 31) for a, b in zip(low, high, strict=True)]
    p, q = (np.histogramdd(x, edges)[0].ravel() + 1e-5 for x in (truth, made))
    p, q = p / p.sum(), q / (len(made) + 1e-5 * len(q))
    assert state_space_divergence_of(truth, made) == pytest.approx(np.sum(p * np.log(p / q)), rel=1e-6)


def test_chaos_is_no_cycle(catalogue):
    cycle = limit_cycle_of(catalogue["truth"], DT)
    assert np.isnan(cycle.period)
    assert "no period" in cycle.outcome


def test_lost_finds_one_wing_and_a_fixed_point(catalogue):
    def labelled(*trials):
        coords = {"time": np.arange(len(trials[0])) * DT}
        return xr.DataArray(np.stack(trials), dims=("trial", "time", "component"), coords=coords)

    truth = labelled(catalogue["truth"])
    made = labelled(*catalogue["others"], catalogue["one wing"], catalogue["fixed point"])
    for length in (T // 20, T // 5, T):
        assert lost(made[:, :length], truth).lost.values.tolist() == [0, 0, 0, 1, 1]
