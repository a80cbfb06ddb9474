"""How long closed-loop windows last, half a Lyapunov time within bounds, and what their errors weigh."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn._target import Target
from tonicnet.learn._training_states import near_states
from tonicnet.learn._window_length import horizon
from tonicnet.learn._window_sampling import parting_weights, staying, true_windows

NET = tn.Network(units=20, seed=0)


@pytest.mark.parametrize(("task", "exponent"), [("lorenz", 0.9056), ("roessler", 0.0714)])
def test_windows_of_chaos_last_half_a_lyapunov_time_within_bounds(task: str, exponent: float) -> None:
    target = Target(tn.task(task), NET)
    scale = target.time_scale
    asked = np.clip(0.5 / exponent, 4.5 * scale, 9 * scale)
    assert horizon(target) == pytest.approx(asked, rel=0.15)


def test_windows_where_states_do_not_part_are_the_longest() -> None:
    turning = tn.Task(lambda x: np.stack([x[..., 1], -x[..., 0]], -1), name="turning", initial=[1.0, 0.0], kind="chaos")
    target = Target(turning, NET)
    assert horizon(target) == pytest.approx(9 * target.time_scale, rel=1e-6)


def test_errors_are_discounted_where_true_paths_part() -> None:
    """Of dx/dt = x (1 - x), paths part by dx(t) / dx(0) = e^t / (1 + x(0) (e^t - 1))^2."""
    logistic = tn.Task(
        lambda x: x * (1 - x), name="logistic", initial=[0.1], kind="chaos", center=[0.5], scale=[0.3], speed=1.0
    )
    target, h, steps = Target(logistic, tn.Network(units=20, seed=0, components=1)), 0.25, 8
    x0 = np.linspace(0.05, 1.2, 7)
    path = target.paths((x0[:, None] - 0.5) / 0.3, steps, h)
    grown = np.exp(np.arange(steps + 1) * h * target.unit)
    squared = (grown / (1 + x0[:, None] * (grown - 1)) ** 2) ** 2
    np.testing.assert_allclose(
        parting_weights(target, path, h), 1 / (1 + 0.3 * squared / np.median(squared, axis=0)), rtol=2e-3
    )


def test_windows_of_chaos_keep_their_total_weight_where_idle_components_weigh_less() -> None:
    net = tn.Network(units=20, seed=0, components=4)
    target, circuit = Target(tn.task("lorenz"), net), circuit_of(net)
    rng = np.random.default_rng(0)
    made = true_windows(
        target, circuit, rng, count=5, steps=8, h=0.5, noise=0.1, shares=np.array([1, 1, 1, 0.01])
    )  # fmt: skip
    assert made.mask is not None
    roots = made.roots().square().sum((0, 1)).numpy()
    np.testing.assert_allclose(roots, [1, 1, 1, 0.01], rtol=1e-5)
    assert np.ptp(made.mask[:, 4, 0].numpy()) > 0.05


def test_no_window_of_chaos_begins_beyond_its_basin() -> None:
    """Of the simplest jerk equation a twentieth of a narrow tube runs away (Sprott 1997, doi:10.1119/1.18585)."""

    def flow(x: np.ndarray) -> np.ndarray:
        return np.stack([x[..., 1], x[..., 2], -x[..., 0] + x[..., 1] ** 2 - 2.017 * x[..., 2]], axis=-1)

    task = tn.Task(flow, name="jerk", initial=[-0.54, 0.59, 0.45], kind="chaos")
    target = Target(task, NET)
    tree, rng, h = cKDTree(target.known), np.random.default_rng(0), 0.25
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = target.paths(near_states(target, rng, 400, 0.03), 72, h)
    drawn = drawn[np.abs(drawn).max(axis=(1, 2)) < 1.5 * np.abs(target.known).max()]
    away = tree.query(drawn.reshape(-1, 3))[0].reshape(drawn.shape[:2])
    assert np.quantile(away.max(1), 0.97) > 0.5, "some of the tube leaves"
    held = staying(target, drawn)
    assert len(held) >= 0.9 * len(drawn)
    assert away[held].max() < 0.35
    made = true_windows(target, circuit_of(NET), rng, count=200, steps=72, h=h, noise=0.03).path.numpy()
    assert len(made) == 200
    assert tree.query(made.reshape(-1, 3))[0].max() < 0.35


def test_windows_that_begin_far_away_and_come_back_are_kept() -> None:
    target = Target(tn.task("lorenz"), NET)
    there = target.known[:50]
    wide = np.stack([there + 0.5, there], axis=1)
    assert len(staying(target, wide)) == 50


def test_of_windows_nine_tenths_are_kept_wherever_they_go() -> None:
    target = Target(tn.task("lorenz"), NET)
    there = np.repeat(target.known[:1], 50, axis=0)
    gone = np.stack([there, there + np.linspace(100, 200, 50)[:, None]], axis=1)
    np.testing.assert_array_equal(staying(target, gone), np.arange(45))


def test_windows_of_cycles_weigh_alike() -> None:
    net = tn.Network(units=20, seed=0, components=2)
    made = true_windows(
        Target(tn.task("van-der-pol"), net), circuit_of(net), np.random.default_rng(0), count=5, steps=8, h=0.5,
        noise=0.1,
    )  # fmt: skip
    assert made.mask is None
