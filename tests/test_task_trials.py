"""Input/output behaviours: trials that become tasks, and what is said of those that cannot."""

from __future__ import annotations

import contextlib
import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tonicnet.task import Task, from_observed, task

DT = 0.02
TRIALS, STEPS = 12, 60
RNG = np.random.default_rng(5)


def flip_flop(bits: int = 3, *, dt: float = DT, steps: int = STEPS, hold: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Pulses of either sign every ``hold`` steps; the target is the last one's sign.

    Source: Sussillo and Barak 2013, doi:10.1162/NECO_a_00409.
    """
    rng = np.random.default_rng(1)
    pulses = np.zeros((TRIALS, steps, bits))
    pulses[:, ::hold] = rng.choice([-1.0, 1.0], size=pulses[:, ::hold].shape)
    held = np.repeat(pulses[:, ::hold], hold, axis=1)[:, :steps]
    return pulses, held


def waves(dt: float = DT) -> tuple[np.ndarray, np.ndarray]:
    """A pulse for a number of whole turns of unit angular frequency: one component in, two out."""
    t = np.arange(0, 4 * math.pi, dt)
    targets = np.stack([np.zeros_like(t), 3 * np.cos(t), 5 * np.sin(t)], axis=1)
    inputs = np.zeros_like(targets)
    inputs[0, 0] = 2.0
    return inputs, targets


def decision() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noisy evidence in component 0; its sign, at the end, from component 1; component 2 is not in use."""
    u, x, m = (np.zeros((TRIALS, STEPS, 3)) for _ in range(3))
    sign = np.where(np.arange(TRIALS) % 2, 1.0, -1.0)[:, None]
    u[..., 0] = 0.5 * sign + RNG.standard_normal((TRIALS, STEPS))
    x[:, 40:, 1] = 4 * sign
    m[:, 45:, 1] = 1.0
    return u, x, m


def made(inputs, targets, **given) -> Task:
    return Task.from_trials(inputs, targets, **{"name": "mine", "dt": DT, **given})


def labelled(values: np.ndarray, **coords) -> xr.DataArray:
    time = DT * np.arange(values.shape[-2])
    names = [f"c{k}" for k in range(values.shape[-1])]
    return xr.DataArray(
        values, dims=("trial", "time", "component")[-values.ndim :], coords={"time": time, "component": names, **coords}
    )


BEHAVIOURS = {
    "flip-flop": lambda: made(*flip_flop()),
    "one trial": lambda: made(*waves()),
    "decision": lambda: made(*decision()[:2], mask=decision()[2]),
    "labelled": lambda: made(*map(labelled, flip_flop(2)), dt=None),
    "at rest": lambda: made(np.zeros((3, 5, 2)), np.ones((3, 5, 2))),
    "two steps": lambda: made([[[0.0], [1.0]]], [[[1.0], [0.0]]], center=[0.5], scale=[2.0]),
}
EVERY = pytest.mark.parametrize("which", BEHAVIOURS)


# what every behaviour is


@EVERY
def test_what_a_behaviour_is(which: str) -> None:
    t = BEHAVIOURS[which]()
    assert (t.kind, t.speed, t.has_flow, t.truth) == ("behaviour", 1.0, False, {})
    assert t.dt == pytest.approx(DT)
    whole = t.trials(1)
    assert t.duration == pytest.approx((whole.sizes["time"] - 1) * DT)
    assert 0 < t.time_scale <= t.duration
    assert (t.scale > 0).all()
    assert t.initial(7).shape == (7, t.dimension)
    assert t.states(9).shape == (9, t.dimension)
    with pytest.raises(TypeError, match="behaviour has no vector field"):
        t.flow(np.zeros(t.dimension))


@EVERY
def test_layout_of_trials(which: str) -> None:
    t = BEHAVIOURS[which]()
    some = t.trials(2, seed=4)
    assert set(some.data_vars) == {"input", "target", "mask"}
    assert set(some.coords) == {"trial", "time", "component"}
    for name in some.data_vars:
        assert some[name].dims == ("trial", "time", "component")
    assert tuple(some.component.values) == t.components
    np.testing.assert_allclose(some.time, np.arange(some.sizes["time"]) * DT)
    assert (some.attrs["kind"], some.attrs["task_kind"], some.attrs["seed"]) == ("trials", "behaviour", 4)
    assert all({"units", "long_name"} <= set(some[name].attrs) for name in [*some.data_vars, *some.coords])


@EVERY
def test_a_seed_draws_the_same_trials_everywhere(which: str) -> None:
    t = BEHAVIOURS[which]()
    some = t.trials(3, seed=8)
    run = t.trajectory(t.duration, t.dt, trials=3, seed=8)
    np.testing.assert_array_equal(run.output, some.target)
    np.testing.assert_array_equal(t.initial(3, seed=8), some.target[:, 0])
    np.testing.assert_array_equal(t.trials(3, seed=8).input, some.input)


@EVERY
def test_it_goes_round_through_json(which: str) -> None:
    t = BEHAVIOURS[which]()
    again = Task.from_dict(json.loads(json.dumps(t.to_dict())))
    assert again.to_dict() == t.to_dict()
    assert (again.dt, again.duration, again.kind) == (t.dt, t.duration, "behaviour")
    assert again.time_scale == t.time_scale
    for name, values in t.trials(TRIALS).data_vars.items():
        np.testing.assert_array_equal(again.trials(TRIALS)[name], values)


# draws


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 3 * TRIALS), seed=st.integers(0, 2**31))
def test_no_trial_comes_twice_while_they_last(count: int, seed: int) -> None:
    numbers = np.broadcast_to(np.arange(TRIALS)[:, None, None], (TRIALS, 3, 1))
    drawn = made(-numbers, numbers, mask=numbers + 1).trials(count, seed=seed)
    which = drawn.target.values[:, 0, 0]
    assert len(which) == count
    assert len(set(which)) == count or count > TRIALS
    np.testing.assert_array_equal(drawn.input[:, 0, 0], -which)  # what belongs together stays together
    np.testing.assert_array_equal(drawn["mask"][:, 0, 0], which + 1)


def test_results_are_copies() -> None:
    u, x = flip_flop()
    t = made(u, x)
    u[:], x[:] = 7.0, 7.0
    t.trials(TRIALS).target[:] = 9.0
    t.trajectory(1.0, DT, trials=3).output[:] = 9.0
    assert set(np.unique(t.trials(TRIALS).target)) == {-1.0, 1.0}


# runs are the beginnings of targets


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_a_run_begins_where_a_trial_does(stride: int) -> None:
    _, x = flip_flop()
    run = made(*flip_flop()).trajectory(0.6, stride * DT, trials=TRIALS, seed=2)
    whole = {x[k, : 30 + 1 : stride].tobytes() for k in range(TRIALS)}
    assert {np.ascontiguousarray(window).tobytes() for window in run.output.values} == whole


def test_a_run_from_given_first_targets() -> None:
    x = np.repeat([0.0, 0.0, 1.0], 50).reshape(3, 50, 1) + np.arange(50)[:, None] * np.array([1, 2, 3])[:, None, None]
    t = made(0 * x, x)
    runs = [t.trajectory(0.2, DT, initial=[[0.0], [1.0]], seed=seed).output.values for seed in range(20)]
    assert {run[0, 1, 0] for run in runs} == {1.0, 2.0}  # either of the two trials that start at 0
    assert {run[1, 1, 0] for run in runs} == {4.0}


def test_states_are_targets_that_count() -> None:
    u, x, m = decision()
    assert set(np.unique(made(u, x, mask=m).states(2000)[:, 1])) == {-4.0, 4.0}
    assert set(np.unique(made(u, x).states(2000)[:, 1])) == {-4.0, 0.0, 4.0}


# scale and pace


def test_scale_is_of_the_targets_that_count() -> None:
    u, x, m = decision()
    t = made(u, x, mask=m)
    np.testing.assert_array_equal(t.center, 0.0)
    rms = np.sqrt((u[..., 0] ** 2).mean())
    np.testing.assert_allclose(t.scale, [rms, 4.0, 4.0])  # its inputs'; its targets'; the largest
    np.testing.assert_allclose(made(u, x).scale[1], x[..., 1].std())
    np.testing.assert_allclose(made(u, x, mask=7 * m).scale, t.scale)
    own = made(u, x, mask=m, center=[1, 2, 3], scale=[4, 5, 6])
    np.testing.assert_array_equal([own.center, own.scale], [[1, 2, 3], [4, 5, 6]])


def test_a_constant_target_takes_its_inputs_rms() -> None:
    u, x = np.zeros((2, 6, 3)), np.zeros((2, 6, 3))
    x[..., 0], u[0, 0, 0] = 0.1, 12.0  # 0.1 has no exact mean: its deviation is rounding
    x[:, 3:, 1] = 8.0
    u[..., 2] = 1e-9  # rounding is no input
    np.testing.assert_allclose(made(u, x).scale, [math.sqrt(12.0), 4.0, 4.0])
    np.testing.assert_array_equal(BEHAVIOURS["at rest"]().scale, 1.0)


@pytest.mark.parametrize("dt", [0.005, 0.01, 0.05])
def test_pace_of_waves(dt: float) -> None:
    t = made(*waves(dt), dt=dt)
    assert t.time_scale == pytest.approx(math.pi / math.sqrt(8), rel=0.02)  # 1 / (mean |cos| / rms cos)


@pytest.mark.parametrize("refine", [1, 2, 8])
def test_pace_of_jumps_does_not_depend_on_the_step(refine: int) -> None:
    """Half the holds end in a jump of two standard deviations: one a hold, so the pace is a hold long."""
    u, x = (np.repeat(values, refine, axis=1) for values in flip_flop(steps=600))
    t = made(u, x, dt=DT / refine)
    assert t.time_scale == pytest.approx(10 * DT, rel=0.1)


def test_pace_where_targets_do_not_move() -> None:
    t = np.arange(STEPS) * DT
    ramp = np.zeros((STEPS, 2))
    ramp[:, 0] = t
    assert BEHAVIOURS["at rest"]().time_scale == pytest.approx(4 * DT)  # a trial
    assert made(ramp, 0 * ramp).time_scale == pytest.approx(math.sqrt((t**2).mean()), rel=1e-6)  # its inputs
    late = made(np.zeros_like(ramp), ramp, mask=np.arange(STEPS) == 5, scale=[1.0, 1.0])
    assert late.time_scale == late.duration  # the one target that counts is no movement


# shapes and labels


@pytest.mark.parametrize(
    ("shape", "whole"),
    [((TRIALS, STEPS, 3), (TRIALS, STEPS, 3)), ((STEPS, 3), (1, STEPS, 3)), ((STEPS,), (1, STEPS, 1))],
)
def test_shapes(shape: tuple[int, ...], whole: tuple[int, ...]) -> None:
    u, x = RNG.standard_normal((2, *shape))
    some = made(u.tolist(), x).trials(len(u) if len(shape) == 3 else 1)
    assert some.input.shape == whole
    np.testing.assert_array_equal(np.sort(some.target.values.ravel()), np.sort(x.ravel()))


def test_labels() -> None:
    u, x = map(labelled, flip_flop(2))
    assert made(u, x, dt=None).components == ("c0", "c1")
    assert made(u, x.drop_vars("component"), dt=None).components == ("c0", "c1")
    assert made(u, x, dt=None, components=["a", "b"]).components == ("a", "b")
    assert made(*flip_flop(2)).components == ("0", "1")
    turned = made(u.transpose("component", "trial", "time"), x, dt=None)
    np.testing.assert_array_equal(turned.trials(3).input, made(u, x, dt=None).trials(3).input)
    late = made(u.assign_coords(time=u.time - 0.3), x.assign_coords(time=x.time - 0.3), dt=None)
    assert float(late.trials(1).time[0]) == 0.0


MASKS = {
    "none": (None, np.ones((4, 5, 3))),
    "number": (2.0, np.full((4, 5, 3), 2.0)),
    "time": (np.arange(5), np.broadcast_to(np.arange(5.0)[:, None], (4, 5, 3))),
    "trial, time": (np.arange(20).reshape(4, 5), np.broadcast_to(np.arange(20.0).reshape(4, 5, 1), (4, 5, 3))),
    "component": ([1, 0, 2], np.broadcast_to([1.0, 0, 2], (4, 5, 3))),
    "time, component": (np.arange(15).reshape(5, 3), np.broadcast_to(np.arange(15.0).reshape(5, 3), (4, 5, 3))),
    "trial, 1, 1": (np.arange(4)[:, None, None], np.broadcast_to(np.arange(4.0)[:, None, None], (4, 5, 3))),
    "bool": (np.arange(5) > 2, np.broadcast_to((np.arange(5) > 2)[:, None] * 1.0, (4, 5, 3))),
    "by name": (
        xr.DataArray(np.arange(20).reshape(5, 4), dims=("time", "trial")),
        np.broadcast_to(np.arange(20.0).reshape(5, 4).T[..., None], (4, 5, 3)),
    ),
}


@pytest.mark.parametrize("which", MASKS)
def test_masks(which: str) -> None:
    mask, whole = MASKS[which]
    x = np.broadcast_to(np.arange(4.0)[:, None, None], (4, 5, 3))  # tells which trial came
    t = made(x, x, mask=mask)
    for again in (t, Task.from_dict(t.to_dict())):
        some = again.trials(4, seed=1)
        order = some.target.values[:, 0, 0].astype(int)
        np.testing.assert_array_equal(some["mask"], whole[order])


def test_an_even_mask_costs_a_spec_nothing() -> None:
    assert BEHAVIOURS["flip-flop"]().to_dict()["trials"]["mask"] == [[[1.0]]]
    u = np.zeros((100, 500, 3))
    made(u[1:], u[1:]).to_dict()
    with pytest.raises(ValueError, match="this behaviour holds 300001 numbers, a spec carries at most 300000"):
        made(u, u).to_dict()


# what cannot be


def holed(step: int, value: float = math.nan) -> np.ndarray:
    values = np.zeros((TRIALS, STEPS, 3))
    values[3, step, 1] = value
    return values


U, X = flip_flop()
LU, LX = labelled(U), labelled(X)


@pytest.mark.parametrize(
    ("inputs", "targets", "given", "error", "message"),
    [
        (U, X[:, :50], {}, ValueError, r"inputs have shape \(12, 60, 3\), targets \(12, 50, 3\)"),
        (U[..., :1], X, {}, ValueError, "mask 0 for what is only an input, input 0 for what is only an output"),
        (U[0], X, {}, ValueError, r"inputs have shape \(1, 60, 3\)"),
        (holed(10), X, {}, ValueError, "array of inputs has missing .* first at time 0.2, trial 3, component 1;"),
        (U, holed(20, -math.inf), {}, ValueError, "array of targets has missing .* first at time 0.4,"),
        (U, X, {"mask": holed(30)}, ValueError, "the mask has missing .* first at time 0.6,"),
        (U, X, {"mask": holed(40, -1.0)}, ValueError, "negative weights, first at time 0.8;"),
        (U, X, {"mask": 0.0}, ValueError, "the mask is zero everywhere"),
        (U, X, {"mask": np.ones(TRIALS)}, ValueError, r"mask has shape \(12,\), which does not fit \(12, 60, 3\)"),
        (U, X, {"mask": np.ones((1, *X.shape))}, ValueError, r"the mask has shape .*got \(1, 12, 60, 3\)"),
        (U, X, {"mask": "ones"}, FileNotFoundError, "no file at ones"),
        (U, X, {"mask": [["a"]]}, TypeError, "the mask holds numbers, got dtype <U1"),
        (U, X, {"mask": LX[..., 0].rename(trial="batch") ** 2}, ValueError, r"the mask has dims \('batch', 'time'\)"),
        (U, X, {"dt": None}, ValueError, "inputs has no time of its own and needs dt"),
        (U, X, {"dt": -0.1}, ValueError, "inputs has no time of its own and needs dt"),
        (U, X, {"dt": "fast"}, ValueError, "inputs has no time of its own and needs dt"),
        (U[:, :1], X[:, :1], {}, ValueError, "needs at least 2 samples"),
        (U[None], X[None], {}, ValueError, r"the array of inputs has shape .* got \(1, 12, 60, 3\)"),
        ("u", X, {}, FileNotFoundError, "no file at u"),
        (LU, LX, {"dt": 0.03}, ValueError, "a step of 0.02 s by its own time, and dt=0.03"),
        (LU, X, {"dt": None}, ValueError, "the array of targets has no time of its own"),
        (LU.assign_coords(time=LU.time + 1), LX, {"dt": None}, ValueError, "inputs and targets differ in their time"),
        (LU.assign_coords(time=LU.time**2), LX, {"dt": None}, ValueError, "equal steps.*resample the array of inputs"),
        (LU.assign_coords(component=list("abc")), LX, {"dt": None}, ValueError, "differ in their component coordinate"),
        (LU.assign_coords(trial=U[:, 0, 0]), LX.assign_coords(trial=range(12)), {"dt": None}, ValueError, "trial"),
        (LU, LX, {"dt": None, "mask": LX.assign_coords(time=LX.time * 2) ** 2}, ValueError, "mask and targets differ"),
        (LU.rename(trial="batch"), LX, {"dt": None}, ValueError, "the array of inputs has dims"),
        (LU.drop_vars("time"), LX, {"dt": None}, ValueError, "has no time of its own and needs dt"),
        (LU > 0, LX, {"dt": None}, TypeError, "holds numbers, got dtype bool"),
        (U, X, {"components": ["a"]}, ValueError, "3 components, got 1 names"),
        (U, X, {"components": ["a", "a", "b"]}, ValueError, "once each"),
        (U, X, {"center": [0.0]}, ValueError, "center has 1 numbers"),
        (U, X, {"scale": [1.0, -1.0, 1.0]}, ValueError, "scale must be positive"),
        (U, X, {"name": ""}, ValueError, "needs a name"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_behaviour(inputs, targets, given, error, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        made(inputs, targets, **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.trials(0), "count must be a whole number >= 1"),
        (lambda t: t.trials(2.0), "count must be a whole number >= 1"),
        (lambda t: t.trials(1, seed=-1), "seed must be a whole number >= 0"),
        (lambda t: t.trajectory(2.0, DT), r"the trials last 1\.18, a run of 2 was asked for; ask for less"),
        (lambda t: t.trajectory(60 * DT, DT), r"a run of 1\.2 was asked for"),
        (lambda t: t.trajectory(1.0, 0.01), r"sampled every 0\.02, steps of 0\.01 were asked for; give dt=0\.02"),
        (lambda t: t.trajectory(1.0, 0.05), "a whole multiple"),
        (lambda t: t.trajectory(1.0, DT, initial=[[1, 1, 1], [5, 5, 5]]), "state 1 of initial is none of them"),
        (lambda t: t.trajectory(1.0, DT, initial=[[1, 1]]), r"shape \(trial, 3\), got shape \(1, 2\)"),
    ],
)
def test_wrong_requests(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(BEHAVIOURS["flip-flop"]())


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (lambda: task("lorenz"), "a vector field has no trials of inputs and targets"),
        (lambda: Task.from_array(X[0], name="held", dt=DT), "a recording has no trials of inputs and targets"),
    ],
)
def test_other_tasks_have_no_trials(other, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        other().trials(3)


# specs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": {}}, r"is a behaviour and needs \[trials\] with dt, inputs, targets and mask"),
        ({"trials": 3}, "trials must be a table"),
        ({"kind": "recording"}, "kind 'recording' does not go with system 'behaviour'"),
        ({"kind": "chaos"}, "kind 'chaos' does not go with system 'behaviour'"),
        ({"system": "callable"}, "kind 'behaviour' does not go with system 'callable'"),
        ({"components": ["a"]}, "components"),
    ],
)
def test_a_wrong_spec_is_one_sentence(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Task.from_dict({**BEHAVIOURS["flip-flop"]().to_dict(), **change})


def test_a_given_step_is_kept_to_the_last_bit() -> None:
    assert 3 * 0.05 / 3 != 0.05
    assert made(np.ones((4, 1)), np.ones((4, 1)), dt=0.05).dt == 0.05


def test_step_and_length_are_the_samples_own() -> None:
    tables = BEHAVIOURS["flip-flop"]().to_dict()
    del tables["sampling"], tables["speed"]
    again = Task.from_dict(tables)
    assert (again.dt, again.speed) == (DT, 1.0)
    np.testing.assert_array_equal(again.trajectory(again.duration, DT).output[0, :, 0].sizes["time"], STEPS)


def test_a_behaviour_is_no_kind_of_vector_field() -> None:
    with pytest.raises(ValueError, match="unknown kind of a vector field 'behaviour'"):
        Task(lambda x: -x, name="sink", initial=[1.0], kind="behaviour")
    with pytest.raises(ValueError, match="does not go with system 'hopf'"):
        Task.from_dict({**task("hopf").to_dict(), "kind": "behaviour"})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(-1e9, 1e9) | st.just(math.nan) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_mutated_trials_are_a_task_or_a_value_error(data) -> None:
    tables = BEHAVIOURS["two steps"]().to_dict()
    tables["trials"][data.draw(st.sampled_from(sorted(tables["trials"])))] = data.draw(JSON)
    with contextlib.suppress(ValueError):
        assert Task.from_dict(tables).to_dict()["system"] == "behaviour"


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(), dt=st.floats(1e-4, 1e2), shape=st.tuples(*[st.integers(1, 4), st.integers(2, 9), st.integers(1, 3)])
)
def test_any_trials_go_round(data, dt: float, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    parts = [1 if data.draw(st.booleans()) else n for n in shape]
    t = made(*rng.standard_normal((2, *shape)), dt=dt, mask=rng.integers(0, 3, parts) + 0.5)
    again = Task.from_dict(json.loads(json.dumps(t.to_dict())))
    assert again.dt == dt
    assert again.to_dict() == t.to_dict()
    xr.testing.assert_equal(again.trials(shape[0]), t.trials(shape[0]))
    assert 0 < t.time_scale <= t.duration


# ---------------------------------------------------------------- recordings that are seen in part


@pytest.mark.parametrize("lag", [0.06, 0.0, -0.04])
def test_what_is_observed_goes_in_and_all_comes_out_a_lag_later(lag: float) -> None:
    x = np.random.default_rng(0).normal([1.0, -2.0, 5.0], [1.0, 2.0, 3.0], size=(2, 500, 3))
    made = from_observed(x, observed=[1], name="seen", lag=lag, window=0.98, settle=0.2, dt=DT)
    first, shift = max(0, round(-lag / DT)), round(lag / DT)
    starts = [(k, s) for k in range(2) for s in range(first, 500 - 50 - max(0, shift) + 1, 50)]
    trials = made.trials(len(starts))
    for k, s in starts:
        inputs = np.zeros((50, 3))
        inputs[:, 1] = x[k, s : s + 50, 1] - x[..., 1].mean()
        at = np.flatnonzero(np.all(np.isclose(trials["input"].values, inputs), axis=(1, 2)))
        assert len(at) == 1
        assert np.allclose(trials["target"].values[at[0]], x[k, s + shift : s + shift + 50])
    assert trials["mask"].values[:, :10].max() == 0
    assert trials["mask"].values[:, 10:].min() == 1
    assert np.allclose(made.center, x.mean(axis=(0, 1)))
    assert np.allclose(made.scale, x.std(axis=(0, 1)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"observed": ["w"]}, "observed component 'w' is not in the recording; it has 0, 1, 2"),
        ({"observed": [3]}, "observed component 3 is not in the recording"),
        ({"observed": []}, "observed names no component"),
        ({"lag": 0.03}, "lag must be a whole number of steps of 0.02 s, got 0.03 s"),
        ({"window": math.nan}, "window must be a whole number of steps"),
        ({"window": 20.0}, "do not fit into it: shorten them, or record for longer"),
        ({"settle": 1.0}, "do not fit into it"),
    ],
)
def test_what_cannot_be_observed_is_refused(given: dict, words: str) -> None:
    options = {"observed": [0], "name": "seen", "window": 0.98, "dt": DT} | given
    with pytest.raises(ValueError, match=words):
        from_observed(np.random.default_rng(0).normal(size=(500, 3)), **options)
