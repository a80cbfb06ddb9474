"""Transfer functions against autograd and differences; the LIF curve against the neuron itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tonicnet.network import LIF, Custom, Relu, Sigmoid, Softplus, Tanh, firing_rate
from tonicnet.network._lif_curves import _POINTS
from tonicnet.network._lif_curves import _rate as _curve

SMOOTH = {
    "tanh": (Tanh(), np.tanh),
    "relu": (Relu(), lambda x: np.maximum(x, 0)),
    "softplus": (Softplus(), lambda x: np.log1p(np.exp(-abs(x))) + np.maximum(x, 0)),
    "sigmoid": (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    "custom": (Custom(torch.atan, lambda x: 1 / (1 + x * x)), np.arctan),
}
ALL = [phi for phi, _ in SMOOTH.values()] + [LIF(), LIF(noise=0.0)]
NAMES = [*SMOOTH, "lif", "lif, noise-free"]


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_slopes_against_the_formula_and_autograd(name):
    phi, formula = SMOOTH[name]
    x = torch.linspace(-6, 6, 241, dtype=torch.float64) + 0.0017
    x.requires_grad_()
    (slope,) = torch.autograd.grad(phi.value(x).sum(), x)
    with torch.no_grad():
        assert np.allclose(phi.value(x).numpy(), formula(x.numpy()), rtol=1e-13, atol=1e-15)
        assert torch.allclose(phi.slope(x), slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("phi", ALL, ids=NAMES)
@settings(max_examples=40, deadline=None)
@given(x=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_both_is_value_and_slope_elementwise_for_any_input(phi, x):
    x = torch.tensor(x, dtype=torch.float64)
    before = x.clone()
    value, slope = phi.both(x)
    assert torch.equal(value, phi.value(x))
    assert torch.equal(slope, phi.slope(x))
    assert torch.equal(x, before)
    assert torch.isfinite(value).all()
    assert torch.isfinite(slope).all()
    one = torch.stack([phi.value(v[None])[0] for v in x])
    assert torch.allclose(one, value, rtol=1e-14, atol=0)


@pytest.mark.parametrize("phi", ALL, ids=NAMES)
def test_float32_and_any_shape(phi):
    x = torch.linspace(-3, 5, 24).reshape(2, 3, 4)
    value, slope = phi.both(x)
    assert value.dtype == slope.dtype == torch.float32
    assert value.shape == slope.shape == x.shape
    exact = phi.value(x.double())
    assert torch.allclose(value.double(), exact, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("phi", ALL, ids=NAMES)
def test_nan_passes_through_as_nan(phi):
    value = phi.value(torch.tensor([float("nan"), 1.5], dtype=torch.float64))
    assert value.isnan().tolist() == [True, False]
    assert phi.value(torch.tensor([float("nan")])).isnan().all()


def test_softplus_neither_overflows_nor_underflows():
    x = torch.tensor([-800.0, 800.0], dtype=torch.float64)
    assert Softplus().value(x).tolist() == [0.0, 800.0]


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (torch.sin, torch.sin),
        (torch.sin, lambda x: torch.cos(x) * 1.001),
        (torch.sin, lambda x: torch.cos(x)[:1]),
        (lambda x: 1.0, lambda x: 0.0),
        (torch.sin, lambda x: x * float("nan")),
    ],
)
def test_a_wrong_derivative_is_refused(function, derivative):
    with pytest.raises(ValueError, match=r"'mine' is off by .* give phi and phi'"):
        Custom(function, derivative, label="mine")


def test_a_kink_is_no_reason_to_refuse():
    leaky = Custom(lambda x: torch.where(x > 0, x, 0.1 * x), lambda x: torch.where(x > 0, 1.0, 0.1).to(x.dtype))
    assert leaky.slope(torch.tensor([-1.0, 1.0])).tolist() == pytest.approx([0.1, 1.0])


# ---------------------------------------------------------------- the LIF curve


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"tau_m": 0.0}, "tau_m must be a positive number"),
        ({"dt": -1.0}, "dt must be a positive number"),
        ({"rate_scale": float("nan")}, "rate_scale must be a finite number"),
        ({"leak": 0}, "leak must be a positive number"),
        ({"refractory": -0.001}, "refractory must be zero or positive"),
        ({"noise": -0.1}, "noise must be zero or positive"),
        ({"noise": "0.3"}, "noise must be a finite number, got '0.3'"),
        ({"noise": True}, "noise must be a finite number"),
        ({"noise": 0.01}, "noise must be 0 or at least 0.03.*use 0"),
        ({"dt": 0.005}, "too coarse for tau_m.*at most tau_m / 10"),
        ({"threshold": -0.08}, "threshold -0.08 V must lie above reset"),
        ({"threshold": float("nan")}, "threshold must be a finite number"),
    ],
)
def test_constants_no_neuron_can_have(bad, said):
    with pytest.raises(ValueError, match=said):
        LIF(**bad)


NEURONS = {
    "default": LIF(),
    "noise 0.1": LIF(noise=0.1),
    "noise 1": LIF(noise=1.0),
    "coarse": LIF(dt=0.001),
    "slow": LIF(tau_m=0.03, refractory=0.005),
    "not refractory": LIF(refractory=0.0),
}


@pytest.mark.parametrize("name", NEURONS)
def test_the_table_is_the_exact_curve_and_its_slope(name):
    """Values within 5e-6 of phi; slopes within half a grid step times the curvature (0.01) of differences."""
    phi, h = NEURONS[name], 1e-4
    x = np.linspace(-0.5, 8, 41) + 0.003
    exact = np.array([[firing_rate(phi, v + s) / phi.rate_scale for s in (-h, 0, h)] for v in x])
    value, slope = phi.both(torch.tensor(x))
    assert np.abs(value.numpy() - exact[:, 1]).max() < 5e-6
    assert np.abs(slope.numpy() - (exact[:, 2] - exact[:, 0]) / (2 * h)).max() < 0.01


def test_the_slope_is_the_derivative_of_the_value_looked_up():
    phi, x = LIF(), torch.linspace(-2, 19, 4001, dtype=torch.float64)
    h = 22.8 / _POINTS * 8
    assert ((phi.value(x + h) - phi.value(x - h)) / (2 * h) - phi.slope(x)).abs().max() < 0.01


@pytest.mark.parametrize("name", [*NEURONS, "noise-free"])
def test_the_curve_rises(name):
    phi = NEURONS.get(name, LIF(noise=0.0))
    _, rate, slope = _curve(phi)
    assert np.diff(rate).min() > -1e-10
    assert slope.min() > -1e-7
    assert rate.min() >= 0
    x = torch.linspace(-3, 21, 50_000, dtype=torch.float64)
    assert phi.value(x).diff().min() > -1e-6  # tangents of a table meet within h^2 / 8 times the curvature


@pytest.mark.parametrize("phi", [LIF(), LIF(noise=0.0)], ids=["noisy", "noise-free"])
def test_beyond_its_ends_the_curve_is_flat_and_says_so(phi):
    x = torch.tensor([-1e9, -50.0, 20.5, 1e9, float("inf"), -float("inf")], dtype=torch.float64)
    value, slope = phi.both(x)
    assert value[[0, 1, 5]].abs().max() < 1e-6
    top = firing_rate(phi, 20.0) / phi.rate_scale
    assert torch.allclose(value[2:5], torch.tensor(top, dtype=torch.float64), rtol=1e-6)
    assert (slope == 0).all()
    assert top * phi.rate_scale < 1 / phi.refractory


def counted(neuron: LIF, x: np.ndarray, neurons: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Firing rates (Hz) and their standard errors of the update written in LIF's docstring, in plain numpy."""
    rng = np.random.default_rng(11)
    drive = np.repeat(x, neurons)
    v, wait, spikes = np.zeros(len(drive)), np.zeros(len(drive), int), np.zeros(len(drive))
    held = max(int(neuron.refractory / neuron.dt + 1e-3) - 1, 0)
    a, warm = neuron.dt / neuron.tau_m, round(0.2 / neuron.dt)
    for k in range(warm + round(seconds / neuron.dt)):
        moved = v + a * (drive - v) + neuron.noise * np.sqrt(2 * a) * rng.standard_normal(len(drive))
        v = np.where(wait > 0, v, moved)
        fired = (v > 1) & (wait == 0)
        wait = np.where(fired, held, np.maximum(wait - 1, 0))
        v[fired] = 0
        spikes += fired * (k >= warm)
    rates = (spikes / seconds).reshape(len(x), neurons)
    return rates.mean(1), rates.std(1) / np.sqrt(neurons)


LEVELS = np.array([0.2, 0.5, 0.7, 0.9, 1.0, 1.2, 1.6, 2.5, 4.0, 8.0])


@pytest.mark.parametrize(
    "neuron", [LIF(), LIF(dt=0.001), LIF(noise=0.6, refractory=0.0)], ids=["default", "coarse", "0"]
)
def test_the_curve_is_that_of_the_update_simulated(neuron):
    mean, error = counted(neuron, LEVELS, neurons=150, seconds=1.0)
    exact = np.array([firing_rate(neuron, x) for x in LEVELS])
    assert (np.abs(mean - exact) < np.maximum(0.01 * exact, 3.5 * error)).all()


@pytest.mark.parametrize("refractory", [0.0, 0.0002, 0.00039, 0.0007, 0.002, 0.0021])
def test_without_noise_the_interval_is_right_to_one_step(refractory):
    neuron = LIF(noise=0.0, refractory=refractory)
    mean, _ = counted(neuron, LEVELS[5:], neurons=1, seconds=4.0)
    exact = np.array([firing_rate(neuron, x) for x in LEVELS[5:]])
    assert (np.abs(1 / mean - 1 / exact) < 1.0 * neuron.dt).all()
    assert firing_rate(neuron, 0.99) == firing_rate(neuron, 1.0) == 0


def brian(neuron: LIF, x: np.ndarray, neurons: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """The same, counted in Brian2: unconnected neurons at constant input."""
    import brian2 as b2

    from tonicnet.spiking._codegen import target

    noise = " + noise * sqrt(2 / tau_m) * xi" if neuron.noise else ""
    with target("numpy"):
        b2.seed(3)
        group = b2.NeuronGroup(
            neurons * len(x), f"dv/dt = (drive - v) / tau_m{noise} : 1 (unless refractory)\ndrive : 1",
            threshold="v > 1", reset="v = 0", refractory=neuron.refractory * b2.second, method="euler",
            dt=neuron.dt * b2.second, namespace={"tau_m": neuron.tau_m * b2.second, "noise": neuron.noise},
        )  # fmt: skip
        group.drive[:] = np.repeat(x, neurons)
        spikes = b2.SpikeMonitor(group, record=False)
        live = b2.Network(group, spikes)
        live.run(0.2 * b2.second, namespace={})
        before = np.array(spikes.count)
        live.run(seconds * b2.second, namespace={})
        rates = ((np.array(spikes.count) - before) / seconds).reshape(len(x), neurons)
    return rates.mean(1), rates.std(1) / np.sqrt(neurons)


def test_the_curve_is_that_of_brian2():
    mean, error = brian(LIF(), LEVELS, neurons=100, seconds=1.0)
    exact = np.array([firing_rate(LIF(), x) for x in LEVELS])
    assert (np.abs(mean - exact) < np.maximum(0.01 * exact, 3 * error)).all()


@pytest.mark.parametrize("refractory", [0.0, 0.00039, 0.0007, 0.002])
def test_without_noise_the_interval_is_brians_to_one_step(refractory):
    """Refractory periods that are no whole number of steps are rounded down, as Brian2 rounds them."""
    neuron = LIF(noise=0.0, refractory=refractory)
    mean, _ = brian(neuron, LEVELS[5:], neurons=1, seconds=2.0)
    exact = np.array([firing_rate(neuron, x) for x in LEVELS[5:]])
    assert (np.abs(1 / mean - 1 / exact) < 0.75 * neuron.dt).all()


@pytest.mark.parametrize(("rough", "fast"), [(0.5, True), (0.9, False), (1.1, False), (50.0, False)])
def test_bfloat16_is_taken_where_its_products_are_clearly_faster(monkeypatch, rough, fast):
    from tonicnet.network import _precision

    monkeypatch.setattr(_precision, "_seconds", lambda m: rough if m.dtype == torch.bfloat16 else 1.0)
    assert _precision.fast_bfloat16.__wrapped__() is fast


@pytest.mark.parametrize(("noise", "step"), [(0.3, 0.02), (0.1, 0.1), (1.0, 0.02)])
@pytest.mark.parametrize("x", [-0.4, 0.6, 1.0, 3.0, 20.0])
def test_banded_chances_give_what_all_of_them_give(noise, step, x):
    from tonicnet.network._first_passage import hard_passage, hard_transform, hard_variance, normal
    from tonicnet.network._onset import quadrature

    jump = noise * np.sqrt(2 * step)
    nodes, weights = quadrature(min(0.0, x) - 6 * noise - 4 * jump, 1.0, jump)
    start = np.append(nodes, 0.0)
    kernel = normal(nodes - (start + step * (x - start))[:, None], jump) * weights
    first = np.linalg.solve(np.eye(len(nodes)) - kernel[:-1], np.ones(len(nodes)))
    second = np.linalg.solve(np.eye(len(nodes)) - kernel[:-1], 2 * first - 1)
    mean = 1 + kernel[-1] @ first
    assert 1 / hard_passage(x, noise=noise, step=step) == pytest.approx(1 / mean, rel=1e-11, abs=1e-14)
    variance = 2 * mean - 1 + kernel[-1] @ second - mean**2
    if mean < 1e5:
        assert hard_variance(x, noise=noise, step=step) == pytest.approx(variance, rel=1e-9, abs=1e-12)
    z, spike = np.exp(-0.01), np.maximum(1 - kernel.sum(1), 0)
    inside = np.linalg.solve(np.eye(len(nodes)) - z * kernel[:-1], z * spike[:-1])
    transform = z * (spike[-1] + kernel[-1] @ inside)
    assert hard_transform(x, noise=noise, step=step, decay=0.01) == pytest.approx(transform, rel=1e-11, abs=1e-14)
