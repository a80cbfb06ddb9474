"""Synapses with a rise time and a delay: the filter, its loops, and rate networks that run through it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

import tonicnet as tn
from tonicnet.network import Filter

LINEAR = tn.Custom(lambda x: x, torch.ones_like, label="identity")
FILTERS = {"rise": {"rise": 0.005}, "delay": {"delay": 0.004}, "both": {"rise": 0.005, "delay": 0.004}}
B = np.random.default_rng(0).normal(0, 1, 40)
Z0 = [0.5, -1.0, 0.3]


def net_of(kind="low-rank", transfer="tanh", **given):
    return tn.Network(40, seed=2, synapses=kind, transfer=transfer, **{"tau": 0.1} | given)


def end(net, dt, duration=0.2, **given):
    run = tn.simulate(net, B, duration=duration, dt=dt, initial=Z0, every=round(duration / dt), **given)
    return run["output"].values[0, -1]


# ---------------------------------------------------------------- the recipe


def test_what_has_neither_is_what_it_was():
    """No rise and no delay leave recipes and hashes as they are: a network that says so is the one that does not."""
    plain = tn.Network(20, seed=0)
    assert tn.Network(20, seed=0, rise=0.0, delay=0.0) == plain
    assert tn.Network(20, seed=0, rise=0, delay=0).to_toml() == plain.to_toml()
    assert not {"rise", "delay"} & set(plain.to_dict())
    assert tn.load_network("atlas-1000").sha256 == tn.load_bank("atlas-1000").attrs["network_sha256"]


def test_the_recipe_carries_both(tmp_path):
    net = tn.Network(20, seed=0, rise=0.005, delay=0.002)
    net.to_toml(tmp_path / "network.toml")
    back = tn.load_network(tmp_path / "network.toml")
    assert back == net
    assert back.filter == Filter(0.1, 0.005, 0.002)
    assert len({net.sha256, tn.Network(20, seed=0, rise=0.005).sha256, tn.Network(20, seed=0).sha256}) == 3
    assert "rise 0.005 s, delay 0.002 s" in repr(net)
    assert "rise 0.005 s, delay 0.002 s" in net._repr_html_()


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"rise": -0.1}, ValueError, "rise must be zero or a positive number of seconds, got -0.1"),
        ({"delay": float("nan")}, ValueError, "delay must be zero or a positive number of seconds, got nan"),
        ({"delay": float("inf")}, ValueError, "delay must be zero or a positive number"),
        ({"rise": "5 ms"}, TypeError, "rise must be a number, got '5 ms'"),
        ({"rise": 0.1}, ValueError, "rise must be shorter than tau, got rise 0.1 s with tau 0.1 s"),
        ({"delay": 0.2}, ValueError, "delay must be shorter than tau"),
        ({"rise": 0.01, "dt": 0.1}, ValueError, r"a discrete network \(dt given\) has no rise, got rise 0.01"),
        ({"delay": 0.0021}, ValueError, r"whole number of the neuron's steps, got 0.0021 s .* use 0.002 s"),
    ],
)
def test_what_no_synapse_can_have(given, error, said):
    with pytest.raises(error, match=said) as caught:
        tn.Network(10, seed=0, **given)
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------- loops through the filter


@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0, -3.0, 1 + 2j, -1 - 0.5j, 0.2j])
@pytest.mark.parametrize("kind", FILTERS)
def test_growth_is_a_root_and_no_root_lies_to_its_right(gain, kind):
    f = Filter(0.05, **FILTERS[kind])
    rate = complex(f.growth(np.array([gain]))[0])
    error = (1 + f.rise * rate) * (1 + f.tau * rate) * np.exp(f.delay * rate) - gain
    assert abs(error) < 1e-7
    if f.delay == 0:
        exact = np.roots([f.rise * f.tau, f.rise + f.tau, 1 - gain]).real.max()
        assert rate.real == pytest.approx(exact, abs=1e-6)
    low, high, far = rate.real + 1, rate.real + 500, 4000
    corners = np.array([low - 1j * far, high - 1j * far, high + 1j * far, low + 1j * far, low - 1j * far])
    round_it = np.concatenate([np.linspace(a, b, 20_000) for a, b in pairwise(corners)])
    values = (1 + f.rise * round_it) * (1 + f.tau * round_it) * np.exp(f.delay * round_it) - gain
    turns = np.angle(values[1:] / values[:-1]).sum() / (2 * np.pi)
    assert turns == pytest.approx(0, abs=1e-6)  # the argument principle: no root inside


@pytest.mark.parametrize("kind", FILTERS)
def test_a_linear_network_moves_by_its_characteristic_equation(kind):
    """phi(x) = x: each eigenvector of D E is a loop of that gain, and the fastest one is left in the end."""
    net = tn.Network(30, seed=4, components=1, transfer=LINEAR, tau=0.05, **FILTERS[kind])
    gain = float((net.decoder.astype(float) @ net.encoder)[0, 0])
    rate = net.filter.growth(np.array([gain]))[0]
    assert abs(rate.imag) < 1e-9
    run = tn.simulate(net, np.zeros(30), duration=0.6, dt=0.004, initial=[1.0])
    z = run["output"].values[0, :, 0]
    made = np.log(z[150] / z[75]) / 0.3
    assert made == pytest.approx(rate.real, rel=1e-4)


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("synapses", ["low-rank", "dense"])
def test_runs_are_of_order_four(kind, synapses):
    net = net_of(synapses, **FILTERS[kind])
    steps = 0.002 / 2.0 ** np.arange(3)
    exact = end(net, 0.002 / 16)
    errors = np.array([np.linalg.norm(end(net, dt) - exact) for dt in steps])
    assert errors[0] < 1e-5
    assert np.abs(np.log2(errors[:-1] / errors[1:]) - 4).max() < 0.4


def test_a_rise_time_is_the_second_order_equation():
    net = net_of(rise=0.02)
    e, d = net.encoder.astype(float), net.decoder.astype(float)

    def flow(_, state):
        z, y = state[:3], state[3:]
        return np.r_[(y - z) / 0.1, (d @ np.tanh(e @ z + B) - y) / 0.02]

    z0 = np.array(Z0)
    y0 = z0 + 0.1 / 0.12 * (d @ np.tanh(e @ z0 + B) - z0)
    made = solve_ivp(flow, (0, 0.5), np.r_[z0, y0], rtol=1e-11, atol=1e-12, t_eval=[0.1, 0.5])
    run = tn.simulate(net, B, duration=0.5, dt=0.0025, initial=Z0)
    np.testing.assert_allclose(run["output"].values[0, [40, 200]], made.y[:3].T, atol=1e-6)


@pytest.mark.parametrize("rise", [0.0, 0.01])
def test_a_delay_is_that_of_fine_euler_steps(rise):
    """Through a switch of biases too: what was sent before it still arrives after it."""
    net = net_of(rise=rise, delay=0.02)
    e, d = net.encoder.astype(float), net.decoder.astype(float)
    fine, late = 2e-5, 1000
    z = np.array(Z0)
    pace = (d @ np.tanh(e @ z + B) - z) / net.filter.lag
    past = [z - k * fine * pace for k in range(late, 0, -1)]
    y, path, drive = z + 0.1 * pace, [], [B] * late
    for k in range(15_000):
        path.append(z)
        past.append(z)
        drive.append(B if k < 5000 else -B)
        p = d @ np.tanh(e @ past[k] + drive[k])
        z, y = (z + fine / 0.1 * (y - z), y + fine / rise * (p - y)) if rise else (z + fine / 0.1 * (p - z), y)
    bank = np.stack([B, -B])
    start = Z0
    run = [
        tn.simulate(net, _bank(net, bank), schedule=[("one", 0.1), ("two", 0.2)], dt=0.01, initial=start, rates=rates)
        for rates in (False, True)
    ]
    np.testing.assert_allclose(run[0]["output"].values[0, :30], np.array(path)[::500], atol=2e-3)
    np.testing.assert_allclose(run[0]["output"], run[1]["output"], atol=1e-6)


def _bank(net, biases):
    import json

    import xarray as xr

    return xr.Dataset(
        {
            "bias": (("task", "unit"), biases),
            "center": (("task", "component"), np.zeros((2, 3))),
            "scale": (("task", "component"), np.ones((2, 3))),
            "speed": (("task",), np.ones(2)),
            "dimension": (("task",), np.full(2, 3.0)),
            "start": (("task", "trial", "component"), np.zeros((2, 1, 3))),
        },
        coords={"task": ["one", "two"]},
        attrs={"network_sha256": net.sha256, "network": json.dumps(net.to_dict())},
    )


def test_the_filter_has_unit_area():
    """At rest nothing is changed: the fixed points are those of the network without rise and delay."""
    one, two = (net_of(transfer="lif", **given) for given in ({}, {"rise": 0.02, "delay": 0.004}))
    ends = [tn.simulate(n, B - 2, duration=2.5, initial=Z0)["output"].values[0, -1] for n in (one, two)]
    np.testing.assert_allclose(*ends, atol=1e-9)
    points = [tn.measure.fixed_points(n, B - 2, starts=20) for n in (one, two)]
    np.testing.assert_allclose(points[0]["location"][0, 0], points[1]["location"][0, 0], atol=1e-7)


def test_inputs_and_noise_reach_a_filtered_network():
    net = net_of(rise=0.005, delay=0.004)
    u = np.zeros((40, 3))
    u[10] = 5.0
    quiet, pushed, noisy = (
        tn.simulate(net, B, duration=0.4, dt=0.01, initial=Z0, **given)["output"].values[0]
        for given in ({}, {"inputs": u}, {"noise": 0.5})
    )
    assert np.array_equal(quiet[:11], pushed[:11])
    assert np.abs(quiet[12] - pushed[12]).max() > 1e-3
    assert np.abs(quiet - noisy).max() > 1e-3


@pytest.mark.parametrize("kind", FILTERS)
def test_eigenvalues_at_rest_are_those_of_the_run(kind):
    """Rest is a stable focus: the run comes home as its slowest loop does, in rate and in frequency."""
    net = net_of(decoder_scale=1.0, **FILTERS[kind])
    found = tn.measure.fixed_points(net, np.zeros(40), starts=20)
    rest = int(np.nanargmin(np.linalg.norm(found["location"].values[0], axis=1)))
    rate = complex(*found["eigenvalue"].values[0, rest, 0])
    loops = net.filter.growth(np.linalg.eigvals(net.decoder.astype(float) @ net.encoder))  # phi'(0) = 1
    assert rate.real == pytest.approx(loops.real.max(), rel=1e-6)
    assert rate.real < 0 < abs(rate.imag)
    assert int(found["stable"][0, rest]) == 1
    dt = 0.008
    z = tn.simulate(net, np.zeros(40), duration=0.8, dt=dt, initial=[1e-4] * 3)["output"].values[0, 40:]
    known = np.stack([z[1:-1].ravel(), -z[:-2].ravel()], axis=1)
    twice, square = np.linalg.lstsq(known, z[2:].ravel(), rcond=None)[0]  # z'' = 2 e^(ah) cos(wh) z' - e^(2ah) z
    made = np.log(np.roots([1, -twice, square]).astype(complex)) / dt
    assert made[0].real == pytest.approx(rate.real, rel=2e-3)
    assert np.abs(made.imag) == pytest.approx(abs(rate.imag), rel=2e-3)


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "euler"}, "run by method \"rk4\", got 'euler'"),
        ({"initial": np.zeros((1, 5, 3))}, "begins at a state and not after a history, got one of 5 steps"),
        ({"dt": 0.01 / np.pi}, "no step in common with the synapses' delay of 0.004 s; give a dt such as 0.004 s"),
    ],
)
def test_what_cannot_be_run(given, said):
    with pytest.raises(ValueError, match=said) as caught:
        tn.simulate(net_of(rise=0.005, delay=0.004), B, duration=0.1, **given)
    assert "\n" not in str(caught.value)


def test_a_coarse_step_is_cut():
    net = net_of(rise=0.005, delay=0.004)
    assert net.filter.cuts(0.01) == 5
    assert net.filter.step == pytest.approx(0.004)
    np.testing.assert_allclose(end(net, 0.01), end(net, 0.002), atol=1e-12)
    default = tn.simulate(net, B, duration=0.1, initial=Z0)
    assert float(default["time"][1]) == pytest.approx(0.008)


@pytest.mark.parametrize("measure", ["lyapunov_spectrum", "jacobian_spectrum", "biases"])
def test_measures_of_the_first_order_equation_are_refused(measure):
    with pytest.raises(ValueError, match="measure its runs"):
        getattr(tn.measure, measure)(net_of(rise=0.005), B)


def test_a_field_of_the_output_alone_is_refused():
    with pytest.raises(ValueError, match="has no field of its own"):
        tn.flow(net_of(delay=0.004), B)
