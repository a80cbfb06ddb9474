"""Lyapunov exponents against exact cases: linear flows and maps, Hopf, Lorenz, and networks that carry them."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet import measure
from tonicnet._share import shelf


def lorenz(x):
    x, y, z = x.T
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=1)


def lorenz_jacobian(x):
    x, y, z = x.T
    one = np.ones_like(x)
    rows = [[-10 * one, 10 * one, 0 * one], [28 - z, -one, -x], [y, x, -8 / 3 * one]]
    return np.array(rows).transpose(2, 0, 1)


def hopf(x):
    square = (x**2).sum(axis=1, keepdims=True)
    return x - square * x + 1.5 * x[:, ::-1] * [-1, 1]


def hopf_jacobian(x):
    square = (x**2).sum(axis=1)
    return (1 - square)[:, None, None] * np.eye(2) - 2 * x[:, :, None] * x[:, None, :] + [[0, -1.5], [1.5, 0]]


@pytest.mark.parametrize("k", [1, 3])
def test_linear_flow_is_exact(k):
    turn = np.array([[0.2, -3.0, 1.0], [3.0, 0.2, 5.0], [0.0, 0.0, -1.5]])
    found = measure.lyapunov_spectrum_of(
        lambda x: x @ turn.T,
        lambda x: np.broadcast_to(turn, (len(x), 3, 3)),
        np.zeros((2, 3)),
        k=k,
        duration=40.0,
        transient=30.0,
        dt=0.01,
    )
    np.testing.assert_allclose(found.values, [0.2, 0.2, -1.5][:k], atol=1e-6)
    if k == 3:
        assert found.values.sum() == pytest.approx(-1.1, abs=1e-7)
        assert found.kaplan_yorke == pytest.approx(2 + 0.4 / 1.5, abs=1e-6)


def test_linear_map_is_exact():
    a = np.diag([-0.5, -3.0, 2.0])
    found = measure.lyapunov_spectrum_of(
        lambda x: x @ a, lambda x: np.broadcast_to(a, (len(x), 3, 3)), np.zeros((1, 3)), duration=50.0, transient=50.0,
        dt=0.1, discrete=True,
    )  # fmt: skip
    np.testing.assert_allclose(found.values, np.log([1.2, 0.95, 0.7]) / 0.1, atol=1e-9)


def test_hopf():
    start = np.array([[1.0, 0.0], [0.3, 0.9]])
    found = measure.lyapunov_spectrum_of(hopf, hopf_jacobian, start, duration=100.0, transient=20.0, dt=0.02)
    np.testing.assert_allclose(found.values, [0, -2], atol=1e-3)
    assert found.kaplan_yorke == pytest.approx(1.0, abs=1e-3)


def test_lorenz():
    start = np.random.default_rng(0).normal([0, 0, 25], 5, (256, 3))
    found = measure.lyapunov_spectrum_of(
        lorenz, lorenz_jacobian, start, duration=20.0, transient=10.0, dt=0.01, every=5
    )
    assert found.values.sum() == pytest.approx(-41 / 3, rel=0.01)
    assert found.values[0] == pytest.approx(0.906, rel=0.02)
    assert abs(found.values[0] - 0.906) < 4 * found.error[0]
    assert abs(found.values[1]) < 4 * found.error[1]
    assert found.kaplan_yorke == pytest.approx(2.062, abs=0.005)
    assert 0 < found.kaplan_yorke_error < 0.005
    assert found.local.shape == (256, 3)


def test_error_tells_the_scatter_of_repeats():
    start = np.random.default_rng(1).normal([0, 0, 25], 5, (320, 3))
    options = {"duration": 20.0, "transient": 10.0, "dt": 0.02, "k": 1, "every": 5}
    single = measure.lyapunov_spectrum_of(lorenz, lorenz_jacobian, start, **options)
    local = single.local[:, 0]
    assert 1 <= single.error[0] / (local.std(ddof=1) / np.sqrt(320)) < 2.5  # more where trials are alike by chance
    groups = local.reshape(20, 16).mean(axis=1)
    assert groups.std(ddof=1) == pytest.approx(local.std(ddof=1) / 4, rel=0.2)


def test_error_of_single_runs_is_that_of_independent_steps():
    """x' = x / a below a, (x - a) / (1 - a) above: stretched by 1 / a or 1 / (1 - a), with odds a and 1 - a."""
    a, steps = 0.3, 480
    options = {"duration": float(steps), "transient": 10.0, "dt": 1.0, "every": 1, "discrete": True}
    found = [
        measure.lyapunov_spectrum_of(
            lambda x: np.where(x < a, x / a, (x - a) / (1 - a)) - x,
            lambda x: (np.where(x < a, 1 / a, 1 / (1 - a)) - 1)[:, :, None],
            np.array([[start]]),
            **options,
        )
        for start in np.random.default_rng(0).uniform(0, 1, 20)
    ]
    spread = np.sqrt(a * (1 - a)) * np.log((1 - a) / a) / np.sqrt(steps)
    values, errors = np.array([f.values[0] for f in found]), np.array([f.error[0] for f in found])
    entropy = -a * np.log(a) - (1 - a) * np.log(1 - a)
    assert values.mean() == pytest.approx(entropy, abs=4 * spread / np.sqrt(20))
    assert 0.9 < np.median(errors) / spread < 1.6  # on the safe side: a single run says little of its own error
    assert (np.abs(values - entropy) < 3 * errors).all()
    assert values.std(ddof=1) == pytest.approx(spread, rel=0.35)


def test_kaplan_yorke():
    assert measure.kaplan_yorke_of(np.array([-1.0, -2.0])) == 0
    assert measure.kaplan_yorke_of(np.array([1e-7, -2.0]), zero=1e-6) == 1
    assert np.isnan(measure.kaplan_yorke_of(np.array([1.0, 0.5])))


# ---- networks


def test_rates_have_the_exponents_of_their_output_and_the_leak():
    """With random synapses too weak to count, a dense network is the low-rank one, in N dimensions."""
    given = {"units": 30, "seed": 2, "transfer": "tanh", "decoder_scale": 6.0}
    bias = np.random.default_rng(0).normal(size=30)
    options = {"k": 5, "duration": 2.0, "transient": 9.0, "initial": np.full((2, 3), 0.5)}
    nets = [tn.Network(**given), tn.Network(**given, synapses="dense", gain=1e-9)]
    one, two = (measure.lyapunov_spectrum(net, bias, **options) for net in nets)
    np.testing.assert_allclose(one.exponent.values, two.exponent.values, atol=2e-3)
    assert (np.abs(one.exponent.values + 10) < 1e-9).sum() == 4
    output = measure.lyapunov_spectrum(nets[0], bias, **options | {"k": 3})
    assert output.exponent.values[0, 0] == pytest.approx(one.exponent.values[0, 0])
    assert (output.exponent.values[0, 1:] < -10).all()


def test_discrete_network_is_a_map():
    net = tn.Network(units=30, seed=2, synapses="dense", transfer="tanh", tau=0.1, dt=0.05)
    made = measure.lyapunov_spectrum(net, np.full(30, -30.0), duration=10.0, k=2)
    np.testing.assert_allclose(made.exponent.values, np.log(0.5) / 0.05, rtol=1e-9)
    flat = tn.Network(units=30, seed=2, transfer="tanh", tau=0.1, dt=0.1)
    assert np.isneginf(measure.lyapunov_spectrum(flat, np.full(30, -30.0), duration=10.0, k=4).exponent.values[0, -1])


@pytest.fixture(scope="module")
def atlas():
    return tn.load_network("atlas-1000"), tn.load(shelf("models") / "atlas-1000" / "bank.nc")


def test_lorenz_network(atlas):
    net, bank = atlas
    made = measure.lyapunov_spectrum(net, bank, task="lorenz", duration=40.0, trials=12, transient=10.0, dt=net.tau / 5)
    exponent, error = made.exponent.values[0], made.exponent_error.values[0]
    assert exponent.sum() == pytest.approx(-41 / 3, rel=0.01)
    assert abs(exponent[0] - 0.906) < 4 * error[0]
    assert error[0] < 0.06
    assert float(made.kaplan_yorke[0]) == pytest.approx(2.062, abs=0.01)
    assert made.exponent_per_second.values == pytest.approx(exponent[None] * float(bank.speed.sel(task="lorenz")))
    assert float(made.duration[0]) == pytest.approx(40 * 12 * float(bank.speed.sel(task="lorenz")))


def test_all_tasks_of_a_bank(atlas):
    net, bank = atlas
    made = measure.lyapunov_spectrum(
        net, bank.sel(task=["hopf", "two-well"]), duration=4.0, transient=6.0, trials=4, dt=0.02
    )
    assert made.exponent.sel(task="hopf").values[:2] == pytest.approx([0, -2], abs=0.02)
    assert float(made.exponent.sel(task="two-well", mode=0)) == pytest.approx(-1, abs=0.02)
    assert made.kaplan_yorke.values.tolist() == pytest.approx([1, 0])
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in made.variables.values())


def test_bad_input(atlas):
    net, bank = atlas
    small, bias = tn.Network(units=20, seed=0), np.zeros(20)
    for options, words in [
        ({"duration": 0.1}, r"duration=0.1 s is too short: standard errors of 16 trials need at least 0.5 s"),
        ({"duration": -1.0}, "duration is a positive number"),
        ({"k": 0}, "k is a whole number of at least 1"),
        ({"k": 21}, "more than the 20 units"),
        ({"task": "lorenz"}, "a bare bias vector has none"),
        ({"initial": np.zeros((2, 7))}, "initial is"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.lyapunov_spectrum(small, bias, **options)
    with pytest.raises(ValueError, match="learned on network"):
        measure.lyapunov_spectrum(small, bank)
    with pytest.raises(ValueError, match=r"Did you mean 'lorenz'"):
        measure.lyapunov_spectrum(net, bank, task="lorens")
    with pytest.raises(TypeError, match="first argument is a Network"):
        measure.lyapunov_spectrum(bank, net)
    with pytest.raises(ValueError, match="too short: 10 steps"):
        measure.lyapunov_spectrum_of(hopf, hopf_jacobian, np.ones((1, 2)), duration=0.1, dt=0.01)
    with pytest.raises(ValueError, match="must have shape"):
        measure.lyapunov_spectrum_of(hopf, hopf, np.ones((1, 2)), duration=10.0, dt=0.01)
    with pytest.raises(ValueError, match="not finite from time"):
        measure.lyapunov_spectrum_of(
            lambda x: np.exp(x), lambda x: np.exp(x)[:, :, None], np.ones((1, 1)), duration=60.0, dt=0.5
        )
