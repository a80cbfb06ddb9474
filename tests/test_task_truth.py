"""Every task of the shelf against the facts its TOML states."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from tonicnet.task import Task, task, tasks
from tonicnet.task._systems import SYSTEMS

SHELF = {name: task(name) for name in tasks()}
EVERY = pytest.mark.parametrize("name", SHELF)
MOVING = pytest.mark.parametrize("name", [name for name, t in SHELF.items() if t.kind != "memory"])


def stating(fact: str):
    return pytest.mark.parametrize("name", [name for name, t in SHELF.items() if fact in t.truth])


def jacobian(t: Task, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences: (..., d) -> (..., d, d) with [out, in]."""
    shifts = step * np.eye(t.dimension)
    columns = [(t.flow(x + s) - t.flow(x - s)) / (2 * step) for s in shifts]
    return np.stack(columns, axis=-1)


def runge_kutta(t: Task, x: np.ndarray, dt: float) -> np.ndarray:
    a = t.flow(x)
    b = t.flow(x + dt / 2 * a)
    c = t.flow(x + dt / 2 * b)
    d = t.flow(x + dt * c)
    return x + dt / 6 * (a + 2 * b + 2 * c + d)


def largest_exponent(t: Task, *, duration: float, dt: float, trials: int = 256) -> float:
    """Benettin's rule: the mean growth of a tangent vector, stretched back to length after every step."""
    x = t.initial(trials, seed=1)
    tangent = np.random.default_rng(2).standard_normal(x.shape)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    size, growth, steps = 1e-7, 0.0, int(duration / dt)
    for step in range(steps):
        both = runge_kutta(t, np.concatenate([x, x + size * tangent]), dt)
        x, apart = both[:trials], both[trials:] - both[:trials]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        tangent = apart / length
        growth += float(np.log(length / size).mean()) if step >= steps // 5 else 0.0
    return growth / ((steps - steps // 5) * dt)


def cycle(t: Task) -> tuple[float, np.ndarray]:
    """Period, and the states of ten whole periods, by spline crossings of the first component's centre."""
    run = t.trajectory(12 * t.truth["period"], t.truth["period"] / 1000, seed=3)
    times, x = run.time.values, run.output.values[0]
    first = CubicSpline(times, x[:, 0] - t.center[0])
    crossings = np.array([at for at in first.roots(extrapolate=False) if first(at, 1) > 0])
    inside = (times >= crossings[0]) & (times < crossings[10])
    return float((crossings[10] - crossings[0]) / 10), x[inside]


@cache
def attractor(name: str) -> np.ndarray:
    t = SHELF[name]
    return cycle(t)[1] if t.kind == "cycle" else t.states(20_000, seed=7)


def test_shelf_holds_what_the_design_names() -> None:
    names = "lorenz roessler thomas chua van-der-pol hopf fitzhugh-nagumo figure-eight cosine two-well"
    assert {*names.split(), "line-attractor"} <= set(tasks())
    assert {t.to_dict()["system"] for t in SHELF.values()} == set(SYSTEMS)


@EVERY
def test_every_task_says_what_it_is_and_where_it_is_from(name: str) -> None:
    t = SHELF[name]
    assert t.name == name
    assert t.title
    assert "doi:" in t.cite
    assert t.kind in ("chaos", "cycle", "memory")
    needed = {
        "chaos": {"lyapunov", "divergence"},
        "cycle": {"period", "amplitude"},
        "memory": {"fixed_points"},
    }
    assert needed[t.kind] <= set(t.truth)


@EVERY
def test_flow_does_not_care_about_the_shape_of_the_batch(name: str) -> None:
    t = SHELF[name]
    x = t.states(24, seed=5)
    one_by_one = np.stack([t.flow(state) for state in x])
    np.testing.assert_allclose(t.flow(x), one_by_one, rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(t.flow(x.reshape(2, 3, 4, -1)).reshape(x.shape), t.flow(x))


@stating("fixed_points")
def test_fixed_points_are_at_rest(name: str) -> None:
    points = np.array(SHELF[name].truth["fixed_points"])
    np.testing.assert_allclose(SHELF[name].flow(points), 0.0, atol=1e-12)


@stating("divergence")
def test_divergence(name: str) -> None:
    t = SHELF[name]
    x = attractor(name)
    divergence = np.trace(jacobian(t, x), axis1=-2, axis2=-1)
    if "divergence_tolerance" in t.truth:
        assert divergence.mean() == pytest.approx(t.truth["divergence"], abs=t.truth["divergence_tolerance"])
    else:
        np.testing.assert_allclose(divergence, t.truth["divergence"], atol=1e-5)


@stating("period")
def test_period_and_amplitude(name: str) -> None:
    t = SHELF[name]
    period, x = cycle(t)
    assert period == pytest.approx(t.truth["period"], rel=1e-6)
    np.testing.assert_allclose(np.ptp(x, axis=0) / 2, t.truth["amplitude"], rtol=1e-4)


@stating("radius")
def test_radius(name: str) -> None:
    x = SHELF[name].trajectory(50.0, 0.1, trials=4).output.values
    np.testing.assert_allclose(np.hypot(x[..., 0], x[..., 1]), SHELF[name].truth["radius"], atol=1e-6)


@stating("lyapunov")
def test_largest_exponent(name: str) -> None:
    t = SHELF[name]
    found = largest_exponent(t, duration=800 * t.time_scale, dt=0.08 * t.time_scale)
    assert found == pytest.approx(t.truth["lyapunov"], abs=t.truth["lyapunov_tolerance"])


@stating("drift")
def test_a_line_attractor_holds_every_number_on_it(name: str) -> None:
    t = SHELF[name]
    start = np.stack([np.linspace(-1, 1, 9), np.zeros(9)], axis=1)
    end = t.trajectory(100.0, 1.0, initial=start).output.values[:, -1]
    np.testing.assert_allclose((end - start) / 100.0, t.truth["drift"], atol=1e-12)
    outside = t.trajectory(30.0, 1.0, initial=np.array([[2.0, 1.0], [-2.0, -1.0]])).output.values[:, -1]
    np.testing.assert_allclose(outside, [[1, 0], [-1, 0]], atol=1e-8)


def test_two_well_falls_to_the_nearer_side() -> None:
    start = np.array([[0.1, 1.0], [-0.1, 1.0], [2.0, 0.0]])
    end = SHELF["two-well"].trajectory(30.0, 1.0, initial=start).output.values[:, -1]
    np.testing.assert_allclose(end, [[1, 0], [-1, 0], [1, 0]], atol=1e-8)


def test_figure_eight_is_the_exact_solution() -> None:
    t = SHELF["figure-eight"]
    run = t.trajectory(2 * np.pi, np.pi / 50, initial=np.array([[0.0, 0.0, 1.0]]))
    at = run.time.values
    exact = np.stack([np.sin(at), np.sin(2 * at), np.cos(at)], axis=1)
    np.testing.assert_allclose(run.output.values[0], exact, atol=1e-8)


@MOVING
def test_scaling_is_that_of_the_long_run(name: str) -> None:
    t = SHELF[name]
    x = attractor(name)
    slow = {"chaos": 0.12, "cycle": 1e-3}[t.kind]
    np.testing.assert_allclose(x.mean(axis=0) / t.scale, t.center / t.scale, atol=slow)
    np.testing.assert_allclose(x.std(axis=0), t.scale, rtol=slow)


@MOVING
def test_time_scale_is_that_of_the_scaled_field(name: str) -> None:
    t = SHELF[name]
    x = attractor(name)
    assert t.time_scale == pytest.approx(1 / np.sqrt(np.mean((t.flow(x) / t.scale) ** 2)), rel=0.05)


def test_trajectory_is_a_solution() -> None:
    """Two starts of the same states at two tolerances of sampling meet; the slope is the field."""
    t = SHELF["lorenz"]
    run = t.trajectory(2.0, 0.001, seed=4, trials=2)
    x = run.output.values
    slope = CubicSpline(run.time.values, x, axis=1)(run.time.values[10:-10], 1)
    np.testing.assert_allclose(slope, t.flow(x[:, 10:-10]), atol=1e-4)
    coarse = t.trajectory(2.0, 0.5, initial=x[:, 0]).output.values
    np.testing.assert_allclose(coarse, x[:, ::500], atol=1e-6)
