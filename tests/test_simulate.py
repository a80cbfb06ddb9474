"""The rate network's run: order of convergence, one step by hand, equal arithmetic, inputs, noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import Tableau
from tonicnet.network import LIF

K = 3


def tanh_net(kind="low-rank", units=40, **given):
    return tn.Network(units, seed=2, synapses=kind, transfer="tanh", **given)


def bias(units=40, seed=0):
    return np.random.default_rng(seed).normal(0, 1, units)


def out(run):
    return run["output"].values


# ---------------------------------------------------------------- convergence


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("exponential-euler", 1), ("euler", 1)])
@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_order_of_convergence(method, order, kind):
    net, b, z0 = tanh_net(kind), bias(), [0.5, -1.0, 2.0]
    steps = 2.0 ** -np.arange(1, 6) * (0.1 if order == 4 else 0.02)

    def end(dt, how):
        run = tn.simulate(net, b, duration=0.2, dt=dt, method=how, initial=z0, every=round(0.2 / dt))
        assert run.sizes["time"] == 2
        return out(run)[0, -1]

    exact = end(0.2 / 512, "rk4")
    errors = np.array([np.linalg.norm(end(dt, method) - exact) for dt in steps])
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.abs(orders[-2:] - order).max() < (0.25 if order == 4 else 0.1)


def test_exponential_euler_is_exact_for_the_leak():
    net = tn.Network(20, seed=0, synapses="dense", feedback=False, gain=1e-12, transfer="tanh")
    run = tn.simulate(net, np.full(20, 0.7), duration=0.5, dt=0.05, method="exponential-euler", rates=True)
    r0 = run["rate"].values[0, 0]
    keep = np.exp(-run["time"].values / net.tau)[:, None]
    assert np.allclose(run["rate"].values[0], keep * r0 + (1 - keep) * np.tanh(0.7), atol=1e-9)


def test_tableaux_check_themselves():
    with pytest.raises(ValueError, match="lower triangular"):
        Tableau(stages=((), (0.5, 0.5)), weights=(0.5, 0.5), order=1)
    with pytest.raises(ValueError, match="order 2"):
        Tableau(stages=((), (0.5,)), weights=(0.5, 0.5), order=2)


# ---------------------------------------------------------------- the same equation, other arithmetic


@pytest.mark.parametrize("dt", [0.1, 0.05])
@pytest.mark.parametrize("feedback", [True, False])
def test_a_discrete_network_is_one_line_a_sample(dt, feedback):
    net = tanh_net("dense", dt=dt, feedback=feedback, gain=1.5)
    e, d, w = net.encoder.astype(float), net.decoder.astype(float), np.asarray(net.recurrent, float)
    w = w + e @ d if feedback else w
    run = tn.simulate(net, bias(), duration=20 * dt, rates=True)
    r = run["rate"].values[0]
    assert len(r) == 21
    assert np.allclose(run["time"], dt * np.arange(21))
    for k in range(20):
        assert np.allclose(r[k + 1], r[k] + dt / net.tau * (-r[k] + np.tanh(w @ r[k] + bias())), atol=1e-12)
    assert np.allclose(out(run)[0], r @ d.T, atol=1e-12)


@pytest.mark.parametrize("transfer", ["tanh", "lif", "softplus"])
@pytest.mark.parametrize("method", ["rk4", "exponential-euler"])
def test_latents_are_the_full_rate_equation(transfer, method):
    net = tn.Network(60, seed=1, transfer=transfer)
    rng = np.random.default_rng(0)
    z0 = rng.normal(0, 1, (4, K))
    u = rng.normal(0, 0.3, (100, K))
    both = [
        tn.simulate(net, bias(60), duration=1.0, initial=z0, inputs=u, noise=0.2, method=method, rates=r, seed=3)
        for r in (False, True)
    ]
    assert np.abs(out(both[0]) - out(both[1])).max() < 1e-6
    assert np.allclose(out(both[0])[:, 0], z0, atol=1e-10)
    decoded = np.einsum("tsu,ku->tsk", both[1]["rate"].values / net.transfer.rate_scale, net.decoder.astype(float))
    assert np.abs(decoded - out(both[1])).max() < 1e-9
    assert both[1]["rate"].attrs["units"] == net.transfer.rate_unit
    assert "rate" not in both[0]


def test_low_rank_is_the_dense_network_of_its_product():
    net = tanh_net()
    w = net.encoder.astype(float) @ net.decoder.astype(float)
    run = tn.simulate(net, bias(), duration=0.5, initial=[1.0, 0, -1], rates=True, dt=0.01)
    r = run["rate"].values[0]

    def flow(r):
        return np.tanh(w @ r + bias()) - r

    h = 0.1
    for k in range(50):
        k1 = flow(r[k])
        k2 = flow(r[k] + h / 2 * k1)
        k3 = flow(r[k] + h / 2 * k2)
        k4 = flow(r[k] + h * k3)
        assert np.allclose(r[k + 1], r[k] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), atol=1e-12)


@pytest.mark.parametrize("rates", [False, True])
def test_sparse_equals_dense_arithmetic(rates):
    net = tanh_net("sparse", density=0.3, gain=1.4, dt=0.1)
    w = net.recurrent.toarray().astype(float) + net.encoder.astype(float) @ net.decoder
    r = tn.simulate(net, bias(), duration=1.0, trials=1, rates=True)["rate"].values[0]
    run = tn.simulate(net, bias(), duration=1.0, trials=1, rates=rates)
    for k in range(10):
        assert np.allclose(r[k + 1], np.tanh(w @ r[k] + bias()), atol=1e-12)
    assert np.allclose(out(run)[0], r @ net.decoder.T.astype(float), atol=1e-12)


def test_float32_runs_close_to_float64_and_comes_back_as_float64():
    net = tanh_net()
    one, two = (tn.simulate(net, bias(), duration=0.5, initial=[1.0, 0, 0], dtype=d) for d in ("float32", "float64"))
    assert out(one).dtype == np.float64
    assert 0 < np.abs(out(one) - out(two)).max() < 1e-4


def test_one_sample_in_every_so_many():
    net = tanh_net("dense")
    full = tn.simulate(net, bias(), duration=0.5, rates=True)
    some = tn.simulate(net, bias(), duration=0.5, rates=True, every=7)
    assert np.array_equal(out(some), out(full)[:, ::7])
    assert np.array_equal(some["rate"], full["rate"][:, ::7])
    assert np.array_equal(some["time"], full["time"][::7])


# ---------------------------------------------------------------- trials, starts, histories


@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_trials_together_equal_trials_alone(kind):
    net = tanh_net(kind)
    z0 = np.random.default_rng(5).normal(0, 1, (5, K))
    together = tn.simulate(net, bias(), duration=0.4, initial=z0)
    for k in range(5):
        alone = tn.simulate(net, bias(), duration=0.4, initial=z0[k])
        assert np.allclose(out(together)[k], out(alone)[0], atol=1e-12)
    repeated = tn.simulate(net, bias(), duration=0.4, initial=z0[0], trials=3)
    assert np.allclose(out(repeated), out(together)[:1], atol=1e-12)
    assert np.array_equal(together["trial"], np.arange(5))


def test_seeds_decide_noise_and_starts(bank_of):
    net = tanh_net()
    bank = bank_of(net)
    runs = [out(tn.simulate(net, bank, task="one", duration=0.3, noise=0.5, trials=3, seed=s)) for s in (0, 0, 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0][:, 0], runs[2][:, 0])
    assert not np.allclose(runs[0][0], runs[0][1])
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()  # noqa: NPY002
    tn.simulate(net, bank, task="one", duration=0.3, noise=0.5)
    assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(before[1], torch.random.get_rng_state())


def test_starts_come_from_the_bank(bank_of):
    net = tanh_net()
    bank = bank_of(net)
    run = tn.simulate(net, bank, task="two", duration=0.1, trials=6)
    assert np.allclose(out(run)[:, 0], bank["start"].sel(task="two"), atol=1e-12)
    many = tn.simulate(net, bank, task="two", duration=0.1, trials=20)
    assert len({tuple(np.round(x, 9)) for x in out(many)[:, 0]}) <= 6


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_start_with_rates_has_the_output_asked_for(kind):
    net, z0 = tanh_net(kind), np.array([[0.3, -0.2, 0.9], [0, 0, 0]])
    assert np.allclose(out(tn.simulate(net, bias(), duration=0.1, initial=z0))[:, 0], z0, atol=1e-10)


def test_a_history_drives_the_network_and_then_leaves_it_alone():
    """A low-rank network fed its own past ends where it was, and runs on as if never held."""
    net = tanh_net()
    free = tn.simulate(net, bias(), duration=0.6, dt=0.001, initial=[0.5, 0.5, 0.5], rates=True)
    past = out(free)[:, :301]
    on = tn.simulate(net, bias(), duration=0.3, dt=0.001, initial=past)
    assert on.sizes["time"] == 301
    assert np.abs(out(on)[0, 0] - past[0, -1]).max() < 0.02
    assert np.abs(out(on)[0] - out(free)[0, 300:]).max() < 0.02


def test_a_history_in_full_by_hand():
    net = tanh_net("dense", dt=0.1)
    history = np.random.default_rng(1).normal(0, 1, (1, 5, K))
    run = tn.simulate(net, bias(), duration=0.1, initial=history, rates=True)
    held = tn.simulate(net, bias(), duration=0.1, initial=history[:, 0], rates=True)
    r, e, w = held["rate"].values[0, 0], net.encoder.astype(float), np.asarray(net.recurrent, float)
    for x in history[0, :-1]:
        r = np.tanh(w @ r + e @ x + bias())
    assert np.allclose(run["rate"].values[0, 0], r, atol=1e-12)


# ---------------------------------------------------------------- inputs


def test_a_constant_input_moves_the_output_fed_back(bank_of):
    """phi(E (z + u / scale) + b) = phi(E z + (b + E u / scale)): an input is a tonic input in another place."""
    net = tanh_net()
    bank = bank_of(net)
    u = np.array([2.0, -1.0, 0.5])
    moved = bank.assign(bias=bank["bias"] + (net.encoder.astype(float) @ (u / bank["scale"].values[0]))[None])
    one = tn.simulate(net, bank, task="one", duration=0.5, initial=[1.0, 2.0, 3.0], inputs=np.tile(u, (50, 1)))
    two = tn.simulate(net, moved, task="one", duration=0.5, initial=[1.0, 2.0, 3.0])
    assert np.allclose(out(one), out(two), atol=1e-9)


@pytest.mark.parametrize("feedback", [True, False])
def test_inputs_step_by_step_by_hand(feedback):
    net = tanh_net("dense", dt=0.1, feedback=feedback)
    u = np.random.default_rng(2).normal(0, 1, (2, 6, K))
    run = tn.simulate(net, bias(), duration=0.6, initial=np.zeros((2, K)), inputs=u, rates=True)
    e, w = net.encoder.astype(float), np.asarray(net.recurrent, float)
    w = w + e @ net.decoder if feedback else w
    for trial in range(2):
        r = run["rate"].values[trial]
        for k in range(6):
            assert np.allclose(r[k + 1], np.tanh(w @ r[k] + e @ u[trial, k] + bias()), atol=1e-12)


# ---------------------------------------------------------------- noise


def noise_of(dt, tau=0.1, sd=0.4, duration=20.0, units=40):
    """The noise of a run, read back from rates that only filter it: r' = r + (1 - exp(-h)) (b + noise - r)."""
    net = tn.Network(
        units, seed=0, synapses="dense", feedback=False, gain=1e-12, decoder_scale=1e-6, transfer="relu", tau=tau
    )
    run = tn.simulate(
        net, np.full(units, 50.0), duration=duration, dt=dt, noise=sd, rates=True, method="exponential-euler", seed=4
    )
    r, keep = run["rate"].values[0], np.exp(-dt / tau)
    return (r[1:] - keep * r[:-1]) / (1 - keep) - 50.0


@pytest.mark.parametrize("dt", [0.005, 0.02, 0.1])
def test_noise_has_the_same_spread_and_memory_at_any_step(dt):
    x, tau = noise_of(dt), 0.1
    samples = x.size * dt / (2 * tau)  # about so many independent ones
    assert abs(x.std() / 0.4 - 1) < 4 / np.sqrt(2 * samples) + 0.005
    assert abs(x.mean()) < 4 * 0.4 / np.sqrt(samples)
    assert abs(x[0].std() / 0.4 - 1) < 4 / np.sqrt(2 * 40)  # from the first step on
    for lag in (dt, 0.1, 0.2):
        k = round(lag / dt)
        found = (x[k:] * x[:-k]).mean() / (x**2).mean()
        assert abs(found - np.exp(-k * dt / tau)) < 5 / np.sqrt(samples)


def test_noise_of_units_and_trials_is_independent():
    x = noise_of(0.05, duration=50.0)
    off = np.corrcoef(x.T)[np.triu_indices(40, 1)]
    assert np.abs(off.mean()) < 0.02
    assert np.abs(off).max() < 0.35


# ---------------------------------------------------------------- schedules


def plan_of(bank_of):
    net = tanh_net()
    return net, bank_of(net, ("one", "two"))


def test_a_switch_is_two_runs_joined(bank_of):
    net, bank = plan_of(bank_of)
    z0 = [[3.0], [-1.0]]
    run = tn.simulate(net, bank, schedule=[("one", 0.23), ("two", 0.4), ("one", 0.1)], dt=0.01, initial=z0)
    parts, start, at = [], np.asarray(z0), 0
    for name, steps in (("one", 23), ("two", 40), ("one", 10)):
        row = bank.sel(task=name)
        part = tn.simulate(net, bank, task=name, duration=steps * 0.01, dt=0.01, initial=start)
        stop = at + steps
        assert np.allclose(out(run)[:, at:stop], out(part)[:, :-1], atol=1e-9)
        parts.append(part)
        z = (out(part)[:, -1] - row["center"].values) / row["scale"].values
        following = bank.sel(task="two" if name == "one" else "one")
        start, at = following["center"].values + following["scale"].values * z, stop
    assert np.allclose(out(run)[:, -1], out(parts[-1])[:, -1], atol=1e-9)
    assert run.sizes["time"] == 74


def test_the_bias_changes_at_exactly_the_right_step_of_a_full_network(bank_of):
    net = tn.Network(30, seed=0, synapses="dense", transfer="tanh", dt=0.1)
    bank = bank_of(net)
    run = tn.simulate(net, bank, schedule=[("one", 0.3), ("two", 0.4)], rates=True, initial=bank["start"][0, 0].values)
    w = np.asarray(net.recurrent, float) + net.encoder.astype(float) @ net.decoder
    r = run["rate"].values[0]
    for k in range(7):
        b = bank["bias"].values[0 if k < 3 else 1]
        assert np.allclose(r[k + 1], np.tanh(w @ r[k] + b), atol=1e-12)


def test_labels_at_and_around_the_switch(bank_of):
    net, bank = plan_of(bank_of)
    run = tn.simulate(net, bank, schedule=[("two", 0.03), ("one", 0.02), ("one", 0.02)], dt=0.01)
    assert run["segment"].values.tolist() == ["two"] * 3 + ["one"] * 5
    assert run["segment_index"].values.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    assert np.allclose(run["time"], 0.01 * np.arange(8))
    fast, slow = bank["speed"].sel(task="two").item(), bank["speed"].sel(task="one").item()
    steps = np.array([0, 1, 2, 0, 1, 0, 1, 2])
    speeds = np.array([fast] * 3 + [slow] * 5)
    assert np.allclose(run["task_time"], 0.01 * steps * speeds)
    assert np.allclose(run["speed"], speeds)
    assert run["dimension"].values.tolist() == [2] * 3 + [1] * 5
    assert run["component"].values.tolist() == ["0", "1", "2"]
    assert run.attrs["kind"] == "rate"
    assert run.attrs["network_sha256"] == net.sha256
    assert run.attrs["seed"] == 0
    for name in run.variables:
        assert {"units", "long_name"} <= set(run[name].attrs), name


def test_scaling_is_undone_for_each_segment(bank_of):
    net = tanh_net()
    plain = bank_of(net, bias=np.stack([bias(), bias()]), center=np.zeros((2, K)), scale=np.ones((2, K)))
    center, scale = np.array([[1.0, 2, 3], [-10, -20, -30]]), np.array([[2.0, 3, 4], [0.1, 0.2, 0.3]])
    scaled = plain.assign(center=(("task", "component"), center), scale=(("task", "component"), scale))
    z0 = np.array([0.4, -0.3, 0.2])
    schedule = [("one", 0.1), ("two", 0.1)]
    z = out(tn.simulate(net, plain, schedule=schedule, initial=z0))[0]
    x = out(tn.simulate(net, scaled, schedule=schedule, initial=center[0] + scale[0] * z0))[0]
    which = np.repeat([0, 1], [10, 11])
    assert np.allclose(x, center[which] + scale[which] * z, atol=1e-12)


def test_inputs_are_scaled_by_the_task_in_force(bank_of):
    net, bank = plan_of(bank_of)
    u = np.random.default_rng(0).normal(0, 1, (8, K))
    whole = tn.simulate(net, bank, schedule=[("one", 0.05), ("two", 0.03)], inputs=u, initial=[1.0])
    one = tn.simulate(net, bank, task="one", duration=0.05, inputs=u[:5], initial=[1.0])
    z = (out(one)[0, -1] - bank["center"].values[0]) / bank["scale"].values[0]
    start = bank["center"].values[1] + bank["scale"].values[1] * z
    two = tn.simulate(net, bank, task="two", duration=0.03, inputs=u[5:], initial=start)
    assert np.allclose(out(whole)[0, 5:], out(two)[0], atol=1e-9)


def test_a_run_survives_the_disk(tmp_path, bank_of):
    net, bank = plan_of(bank_of)
    run = tn.simulate(net, bank, schedule=[("one", 0.1), ("two", 0.1)], trials=2, rates=True)
    back = tn.load(tn.save(run, tmp_path / "run.nc"))
    assert back.equals(run)
    assert back.attrs == run.attrs


def test_running_leaves_the_synapses_as_they_were():
    for kind in ("low-rank", "dense", "sparse"):
        net = tn.Network(30, seed=0, synapses=kind, transfer=LIF())
        before = net.sha256
        tn.simulate(net, np.ones(30), duration=0.2, noise=0.1, trials=2)
        assert net.verify() == before
