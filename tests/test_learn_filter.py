"""Learning through synapses with a rise time and a delay: the corrected field gives the task's own speed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg
import torch

import tonicnet as tn
from tonicnet.circuit import circuit_of, motion, of_bias
from tonicnet.learn._corrected_field import corrected
from tonicnet.learn._course import Problem
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._target import Target
from tonicnet.measure import limit_cycle_of
from tonicnet.network import Filter

FILTERS = {"rise": {"rise": 0.005}, "delay": {"delay": 0.004}, "both": {"rise": 0.005, "delay": 0.004}}


@pytest.mark.parametrize("kind", FILTERS)
def test_a_linear_field_is_corrected_exactly(kind):
    """R = exp(A delay) (1 + rise A) (1 + tau A), by the matrix exponential."""
    f = Filter(0.03, **FILTERS[kind])
    a = np.array([[-0.2, 0.6], [-0.5, 0.1]])  # per lag
    z = np.random.default_rng(0).normal(0, 1, (5, 2))
    rise, tau, delay = (s / f.lag for s in (f.rise, f.tau, f.delay))
    exact = scipy.linalg.expm(delay * a) @ (np.eye(2) + rise * a) @ (np.eye(2) + tau * a) - np.eye(2)
    np.testing.assert_allclose(corrected(lambda x: x @ a.T, f, z), z @ exact.T, atol=1e-7)


def test_without_rise_and_delay_nothing_is_corrected():
    net, slow = tn.Network(20, seed=0), tn.Network(20, seed=0, rise=0.005, delay=0.002)
    z = np.random.default_rng(0).normal(0, 1, (5, 3))
    plain, other = (Target(tn.task("hopf"), n) for n in (net, slow))
    assert plain.unit == pytest.approx(other.unit)  # the same speed for each unit of lag
    assert other.speed == pytest.approx(plain.speed * 0.1 / 0.107)
    own = plain.unit * tn.task("hopf").flow(plain.scaling.to_task(z)[:, :2]) / tn.task("hopf").scale
    np.testing.assert_array_equal(plain.flow(z), np.concatenate([own, -z[:, 2:]], axis=1))
    assert np.abs(other.flow(z) - plain.flow(z)).max() > 0.01
    np.testing.assert_array_equal(other.flow(z)[:, 2], -z[:, 2])


@pytest.mark.parametrize("tau", [0.1, 0.02])
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("task", ["hopf", "van-der-pol", "lorenz"])
def test_a_network_that_has_the_corrected_field_runs_the_task(task, kind, tau):
    """No learning: rates that are what they should be everywhere, sent through the true filter, follow the field."""
    net = tn.Network(20, seed=0, tau=tau, **FILTERS[kind])
    target = Target(tn.task(task), net)
    d = target.task.dimension

    def flow(z, drive):
        return torch.as_tensor(target.flow(z.numpy()))

    z = torch.as_tensor(target.scaled(target.task.states(4, seed=1)))
    moving = motion(flow, z, torch.zeros(1), filter=net.filter, h=net.filter.near(0.002) / net.filter.lag)
    steps = round(20 * net.filter.lag / net.filter.near(0.002))
    made = [moving.state.numpy()]
    for _ in range(steps):
        moving.advance(torch.zeros(1))
        made.append(moving.state.numpy())
    made = np.stack(made, axis=1)[..., :d]
    velocity = np.gradient(made, net.filter.near(0.002) / net.filter.lag, axis=1)[:, steps // 2 : -1]
    own = target._own_flow(target.embed(made[:, steps // 2 : -1]))
    error = np.sqrt(np.mean((velocity - own) ** 2) / np.mean(own**2))
    assert error < 3e-3


def test_scores_are_those_of_the_network_that_is_run():
    net = tn.Network(40, seed=0, rise=0.005, delay=0.002)
    bias = tn.learn.first_bias(net)
    judge = AttractorJudge.of(Problem(Target(tn.task("hopf"), net), circuit_of(net), tn.learn.Settings()))
    judge = replace(judge, truth=judge.truth[:, :101], other=judge.other[:, :101])
    dt = judge.h * net.filter.lag
    run = tn.simulate(net, bias, duration=100 * dt, dt=dt, initial=judge.history[:, 0])["output"].values
    dynamics = of_bias(judge.circuit).at(torch.tensor(bias))
    np.testing.assert_allclose(judge.run(dynamics), run[..., :2], atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("tau", "duration", "seeds"), [(0.1, 18.0, 1), (0.025, 9.0, 3)])
def test_a_learned_cycle_has_the_intended_period(tau, duration, seeds):
    """In rates and in spikes; learned as if the same synapses only decayed, it is slow by several per cent."""
    given = {"units": 150, "seed": 0, "tau": tau, "transfer": tn.LIF(noise=0.2)}
    net = tn.Network(**given, rise=0.005, delay=0.002)
    bank = tn.fit(net, "hopf", rounds=1, progress=False)
    assert abs(_period(tn.simulate(net, bank, duration=duration)) - 1) < 0.01
    spikes = [
        tn.spiking.simulate(net, bank, duration=duration, neurons_per_unit=5, codegen="standalone", seed=seed)
        for seed in range(seeds)
    ]
    assert abs(np.mean([_period(run) for run in spikes]) - 1) < 0.03  # one run scatters by a per cent
    twin = tn.fit(tn.Network(**given), "hopf", rounds=1, progress=False).assign_attrs(network_sha256=net.sha256)
    twin["network_hash"] = ("task", [net.sha256], twin["network_hash"].attrs)  # as if learned on the other synapses
    assert _period(tn.simulate(net, twin, duration=duration)) - 1 > 0.04


def _period(run):
    """The period over 2 pi of the last three quarters of a run of the Hopf cycle."""
    late = run.isel(time=slice(run.sizes["time"] // 4, None))
    dt = float(late["task_time"][1] - late["task_time"][0])
    return limit_cycle_of(late["output"].values[0, :, :2], dt).period / (2 * np.pi)


# ---------------------------------------------------------------- doors


def recording():
    t = np.arange(0, 60, 0.02)
    return tn.Task.from_array(np.stack([np.sin(t), np.cos(t)], axis=1), name="circle", dt=0.02)


@pytest.mark.parametrize(
    ("task", "network", "given", "said"),
    [
        (recording(), {}, {}, "task 'circle' has no vector field"),
        ("hopf", {"synapses": "dense"}, {}, "this network's synapses are dense"),
        ("hopf", {}, {"objective": "trajectory"}, "objective \"trajectory\" follows paths of task 'hopf'"),
    ],
)
def test_what_has_no_field_to_correct_is_refused_before_any_step(task, network, given, said, monkeypatch):
    monkeypatch.setattr("tonicnet.learn._fit._learn_all", lambda *_: pytest.fail("began to learn"))
    net = tn.Network(20, seed=0, rise=0.005, **network)
    with pytest.raises(ValueError, match=said) as caught:
        tn.fit(net, task, progress=False, **given)
    assert "rise=0 and delay=0" in str(caught.value)
    assert "\n" not in str(caught.value)
