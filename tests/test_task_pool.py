"""States drawn from long runs that are integrated once: what they depend on, and where they are kept."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from tonicnet.task import Task, _pool, _store, task
from tonicnet.task._store import Store

KINDS = ["lorenz", "van-der-pol", "two-well"]


def rotor(x: np.ndarray) -> np.ndarray:
    return np.stack([-x[..., 1], x[..., 0]], axis=-1) + (1 - (x**2).sum(-1, keepdims=True)) * x


@pytest.fixture
def empty(monkeypatch) -> None:
    """No run is kept from before."""
    monkeypatch.setattr(_store, "_SHARED", Store())


def forbid_integration(monkeypatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("integrated again")

    monkeypatch.setattr(_pool, "attempted", fail)


def asked(t: Task) -> dict[str, np.ndarray]:
    return {
        "states": t.states(300, seed=4),
        "initial": t.initial(20, seed=4),
        "run": t.trajectory(1.0, 0.1, trials=3, seed=4).output.values,
        "time_scale": np.array(t.time_scale),
    }


@pytest.mark.parametrize("name", KINDS)
def test_what_is_drawn_does_not_depend_on_what_was_asked_before(name: str, monkeypatch) -> None:
    monkeypatch.setattr(_store, "_SHARED", Store())
    first = asked(task(name))
    monkeypatch.setattr(_store, "_SHARED", Store())
    t = task(name)
    t.trajectory(2.0, 0.1, trials=2, seed=9)
    t.states(50_000, seed=1)
    t.initial(700, seed=4)
    assert t.time_scale > 0
    later = {what: asked(t)[what] for what in reversed(first)}
    for what, values in first.items():
        np.testing.assert_array_equal(later[what], values, err_msg=what)


@pytest.mark.parametrize("name", KINDS)
def test_seeds_differ_and_repeat(name: str) -> None:
    t = task(name)
    for draw in (t.states, t.initial):
        np.testing.assert_array_equal(draw(40, seed=1), draw(40, seed=1))
        assert not np.array_equal(draw(40, seed=1), draw(40, seed=2))


def test_two_runs_of_chaos_share_no_stretch_of_a_run() -> None:
    """No state of one run comes so near to any of the other as runs that follow each other would."""
    t = task("lorenz")
    one, two = (t.trajectory(30.0, 0.01, trials=4, seed=seed).output.values for seed in (1, 2))
    for a in one:
        for b in two:
            shared = np.abs(a[::100, None] - b[None, :]).max(axis=2).min(axis=1) < 0.02
            assert shared.mean() < 0.2


def test_a_task_is_integrated_once_a_process(empty, monkeypatch) -> None:
    first = asked(task("lorenz"))
    forbid_integration(monkeypatch)
    for what, values in asked(task("lorenz")).items():
        np.testing.assert_array_equal(values, first[what])
    with pytest.raises(AssertionError, match="integrated again"):
        task("roessler").states(5)


def test_tasks_of_other_numbers_or_functions_share_nothing(empty) -> None:
    tables = task("hopf").to_dict()
    wide = Task.from_dict({**tables, "parameters": {"mu": 4.0, "omega": 1.0}})
    np.testing.assert_allclose(np.hypot(*task("hopf").initial(3).T), 1.0, atol=1e-6)
    np.testing.assert_allclose(np.hypot(*wide.initial(3).T), 2.0, atol=1e-6)
    given = {"name": "own", "initial": [1.0, 0.0], "kind": "cycle", "transient": 10.0}
    assert not np.allclose(Task(rotor, **given).scale, Task(lambda x: rotor(x / 3), **given).scale)


def test_a_run_that_is_kept_cannot_be_changed_through_what_was_handed_out(empty) -> None:
    t = task("hopf")
    run = t.trajectory(1.0, 0.1, seed=2)
    kept = run.output.values.copy()
    run.output.values[:] = 7.0
    np.testing.assert_array_equal(t.trajectory(1.0, 0.1, seed=2).output.values, kept)
    t.states(40)[:] = 7.0
    assert np.abs(t.states(40)).max() < 3


def test_long_runs_of_one_store_are_bounded() -> None:
    store = Store(room=1000)
    for k in range(5):
        store.array(str(k), lambda: np.zeros(50))
    assert store.size <= 1000
    np.testing.assert_array_equal(store.array("4", lambda: np.ones(50)), 0.0)
    np.testing.assert_array_equal(store.array("0", lambda: np.ones(50)), 1.0)
    assert store.array("large", lambda: np.zeros(500)).size == 500


def test_runs_are_kept_in_a_folder_if_asked(empty, monkeypatch, tmp_path) -> None:
    before = asked(task("hopf"))
    assert not any(tmp_path.iterdir())
    monkeypatch.setattr(_store, "_SHARED", Store())
    monkeypatch.setenv("TONICNET_CACHE", str(tmp_path))
    asked(task("hopf"))
    assert len([*tmp_path.glob("tonicnet-*.npz")]) == len([*tmp_path.iterdir()]) > 2
    monkeypatch.setattr(_store, "_SHARED", Store())
    with monkeypatch.context() as patch:
        forbid_integration(patch)
        for what, values in asked(task("hopf")).items():
            np.testing.assert_array_equal(values, before[what])


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"x" * len(raw)])
def test_a_damaged_file_is_computed_again(empty, monkeypatch, tmp_path, damage) -> None:
    monkeypatch.setenv("TONICNET_CACHE", str(tmp_path))
    before = asked(task("hopf"))
    kept = sorted(tmp_path.iterdir())
    assert kept
    for file in kept:
        file.write_bytes(damage(file.read_bytes()))
    monkeypatch.setattr(_store, "_SHARED", Store())
    for what, values in asked(task("hopf")).items():
        np.testing.assert_array_equal(values, before[what])
    assert sorted(tmp_path.iterdir()) == kept
    assert all(np.load(file)["values"].size for file in kept)


def test_a_folder_that_is_missing_is_named(empty, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TONICNET_CACHE", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere to keep runs in, which TONICNET_CACHE names"):
        task("hopf").initial(2)


def test_a_copy_of_a_task_is_the_task() -> None:
    t = task("hopf")
    assert copy.deepcopy(t) is t
    assert copy.copy(t) is t


def stopping(r: float) -> Task:
    """The Lorenz system below its transition, where chaos lasts for a while and then comes to rest."""

    def flow(x: np.ndarray) -> np.ndarray:
        a, b, c = np.moveaxis(x, -1, 0)
        return np.stack([10 * (b - a), a * (r - c) - b, a * b - 8 / 3 * c], axis=-1)

    return Task(flow, name=f"stopping {r}", initial=[1.0, 2.0, 15.0], dt=0.01, duration=10.0, transient=0.0)


def test_true_runs_of_chaos_that_come_to_rest_are_replaced(monkeypatch) -> None:
    reasons: list[str] = []
    real = _pool.Pool._attempted

    def attempted(self: _pool.Pool, *given: object):
        runs, lost = real(self, *given)
        reasons.extend(map(str, lost.values()))
        return runs, lost

    monkeypatch.setattr(_pool.Pool, "_attempted", attempted)
    made = stopping(22.5).trajectory(150.0, 0.05, trials=20, seed=3).output.values
    assert made.shape == (20, 3001, 3)
    assert np.ptp(made[:, -20:], axis=1).max(1).min() > 0.005
    assert any("end at rest" in reason for reason in reasons)


def test_a_field_without_lasting_chaos_says_so() -> None:
    with pytest.raises(ValueError, match="end at rest"):
        stopping(20.0).trajectory(60.0, 0.05, trials=20, seed=3)


def test_runs_that_all_diverge_say_so_where_a_field_takes_no_empty_array() -> None:
    def grows(x: np.ndarray) -> np.ndarray:
        return x**2 + 1.0 + 0.0 * np.abs(x).max()

    task = Task(grows, name="grows", initial=[0.0, 0.0], dt=0.01, duration=1.0, transient=0.0)
    with pytest.raises(ValueError, match="check the vector field"):
        task.trajectory(40.0, 0.05, trials=4, seed=3)
