"""Tasks made by registered functions are rebuilt from their spec; tasks go to other processes."""

from __future__ import annotations

import json
import pickle
import sys
import types

import numpy as np
import pytest

from tonicnet.task import Task, _factory, from_dysts, task, task_factory, tasks

X = np.array([[0.5, 1.0], [0.0, 2.0]])


@task_factory("pendulum of the tests")
def pendulum(damping: float = 0.1, *, title: str = "") -> Task:
    def flow(x: np.ndarray) -> np.ndarray:
        return np.stack([x[..., 1], -np.sin(x[..., 0]) - damping * x[..., 1]], axis=-1)

    return Task(
        flow, name="pendulum", initial=[1.0, 0.0], kind="memory", low=[-2, -2], high=[2, 2], title=title, speed=3.0
    )


def rotor(x: np.ndarray) -> np.ndarray:
    return np.stack([-x[..., 1], x[..., 0]], axis=-1) + (1 - (x**2).sum(-1, keepdims=True)) * x


def rotor_of_one_state(x: np.ndarray) -> list[float]:
    pull = 1 - float(x[0] ** 2 + x[1] ** 2)
    return [pull * x[0] - x[1], pull * x[1] + x[0]]


def own(flow) -> Task:
    return Task(flow, name="rotor", initial=[1.0, 0.0], kind="cycle", transient=10.0, truth={"period": 6.283})


def through_json(tables: dict) -> dict:
    return json.loads(json.dumps(tables))


def test_a_task_of_a_factory_goes_round_through_json() -> None:
    made = pendulum(0.3, title="a weight on a rod")
    tables = through_json(made.to_dict())
    assert tables["system"] == "factory"
    assert tables["factory"]["arguments"] == {"damping": 0.3, "title": "a weight on a rod"}
    again = Task.from_dict(tables)
    assert again.to_dict() == made.to_dict()
    np.testing.assert_array_equal(again.flow(X), made.flow(X))
    np.testing.assert_array_equal(again.states(20, seed=1), made.states(20, seed=1))
    assert (again.title, again.speed) == ("a weight on a rod", 3.0)


def test_a_factory_that_is_not_there_names_what_to_import(monkeypatch) -> None:
    tables = through_json(pendulum().to_dict())
    monkeypatch.delitem(_factory.FACTORIES, "pendulum of the tests")
    with pytest.raises(ValueError, match=r"by the task factory 'pendulum of the tests' of .*, which is not registered"):
        Task.from_dict(tables)
    with pytest.raises(ValueError, match=r"import .*test_task_factory first, or register it with task_factory"):
        Task.from_dict(tables)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arguments": {"dumping": 0.3}}, "cannot be made again by the task factory .* 'dumping'"),
        ({"arguments": {"damping": "much"}}, "cannot be made again by the task factory"),
        ({"arguments": 3}, "arguments must be a table"),
        ({"name": "os.system"}, "'os.system' of .*, which is not registered"),
        ({"code": "print()"}, "unknown key 'code'"),
    ],
)
def test_a_spec_that_was_changed_is_one_sentence(change: dict, message: str) -> None:
    tables = through_json(pendulum().to_dict())
    tables["factory"].update(change)
    with pytest.raises(ValueError, match=message) as caught:
        Task.from_dict(tables)
    assert "\n" not in str(caught.value)


def test_a_spec_without_its_factory_is_refused() -> None:
    tables = through_json(pendulum().to_dict())
    del tables["factory"]
    with pytest.raises(ValueError, match=r"\[factory\]: name, arguments, module, version missing"):
        Task.from_dict(tables)


def test_another_version_of_the_package_is_a_warning() -> None:
    tables = through_json(pendulum().to_dict())
    tables["factory"]["version"] = "0.1"
    with pytest.warns(UserWarning, match=r"made by version 0\.1 of its package"):
        Task.from_dict(tables)


def test_what_a_spec_cannot_hold_is_no_argument() -> None:
    with pytest.raises(TypeError, match="damping of task factory 'pendulum of the tests' is <"):
        pendulum(rotor)  # type: ignore[arg-type]
    assert pendulum(np.float64(0.5)).to_dict()["factory"]["arguments"]["damping"] == 0.5


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"already .*pendulum; register under another name"):
        task_factory("pendulum of the tests")(own)
    with pytest.raises(ValueError, match="needs a name"):
        task_factory(pendulum)  # type: ignore[arg-type]


def test_a_shelf_task_of_a_factory_stays_one() -> None:
    plain = task_factory("shelf of the tests")(task)
    assert plain("hopf").to_dict() == task("hopf").to_dict()


# dysts, of which a stand-in does what is used here


class DynSys:
    ic, period, citation = np.array([1.0, 0.0]), 6.28, "nobody"

    def rhs(self, x: np.ndarray, t: float) -> tuple[np.ndarray, ...]:
        x = np.asarray(x)
        return tuple(np.moveaxis(rotor(x), -1, 0))


@pytest.fixture
def dysts(monkeypatch) -> None:
    flows = types.ModuleType("dysts.flows")
    rotor_class = type("Rotor", (DynSys,), {})
    vars(flows).update(DynSys=DynSys, DynSysDelay=type("DynSysDelay", (), {}), Rotor=rotor_class)
    package = types.ModuleType("dysts")
    vars(package).update(flows=flows, __version__="0.95")
    monkeypatch.setitem(sys.modules, "dysts", package)
    monkeypatch.setitem(sys.modules, "dysts.flows", flows)


@pytest.mark.usefixtures("dysts")
def test_a_task_of_dysts_goes_round(monkeypatch) -> None:
    made = from_dysts("Rotor")
    tables = through_json(made.to_dict())
    assert tables["factory"]["arguments"] == {"name": "Rotor"}
    again = Task.from_dict(tables)
    np.testing.assert_array_equal(again.flow(X), made.flow(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(made)).flow(X), made.flow(X))
    monkeypatch.setitem(sys.modules, "dysts.flows", None)
    with pytest.raises(ValueError, match=r'pip install "tonicnet\[dysts\]"'):
        Task.from_dict(tables)


# other processes


def sent(t: Task) -> Task:
    return pickle.loads(pickle.dumps(t))


@pytest.mark.parametrize("name", tasks())
def test_the_shelf_is_sent(name: str) -> None:
    t, x = task(name), task(name).states(5)
    again = sent(t)
    np.testing.assert_array_equal(again.flow(x), t.flow(x))
    assert again.to_dict() == t.to_dict()
    assert again.truth == t.truth


@pytest.mark.parametrize("flow", [rotor, rotor_of_one_state])
def test_a_field_at_the_top_of_a_module_is_sent(flow) -> None:
    t = own(flow)
    again = sent(t)
    np.testing.assert_array_equal(again.flow(X), t.flow(X))
    np.testing.assert_array_equal(again.initial(3), t.initial(3))


def test_samples_are_sent() -> None:
    u = np.random.default_rng(0).standard_normal((3, 9, 2))
    for t in (Task.from_array(u, name="noise", dt=0.1), Task.from_trials(u, 2 * u, name="double", dt=0.1)):
        assert sent(t).to_dict() == t.to_dict()


def test_a_task_of_a_factory_is_sent_though_its_field_is_local() -> None:
    t = pendulum(0.7)
    np.testing.assert_array_equal(sent(t).flow(X), t.flow(X))


def test_a_local_field_is_named() -> None:
    with pytest.raises(TypeError, match=r"the vector field of task 'rotor' cannot be pickled .* top of a module"):
        pickle.dumps(own(lambda x: rotor(x)))
