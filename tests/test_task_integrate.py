"""The integrator of true runs against exact solutions: smooth, kinked, discontinuous, stiff, and without an end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tonicnet.task import Task, _integrate, task
from tonicnet.task._integrate import attempted, integrate
from tonicnet.task._runge_kutta import Attempt


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """All holds for both ways to take the steps; the field is called in each of them by the second alone."""
    if request.param == "numpy":
        monkeypatch.setattr(_integrate, "traced", lambda flow, x: None)
    return str(request.param)


SPIRAL = np.array([[-0.1, 2.0], [-2.0, -0.1]])
TIMES = np.linspace(0.0, 10.0, 401)


def linear(x: np.ndarray) -> np.ndarray:
    return x @ SPIRAL


def turned(t: np.ndarray) -> np.ndarray:
    """The solution of the linear field from (1, 0)."""
    return np.exp(-0.1 * t)[:, None] * np.stack([np.cos(2 * t), np.sin(2 * t)], axis=1)


def van_der_pol(mu: float):
    return lambda x: np.stack([x[..., 1], mu * (1 - x[..., 0] ** 2) * x[..., 1] - x[..., 0]], axis=-1)


def counting(flow):
    calls = [0]

    def counted(x: np.ndarray) -> np.ndarray:
        calls[0] += 1
        return flow(x)

    return counted, calls


# smooth fields


@pytest.mark.parametrize("tolerance", [1e-6, 1e-9, 1e-11])
def test_the_error_of_a_linear_flow_is_that_of_the_tolerance(tolerance: float) -> None:
    x = integrate(linear, np.array([[1.0, 0.0], [2.0, 0.0]]), TIMES, tolerance=tolerance)
    error = np.abs(x[0] - turned(TIMES)).max()
    assert 1e-3 * tolerance < error < 30 * tolerance
    np.testing.assert_allclose(x[1], 2 * turned(TIMES), atol=60 * tolerance)


def test_one_step_is_of_order_eight_and_its_interpolant_of_order_seven() -> None:
    start = np.array([[1.0, 0.0]])
    ends, middles = [], []
    for h in (0.8, 0.4):
        step = Attempt(linear, start, linear(start), np.array([h]))
        ends.append(np.abs(step.end[0] - turned(np.array([h]))[0]).max())
        terms = step.dense()
        middle = _integrate.interpolated(terms, np.array([0.3]))[0]
        middles.append(np.abs(middle - turned(np.array([0.3 * h]))[0]).max())
    assert np.log2(ends[0] / ends[1]) == pytest.approx(9.0, abs=0.7)  # the local error of order 8
    assert np.log2(middles[0] / middles[1]) == pytest.approx(8.0, abs=0.7)


def test_hopf_keeps_its_circle_and_its_phase() -> None:
    angle = np.linspace(0.0, 2 * np.pi, 7)
    start = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = task("hopf").trajectory(20.0, 0.25, initial=start).output.values
    at = angle[:, None] + np.arange(81) * 0.25
    np.testing.assert_allclose(x, np.stack([np.cos(at), np.sin(at)], axis=-1), atol=3e-8)


def test_the_samples_include_the_start_and_do_not_depend_on_the_others() -> None:
    x = integrate(linear, np.array([[1.0, 0.0]]), TIMES)
    np.testing.assert_array_equal(x[0, 0], [1.0, 0.0])
    coarse = integrate(linear, np.array([[1.0, 0.0]]), TIMES[::40])
    np.testing.assert_allclose(coarse, x[:, ::40], atol=1e-13)


def relaxing(x: np.ndarray) -> np.ndarray:
    """Return a field that turns (x, y) and lets z relax to x, 60 times as fast."""
    return np.stack([-x[..., 1], x[..., 0], -60 * (x[..., 2] - x[..., 0]) - x[..., 1]], axis=-1)


@pytest.mark.parametrize("tolerance", [1e-7, 1e-9])
def test_samples_inside_steps_at_the_limit_of_stability_are_as_good_as_their_ends(tolerance: float) -> None:
    t = np.linspace(0.0, 20.0, 4001)
    x = integrate(relaxing, np.array([[1.0, 0.0, 1.2], [1.0, 0.0, 1.0]]), t, tolerance=tolerance)
    z = np.cos(t) + np.array([[0.2], [0.0]]) * np.exp(-60 * t)
    np.testing.assert_allclose(x[..., 2], z, atol=300 * tolerance)
    np.testing.assert_allclose(x[..., 0], np.broadcast_to(np.cos(t), z.shape), atol=30 * tolerance)


# kinks and jumps


def clipped(x: np.ndarray) -> np.ndarray:
    """dx/dt = 1 below x = 1 and 1 + 10 (x - 1) above it: continuous, its slope is not."""
    return 1 + 10 * np.maximum(x - 1, 0)


def test_a_kink_is_passed_within_the_tolerance() -> None:
    start = np.linspace(0.02, 0.6, 400)[:, None]  # steps meet the kink where they happen to: well inside, or at an end
    times = np.linspace(0.0, 1.4, 57)
    after = times - (1 - start)  # since the kink, whose time is known: a run that stops there
    exact = np.where(after < 0, start + times, 1 + np.expm1(10 * np.maximum(after, 0)) / 10)
    x = integrate(clipped, start, times)[..., 0]
    error = np.abs(x / exact - 1).max(axis=1)  # that at the kink grows as exp(10 t)
    assert np.median(error) < 2e-7
    assert np.quantile(error, 0.95) < 2e-5
    assert error.max() < 2e-2  # few steps end so close behind the kink that the estimate of their error does not see it


def test_a_trial_at_a_kink_does_not_slow_the_others() -> None:
    field, calls = counting(task("chua").flow)
    x = task("chua").initial(24, seed=1)
    integrate(field, x[:1], np.array([20.0]))
    one, calls[0] = calls[0], 0
    integrate(field, x, np.array([20.0]))
    assert calls[0] < 2.5 * one


def test_chua_takes_no_more_evaluations_for_a_time_than_lorenz() -> None:
    counts = {}
    for name in ("chua", "lorenz"):
        field, calls = counting(task(name).flow)
        integrate(field, task(name).initial(20, seed=1), np.array([20.0]))
        counts[name] = calls[0]
    assert counts["chua"] < counts["lorenz"]


def test_a_jump_is_stepped_over_and_leaves_the_error_that_is_documented() -> None:
    def jumping(x: np.ndarray) -> np.ndarray:
        return np.where(x < 0.5, 1.0, 3.0)

    x = integrate(jumping, np.array([[0.0], [0.25], [0.7]]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(x[:, -1, 0], [2.0, 2.75, 3.7], atol=1e-7)


def circling(x: np.ndarray) -> np.ndarray:
    """A limit cycle of radius one and period 2 pi."""
    return np.stack([x[..., 1], -x[..., 0]], -1) + x * (1 - (x**2).sum(-1, keepdims=True))


def drawing() -> Callable[[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    return lambda x: circling(x) * (1 + 0.1 * rng.standard_normal(x.shape))


ENDLESS = {
    "held on its jump": (lambda x: -10 * np.tanh(1e12 * x) - x, "discontinuous there"),
    "signs": (lambda x: -np.sign(x), "whole numbers"),
    "whole numbers": (lambda x: np.floor(20 * circling(x)), "whole numbers"),
    "jumping everywhere": (lambda x: circling(np.floor(500 * x) / 500), "discontinuous there"),
    "fast": (lambda x: 1e6 * circling(x), "too fast"),
    "fast beside slow": (
        lambda x: circling(x) @ np.array([[1, 0], [0, 0]]) + x @ np.array([[0, 3e5], [-3e5, 0]]),
        "fast",
    ),
    "stiff, not smooth": (
        lambda x: np.stack([-x[..., 0], -1e7 * (x[..., 1] - np.floor(300 * np.cos(40 * x[..., 0])) / 7)], -1),
        "discontinuous|stiff|too fast",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_field_that_would_be_integrated_for_ever_ends_with_the_time_the_reason_and_what_to_do(name: str) -> None:
    field, calls = counting(ENDLESS[name][0])
    times = np.linspace(0.0, 100.0, 5001)
    with pytest.raises(ValueError, match=rf"reached time [\d.e-]+ of 100 in \d+ .*budget: .*({ENDLESS[name][1]})") as e:
        integrate(field, np.array([[0.5, 0.1], [0.3, -0.6]]), times)
    assert calls[0] < 700_000  # below half a minute; most take a second
    assert "\n" not in str(e.value)
    assert ";" in str(e.value)


def beyond(noise: float) -> Callable[[np.ndarray], np.ndarray]:
    """A field that is random only where |x| > 0.5, which no check at the start sees."""
    rng = np.random.default_rng(0)
    return lambda x: circling(x) + noise * rng.standard_normal(x.shape) * (np.abs(x).max(-1, keepdims=True) > 0.5)


def stiff_and_random() -> Callable[[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    return lambda x: van_der_pol(1000.0)(x) + 1e-9 * (np.abs(x[..., :1]) < 1.9) * rng.standard_normal(x.shape)


@pytest.mark.parametrize(
    ("field", "start", "most"),
    [
        (drawing(), [0.5, 0.1], 4),
        (beyond(0.1), [0.1, 0.0], 2000),
        (beyond(1e-6), [0.1, 0.0], 2000),
        (stiff_and_random(), [2.0, 0.0], 30_000),
    ],
)
def test_a_random_field_is_given_up_as_soon_as_it_is_asked_twice(field, start: list[float], most: int) -> None:
    counted, calls = counting(field)
    with pytest.raises(
        ValueError, match=r"given up at time [\d.e-]+ of 2000: .* another value each time .*noise="
    ) as e:
        integrate(counted, np.array([start]), np.linspace(0.0, 2000.0, 50))
    assert calls[0] <= most
    assert "\n" not in str(e.value)


def test_a_field_that_is_random_beyond_its_start_makes_no_reference_run() -> None:
    mine = Task(beyond(1e-6), name="noisy", initial=[0.1, 0.0], kind="cycle")
    for ask in (lambda: mine.scale, lambda: mine.states(50), lambda: mine.trajectory(5.0, 0.1)):
        with pytest.raises(ValueError, match="another value each time"):
            ask()


def test_most_random_starts_over_their_budget_are_not_drawn_again() -> None:
    field, calls = counting(lambda x: 1e6 * circling(x))
    mine = Task(field, name="fast", initial=[1.0, 0.0], kind="cycle", low=[-1, -1], high=[1, 1])
    with pytest.raises(ValueError, match=r"too fast for so long a run; ask for a shorter run \(Task: transient"):
        mine.states(10)
    assert calls[0] < 40_000
    slower = Task(field, name="fast", initial=[1.0, 0.0], kind="cycle", low=[-1, -1], high=[1, 1], transient=5e-5,
                  duration=5e-5, dt=1e-8)  # fmt: skip
    np.testing.assert_allclose(np.linalg.norm(slower.initial(10), axis=1), 1.0, atol=1e-3)


def test_a_run_that_is_long_in_samples_may_take_as_many_steps(monkeypatch) -> None:
    monkeypatch.setattr(_integrate, "_STEPS", 300)
    fast = np.array([[0.0, 1e3], [-1e3, 0.0]])
    with pytest.raises(ValueError, match=r"reached time 0\.\d+ of 1 in 320 steps"):
        integrate(lambda x: x @ fast, np.array([[1.0, 0.0]]), np.array([1.0]))
    x = integrate(lambda x: x @ fast, np.array([[1.0, 0.0]]), np.linspace(0, 1, 200))
    np.testing.assert_allclose(x[0, -1], [np.cos(1e3), np.sin(1e3)], atol=1e-4)


def test_a_field_that_draws_random_numbers_is_refused_when_the_task_is_made() -> None:
    with pytest.raises(ValueError, match=r"another value each time .* give noise to the run"):
        Task(drawing(), name="noisy", initial=[1.0, 0.0], kind="cycle")


# stiff fields


def test_a_stiff_linear_system_is_finished_by_an_implicit_method() -> None:
    field, calls = counting(lambda x: x @ np.array([[-1.0, 1e6], [0.0, -1e6]]))
    times = np.array([0.0, 1.0, 3.0])
    x = integrate(field, np.array([[1.0, 0.5], [2.0, 0.0]]), times)
    slow = np.array([1.0, 2.0])[:, None] * np.exp(-times)
    np.testing.assert_allclose(x[..., 0], slow, atol=1e-7)
    assert calls[0] < 20_000  # explicit steps at the limit of stability would be 500,000


def test_van_der_pol_at_mu_1000_agrees_with_an_implicit_method() -> None:
    from scipy.integrate import solve_ivp

    times = np.array([100.0, 500.0, 800.0, 1500.0])
    wanted = solve_ivp(
        lambda t, x: van_der_pol(1000)(x), (0, 1500), [2.0, 0.0], method="Radau", t_eval=times, rtol=1e-9, atol=1e-9
    )
    x = integrate(van_der_pol(1000), np.array([[2.0, 0.0]]), times)[0]
    np.testing.assert_allclose(x, wanted.y.T, rtol=1e-5, atol=1e-5)


# runs without an end


def test_a_diverging_trial_leaves_the_others_alone() -> None:
    start = np.array([[0.5], [-0.5], [2.0]])
    times = np.linspace(0.0, 3.0, 31)
    x, failures = attempted(lambda x: x * x - x, start, times)
    assert list(failures) == [2]
    growth = start[:2] * np.exp(-times) / (1 - start[:2] * (1 - np.exp(-times)))
    np.testing.assert_allclose(x[:2, :, 0], growth, atol=1e-8)
    with pytest.raises(ValueError, match=r"the integration failed at time 0\.69\d* of 3 "):
        integrate(lambda x: x * x - x, start, times)


def test_a_field_that_ends_is_named_with_its_state() -> None:
    with pytest.raises(ValueError, match=r"the vector field is not finite at \[.*\] \(time 0\.37\d*\)"):
        integrate(np.log, np.array([[0.5]]), np.array([0.0, 10.0]))
    with pytest.raises(ValueError, match=r"the vector field is not finite at \[-1\.\] \(time 0\)"):
        integrate(np.log, np.array([[-1.0]]), np.array([0.0, 10.0]))


def falls_or_runs_away(x: np.ndarray) -> np.ndarray:
    """x' = x^3 - x, y' = -y: from abs(x) < 1 to rest, from elsewhere to infinity in finite time."""
    return np.stack([x[..., 0] ** 3 - x[..., 0], -x[..., 1]], axis=-1)


def test_random_starts_that_diverge_are_replaced() -> None:
    mine = Task(
        falls_or_runs_away, name="part", initial=[0.0, 0.0], kind="memory", low=[-2, -1], high=[2, 1], transient=40.0
    )
    np.testing.assert_allclose(mine.initial(200, seed=3), 0.0, atol=1e-6)
    assert mine.states(500).shape == (500, 2)
    assert np.abs(mine.trajectory(2.0, 0.1, trials=50).output.values).max() < 1e-6
    with pytest.raises(ValueError, match="the integration failed at time"):
        mine.trajectory(2.0, 0.1, initial=[[0.5, 0.0], [1.5, 0.0]])


def test_starts_that_all_diverge_raise() -> None:
    mine = Task(lambda x: x, name="out", initial=[1.0], kind="memory", low=[1.0], high=[2.0], transient=60.0)
    with pytest.raises(ValueError, match="the trajectory diverges"):
        mine.initial(4)


@pytest.mark.parametrize("little", [0.0, 1e-10])
def test_a_component_that_is_next_to_nothing_at_the_start_says_nothing_of_its_size(little: float) -> None:
    """Solved in units of its first value, its later ones would look like a run that diverges."""
    lorenz = task("lorenz")
    mine = Task(lorenz.flow, name="mine", initial=[5.0, little, little], kind="chaos", dt=0.02, transient=5.0)
    assert 10 < np.abs(mine.trajectory(10.0, 0.02, seed=0).output.values).max() < 60
