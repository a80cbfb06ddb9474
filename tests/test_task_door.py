"""What a user may hand in: names, TOML files, vector fields; and what comes back when it is wrong."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonicnet.task import Task, from_dysts, task, tasks
from tonicnet.task._spec import read_spec, spec_from_dict

HOPF = """
name = "mine"
system = "hopf"
kind = "cycle"
speed = 3
[parameters]
mu = 4
omega = 2.0
[sampling]
dt = 0.01
transient = 10
duration = 10.0
low = [-1, -1]
high = [1, 1]
[truth]
radius = 2
"""


def rotor(x):
    return np.stack([-x[..., 1], x[..., 0]], axis=-1) + (1 - (x**2).sum(-1, keepdims=True)) * x


def scalar_rotor(x):
    a, b = x
    pull = 1 - (a * a + b * b)
    return [pull * a - b, pull * b + a]


def own(flow=rotor, **given) -> Task:
    return Task(flow, **{"name": "rotor", "initial": [1.0, 0.0], "kind": "cycle", "transient": 10.0, **given})


def written(tmp_path, text: str):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return file


# the shelf and TOML files


def test_a_toml_file_anywhere_is_a_task(tmp_path) -> None:
    mine = task(written(tmp_path, HOPF))
    assert (mine.name, mine.kind, mine.speed, mine.truth) == ("mine", "cycle", 3, {"radius": 2})
    np.testing.assert_allclose(np.hypot(*mine.initial(3).T), 2.0, atol=1e-6)
    assert task("hopf").speed is None


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"unknown task 'lorentz'\. Did you mean 'lorenz'\? Known: breast-cancer, chua"
    ):
        task("lorentz")
    with pytest.raises(FileNotFoundError, match="no task file"):
        task("nowhere/mine.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("speed = 3", "sped = 3", r"unknown key 'sped'\. Did you mean 'speed'\?"),
        ('system = "hopf"', 'system = "hofp"', r"Did you mean 'hopf'"),
        ('system = "hopf"', "system = 3", "system must be a text"),
        ('system = "hopf"', "", "system missing; add it"),
        ('system = "hopf"', 'system = "callable"', "its spec does not hold; a file names a system"),
        ('kind = "cycle"', 'kind = "cycles"', r"Did you mean 'cycle'"),
        ("mu = 4", "nu = 4", r"\[parameters\]: unknown key 'nu'"),
        ("mu = 4", "", r"\[parameters\]: mu missing"),
        ("mu = 4", 'mu = "4"', "mu must be a finite number, got '4'"),
        ("mu = 4", "mu = nan", "mu must be a finite number"),
        ("mu = 4", "mu = true", "mu must be a finite number"),
        ("dt = 0.01", "dt = -0.01", "dt must be a positive number"),
        ("dt = 0.01", "dt = 11.0", "duration >= dt"),
        ("dt = 0.01", "step = 0.01", r"\[sampling\]: unknown key 'step'"),
        ("low = [-1, -1]", "", "both or neither"),
        ("low = [-1, -1]", "low = [-1, 2]", "must lie below high"),
        ("low = [-1, -1]", "low = [-1]", "must lie below high"),
        ("low = [-1, -1]\nhigh = [1, 1]", "", "needs low and high"),
        ("low = [-1, -1]\nhigh = [1, 1]", "low = [-1]\nhigh = [1]", "low has 1 numbers"),
        ("radius = 2", "radios = 2", r"\[truth\]: unknown key 'radios'. Did you mean 'radius'"),
        ("radius = 2", "amplitude = [1, 2, 3]", "amplitude has 3 numbers"),
        ("radius = 2", "fixed_points = [[1, 2], [3]]", r"fixed_points\[1\] has 1 numbers"),
        ("radius = 2", "fixed_points = [1, 2]", "a list of states"),
        ("[truth]", "[scaling]\nscale = [1, 0]\n[truth]", "scale must be positive"),
        ("[truth]", "[truth", "not valid TOML"),
        ('name = "mine"', 'name = ""', "needs a name"),
        ("[parameters]", "components = ['a', 'b']\n[parameters]", "the components of hopf are"),
        ("[sampling]", "[sampling]\nlow = 3", "Cannot overwrite|low must be a list"),
        ("[parameters]\nmu = 4\nomega = 2.0", "parameters = 3", "parameters must be a table"),
    ],
)
def test_a_wrong_toml_is_one_sentence(tmp_path, old: str, new: str, message: str) -> None:
    assert old in HOPF
    with pytest.raises(ValueError, match=message) as caught:
        task(written(tmp_path, HOPF.replace(old, new)))
    assert "\n" not in str(caught.value)


def test_a_binary_file_is_no_toml(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe\x00junk")
    with pytest.raises(ValueError, match="not valid TOML"):
        task(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_mutated_spec_is_a_task_or_a_value_error(data) -> None:
    tables = task("lorenz").to_dict()
    key = data.draw(st.sampled_from(sorted(tables)))
    if isinstance(tables[key], dict) and data.draw(st.booleans()):
        tables[key][data.draw(st.sampled_from(sorted(tables[key])))] = data.draw(JSON)
    else:
        tables[key] = data.draw(JSON)
    with contextlib.suppress(ValueError):
        assert Task.from_dict(tables).to_dict()["system"] == "lorenz"


@pytest.mark.parametrize("name", tasks())
def test_a_task_goes_round_through_json(name: str) -> None:
    t = task(name)
    again = Task.from_dict(json.loads(json.dumps(t.to_dict())))
    assert again.to_dict() == t.to_dict()
    x = t.initial(3, seed=1)
    np.testing.assert_array_equal(again.initial(3, seed=1), x)
    np.testing.assert_array_equal(again.flow(x), t.flow(x))
    assert spec_from_dict(t.to_dict(), where="here").name == name


def test_a_spec_is_frozen_and_so_is_a_task() -> None:
    t = task("hopf")
    with pytest.raises(AttributeError, match="a Task is frozen: kind cannot be set"):
        t.kind = "chaos"
    with pytest.raises(ValueError, match="read-only"):
        t.center[0] = 1.0
    t.truth["radius"] = 7.0
    assert t.truth["radius"] == 1.0
    assert repr(t) == "Task('hopf', kind='cycle', components=('x', 'y'))"
    with pytest.raises(FileNotFoundError):
        read_spec("nowhere.toml")


# a vector field of one's own


@pytest.mark.parametrize("flow", [rotor, scalar_rotor])
def test_own_vector_field(flow) -> None:
    mine = own(flow, duration=2 * math.pi, dt=0.02)
    assert mine.has_flow
    assert mine.components == ("x", "y")
    np.testing.assert_allclose(mine.flow(np.ones((2, 3, 2))), np.broadcast_to([-2.0, 0.0], (2, 3, 2)))
    np.testing.assert_allclose(np.hypot(*mine.initial(5, seed=2).T), 1.0, atol=1e-5)
    assert mine.time_scale == pytest.approx(1.0, rel=0.02)
    np.testing.assert_allclose(mine.scale, math.sqrt(0.5), rtol=0.05)
    assert mine.states(31).shape == (31, 2)
    tables = json.loads(json.dumps(mine.to_dict()))
    assert tables["system"] == "callable"
    with pytest.raises(ValueError, match="made from a callable, which its spec does not hold"):
        Task.from_dict(tables)


def test_a_field_that_only_looks_batched_is_called_state_by_state() -> None:
    def transposed(x):  # for five states of five components this indexes states, not components
        return np.array([-x[0], -x[1], -x[2], -x[3], x[0] - x[4]])

    mine = Task(transposed, name="five", initial=np.ones(5), low=-np.ones(5), high=np.ones(5), kind="memory")
    x = np.arange(25.0).reshape(5, 5)
    np.testing.assert_array_equal(mine.flow(x), np.stack([transposed(row) for row in x]))
    assert mine.components == ("0", "1", "2", "3", "4")


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        (lambda x: x[..., :1], r"returned shape \(1,\) for a state of shape \(2,\)"),
        (lambda x: x / 0.0, r"is \[inf, nan\] at state \[1\., 0\.\]"),
        (lambda x: np.log(x - 1.0), r"at state \[1\., 0\.\]"),
        (lambda x: x["a"], r"raised IndexError at state \[1\., 0\.\]"),
        (lambda: 1, "raised TypeError"),
        (lambda x: None, "returned shape"),
        (lambda x: "no", "raised ValueError"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_field_is_one_sentence(flow, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        own(flow)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"initial": [1.0, math.nan]}, ValueError, "initial must be finite numbers"),
        ({"initial": [[1.0, 0.0]]}, ValueError, r"initial has shape .* got \(1, 2\)"),
        ({"initial": "here"}, TypeError, "a list of numbers"),
        ({"kind": "cycles"}, ValueError, "Did you mean 'cycle'"),
        ({"kind": "recording"}, ValueError, "unknown kind of a vector field"),
        ({"kind": "memory"}, ValueError, "needs low and high"),
        ({"components": ["a"]}, ValueError, "2 components, got 1 names"),
        ({"components": ["a", "a"]}, ValueError, "once each"),
        ({"center": [0.0]}, ValueError, "center has 1 numbers"),
        ({"scale": [1.0, -1.0]}, ValueError, "scale must be positive"),
        ({"speed": 0.0}, ValueError, "speed must be a positive number"),
        ({"dt": 0.0}, ValueError, "dt must be a positive number"),
        ({"transient": -1.0}, ValueError, "transient >= 0"),
        ({"low": [0.0, 0.0]}, ValueError, "both or neither"),
        ({"truth": {"perriod": 1.0}}, ValueError, "Did you mean 'period'"),
        ({"name": ""}, ValueError, "needs a name"),
    ],
)
def test_wrong_arguments(given, error, message: str) -> None:
    with pytest.raises(error, match=message):
        own(**given)


def test_flow_must_be_callable() -> None:
    with pytest.raises(TypeError, match="flow"):
        own(flow=3)


def test_a_diverging_field_names_the_time() -> None:
    blow_up = own(lambda x: x**2, initial=[1.0, 1.0])  # x = 1 / (1 - t)
    with pytest.raises(ValueError, match=r"the integration failed at time 1 of 60 "):
        blow_up.initial(1)
    grows = own(lambda x: x, initial=[1.0, 1.0])
    with pytest.raises(ValueError, match=r"diverges: a state exceeds 1e\+09 at time 20\.[78]"):
        grows.trajectory(40.0, 0.1, initial=[[1.0, 1.0]])


def test_a_component_that_never_moves_keeps_a_sane_scale() -> None:
    mine = own(lambda x: np.concatenate([rotor(x[..., :2]), 0 * x[..., 2:]], -1), initial=[1.0, 0.0, 3.0])
    assert np.isfinite(mine.time_scale)
    assert mine.scale.min() > 1e-6
    still = own(lambda x: 0 * x, low=[1.0, 1.0], high=[1.0, 1.0])
    np.testing.assert_array_equal(still.scale, 1.0)
    assert still.time_scale == math.inf


SIZES = np.array([14e-6, 64.0])


def wide(x):  # a circle whose components are volts of some microvolts and degrees
    y = x / SIZES
    pull = 1 - (y**2).sum(-1, keepdims=True)
    return SIZES * (np.stack([-y[..., 1], y[..., 0]], axis=-1) + pull * y)


def test_components_of_other_sizes_keep_their_own_scales() -> None:
    mine = Task(wide, name="wide", initial=[14e-6, 1.0], kind="cycle", transient=10.0, duration=20.0, dt=0.05)
    np.testing.assert_allclose(mine.scale / SIZES, np.sqrt(0.5), rtol=0.05)
    run = mine.trajectory(20.0, 0.05, trials=2).output.values / SIZES
    np.testing.assert_allclose(np.hypot(run[..., 0], run[..., 1]), 1.0, atol=1e-6)
    circle = SIZES * np.stack([np.cos(np.arange(200) * 0.05), np.sin(np.arange(200) * 0.05)], axis=1)
    held = Task.from_array(circle, name="held", dt=0.05)
    np.testing.assert_allclose(held.scale, circle.std(axis=0))
    np.testing.assert_array_equal(held.trajectory(1.0, 0.05, initial=circle[[30]]).output[0, 0], circle[30])
    with pytest.raises(ValueError, match="only start where it has been"):
        held.trajectory(1.0, 0.05, initial=circle[[30]] * [1.5, 1.0])
    shown = Task.from_trials(0 * circle, circle, name="shown", dt=0.05)
    np.testing.assert_allclose(shown.scale, circle.std(axis=0))
    with pytest.raises(ValueError, match="state 0 of initial is none of them"):
        shown.trajectory(1.0, 0.05, initial=circle[[0]] * [1.5, 1.0])


# runs


def test_layout_of_a_trajectory() -> None:
    run = task("lorenz").trajectory(1.0, 0.1, trials=2, seed=3)
    assert run.output.dims == ("trial", "time", "component")
    np.testing.assert_allclose(run.time, np.arange(11) * 0.1)
    np.testing.assert_array_equal(run.time, run.task_time)
    assert list(run.component.values) == ["x", "y", "z"]
    assert set(run.segment.values) == {"lorenz"}
    assert set(run.segment_index.values) == {0}
    assert set(run.dimension.values) == {3}
    assert (run.attrs["kind"], run.attrs["seed"]) == ("truth", 3)
    assert all({"units", "long_name"} <= set(run[name].attrs) for name in [*run.data_vars, *run.coords])


def test_seeds() -> None:
    t = task("van-der-pol")
    a, b, c = (t.trajectory(1.0, 0.1, seed=seed).output.values for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 1e-3
    np.testing.assert_array_equal(t.states(9, seed=4), t.states(9, seed=4))


@settings(max_examples=25, deadline=None)
@given(steps=st.integers(1, 40), dt=st.floats(1e-3, 0.5), trials=st.integers(1, 3))
def test_a_run_is_sampled_at_every_step_end_included(steps: int, dt: float, trials: int) -> None:
    start = np.ones((trials, 2))
    run = task("hopf").trajectory(steps * dt, dt, initial=start)
    assert run.output.shape == (trials, steps + 1, 2)
    np.testing.assert_allclose(run.time, np.arange(steps + 1) * dt)
    np.testing.assert_array_equal(run.output[:, 0], start)


@pytest.mark.parametrize("name", ["van-der-pol", "hopf", "two-well", "line-attractor"])
def test_states_lie_on_the_attractor_and_on_the_way_to_it(name: str) -> None:
    t = task(name)
    settled = np.linalg.norm(t.initial(200), axis=1)
    spread = np.linalg.norm(t.states(2000), axis=1)
    inside = (spread > settled.min() - 1e-3) & (spread < settled.max() + 1e-3)
    assert 0.4 < inside.mean() < 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.trajectory(0.0, 0.1), "duration must be a positive number"),
        (lambda t: t.trajectory(1.0, math.nan), "dt must be a positive number"),
        (lambda t: t.trajectory(0.1, 1.0), "at least one step"),
        (lambda t: t.trajectory(1.0, 0.1, trials=0), "trials must be a whole number >= 1"),
        (lambda t: t.trajectory(1.0, 0.1, seed=-1), "seed must be a whole number >= 0"),
        (
            lambda t: t.trajectory(1.0, 0.1, initial=[1.0, 2.0, 3.0]),
            r"shape \(trial, 2\), got shape \(3,\)",
        ),
        (lambda t: t.trajectory(1.0, 0.1, initial=[math.nan, 2.0]), "initial holds values that are not finite"),
        (lambda t: t.initial(0), "trials must be a whole number >= 1"),
        (lambda t: t.states(0), "count must be a whole number >= 1"),
        (lambda t: t.flow(np.zeros((4, 3))), r"2 components, got states of shape \(4, 3\)"),
    ],
)
def test_wrong_requests(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(task("hopf"))


# dysts

DYSTS = pytest.mark.skipif(importlib.util.find_spec("dysts") is None, reason="dysts is an extra")


@DYSTS
def test_dysts_systems_are_tasks() -> None:
    theirs, ours = from_dysts("Lorenz"), task("lorenz")
    x = ours.states(20)

    np.testing.assert_allclose(theirs.flow(x)[:, :2], ours.flow(x)[:, :2], rtol=1e-9)
    assert theirs.initial(2).shape == (2, 3)


@DYSTS
def test_dysts_names_and_kinds() -> None:
    with pytest.raises(ValueError, match=r"unknown dysts system 'Lorentz'\. Did you mean 'Lorenz'"):
        from_dysts("Lorentz")
    with pytest.raises(ValueError, match="delay equation"):
        from_dysts("MackeyGlass")


def test_without_dysts_the_remedy_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "dysts.flows", None)
    with pytest.raises(ImportError, match=r'pip install "tonicnet\[dysts\]"'):
        from_dysts("Lorenz")
