"""How long closed-loop windows last, half a Lyapunov time within bounds, and what their errors weigh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

import tonicnet as tn
from tonicnet.circuit import Learnable, circuit_of
from tonicnet.learn import _field_course
from tonicnet.learn._course import Draw, Problem
from tonicnet.learn._field_course import FieldCourse
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._settings import Settings
from tonicnet.learn._target import Target
from tonicnet.learn._training_states import far_residual, near_states
from tonicnet.learn._window_length import horizon
from tonicnet.learn._window_sampling import parting_weights, staying_weights, true_windows
from tonicnet.solve import Sum

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
    further = made.discounted(torch.rand(5, 9, 1, generator=torch.Generator().manual_seed(0)))
    np.testing.assert_allclose(further.roots().square().sum((0, 1)), [1, 1, 1, 0.01], rtol=1e-5)


def test_errors_count_as_long_as_a_window_stays() -> None:
    """Of the simplest jerk equation a twentieth of a narrow tube runs away (Sprott 1997, doi:10.1119/1.18585)."""

    def flow(x: np.ndarray) -> np.ndarray:
        return np.stack([x[..., 1], x[..., 2], -x[..., 0] + x[..., 1] ** 2 - 2.017 * x[..., 2]], axis=-1)

    target = Target(tn.Task(flow, name="jerk", initial=[-0.54, 0.59, 0.45], kind="chaos"), NET)
    rng, h = np.random.default_rng(0), 0.25
    with np.errstate(over="ignore", invalid="ignore"):
        path = target.paths(near_states(target, rng, 400, 0.03), 72, h)
    path = path[np.abs(path).max(axis=(1, 2)) < 1.5 * np.abs(target.known).max()]
    away = cKDTree(target.known).query(path.reshape(-1, 3))[0].reshape(path.shape[:2])
    weights = staying_weights(target, path)
    left, stays = away.max(1) > 0.8, away.max(1) <= 0.3
    assert 0.005 < left.mean() < 0.1, "some of the tube leaves"
    assert (weights[stays] == 1).all()
    assert (weights[left][:, -1] == 0).all()
    assert (weights[:, 0] == 1).all(), "and their beginnings count"
    assert (np.diff(weights, axis=1) <= 0).all()
    middle = (away[:, 5:] < 0.8) & (away[:, 5:] > 0.3) & (np.diff(away, axis=1)[:, 4:] > 0)
    first = middle & (np.maximum.accumulate(away, axis=1)[:, 5:] == away[:, 5:]) & (away[:, :1] < 0.3)
    np.testing.assert_allclose(weights[:, 5:][first], (0.8 - away[:, 5:][first]) / 0.5, rtol=1e-12)


def test_windows_that_begin_far_away_and_come_back_count() -> None:
    target = Target(tn.task("lorenz"), NET)
    there = target.known[:50]
    wide = np.stack([there + 0.5, there], axis=1)
    assert (staying_weights(target, wide) == 1).all()


def test_windows_of_chaos_have_the_weights_of_both() -> None:
    target = Target(tn.task("lorenz"), NET)
    made = true_windows(target, circuit_of(NET), np.random.default_rng(0), count=9, steps=16, h=0.25, noise=0.3)
    assert made.mask is not None
    path = made.path.double().numpy()
    both = parting_weights(target, path, 0.25) * staying_weights(target, path)
    np.testing.assert_allclose(made.mask[:, :, 0], both, rtol=0.02)


def test_windows_of_cycles_weigh_alike() -> None:
    net = tn.Network(units=20, seed=0, components=2)
    made = true_windows(
        Target(tn.task("van-der-pol"), net), circuit_of(net), np.random.default_rng(0), count=5, steps=8, h=0.5,
        noise=0.1,
    )  # fmt: skip
    assert made.mask is None


@pytest.mark.parametrize("task", ["lorenz", "van-der-pol"])
def test_rests_far_away_do_not_rule_a_round_of_chaos(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their residual is half the loss at most where the round begins; that of a cycle has a weight of its own."""
    net = tn.Network(units=60, seed=0)
    problem = Problem(Target(tn.task(task), net), circuit_of(net), Settings(precision="float64"))
    learned = tn.fit(net, task, rounds=0, steps=10, restarts=0, progress=False)["bias"].values[0]
    theta = torch.as_tensor(learned).to(problem.learnable().first)

    def resting(problem: Problem, learnable: Learnable, *_: object) -> FieldResidual:
        far = far_residual(problem, learnable, np.random.default_rng(0))
        return replace(far, weights=1e4 * far.weights)

    monkeypatch.setattr(_field_course, "rest_residual", resting)
    polish = next(stage for stage in FieldCourse().stages(problem) if stage.name == "polish 1")
    made = polish.make(Draw(0, 0), lambda: theta)
    *field, (weight, rests) = made.parts
    without, most = Sum(tuple(field)).loss(theta), 0.02 * rests.loss(theta)
    if task == "lorenz":
        assert without < most
        assert weight * rests.loss(theta) == pytest.approx(without)
    else:
        assert weight == 0.02


def test_mixed_precision_sums_rows_of_single_precision_in_double() -> None:
    """Gradient and curvature are those of double precision, to the rounding of the rows; and they are float64."""
    net = tn.Network(units=60, seed=0)
    made = {}
    for precision in ("float64", "mixed", "float32"):
        settings = Settings(precision=precision)
        problem = Problem(Target(tn.task("lorenz"), net), circuit_of(net, settings.dtype(net)), settings)
        stage = next(one for one in FieldCourse().stages(problem) if one.name == "polish 1")
        theta = problem.learnable().first
        residual = stage.make(Draw(0, 0), lambda theta=theta: theta).parts[0][1]
        normal = residual.at(theta).normal()
        made[precision] = normal.gradient.numpy(), normal.curvature.numpy(), residual.loss(theta)
    assert made["mixed"][1].dtype == np.float64
    assert made["float32"][1].dtype == np.float32
    for found, exact in zip(made["mixed"], made["float64"], strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=2e-3 * np.abs(exact).max())
        assert not np.array_equal(found, exact)
