"""Behaviours of the shelf: their trials, options and files, and the measures of how well they are performed."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn import Settings
from tonicnet.learn._behaviour_course import BehaviourCourse, _may_wait
from tonicnet.learn._course import Draw, Problem
from tonicnet.learn._target import Target
from tonicnet.learn._window_sampling import in_a_tube
from tonicnet.learn._windows import Windows
from tonicnet.task import RESPONSES, rule_of
from tonicnet.task._behaviour_shelf import RULES, _entry, check_truth

NAMES = tn.behaviours()
SOME = {
    "flip-flop": {"bits": 2}, "sine": {"frequency": 1.0}, "reach": {"reach": 0.08, "directions": 4},
    "go-no-go": {"delay_high": 0.8}, "delayed-match": {"strength": 2.0}, "context-integration": {"noise": 0.2},
    "interval-timing": {"longest": 1.2}, "ready-set-go": {"shortest": 0.8},
}  # fmt: skip


def arrays(task: tn.Task, count: int = 200, **given) -> tuple[np.ndarray, ...]:
    drawn = task.trials(count, **given)
    return tuple(drawn[name].values for name in ("input", "target", "mask"))


@pytest.mark.parametrize("name", NAMES)
def test_a_behaviour_has_a_file_with_source_truth_and_trials_by_seed(name: str) -> None:
    task = tn.task(name)
    assert task.kind == "behaviour"
    assert task.title
    assert "doi:10." in task.cite
    assert {field.name for field in fields(RULES[name])} == set(_entry(name)["options"])
    assert rule_of(task).response in RESPONSES
    u, x, m = arrays(task, 6, seed=3)
    assert u.shape == x.shape == m.shape == (6, rule_of(task).steps, len(task.components))
    assert np.isfinite([u, x, m]).all()
    np.testing.assert_array_equal(u, arrays(task, 6, seed=3)[0])
    other = (task.trials(6, seed=4), task.held_out(6, seed=3), task.held_out(6, seed=4))
    kinds = [np.concatenate([drawn["input"], drawn["target"]]) for drawn in (task.trials(6, seed=3), *other)]
    assert all((kinds[i] != kinds[j]).any() for i in range(4) for j in range(i))


@pytest.mark.parametrize("name", NAMES)
def test_options_are_kept_with_the_task(name: str) -> None:
    task = tn.task(name, label="mine", **SOME[name])
    again = tn.Task.from_dict(json.loads(json.dumps(task.to_dict())))
    assert (again.name, again.components, dict(again.truth)) == ("mine", task.components, dict(task.truth))
    for other in (again, pickle.loads(pickle.dumps(task))):
        xr.testing.assert_equal(task.held_out(3, seed=1), other.held_out(3, seed=1))
    assert (
        (arrays(task, 3)[0].shape != arrays(tn.task(name), 3)[0].shape)
        or (arrays(task, 3)[0] != arrays(tn.task(name), 3)[0]).any()
        or (arrays(task, 3)[1] != arrays(tn.task(name), 3)[1]).any()
    )


def test_a_flip_flop_keeps_the_sign_of_its_last_pulse() -> None:
    task = tn.task("flip-flop", bits=4)
    u, x, m = arrays(task, 20)
    assert task.truth["stable_states"] == 16
    pushed = np.sign(u)
    for k in range(1, x.shape[1]):
        np.testing.assert_array_equal(x[:, k], np.where(pushed[:, k], pushed[:, k], x[:, k - 1]))
    assert set(np.unique(x)) == {-1.0, 1.0}
    assert (m[u != 0] == 0).all()


def test_decisions_follow_from_their_inputs() -> None:
    u, x, _ = arrays(tn.task("delayed-match"))
    sample, test = u[:, 4, 1], np.array([row[np.flatnonzero(row)[-1]] for row in u[:, :, 1]])
    np.testing.assert_array_equal(x[:, -1, 0], np.sign(sample * test))
    u, x, _ = arrays(tn.task("go-no-go"))
    np.testing.assert_array_equal(x[:, -1, 0], u[:, 4, 1] > 0)
    u, x, _ = arrays(tn.task("context-integration", noise=0))
    asked = np.where(u[:, 0, 3] > 0, u[:, 10, 2], u[:, 10, 1])
    np.testing.assert_array_equal(x[:, -1, 0], np.sign(asked))


def test_intervals_are_those_that_inputs_tell_or_show() -> None:
    task = tn.task("interval-timing", dt=0.01)
    run = task.trials(100).assign(output=lambda run: run["target"])
    found = tn.measure.interval_error(run)
    told = run["input"].values[:, 0, 1]
    np.testing.assert_allclose(found["produced"], 1.2 + 0.4 * told, atol=0.011)
    assert float(found["interval_error"]) == 0
    run = tn.task("ready-set-go").trials(100)
    pulses = [np.flatnonzero(np.diff(row) > 0) + 1 for row in run["input"].values[:, :, 1]]
    shown = 0.05 * np.array([later - first for first, later in pulses])
    np.testing.assert_allclose(
        tn.measure.interval_error(run.assign(output=run["target"]))["produced"], shown, atol=1e-6
    )


def test_a_sine_has_its_frequency_from_every_radius() -> None:
    for frequency in (0.5, 1.2):
        task = tn.task("sine", frequency=frequency)
        run = task.held_out(20).assign(output=lambda run: run["target"])
        found = tn.measure.frequency_error(run)
        np.testing.assert_allclose(found["frequency"], frequency, rtol=1e-9)
        assert task.truth["period"] == pytest.approx(1 / frequency)
        assert not np.any(task.held_out(20)["input"])
        assert np.ptp(np.linalg.norm(run["target"][:, 0], axis=1)) > 0.2


def test_the_arm_obeys_newton_and_the_policy_reaches_new_goals() -> None:
    from tonicnet.task import plant_of
    from tonicnet.task._arm import Arm

    arm, rng = Arm(friction=(0.0, 0.0)), np.random.default_rng(0)
    q, v, nudge = rng.uniform(0.3, 1.5, (5, 2)), rng.normal(size=(5, 2)), np.array([1e-6, 0.0])
    energy = [0.5 * np.einsum("ti,tij,tj->t", v, arm.inertia(q), v)]
    np.testing.assert_allclose(arm.jacobian(q)[:, :, 0], (arm.hand(q + nudge) - arm.hand(q - nudge)) / 2e-6, atol=1e-8)
    q, v = arm.moved(q, v, np.zeros((5, 2)), 0.5, 200)
    np.testing.assert_allclose(0.5 * np.einsum("ti,tij,tj->t", v, arm.inertia(q), v), energy[0], rtol=1e-6)
    task = tn.task("reach")
    held = task.held_out(20, seed=2)
    plant = plant_of(task, 20, seed=2, held_out=True)
    for k, torque in enumerate(held["target"].values.swapaxes(0, 1)):
        np.testing.assert_allclose(plant(0.05 * k, torque), held["input"].values[:, k], atol=1e-9)
    run = xr.Dataset({"path": (("trial", "time", "axis"), plant.path), "goal": (("trial", "axis"), plant.goal)})
    assert float(tn.measure.endpoint_error(run)["worst"]) < 0.005
    angle = np.arctan2(*(plant.goal - plant.path[:, 0]).T[::-1]) / (2 * np.pi / 16)
    assert (np.abs(angle - np.rint(angle)) > 0.24).all()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("flip-flop", {"bit": 2}, "unknown option 'bit'. Did you mean 'bits'"),
        ("flip-flop", {"bits": 0}, "bits must be a whole number of at least 1, got 0"),
        ("flip-flop", {"pulse": 0.6}, "free must be at least pulse"),
        ("flip-flop", {"duration": 1.0}, "raise duration"),
        ("go-no-go", {"delay_low": 2.0}, "delay_low must be below delay_high"),
        ("sine", {"frequency": 9.0}, "frequency must be at most"),
        ("sine", {"dt": "fast"}, "dt must be a positive number, got 'fast'"),
        ("reach", {"reach": 1.0}, "0.2 m at most"),
        ("flip-flop", {"bits": 10**40}, "bits may be 1e"),
        ("reach", {"push": 100.0}, "push 10 N m at most"),
        ("context-integration", {"noise": float("inf")}, "noise must be zero or a positive number"),
        ("reach", {"damping": 1.0}, "damping 1 leaves swings"),
        ("ready-set-go", {"pulse": 0.9}, "pulse must be below shortest"),
        ("lorenz", {"rho": 20}, "takes no options, got rho"),
        ("flipflop", {}, "Did you mean 'flip-flop'"),
        ("flipflop", {"bits": 2}, "Did you mean 'flip-flop'"),
        ("flip-flop", {"label": ""}, "a task needs a name"),
    ],
)  # fmt: skip
def test_what_no_behaviour_has_is_refused_in_a_sentence(name: str, options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.task(name, **options)


def test_contradictory_truth_and_strange_options_of_a_file_are_refused() -> None:
    follows = tn.task("flip-flop").truth
    with pytest.raises(ValueError, match=r"says stable_states = 4, from its options follows 8; correct one"):
        check_truth("behaviour 'flip-flop'", {"stable_states": 4, "chance": 0.5}, follows)
    with pytest.raises(ValueError, match="must state chance, stable_states, got chance"):
        check_truth("behaviour 'flip-flop'", {"chance": 0.5}, follows)
    tables = tn.task("flip-flop").to_dict()
    tables["factory"]["arguments"]["options"] = {"bots": 3}
    with pytest.raises(ValueError, match="Did you mean 'bits'"):
        tn.Task.from_dict(tables)


def test_trials_of_your_own_have_no_held_out_ones() -> None:
    task = tn.Task.from_trials(np.zeros((3, 9, 1)), np.ones((3, 9, 1)), name="mine", dt=0.1)
    with pytest.raises(TypeError, match="keep some back"):
        task.held_out(2)
    with pytest.raises(TypeError, match="no trials"):
        tn.task("hopf").held_out(2)


@pytest.fixture(scope="module")
def performed() -> tuple[tn.Network, xr.Dataset]:
    """A small network that has learned three behaviours, from two of them hardly anything."""
    net = tn.Network(50, seed=0, components=6, synapses="dense", transfer="tanh", feedback=False, tau=0.1, dt=0.05)
    rows = [tn.task("go-no-go"), tn.task("sine", label="slow"), tn.task("reach", directions=4)]
    return net, tn.fit(net, rows, steps=4, rounds=1, restarts=0, progress=False)


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("flip-flop", False), ("sine", False), ("reach", True), ("go-no-go", True), ("delayed-match", True),
        ("context-integration", True), ("interval-timing", True), ("ready-set-go", True),
    ],
)  # fmt: skip
def test_trials_that_wait_for_an_input_may_begin_late(name: str, may: bool) -> None:
    assert _may_wait(tn.task(name)) == may


def test_trials_in_which_time_counts_from_the_start_do_not_begin_late() -> None:
    ramp = np.tile(np.linspace(0, 1, 9)[None, :, None], (3, 1, 1))
    assert not _may_wait(tn.Task.from_trials(np.zeros((3, 9, 1)), ramp, name="ramp", dt=0.1))


def test_a_behaviour_is_performed_from_any_state_and_after_any_wait() -> None:
    net = tn.Network(
        128, seed=0, components=3, synapses="dense", transfer="tanh", gain=1.2, tau=0.1, dt=0.05, encoder_scale=0.2,
        decoder_scale=5.0,
    )  # fmt: skip
    task = tn.task("go-no-go")
    bank = tn.fit(net, task, rounds=1, restarts=0, progress=False)
    held, rng = task.held_out(60, seed=1), np.random.default_rng(0)
    for wait, initial in ((0, rng.normal(size=(60, 3))), (24, np.zeros((60, 3))), (60, rng.normal(size=(60, 3)))):
        u = np.pad(held["input"].values[:, :-1], ((0, 0), (wait, 0), (0, 0)))
        run = tn.simulate(net, bank, duration=0.05 * u.shape[1], inputs=u, trials=60, initial=initial)
        answer = run["output"].values[:, -1, 0] > 0.5
        assert (answer == (held["target"].values[:, -1, 0] > 0.5)).mean() > 0.9, wait


def test_only_the_share_that_is_fed_back_is_noisy() -> None:
    path = torch.zeros(400, 9, 3, dtype=torch.float64)
    plain = Windows(path, driven=2, scored=(8,), forcing=0.25, inputs=torch.ones_like(path))
    noise = (in_a_tube(plain, 0.4, np.random.default_rng(0)).inputs - 1).numpy()
    np.testing.assert_allclose(noise.std((0, 2)), 0.4 * np.array([1, 1, *7 * [0.25]]), rtol=0.1)
    assert abs(np.corrcoef(noise[:, 0].T)[0, 1]) < 0.15
    assert abs(np.corrcoef(noise[:, 0, 0], noise[:, 1, 0])[0, 1]) < 0.15
    alone = in_a_tube(Windows(path, driven=0, scored=(8,)), 0.4, np.random.default_rng(0))
    assert float(alone.inputs.abs().max()) == 0


@pytest.mark.parametrize(("synapses", "noisy"), [("low-rank", True), ("dense", False)])
def test_the_noise_of_a_fit_is_that_of_what_latents_are_fed(synapses: str, noisy: bool) -> None:
    net = tn.Network(30, seed=0, components=2, synapses=synapses)

    def fed(noise: float, stage: int) -> torch.Tensor:
        problem = Problem(Target(tn.task("flip-flop", bits=2), net), circuit_of(net), Settings(noise=noise))
        stages = [stage for stage, _ in zip(BehaviourCourse().stages(problem), range(6), strict=False)]
        return stages[stage].make(Draw(0, 0), None).windows.inputs

    for stage, share in enumerate((1.0, 0.5, 0.2, 0.1, 0.05, 0.0)):
        spread = float((fed(0.3, stage) - fed(0.0, stage)).std())
        assert spread == pytest.approx(0.3 * share * noisy, rel=0.05)


def test_noise_in_what_is_fed_back_saves_a_memory_from_being_lost() -> None:
    """Gains fit the few states of perfect trials whatever they do beside them."""
    net, task = tn.Network(300, seed=1, transfer="tanh", components=1), tn.task("flip-flop", bits=1)
    options = {"rounds": 1, "restarts": 0, "seed": 1, "precision": "float64", "progress": False}

    def accuracy(noise: float) -> float:
        bank = tn.fit(net, task, learn="gain", noise=noise, **options)
        return float(bank["accuracy"][0])

    assert accuracy(0.1) > 0.999
    assert accuracy(0.0) < 0.9


@pytest.mark.parametrize(("name", "anywhere"), [("delayed-match", True), ("flip-flop", False)])
def test_latents_begin_anywhere_where_trials_may_wait(name: str, anywhere: bool) -> None:
    """A memory is told where it begins; elsewhere what another behaviour has left behind must not matter."""
    net = tn.Network(30, seed=0, components=4)
    problem = Problem(Target(tn.task(name), net), circuit_of(net), Settings())
    course = BehaviourCourse()
    residual = next(course.stages(problem)).make(Draw(0, 0), None)
    begin, path = residual.windows.start, residual.windows.path[:, 0]
    assert (residual.windows.begin is not None) == anywhere
    assert (float((begin - path).std()) > 1) == anywhere
    run = residual.run(problem.learnable().at(problem.learnable().first), residual.windows, begin)
    again = residual.loss(problem.learnable().first)
    assert float(run.errors().double().square().sum()) == pytest.approx(again)
    judged = course.judge(problem).windows
    half = len(judged.path) // 2
    assert torch.equal(judged.start[half:], judged.path[half:, 0])
    assert torch.equal(judged.start[:half], judged.path[:half, 0]) != anywhere


def test_a_bank_of_behaviours_is_performed_from_its_own_file(performed, tmp_path) -> None:
    net, bank = performed
    tn.save(bank, tmp_path / "bank.nc")
    kept = tn.load_bank(tmp_path / "bank.nc")
    for name, measure in {"go-no-go": "accuracy", "slow": "frequency_error", "reach": "endpoint_error"}.items():
        run = tn.perform(net, kept, name, trials=8)
        found = tn.measure.performance(run)
        assert found.attrs["measure"] == measure
        assert np.isfinite(float(found[measure]))
        assert run["output"].dims == run["target"].dims == run["mask"].dims
        task = (
            tn.task("sine") if name == "slow" else tn.task("reach", directions=4) if name == "reach" else tn.task(name)
        )
        np.testing.assert_array_equal(run["target"], task.held_out(8)["target"])
    assert np.isfinite(bank["accuracy"].values[0])
    assert np.isfinite(bank["frequency_error"].values[1])
    assert np.isfinite(bank["endpoint_error"].values[2])


def test_a_plant_is_in_closed_loop(performed) -> None:
    net, bank = performed
    run = tn.perform(net, bank, "reach", trials=3, seed=5)
    rule = rule_of(tn.task("reach", directions=4))
    from tonicnet.task import plant_of

    arm = plant_of(tn.task("reach", directions=4), 3, seed=5, held_out=True)
    for k in range(run.sizes["time"] - 1):
        arm(k * rule.dt, run["output"].values[:, k])
    np.testing.assert_allclose(arm.path[:, : run.sizes["time"]], run["path"], atol=1e-9)


def test_inputs_may_be_a_function_of_time_and_output(performed) -> None:
    net, bank = performed
    u = np.random.default_rng(0).normal(size=(20, 3))
    given = {"task": "go-no-go", "duration": 1.0, "initial": np.zeros((2, 3))}
    held = tn.simulate(net, bank, inputs=np.pad(u, ((0, 0), (0, 3))), **given)
    seen: list[tuple[float, np.ndarray]] = []

    def live(time: float, output: np.ndarray) -> np.ndarray:
        seen.append((time, output))
        return np.tile(u[len(seen) - 1], (2, 1))

    run = tn.simulate(net, bank, inputs=live, **given)
    np.testing.assert_allclose(run["output"], held["output"], atol=1e-12)
    np.testing.assert_allclose([time for time, _ in seen], run["time"][:-1])
    np.testing.assert_allclose([x for _, x in seen], run["output"][:, :-1, :3].transpose("time", ...))
    for answer, error, words in (
        (np.zeros(3), ValueError, "must return"),
        ("no", TypeError, "must return numbers"),
        (np.full((2, 3), np.nan), ValueError, "not finite"),
    ):
        with pytest.raises(error, match=words):
            tn.simulate(net, bank, inputs=lambda *_, answer=answer: answer, **given)


def test_what_cannot_be_performed_or_measured_is_said(performed) -> None:
    net, bank = performed
    with pytest.raises(ValueError, match="Did you mean 'slow'"):
        tn.perform(net, bank, "slowly")
    with pytest.raises(TypeError, match="no trials to perform"):
        tn.perform(net, bank, tn.task("hopf"))
    other = tn.Network(60, seed=0, components=6, synapses="dense", transfer="tanh", gain=1.2, tau=0.1, dt=0.04)
    with pytest.raises(ValueError, match=r"no multiple of the network's own"):
        tn.perform(other, bank, "slow")
    run = tn.perform(net, bank, "go-no-go", trials=4)
    for measure, strange, error, words in (
        (tn.measure.performance, run.assign_attrs(response=""), ValueError, "unknown response"),
        (tn.measure.performance, 3, TypeError, "is a Dataset"),
        (tn.measure.response_accuracy, run.drop_vars("target"), TypeError, "no target"),
        (tn.measure.response_accuracy, run.assign(target=0 * run["target"]), ValueError, "one level only"),
        (tn.measure.interval_error, run.assign(target=0 * run["target"]), ValueError, "rises above the threshold"),
        (tn.measure.frequency_error, run.isel(component=[0]), ValueError, "two components"),
        (tn.measure.frequency_error, run, ValueError, "stands still"),
        (tn.measure.endpoint_error, run, TypeError, "no path and no goal"),
    ):
        with pytest.raises(error, match=words):
            measure(strange)


def test_intervals_that_are_not_produced_count_as_missed() -> None:
    run = tn.task("interval-timing").held_out(10)
    half = xr.where(run["trial"] < 5, run["target"], 0.0).transpose(*run["target"].dims)
    found = tn.measure.interval_error(run.assign(output=half))
    assert float(found["interval_error"]) == 0.5
    assert float(found["missed"]) == 0.5
    assert float(found["bias"]) == 0
