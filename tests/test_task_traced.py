"""Fields that compiled code can carry out, against numpy: each operation, whole runs, and what is not taken for one."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from tonicnet.compiled import OPERATIONS, compiler
from tonicnet.task import Task, _integrate, task
from tonicnet.task._integrate import attempted
from tonicnet.task._traced import traced

Flow = Callable[[np.ndarray], np.ndarray]

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler")

X = np.random.default_rng(0).uniform(0.1, 0.9, (19, 2))  # more states than are done side by side, and not a multiple
TWO = {"add", "subtract", "multiply", "divide", "power", "arctan2", "hypot", "maximum", "minimum", "heaviside"}
ONE = set(OPERATIONS) - TWO - {"modulo"}


def program_of(flow: Flow, x: np.ndarray = X):
    found = traced(flow, x)
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(TWO))
def test_operations_on_two_numbers(name: str) -> None:
    def flow(x: np.ndarray) -> np.ndarray:
        f, a, b = getattr(np, name), x[..., 0], x[..., 1]
        return np.stack([f(a, b), f(f(b, 2.5), f(a, 1.5))], axis=-1)

    np.testing.assert_allclose(program_of(flow).slope(X), flow(X), rtol=1e-13)


@pytest.mark.parametrize("name", sorted(ONE))
def test_operations_on_one_number(name: str) -> None:
    def flow(x: np.ndarray) -> np.ndarray:
        return getattr(np, name)(x) - x[..., ::-1]

    np.testing.assert_allclose(program_of(flow).slope(X), flow(X), rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (-6.0, 2.0)])
def test_the_rest_of_a_division_has_the_sign_of_the_divisor(a: float, b: float) -> None:
    x = np.array([[a, b]])
    found = program_of(lambda x: np.stack([x[..., 0] % x[..., 1], x[..., 0] % 2.0], axis=-1), x)
    np.testing.assert_allclose(found.slope(x), [[a % b, a % 2.0]], atol=1e-15)


@pytest.mark.parametrize("name", ["maximum", "minimum", "heaviside", "sign"])
def test_what_compares_does_so_as_numpy_does(name: str) -> None:
    ufunc, values = getattr(np, name), np.array([-1.5, -0.0, 0.0, 2.5, np.inf, -np.inf, np.nan])
    x = np.array([[a, b] for a in values for b in values])

    def flow(x: np.ndarray) -> np.ndarray:
        return np.stack([ufunc(*(x[..., k] for k in range(ufunc.nin))), x[..., 1]], axis=-1)

    np.testing.assert_array_equal(program_of(flow).slope(x), flow(x))


@pytest.mark.parametrize(
    "flow",
    [
        lambda x: np.clip(x, 0.2, 0.4),
        lambda x: np.clip(x, x[..., ::-1], 0.8),
        lambda x: np.sign(x - 0.5) * np.heaviside(0.4 - x, 1) + np.maximum(x, 0.5) * np.minimum(0.5, x),
    ],
    ids=["clipped", "clipped by states", "all"],
)
def test_fields_that_compare_by_functions_of_numpy(flow: Flow) -> None:
    np.testing.assert_allclose(program_of(flow).slope(X), flow(X), rtol=1e-13)


@pytest.mark.parametrize("power", [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, -2, 0.5])
def test_powers(power: float) -> None:
    found = program_of(lambda x: x**power)
    np.testing.assert_allclose(found.slope(X), X**power, rtol=1e-13)


def test_what_is_done_twice_is_computed_once() -> None:
    def flow(x: np.ndarray) -> np.ndarray:
        a, b = x[..., 0], x[..., 1]
        return np.stack([np.sin(a * b) + 2.0, np.sin(a * b) - 2.0], axis=-1)

    assert len(program_of(flow).code) == 4


@pytest.mark.parametrize(
    "flow",
    [
        lambda x: np.stack([x[..., 1], np.zeros_like(x[..., 0], dtype=float)], axis=-1),
        lambda x: x @ np.array([[0.0, 1.0], [-1.0, 0.0]]),
        lambda x: np.tanh(x @ np.ones((2, 5))) @ np.ones((5, 2)) - x,
        lambda x: np.array([x[..., 0] * 2, 3.0 + 0 * x[..., 1]]).T,
    ],
    ids=["constants", "products", "a network", "columns"],
)
def test_fields_as_people_write_them(flow: Flow) -> None:
    np.testing.assert_allclose(program_of(flow).slope(X), flow(X), rtol=1e-13)


@pytest.mark.parametrize(
    "flow",
    [
        lambda x: np.where(x > 0.5, x, -x),
        lambda x: x if x.ravel()[0] == 0.5 else -x,
        lambda x: np.array([[math.sin(float(v)) for v in row] for row in x]),
        lambda x: np.real(np.exp(1j * x)),
        lambda x: np.sort(x),
        lambda x: x * np.random.default_rng().uniform(),
        lambda x: x[..., :1],
        lambda x: np.max(x, axis=-1, keepdims=True) - x,
        lambda x: -x * len(x),
    ],
    ids=["where", "if", "floats", "complex", "sorted", "random", "shape", "the largest", "count"],
)
def test_what_asks_for_more_than_arithmetic_is_left_as_it_is(flow: Flow) -> None:
    assert traced(flow, X) is None


def both_ways(flow: Flow, start: np.ndarray, times: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    """Return states and failures of compiled steps, and of numpy's."""
    found = []
    for way in (traced, lambda flow, x: None):
        monkeypatch.setattr(_integrate, "traced", way)
        found.append(attempted(flow, start, times))
    return found


@pytest.mark.parametrize("name", ["lorenz", "chua", "van-der-pol", "figure-eight", "two-well"])
def test_compiled_steps_are_those_of_numpy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to rounding, which chaos and kinks magnify: so over a few turns. More trials than fit side by side."""
    t = task(name)
    flow = t._source.flow
    assert traced(flow, t.initial(3)) is not None
    times = np.linspace(0.0, 3 * t.time_scale, 300)
    (one, lost), (other, gone) = both_ways(flow, t.initial(21, seed=3), times, monkeypatch)
    assert not lost
    assert not gone
    np.testing.assert_allclose(one, other, atol=1e-6 * np.abs(other).max())


def test_a_step_taken_alone_is_the_same_bit_for_bit_as_beside_others() -> None:
    t = task("lorenz")
    start, times = t.initial(11, seed=5), np.linspace(0.0, 30.0, 200)
    flow = t._source.flow
    assert traced(flow, start) is not None
    together, _ = attempted(flow, start, times)
    size = np.abs(start).max()  # the tolerance is that of the largest start: each alone has one beside it
    largest = start[np.abs(start).max(axis=1).argmax()]
    alone, _ = attempted(flow, np.stack([start[4], largest]), times)
    assert np.abs(largest).max() == size
    np.testing.assert_array_equal(alone[0], together[4])


@pytest.mark.parametrize(
    ("flow", "starts"),
    [
        (lambda x: x * x - x, [[0.5], [2.0], [-0.5]]),
        (np.log, [[0.5], [0.9]]),
        (lambda x: x**3, [[1.0], [0.1], [0.2]]),
        (lambda x: 2 * x, [[1.0], [3.0]]),
        (lambda x: 1e7 * np.stack([x[..., 1], -x[..., 0]], axis=-1), [[1.0, 0.0]]),
    ],
    ids=["finite time", "not a number", "cubic", "exponential", "too fast"],
)
def test_runs_end_for_the_same_reasons(flow: Flow, starts: list[list[float]], monkeypatch) -> None:
    (one, lost), (other, gone) = both_ways(flow, np.array(starts), np.linspace(0.0, 12.0, 61), monkeypatch)
    assert gone
    assert list(lost) == list(gone)
    for row, error in gone.items():
        head = str(error).split("[")[0].split("time")[0]
        assert str(lost[row]).startswith(head)
        assert type(lost[row]) is type(error)
    np.testing.assert_allclose(np.isnan(one), np.isnan(other))
    kept = [row for row in range(len(one)) if row not in gone]
    np.testing.assert_allclose(one[kept], other[kept], atol=1e-9)


def test_a_stiff_trial_goes_on_implicitly_and_the_others_in_compiled_steps(monkeypatch) -> None:
    def fast(x: np.ndarray) -> np.ndarray:
        return np.stack([-x[..., 0], -1e6 * (x[..., 1] - x[..., 0])], axis=-1)

    (one, lost), _ = both_ways(fast, np.array([[1.0, 0.0], [2.0, 2.0]]), np.linspace(0.0, 3.0, 7), monkeypatch)
    assert not lost
    np.testing.assert_allclose(one[..., 0], np.outer([1.0, 2.0], np.exp(-np.linspace(0.0, 3.0, 7))), atol=1e-6)


def test_a_field_is_called_a_few_times_however_long_the_run(monkeypatch) -> None:
    calls = [0]

    def lorenz(x: np.ndarray) -> np.ndarray:
        calls[0] += 1
        return field(x)

    field = task("lorenz")._source.flow
    start = task("lorenz").initial(4)
    attempted(lorenz, start, np.linspace(0, 50, 100))
    assert calls[0] < 12
    calls[0] = 0
    monkeypatch.setattr(_integrate, "traced", lambda flow, x: None)
    attempted(lorenz, start, np.linspace(0, 50, 100))
    assert calls[0] > 5000


def test_without_a_compiler_numpy_takes_the_steps(monkeypatch) -> None:
    from tonicnet.compiled import _library

    monkeypatch.setenv("TONICNET_COMPILED", "0")
    _library.library.cache_clear()
    try:
        assert traced(task("lorenz")._source.flow, task("lorenz").initial(2)) is None
    finally:
        _library.library.cache_clear()


def test_a_field_of_one_state_only_is_no_longer_called_in_a_loop(monkeypatch) -> None:
    calls = [0]

    def one(x: np.ndarray) -> np.ndarray:
        calls[0] += 1
        return np.array([x[1], (1 - x[0] ** 2) * x[1] - x[0]])

    counts, ends = [], []
    for way in (traced, lambda flow, x: None):
        monkeypatch.setattr(_integrate, "traced", way)
        calls[0] = 0
        mine = Task(one, name="mine", initial=[1.0, 0.5], kind="cycle", transient=40.0)
        ends.append(mine.trajectory(50.0, 0.5, trials=4)["output"].values)
        counts.append(calls[0])
    assert counts[0] < counts[1] / 20
    np.testing.assert_allclose(*ends, atol=1e-6)


@pytest.mark.parametrize("turns", [1, 37])
def test_a_run_goes_on_where_a_call_of_compiled_code_ended(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that Ctrl-C is heard between calls: cut in any number of them, the steps are the same, bit for bit."""
    t = task("lorenz")
    start, times = t.initial(11, seed=5), np.linspace(0.0, 10.0, 100)
    whole, _ = attempted(t._source.flow, start, times)
    monkeypatch.setattr(_integrate, "_TURNS", turns)
    cut, failures = attempted(t._source.flow, start, times)
    assert not failures
    np.testing.assert_array_equal(cut, whole)


def test_a_task_is_made_and_integrated_without_torch() -> None:
    code = "import sys, tonicnet as tn; tn.task('lorenz').initial(3); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
