"""Before the first step of a fit: what it will take, where it starts, and how often it is polished."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn import _forecast, _progress
from tonicnet.learn._choice import chosen, cost_of
from tonicnet.learn._course import Draw, Stage
from tonicnet.learn._field_course import FieldCourse
from tonicnet.learn._forecast import Ahead, Forecast, forecast_of, part_of
from tonicnet.learn._job import Job
from tonicnet.learn._settings import Settings

NET = tn.Network(60, seed=0)
DENSE = tn.Network(40, seed=0, synapses="dense")
QUICK = {"restarts": 0, "steps": 4, "seed": 0}


@pytest.fixture(scope="module")
def hopf():
    return tn.fit(NET, "hopf", rounds=0, progress=False, **QUICK)


def stages(net, task, **given):
    events = []
    bank = tn.fit(net, task, progress=events.append, **QUICK | given)
    return list(dict.fromkeys(e["stage"] for e in events)), bank


def noisy_circle():
    t = np.arange(0, 60, 0.05)
    x = np.stack([np.sin(t), np.cos(t)], axis=1) + 0.05 * np.random.default_rng(0).standard_normal((len(t), 2))
    return tn.Task.from_array(x, name="circle", dt=0.05)


@pytest.mark.parametrize(("task", "polish"), [("hopf", "polish"), ("lorenz", "polish"), (noisy_circle(), "shooting")])
def test_no_rounds_are_no_polish(task, polish):
    names, bank = stages(NET, task, rounds=0)
    assert names == ["coarse field", "field"]
    assert not bank["outcome"].item().startswith("stopped after")
    assert "lost" in bank["outcome"].item()  # it was judged alone nevertheless


def test_rounds_are_counted_as_they_are_called():
    for rounds in (1, 2):
        names, bank = stages(NET, "lorenz", rounds=rounds)
        assert names[2:] == [f"polish {k}" for k in range(1, rounds + 1)]
        assert f"stopped after {rounds} closed-loop round{'s' * (rounds > 1)}" in bank["outcome"].item()
    names, _ = stages(NET, "two-well", rounds=2, steps=1, noise=0.0)
    assert names[1:] == ["field", "polish 1", "polish 2"][: len(names) - 1]


@pytest.mark.parametrize(
    ("growth", "ahead", "first", "rounds"),
    [(4, 0, 1, 26), (4, 0, 3, 23 / 3), (4, 0, 6, 3), (1, 0, 1, 8), (4, 0, 9, 0), (4, 1, 1, 29 / 2), (4, 1, 3, 6)],
)
def test_later_rounds_are_longer_and_counted_so(growth, ahead, first, rounds):
    assert Stage("polish", 12, lambda *_: None, growth=growth, ahead=ahead).rounds(first, 8) == rounds


@pytest.mark.parametrize(("task", "times"), [("hopf", (1, 2, 3, 4, 4, 4)), ("lorenz", (2, 3, 4, 4, 4, 4))])
def test_later_rounds_have_more_windows(task, times):
    settings = Settings(**QUICK)
    net = NET if task == "hopf" else tn.Network(units=20, seed=0)
    job = Job.on(circuit_of(net, settings.dtype(net)), tn.task(task), settings)
    made = islice(FieldCourse().stages(job.problem), 2, 8)
    rows = [
        stage.make(Draw(0, 0), lambda: job.problem.learnable().first).parts[0][1].windows.path.shape[0]
        for stage in made
    ]
    assert rows == [n * rows[0] // times[0] for n in times]


def test_a_fit_starts_from_a_row(hopf):
    first = []
    tn.fit(NET, "hopf", start=hopf, rounds=0, progress=lambda e: first.append(e["loss"]), **QUICK)
    cold = []
    tn.fit(NET, "hopf", rounds=0, progress=lambda e: cold.append(e["loss"]), **QUICK)
    assert first[0] < 0.5 * cold[0]
    assert first[-1] <= first[0]


def test_the_row_of_the_name_counts_and_one_row_does_for_all(hopf):
    both = tn.fit(NET, "cosine", rounds=0, into=hopf, progress=False, **QUICK)
    started = {}
    for name, start in (("named", both), ("only", hopf)):
        losses = []
        tn.fit(NET, "hopf", start=start, rounds=0, progress=lambda e, kept=losses: kept.append(e["loss"]), **QUICK)
        started[name] = losses[0]
    assert started["named"] == started["only"]
    with pytest.raises(ValueError, match=r"start has no row of 'van-der-pol' but hopf, cosine; choose one of them"):
        tn.fit(NET, "van-der-pol", start=both, progress=False)
    with pytest.raises(ValueError, match="learned on network"):
        tn.fit(tn.Network(60, seed=1), "hopf", start=hopf, progress=False)
    gain = tn.fit(NET, "hopf", learn="gain", start=hopf, rounds=0, progress=False, **QUICK)
    np.testing.assert_allclose(gain["bias"].values, hopf["bias"].values)  # frozen, as in the row


def test_a_start_is_part_of_what_a_checkpoint_is_of(hopf, tmp_path):
    kept = tmp_path / "kept.nc"
    call = {"rounds": 0, "progress": False, "checkpoint": kept} | QUICK
    one = tn.fit(NET, "hopf", start=hopf, **call)
    again = tn.fit(NET, "hopf", start=hopf, **call)
    np.testing.assert_array_equal(one["bias"], again["bias"])
    with pytest.raises(ValueError, match="another"):
        tn.fit(NET, "hopf", **call)


def ahead_of(net, task, **given):
    """The stages of a job up to the first that is scored, and where it starts."""
    settings = Settings(**QUICK | given)
    learner = Job.on(circuit_of(net, settings.dtype(net)), task, settings).learner(
        report=lambda _: None, keep=lambda _: None, state=None
    )
    found = []
    learner._forecast = found.append
    next(iter(learner._stages()))
    return found[0], learner


def test_the_forecast_holds_all_steps_and_the_memory_of_a_step():
    forecast, _ = ahead_of(NET, tn.task("hopf"), rounds=3)
    assert forecast.steps == 4 + 2 + 3 * 9
    assert forecast.bytes >= 60 * 60 * 16  # a curvature in float64
    assert 0 < forecast.seconds < 60
    assert forecast.sentence().startswith("at most 33 steps, about ")


def test_rounds_that_may_follow_are_named():
    forecast, _ = ahead_of(NET, tn.task("two-well"), rounds=3)
    assert forecast.steps == 4 + 2
    assert forecast.sentence().endswith("GiB, then closed-loop rounds if it is not good")


def test_a_step_takes_about_as_long_as_is_forecast():
    """In time of the processor, since the machine may be busy: within a factor of six, for steps of a tenth second."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((8, 40, 2))
    task = tn.Task.from_trials(inputs, 0.1 * np.cumsum(inputs, axis=1), name="sum", dt=0.01)
    net = tn.Network(48, seed=0, components=2, synapses="dense")
    forecast, learner = ahead_of(net, task, rounds=0)
    stage, residual = next(iter(learner._stages()))
    method, _ = chosen(learner.problem, stage, residual)
    theta = learner.state.theta
    from time import process_time

    begun = process_time()
    method.step(residual, residual.at(theta), method.begin(theta))
    spent = process_time() - begun
    each = forecast.seconds / forecast.steps
    assert spent / 6 < each < 6 * spent
    small = part_of(residual, 8)
    assert small.rows * 8 <= residual.rows
    assert (
        forecast_of([Ahead(stage, residual, cost_of(learner.problem, residual))], theta, rounds=5).steps
        == 5 * stage.steps
    )


def test_stages_alike_are_timed_once(monkeypatch):
    timed = []
    monkeypatch.setattr(_forecast, "_seconds", lambda one, theta: timed.append(one.stage.name) or 0.5)
    task = tn.task("flip-flop", bits=1)
    net = tn.Network(20, seed=0, components=1, synapses="dense")
    forecast, _ = ahead_of(net, task, rounds=2)
    assert len(timed) == 1
    assert forecast.seconds == pytest.approx(0.5 * forecast.steps)


@pytest.mark.parametrize("watched", [True, False])
def test_who_asks_is_told_before_the_first_step(watched, capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_LONG", 0.0)
    tn.fit(NET, "hopf", rounds=0, progress=watched, **QUICK)
    said = capsys.readouterr().out.splitlines()
    begins = [line.split(",")[0] for line in said]
    assert begins == (["hopf: at most 6 steps", "hopf"] if watched else [])


def test_a_forecast_in_words():
    assert Forecast(30, 620.0, 3 * 2**30).sentence() == "at most 30 steps, about 620 s (21 s a step), 3 GiB"
