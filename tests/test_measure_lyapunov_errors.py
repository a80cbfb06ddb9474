"""Standard errors of Lyapunov exponents, of trials that are alike: do true values lie within three of them?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from test_measure_lyapunov import lorenz, lorenz_jacobian

from tonicnet import measure
from tonicnet.circuit import Variation
from tonicnet.measure.arrays._lyapunov import Exponents, exponents_of, growth_of
from tonicnet.measure.arrays._standard_error import pieces_in, standard_error

GROUPS = 30  # of trials, each near a state of its own


def roessler(x):
    x, y, z = x.T
    return np.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)], axis=1)


def roessler_jacobian(x):
    x, _, z = x.T
    no, one = np.zeros_like(x), np.ones_like(x)
    return np.array([[no, -one, -one], [one, 0.2 * one, no], [z, no, x - 5.7]]).transpose(2, 0, 1)


SYSTEMS = {  # and its exponents, their sum, and the Kaplan-Yorke dimension, from runs of 4e4 time units or exactly
    "roessler": (roessler, roessler_jacobian, 0.05, (60.0, 60.0), (0.0715, 0.0, -5.3887, -5.3172, 2.0133)),
    "lorenz": (lorenz, lorenz_jacobian, 0.02, (5.0, 30.0), (0.9056, 0.0, -14.5723, -41 / 3, 2.0621)),
}


def near_one_state(name: str, trials: int) -> tuple[np.ndarray, float]:
    """Return growth (renewal, group, trial, mode) of trials that start near one state of a group, and its step."""
    flow, jacobian, dt, (transient, duration), _ = SYSTEMS[name]
    rng = np.random.default_rng(0)
    motion = Variation.of(flow, jacobian, dt)
    there = motion.run(rng.normal([1.0, 1.0, 5.0], 1.0, (GROUPS, 3)), round(50 / dt), every=round(50 / dt))[:, -1]
    start = np.repeat(there, trials, axis=0) + 1e-3 * rng.standard_normal((GROUPS * trials, 3))
    grown = growth_of(motion, start, 3, round(transient / dt), round(duration / dt), every=5, seed=0)
    return grown.reshape(len(grown), GROUPS, trials, 3), 5 * dt


def numbers(found: Exponents, grown: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return exponents, their sum and the dimension, and the standard errors of all of these."""
    total = standard_error(grown.sum(axis=-1, keepdims=True) / step, 1)
    values = [*found.values, found.values.sum(), found.kaplan_yorke]
    return np.array(values), np.array([*found.error, *total, found.kaplan_yorke_error])


@pytest.mark.parametrize("name", SYSTEMS)
def test_truth_is_within_three_errors_where_trials_start_near_one_state(name: str) -> None:
    truth = np.array(SYSTEMS[name][-1])
    growth, step = near_one_state(name, 16)
    found = [numbers(exponents_of(grown, step), grown, step) for grown in growth.swapaxes(0, 1)]
    values, errors = (np.array(part) for part in zip(*found, strict=True))
    steps = 3e-3 * (name == "lorenz")  # of Runge-Kutta, in the sum, which fluctuates less than that
    off = np.abs(values - truth)
    assert (off < 3 * errors + steps).mean(axis=0) == pytest.approx(1, abs=1.01 / GROUPS), "one group at most"
    scatter = np.sqrt(((values - truth) ** 2).mean(axis=0))
    told = scatter > steps
    assert (np.median(errors, axis=0) < 2 * scatter)[told].all(), "no needlessly wide bars"
    alone = growth.mean(axis=0).std(axis=1, ddof=1) / 4 / step  # what the scatter of trials says, as if independent
    assert (np.abs(values[:, :3] - truth[:3]) > 3 * alone).mean() > 0.3, "the trials are alike, or nothing is tested"


def noise(rng: np.random.Generator, times: int, trials: int) -> np.ndarray:
    """Return independent rates; the mean over time has the standard deviation 1 / sqrt(times)."""
    return rng.standard_normal((times, trials))


def slow(rng: np.random.Generator, times: int, trials: int) -> np.ndarray:
    """Return rates with a memory of some 10 steps: the mean over a long time has ten times that deviation."""
    drive, x = rng.standard_normal((times + 100, trials)), np.zeros((times + 100, trials))
    for t in range(1, len(x)):
        x[t] = 0.9 * x[t - 1] + drive[t]
    return x[100:]


KINDS: dict[str, tuple[Callable[..., np.ndarray], float]] = {  # a variance of the mean, times trials and times
    "independent": (noise, 1.0),
    "with a memory": (slow, 100.0),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("trials", "shared"), [(1, 0.0), (4, 0.0), (4, 1.0), (16, 0.0), (16, 0.5), (16, 1.0)])
def test_error_of_random_rates_is_the_exact_one(kind: str, trials: int, shared: float) -> None:
    """``shared`` is the part of the variance that all trials have in common."""
    make, variance = KINDS[kind]
    rng, times, errors, off = np.random.default_rng(1), 480, [], []
    for _ in range(150):
        rates = np.sqrt(1 - shared) * make(rng, times, trials) + np.sqrt(shared) * make(rng, times, 1)
        errors.append(standard_error(rates[:, :, None], pieces_in(trials))[0])
        off.append(abs(rates.mean()))
    exact = np.sqrt(variance * (shared + (1 - shared) / trials) / times)
    assert 0.9 < np.sqrt(np.mean(np.square(errors))) / exact < 1.5
    assert np.mean(np.array(off) > 3 * np.array(errors)) < 0.035


def test_error_tells_the_transient() -> None:
    """Rates that are 1 at first and then 0 shift the mean by what they leave, in all trials alike."""
    rates = 0.01 * np.random.default_rng(2).standard_normal((500, 16, 1))
    rates[:20] += 1.0
    error = standard_error(rates, 1)[0]
    assert 0.5 < error / (20 / 500) < 1.5
    assert error > 10 * rates.mean(axis=0).std() / 4


def test_error_tells_a_phase_that_all_share() -> None:
    """A mean of a swing over a run that ends within a period is off by its phase, in all trials alike."""
    rng, off, errors = np.random.default_rng(3), [], []
    for begin in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        turn = 0.11 * np.arange(500)[:, None] + begin + 0.1 * rng.standard_normal(16)
        rates = np.cos(turn)[:, :, None]
        off.append(abs(rates.mean()))
        errors.append(standard_error(rates, 1)[0])
    assert (np.array(off) < 3 * np.array(errors)).all()
    assert np.median(errors) < 2 * np.sqrt(np.mean(np.square(off)))


ALONE: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {  # rates (time, run) of mean 0, each run alone
    "independent": lambda rng, runs: noise(rng, 480, runs),
    "with a memory": lambda rng, runs: slow(rng, 480, runs),
    "a swing": lambda rng, runs: np.cos(0.11 * np.arange(480)[:, None] + rng.uniform(0, 2 * np.pi, runs)),
    "a swing in noise": lambda rng, runs: (
        np.cos(0.11 * np.arange(480)[:, None] + rng.uniform(0, 2 * np.pi, runs)) + 0.3 * noise(rng, 480, runs)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_error_of_one_trial_is_that_of_its_scatter(name: str) -> None:
    """A swing was told 4 times too wide: its pieces, shorter than a period, looked like a random walk."""
    rates = ALONE[name](np.random.default_rng(6), 400)
    errors = np.array([standard_error(run[:, None, None], pieces_in(1))[0] for run in rates.T])
    means = np.abs(rates.mean(axis=0))
    assert 0.9 < np.sqrt(np.mean(errors**2) / np.mean(means**2)) < 1.6
    assert np.mean(means > 2 * errors) < 0.09
    assert np.mean(means > 3 * errors) < 0.02


def test_error_of_one_trial_of_lorenz_covers_its_exponents() -> None:
    flow, jacobian, dt, _, truth = SYSTEMS["lorenz"]
    motion, rng = Variation.of(flow, jacobian, dt), np.random.default_rng(0)
    there = motion.run(rng.normal([1.0, 1.0, 5.0], 1.0, (40, 3)), 2500, every=2500)[:, -1]
    rates = growth_of(motion, there, 3, 1000, 2400, every=5, seed=0) / (5 * dt)
    errors = np.array([standard_error(rates[:, [run]], pieces_in(1)) for run in range(40)])
    off = np.abs(rates.mean(axis=0) - truth[:3])
    assert (off < 3 * errors + 3e-3).mean(axis=0) == pytest.approx(1, abs=0.051), "two runs of forty at most"
    assert (np.sqrt((errors**2).mean(axis=0)) < 2.5 * np.sqrt((off**2).mean(axis=0))).all()


def test_linear_flow_is_within_its_error_and_rounding() -> None:
    turn = np.array([[0.2, -3.0, 1.0], [3.0, 0.2, 5.0], [0.0, 0.0, -1.5]])
    found = measure.lyapunov_spectrum_of(
        lambda x: x @ turn.T, lambda x: np.broadcast_to(turn, (len(x), 3, 3)), np.full((16, 3), 1e-6), duration=30.0,
        transient=15.0, dt=0.01, every=10,
    )  # fmt: skip
    assert (np.abs(found.values - [0.2, 0.2, -1.5]) < 3 * found.error + 1e-6).all()
    assert (found.error < 0.1).all()


def test_trials_that_are_one_are_counted_as_one() -> None:
    rates = np.repeat(np.random.default_rng(4).standard_normal((4000, 1, 1)), 64, axis=1)
    assert standard_error(rates, 1)[0] * np.sqrt(4000) == pytest.approx(1, rel=0.6)
    assert standard_error(np.full((40, 16, 2), -np.inf), 1).tolist() == [0, 0]


def test_dimension_keeps_an_exponent_that_is_small_and_positive() -> None:
    """It counted as 0 where its error was large, and the dimension was said to be 2 without error."""
    rng = np.random.default_rng(5)
    grown = np.array([0.07, 0.0, -5.4]) + [1.0, 0.3, 3.0] * rng.standard_normal((400, 16, 3))
    found = exponents_of(grown, 1.0)
    assert found.kaplan_yorke_error > 0
    assert abs(found.kaplan_yorke - (2 + 0.07 / 5.4)) < 3 * found.kaplan_yorke_error
