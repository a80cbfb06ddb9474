"""Systems of dysts as tasks: fields for many states, phases as pairs, and the way back to the system's own state."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
import types

import numpy as np
import pytest
import xarray as xr

from tonicnet._share import shelf
from tonicnet.task import Chart, Task, dysts_systems, from_dysts, task
from tonicnet.task._chart import Phase
from tonicnet.task._contraction import contracts, jacobians
from tonicnet.task._dysts_field import ALONE, _Loop, own_field
from tonicnet.task._dysts_truth import rows, truth_of
from tonicnet.task._phases import chart_of, names_of
from tonicnet.task._traced import traced

DYSTS = pytest.mark.skipif(importlib.util.find_spec("dysts") is None, reason="dysts is an extra")
TURN = 2 * np.pi


class DynSys:
    """What is used here of dysts's class."""

    ic, period, params, unbounded_indices = np.array([0.5, -0.2, 700.0]), 2.0, {"omega": 1.4}, [2]

    def rhs(self, x: np.ndarray, t: float) -> tuple:
        return self._rhs(*x.T, t, *(self.params[key] for key in sorted(self.params)))


class Forced(DynSys):
    @staticmethod
    def _rhs(x, v, phase, t, omega):
        return v, x - x**3 - 0.1 * v + 0.35 * np.cos(phase), omega


class Stirred(DynSys):
    """Polar coordinates and a protocol of period tau; written for one state."""

    ic, params, unbounded_indices = np.array([0.4, 0.1, 0.0]), {"tau": 3.0}, [1, 2]

    def rhs(self, X, t):
        r, angle, clock = X
        weight = np.sin(TURN * clock / self.params["tau"])
        return 0.1 * weight * np.sin(angle), 1 - 0.1 * weight * np.cos(angle) * (1 - r**2), 1

    def _postprocessing(self, r, angle, clock):
        return r * np.cos(angle), r * np.sin(angle), np.sin(clock)


class Timed(DynSys):
    ic, params, unbounded_indices = np.array([1.0, 0.0]), {}, []

    @staticmethod
    def _rhs(x, v, t):
        return v, -x - 0.1 * v + np.sin(t)


class OneState(DynSys):
    ic, params, unbounded_indices = np.array([0.3, 0.2]), {}, []

    def rhs(self, X, t):
        x, y = X
        return max(0.0, x) - y, float(x)


class Runaway(DynSys):
    ic, params, unbounded_indices = np.array([1.0, 1.0]), {}, [1]

    @staticmethod
    def _rhs(x, z, t):
        return -x / (1 + z**2), 1.0


@pytest.fixture
def dysts(monkeypatch) -> None:
    flows = types.ModuleType("dysts.flows")
    kinds = {kind.__name__: kind for kind in (DynSys, Forced, Stirred, Timed, OneState, Runaway)}
    vars(flows).update(DynSysDelay=type("DynSysDelay", (), {}), **kinds)
    package = types.ModuleType("dysts")
    vars(package).update(flows=flows, __version__="0.0")
    monkeypatch.setitem(sys.modules, "dysts", package)
    monkeypatch.setitem(sys.modules, "dysts.flows", flows)


def made(kind: type) -> tuple[Chart, object, object]:
    model = kind()
    own = own_field(model)
    return chart_of(own, model), own, model


# the rule that finds phases


@pytest.mark.parametrize(
    ("kind", "components", "periods"),
    [
        (Forced, ("x", "v", "cos phase", "sin phase"), [TURN]),
        (Stirred, ("r cos angle", "r sin angle", "cos clock", "sin clock"), [TURN, 3.0]),
        (Timed, ("x", "v", "cos t", "sin t"), [TURN]),
        (OneState, ("x", "y"), []),
    ],
)
def test_the_field_tells_which_variables_are_phases(kind, components, periods) -> None:
    chart, _, _ = made(kind)
    assert chart.components == components
    np.testing.assert_allclose([phase.period for phase in chart.phases], periods)


def test_a_variable_that_grows_and_is_no_phase_is_refused(dysts) -> None:
    with pytest.raises(ValueError, match="z of Runaway grows without bound and is no phase"):
        from_dysts("Runaway")


# fields


@pytest.mark.parametrize("kind", [Forced, Stirred, OneState])
def test_fields_for_many_states_are_those_of_each(kind) -> None:
    _, own, model = made(kind)
    x = np.random.default_rng(3).normal(size=(2, 5, len(model.ic)))
    np.testing.assert_allclose(own.flow(x), _Loop(model)(x), rtol=1e-12)


@pytest.mark.parametrize("kind", [Forced, Stirred, Timed])
def test_the_bounded_field_is_the_chain_rule_of_the_own_one(kind) -> None:
    chart, own, _ = made(kind)
    x = np.random.default_rng(4).uniform(0.2, 0.9, (20, len(chart.names)))
    slope, h = own.flow(x[:, chart.source]), 1e-6
    moved = (chart.to_bounded(x + h * slope) - chart.to_bounded(x - h * slope)) / (2 * h)
    np.testing.assert_allclose(chart.bounded_field(own.flow)(chart.to_bounded(x)), moved, atol=1e-8)


def test_the_circle_attracts() -> None:
    chart, own, _ = made(Forced)
    field = chart.bounded_field(own.flow)
    for radius in (0.5, 1.5):
        y = radius * np.array([[0.0, 0.0, np.cos(0.3), np.sin(0.3)]]) + [[0.1, 0.2, 0, 0]]
        towards = (field(y)[0, 2:] * y[0, 2:]).sum()
        assert np.sign(towards) == np.sign(1 - radius)


def test_polar_coordinates_have_a_field_at_their_centre() -> None:
    chart, own, _ = made(Stirred)
    near, at = chart.bounded_field(own.flow)(np.array([[1e-6, 0, 1, 0], [0, 0, 1, 0]]))
    np.testing.assert_allclose(at, near, atol=1e-5)


def test_polar_coordinates_leave_a_field_that_compiled_code_can_carry_out() -> None:
    """Its runs take many times as long where each step is Python's."""
    chart, own, _ = made(Stirred)
    states = chart.to_bounded(np.random.default_rng(3).uniform(0.2, 2.0, (20, 3)))
    assert traced(chart.bounded_field(own.flow), states) is not None


def test_so_do_phases_of_a_field_that_compares() -> None:
    chart, own, _ = made(Forced)
    states = chart.to_bounded(np.random.default_rng(3).uniform(-1.0, 1.0, (20, 3)))

    def kicked(x: np.ndarray) -> np.ndarray:
        return own.flow(x) * np.sign(x[..., :1] - 0.3) + np.maximum(x, 0.2)

    field = chart.bounded_field(kicked)
    found = traced(field, states)
    assert found is not None
    np.testing.assert_allclose(found.slope(states), field(states), rtol=1e-12)


# the way back


def test_own_states_are_found_again_up_to_whole_turns() -> None:
    chart = made(Stirred)[0]
    x = np.random.default_rng(5).uniform(0.1, 2.0, (3, 7, 3))
    back = chart.to_own(chart.to_bounded(x + np.array([0, 4 * TURN, 6.0])))
    np.testing.assert_allclose(np.exp(1j * back[..., 1]), np.exp(1j * x[..., 1]))
    np.testing.assert_allclose(chart.to_bounded(back), chart.to_bounded(x))


def test_a_run_is_told_in_the_systems_own_state(dysts) -> None:
    made_of = from_dysts("Forced")
    run = made_of.trajectory(40.0, 0.07, initial=made_of.chart.to_bounded([0.5, -0.2, 0.3]))
    own = made_of.chart.own_run(run)
    assert own["component"].values.tolist() == ["x", "v", "phase"]
    np.testing.assert_allclose(own["output"].sel(component="phase")[0], 0.3 + 1.4 * run["task_time"], atol=1e-6)
    assert own.attrs == run.attrs
    assert own["output"].dims == run["output"].dims


def test_a_run_of_a_wider_network_is_too(dysts) -> None:
    chart = from_dysts("Forced").chart
    phase = np.linspace(0.0, 30.0, 200)
    x = np.stack([phase, -phase, phase], axis=-1)
    names = ["2", *chart.components[::-1], "idle"]
    values = np.concatenate([np.zeros((200, 1)), chart.to_bounded(x)[:, ::-1], np.ones((200, 1))], axis=1)
    run = xr.Dataset(
        {"output": (("trial", "time", "component"), values[None]), "rate": (("time", "unit"), np.ones((200, 2)))},
        coords={"component": names, "time": np.arange(200)},
    )
    own = chart.own_run(run)
    np.testing.assert_allclose(own["output"][0], x, atol=1e-9)
    assert "rate" in own


def test_a_variable_of_several_periods_comes_back_once() -> None:
    chart = Chart(("x", "t"), (Phase(1, TURN), Phase(2, 0.4)), (0, 1, 1))
    assert chart.components == ("x", "cos t 1", "sin t 1", "cos t 2", "sin t 2")
    x = np.stack([np.ones(400), np.linspace(0.1, 20.0, 400)], axis=-1)
    np.testing.assert_allclose(chart.to_own(chart.to_bounded(x), unwrap=True), x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: c.to_own([1.0, 2.0]), ValueError, r"the task has 3 components \(x, cos a, sin a\)"),
        (lambda c: c.to_bounded([1.0]), ValueError, r"own state has 2 variables \(x, a\), got states of shape \(1,\)"),
        (lambda c: c.to_own([1.0, 1.0, 0.0], unwrap=True), ValueError, "leave unwrap out"),
        (lambda c: c.own_run([1.0]), TypeError, "a run is needed, a Dataset with time and component"),
        (lambda c: c.own_run(task("hopf").trajectory(1.0, 0.5)), ValueError, "give a run of this task"),
    ],
)
def test_states_and_runs_of_something_else(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call(Chart(("x", "a"), (Phase(1, TURN),)))


# tasks


def test_a_task_with_a_phase_goes_through_a_file_and_to_other_processes(dysts) -> None:
    first = from_dysts("Forced")
    again = Task.from_dict(json.loads(json.dumps(first.to_dict())))
    for other in (again, pickle.loads(pickle.dumps(first))):
        assert other.components == first.components
        assert other.chart == first.chart
        np.testing.assert_array_equal(other.states(20), first.states(20))
    np.testing.assert_allclose(np.hypot(*first.states(500)[:, 2:].T), 1.0, atol=1e-5)


def test_what_there_is(dysts) -> None:
    assert dysts_systems() == {"Forced": (3, 4), "Stirred": (3, 4), "Timed": (2, 4), "OneState": (2, 2)}
    assert names_of(Forced()) == ("x", "v", "phase")


def henon_heiles(s: np.ndarray) -> np.ndarray:
    x, y, p, q = np.moveaxis(s, -1, 0)
    return np.stack([p, q, -x - 2 * x * y, -y - x**2 + y**2], axis=-1)


def energy(s: np.ndarray) -> np.ndarray:
    x, y, p, q = np.moveaxis(s, -1, 0)
    return (p**2 + q**2 + x**2 + y**2) / 2 + x**2 * y - y**3 / 3


def test_starts_of_a_conservative_flow_stay_on_its_surface_of_energy() -> None:
    initial = np.array([0.0, -0.25, 0.42, 0.0])
    t = Task(henon_heiles, name="stars", initial=initial, transient=20.0, duration=60.0, dt=0.1)
    np.testing.assert_allclose(energy(t.states(300)), energy(initial), rtol=1e-4)
    spread = task("lorenz").states(300)
    assert contracts(task("lorenz").flow, spread)
    assert not contracts(henon_heiles, t.states(300))


def test_jacobians() -> None:
    found = jacobians(task("lorenz").flow, task("lorenz").states(50))
    np.testing.assert_allclose(np.trace(found, axis1=1, axis2=2), -41 / 3, rtol=1e-6)


# facts


def test_the_facts_are_those_of_known_systems() -> None:
    held = json.loads((shelf("tasks") / "dysts.json").read_text(encoding="utf-8"))
    assert held["dysts"] == "0.96"
    lorenz = rows()["Lorenz"]
    assert lorenz["divergence"] == pytest.approx(-41 / 3, rel=1e-4)
    assert lorenz["lyapunov"] == pytest.approx(0.9056, abs=3 * lorenz["lyapunov_error"])
    assert (rows()["Duffing"]["variables"], rows()["Duffing"]["components"]) == (3, 4)
    assert truth_of("nothing") == {}


def test_an_exponent_within_its_error_is_no_unit_of_time() -> None:
    for name, row in rows().items():
        assert ("lyapunov" in truth_of(name)) == (row["lyapunov"] > 2 * row["lyapunov_error"])
        assert np.isfinite([row["divergence"], row["lyapunov"], row["lyapunov_error"]]).all()


# dysts itself


@DYSTS
@pytest.mark.filterwarnings("ignore:Numba not installed")
def test_every_flow_of_dysts_is_a_task_of_its_own_equations() -> None:
    from dysts import flows

    rng = np.random.default_rng(6)
    assert len(dysts_systems()) == 129
    for name, (count, components) in dysts_systems().items():
        t, model = from_dysts(name), getattr(flows, name)()
        assert t.dimension == components
        assert not isinstance(t._source._own[1], _Loop), name
        chart, initial = t.chart, np.append(t.chart.to_own(t._source._start), 0.0)[:count]
        for x in initial * (1 + 0.1 * rng.uniform(-1, 1, (4, count))):
            full = np.append(x, rng.uniform(0, 3))[: len(chart.names)]
            slope = np.append(model.rhs(x, full[-1]), 1.0)[: len(chart.names)]
            found = t._source._own[1](full[list(chart.source)])
            np.testing.assert_allclose(found, slope[list(chart.source)], rtol=1e-7, atol=1e-12, err_msg=name)
    assert set(ALONE) <= set(dysts_systems())


@DYSTS
@pytest.mark.filterwarnings("ignore:Numba not installed")
def test_dimensions_of_dysts() -> None:
    known = {"Duffing": 4, "ArnoldBeltramiChildress": 6, "DoublePendulum": 6, "ArnoldWeb": 8, "BickleyJet": 9,
             "Torus": 7, "BlinkingRotlet": 4, "MacArthur": 10, "SwingingAtwood": 5, "Lorenz": 3}  # fmt: skip
    found = {name: size.components for name, size in dysts_systems().items()}
    assert {name: found[name] for name in known} == known
    assert sorted(found.values()) == [3] * 88 + [4] * 29 + [5] * 2 + [6] * 6 + [7, 8, 9, 10]
