"""Learning from samples: noise taken off, rare states drawn, spurious points found, recordings, behaviours."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.circuit import Autonomous, autonomous
from tonicnet.learn._course import Problem
from tonicnet.learn._job import Job
from tonicnet.learn._rare_states import half_rare
from tonicnet.learn._settings import Settings
from tonicnet.learn._smooth import smoothed
from tonicnet.learn._spurious import spurious_fixed_points, stable_anywhere
from tonicnet.learn._target import Target
from tonicnet.learn._training_states import rest_residual

DT = 0.02
TIME = np.arange(0, 40, DT)

# ---------------------------------------------------------------- noise taken off

WAVES = {"sine": (np.sin(TIME), np.cos(TIME)), "fast sine": (np.sin(3 * TIME), 3 * np.cos(3 * TIME))}


@pytest.mark.parametrize("noise", [0.003, 0.03, 0.3])
@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_measured_and_taken_off(wave: str, noise: float, seed: int) -> None:
    true, slope = WAVES[wave]
    noisy = true + noise * np.random.default_rng(seed).standard_normal(len(true))
    made = smoothed(noisy[None, :, None], DT)
    assert made.noise == pytest.approx([noise], rel=0.1)
    assert np.std(made.values[0, :, 0] - true) < noise / 2
    inner = slice(100, -100)
    naive = np.gradient(noisy, DT)[inner] - slope[inner]
    assert np.std(made.slopes[0, inner, 0] - slope[inner]) < 0.4 * np.std(naive)


def test_each_component_has_its_own_noise() -> None:
    rng = np.random.default_rng(0)
    true = np.stack([np.sin(TIME), 5 * np.cos(TIME)], axis=1)
    noisy = true + np.array([0.1, 0.3]) * rng.standard_normal((3, *true.shape))
    np.testing.assert_allclose(smoothed(noisy, DT).noise, [0.1, 0.3], rtol=0.1)


@pytest.mark.parametrize("wave", WAVES)
def test_a_recording_without_noise_keeps_its_samples(wave: str) -> None:
    true, slope = WAVES[wave]
    made = smoothed(true[None, :, None], DT)
    np.testing.assert_allclose(made.values[0, :, 0], true, atol=1e-6)
    np.testing.assert_allclose(made.slopes[0, 20:-20, 0], slope[20:-20], atol=1e-3)
    assert made.noise[0] < 1e-6


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 12])
def test_short_recordings_are_smoothed_too(length: int) -> None:
    made = smoothed(np.sin(TIME[:length])[None, :, None], DT)
    assert made.values.shape == made.slopes.shape == (1, length, 1)
    np.testing.assert_allclose(made.values[0, :, 0], np.sin(TIME[:length]), atol=1e-3)
    np.testing.assert_allclose(made.slopes[0, :, 0], np.cos(TIME[:length]), atol=0.1)


# ---------------------------------------------------------------- rare states


def clusters(dense: int = 5700, thin: int = 300) -> np.ndarray:
    """States of a dense cluster, and last those of a thin one of the same width beside it."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.standard_normal((dense, 2)), rng.normal([20.0, 0.0], 1.0, (thin, 2))])


def test_thin_regions_are_drawn_more_often_than_they_come() -> None:
    states = clusters()
    rare = (half_rare(states, 4000, np.random.default_rng(1)) >= 5700).mean()
    assert 2 * 0.05 < rare < 0.5  # they are 5 % of the states; half of the draws are as states come
    assert rare == pytest.approx((0.05 + 0.5) / 2, abs=0.08)  # and half as if they were spread evenly


def test_evenly_spread_states_are_drawn_evenly() -> None:
    states = np.random.default_rng(0).uniform(size=(8000, 2))
    drawn = states[half_rare(states, 8000, np.random.default_rng(1))]
    counts = np.histogram2d(*drawn.T, bins=4, range=[[0, 1], [0, 1]])[0]
    assert counts.min() > 0.75 * 500
    assert counts.max() < 1.25 * 500


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
@pytest.mark.parametrize("states", [np.zeros((30, 3)), clusters(20, 5), np.ones((1, 2))], ids=["same", "few", "one"])
def test_any_states_can_be_drawn_from(states: np.ndarray, count: int) -> None:
    chosen = half_rare(states, count, np.random.default_rng(0))
    assert chosen.shape == (count,)
    assert ((chosen >= 0) & (chosen < len(states))).all()


def test_a_stray_state_does_not_take_all() -> None:
    states = np.concatenate([np.random.default_rng(0).standard_normal((1999, 3)), [[1e6, 0, 0]]])
    assert (half_rare(states, 2000, np.random.default_rng(0)) == 1999).mean() < 0.05


# ---------------------------------------------------------------- spurious fixed points


@pytest.fixture(scope="module")
def fitted() -> tuple[tn.Network, xr.Dataset]:
    net = tn.Network(units=80, seed=0)
    return net, tn.fit(net, ["two-well", "hopf"], progress=False, rounds=1, restarts=0, steps=12)


@pytest.mark.parametrize(("name", "wells"), [("two-well", [[-1, 0], [1, 0]]), ("hopf", [])])
def test_stable_fixed_points_are_found_and_only_they(fitted: tuple, name: str, wells: list) -> None:
    net, bank = fitted
    target = Target(tn.task(name), net)
    alone = autonomous(net, {"bias": bank["bias"].sel(task=name).values})
    found = spurious_fixed_points(alone, target.known)
    assert found.shape == (len(wells), 3)
    at = target.scaling.to_task(found)
    np.testing.assert_allclose(at[np.argsort(at[:, 0]), :2], np.reshape(wells, (-1, 2)), atol=0.05)
    if wells:
        start = xr.DataArray(at[:, :2], dims=("trial", "component"))
        run = tn.simulate(net, bank, task=name, duration=20.0, initial=start)  # the network itself stays there
        np.testing.assert_allclose(run["output"].values[:, -1], at, atol=1e-3)


def _problem(net: tn.Network, name: str) -> Problem:
    return Job(net.spec, tn.task(name), Settings()).problem


@pytest.mark.parametrize(("name", "left"), [("two-well", 0), ("hopf", 0)])
def test_a_good_network_has_no_rest_to_be_moved_away_from(fitted: tuple, name: str, left: int) -> None:
    net, bank = fitted
    problem = _problem(net, name)
    theta = problem.circuit.tensor(bank["bias"].sel(task=name).values)
    residual = rest_residual(problem, problem.learnable(), theta, np.random.default_rng(0))
    assert (0 if residual is None else len(residual.states)) == left


def test_states_round_a_spurious_rest_carry_the_field_that_leads_back() -> None:
    net = tn.Network(units=80, seed=0, decoder_scale=0.2)  # too weak for anything but rest
    problem = _problem(net, "hopf")
    learnable = problem.learnable()
    theta = learnable.first + 1e-6
    (rest,) = stable_anywhere(Autonomous(learnable.at(theta)))
    assert np.abs(learnable.at(theta).flow(problem.circuit.tensor(rest[None])).numpy()).max() < 1e-3
    residual = rest_residual(problem, learnable, theta, np.random.default_rng(0))
    assert residual is not None
    z = residual.states.numpy()
    assert np.linalg.norm(z - rest, axis=1).max() < 0.6
    np.testing.assert_allclose(residual.targets.numpy() - z, problem.target.guarded_flow(z), atol=1e-6)
    assert residual.weights.sum().item() == pytest.approx(1)
    assert rest_residual(problem, learnable, learnable.first, np.random.default_rng(0)) is None  # only weighed


# ---------------------------------------------------------------- what is learned


def test_a_noisy_recording_is_learned_through_its_noise() -> None:
    t = np.arange(0, 60, 0.05)
    clean = np.stack([3 + 2 * np.cos(t), -1 + np.sin(t)], axis=1)
    noisy = clean + 0.05 * clean.std(axis=0) * np.random.default_rng(0).standard_normal(clean.shape)
    net = tn.Network(units=150, seed=0, transfer="tanh", tau=0.3)
    task = tn.Task.from_array(noisy, name="ellipse", dt=0.05)
    bank = tn.fit(net, task, progress=False, rounds=1, restarts=0)
    assert abs(bank["period_error"].item()) < 0.01
    assert bank["lost"].item() == 0
    x = tn.simulate(net, bank, duration=60.0)["output"].values[0, 1000:]
    np.testing.assert_allclose(x.max(axis=0)[:2], [5, 0], atol=0.1)
    np.testing.assert_allclose(x.min(axis=0)[:2], [1, -2], atol=0.1)


def flip_flop(trials: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pulses of either sign at random steps, the first one at once; the target is the sign of the last one before.

    Source: Sussillo and Barak 2013, doi:10.1162/NECO_a_00409.
    """
    rng = np.random.default_rng(seed)
    pulses = np.where(rng.random((trials, 100)) < 0.06, rng.choice([-1.0, 1.0], (trials, 100)), 0.0)
    pulses[:, 0] = rng.choice([-1.0, 1.0], trials)
    last = np.maximum.accumulate(np.where(pulses != 0, np.arange(100), 0), axis=1)
    held = np.take_along_axis(pulses, last, axis=1)
    return pulses[..., None], np.concatenate([np.zeros((trials, 1)), held[:, :-1]], axis=1)[..., None]


def test_a_flip_flop_is_learned_and_answers_new_inputs() -> None:
    net = tn.Network(
        units=100, seed=0, synapses="dense", transfer="tanh", components=1, gain=1.2, tau=0.02, dt=0.01
    )  # fmt: skip
    task = tn.Task.from_trials(*flip_flop(200, seed=0), name="flip-flop", dt=0.01)
    bank = tn.fit(net, task, progress=False, rounds=2, restarts=0)
    assert bank["r_squared"].item() > 0.9
    assert bank["lost"].item() == 0
    inputs, targets = flip_flop(40, seed=99)
    run = tn.simulate(net, bank, duration=1.0, inputs=inputs, trials=40, initial=np.zeros((40, 1)))
    right = np.sign(run["output"].values[:, 1:-1, 0]) == targets[:, 1:, 0]
    assert right.mean() > 0.95


def test_a_network_without_feedback_learns_a_whole_trial() -> None:
    net = tn.Network(
        units=100, seed=0, synapses="dense", feedback=False, gain=1.5, transfer="tanh", tau=0.01, dt=0.01, components=1
    )
    wave = np.cos(2 * np.pi * np.arange(101) / 25)[:, None]
    bank = tn.fit(net, tn.Task.from_array(wave, name="wave", dt=0.01), progress=False, rounds=2)
    assert bank["r_squared"].item() > 0.99
    run = tn.simulate(net, bank, duration=1.0, initial=wave[:1])
    left = np.mean((run["output"].values[0, 1:, 0] - wave[1:, 0]) ** 2) / np.var(wave)
    assert left < 0.01


def test_a_recording_of_many_components_is_judged() -> None:
    """From seven on, 30 bins a component are more cells than samples can fill."""
    path = tn.task("lorenz").trajectory(30.0, 0.02)["output"].values[0]
    mixed = np.tanh((path - path.mean(0)) / path.std(0) @ np.random.default_rng(0).normal(size=(3, 9)))
    task = tn.Task.from_array(mixed, name="nine", dt=0.02)
    net = tn.Network(units=60, seed=0, components=9)
    bank = tn.fit(net, task, steps=2, rounds=1, restarts=0, progress=False)
    assert np.isfinite(bank["divergence"].values).all()
    run = task.trajectory(20.0, 0.02)
    assert np.isfinite(tn.compare(run, run)["state_space_divergence"].values).all()
