"""The comparison sheet: what it shows for two to four tasks, and that nothing lies on anything else."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from pictures import SHAPES, a_run, check_texts, outputs, with_spikes

import tonicnet as tn
from tonicnet import measure, plot

pytestmark = pytest.mark.usefixtures("unseen_figures")
SCHEDULE = ["lorenz", "hopf", "van-der-pol", "line"]


def pair(tasks, **options):
    rate = a_run(tasks, **options)
    spiking = a_run(tasks, kind="spiking", seed=0.1, **options)
    noise = np.random.default_rng(0).normal(0, 0.05, spiking.output.shape)
    return rate, with_spikes(spiking.assign(output=spiking.output + noise))


def truths(tasks, count=2000, dt=0.04):
    made = {}
    for task in tasks:
        values = outputs(task, count, dt, 0.2)
        time = ("time", np.arange(count) * dt, {"units": "1"})
        names = ["x", "y", "z"][: SHAPES[task]]
        truth = xr.DataArray(values, dims=("time", "component"), coords={"time": time, "component": names})
        segment = ("time", np.full(count, task))
        made[task] = truth.to_dataset(name="output").assign_coords(segment=segment).assign_attrs(kind="truth")
    return made


def labels(figure):
    return {text.get_text() for ax in figure.axes for text in ax.texts}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_sheet_reads_well(count):
    tasks = SCHEDULE[:count]
    figure = plot.compare(*pair(tasks), truth=truths(tasks))
    assert len(figure.axes) == 7 * count
    assert [text.get_text() for text in figure.texts] == tasks
    assert {"against the truth", "rate", "spiking", "floor", "2 sd"} <= labels(figure)
    check_texts(figure)


@pytest.mark.parametrize("name", ["van-der-pol", "fitzhugh-nagumo-slow"])
@pytest.mark.parametrize("after", ["lorenz", "hopf"])
def test_the_task_before_a_switch_has_its_whole_name(name, after):
    runs = [
        run.assign_coords(segment=("time", np.where(run.segment == "van-der-pol", name, run.segment)))
        for run in pair(["line", "van-der-pol", after])
    ]
    figure = plot.compare(*runs)
    above = [text for text in figure.axes[-1 - 2].texts if text.get_position()[1] > 1]
    assert [text.get_text() for text in above] == [name, after]
    check_texts(figure)


def test_portraits_share_their_limits_and_show_each_run():
    rate, spiking = pair(["lorenz", "hopf"])
    figure = plot.compare(rate, spiking, truth=truths(["lorenz", "hopf"]))
    portraits = figure.axes[:3]
    assert [ax.get_title() for ax in portraits] == ["truth", "rate", "spiking"]
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in portraits}) == 1
    drawn = np.concatenate([line.get_ydata() for line in portraits[1].lines])
    assert drawn.max() == rate.output.values[0, :1000, 2].max()
    assert portraits[0].get_ylabel() == "z\n(task units)"
    assert portraits[1].get_xlabel() == "x (task units)"


def test_curves_lie_over_each_other_around_the_switch():
    rate, spiking = pair(["lorenz", "hopf"])
    figure = plot.compare(rate, spiking, truth=truths(["lorenz", "hopf"]))
    raster, course = figure.axes[7 + 3], figure.axes[7 + 4]
    low, high = course.get_xlim()
    assert raster.get_xlim() == (low, high)
    assert low < 20 < high
    curves = [line for line in course.lines if line.get_label() != "scale" and len(line.get_xdata()) > 2]
    styles = {line.get_linestyle() for line in curves}
    assert styles == {"-", "--"}
    assert len(curves) == 2 * (2 + 2)
    hopf = [line for line in curves if line.get_xdata()[0] > 19]
    scale = rate.output.values[0, 1000:, 0]
    want = (spiking.output.values[0, 1000:, 0] - scale.mean()) / scale.std()
    got = next(line for line in hopf if line.get_linestyle() == "--").get_ydata()
    assert got == pytest.approx(want[: len(got)])


def test_spectra_are_in_hertz_for_all_three():
    tasks = ["hopf", "van-der-pol"]
    figure = plot.compare(*pair(tasks, seconds=60), truth=truths(tasks, count=4000))
    for line in figure.axes[5].lines:
        frequency, density = line.get_data()
        assert frequency[np.argmax(density)] == pytest.approx(2 / (2 * np.pi), abs=0.06)
    assert figure.axes[5].get_xlabel() == "frequency (Hz)"


def test_the_table_shows_the_measures_given():
    tasks = ["lorenz", "hopf"]
    runs = pair(tasks)
    table = measure.compare(*runs, truth=truths(tasks))
    table["period_error"][:] = -0.1234
    figure = plot.compare(*runs, truth=truths(tasks), measures=table)
    assert "\N{MINUS SIGN}12 %" in labels(figure)


def test_without_truth_the_rate_run_is_the_standard():
    figure = plot.compare(*pair(["lorenz", "hopf"]))
    assert len(figure.axes) == 6 * 2
    assert "against the rate run" in labels(figure)
    check_texts(figure)


def test_one_truth_for_one_of_two_tasks():
    figure = plot.compare(*pair(["lorenz", "hopf"]), truth=truths(["lorenz"])["lorenz"])
    assert {"not given", "not measured"} <= labels(figure)
    check_texts(figure)


def test_runs_of_several_trials():
    rate, spiking = pair(["lorenz", "hopf"], trials=2)
    figure = plot.compare(rate, spiking, truth=truths(["lorenz", "hopf"]))
    ends = {line.get_xydata()[-1, 1] for line in figure.axes[1].lines}
    assert set(rate.output.values[:, 999, 2]) <= ends  # both trials, z against x, to their last sample
    check_texts(figure)


def test_sheet_refuses():
    rate, spiking = pair(["lorenz", "hopf"])
    with pytest.raises(ValueError, match=r"the spiking run lacks spike_time .* tonicnet.spiking.simulate"):
        plot.compare(rate, rate)
    with pytest.raises(ValueError, match="the runs share no task: one has line"):
        plot.compare(a_run(["line"]), spiking, measures=measure.compare(rate, spiking))
    with pytest.raises(ValueError, match=r"task 'lorenz' begins at 0 s in the rate run, at 20 s in the spiking"):
        plot.compare(rate, with_spikes(a_run(["hopf", "lorenz"])))
    with pytest.raises(TypeError, match="the rate run must be a Dataset"):
        plot.compare(None, spiking)


def test_a_portrait_is_in_the_plane_that_its_task_states():
    def spiral(x):
        return np.stack([x[..., 1], -x[..., 0], -x[..., 2] + x[..., 0]], axis=-1)

    plain = tn.Task(spiral, name="spiral", initial=[1.0, 0.0, 0.5], kind="cycle", transient=1.0)
    turned = tn.Task(
        spiral, name="spiral", initial=[1.0, 0.0, 0.5], kind="cycle", transient=1.0, components=["p", "q", "r"],
        plane=["r", "q"],
    )  # fmt: skip
    for task, seen in ((plain, ("x", "z")), (turned, ("r", "q"))):
        run = task.trajectory(20.0, 0.1)
        figure = plot.compare(run, with_spikes(run), truth={"spiral": run})
        assert figure.axes[1].get_xlabel().split(" (")[0].endswith(seen[0])
        assert figure.axes[0].get_ylabel().split("\n")[0].endswith(seen[1])
        portrait = plot.phase_portrait(run)
        assert portrait.get_xlabel().split(" (")[0].endswith(seen[0])
    with pytest.raises(ValueError, match=r"the plane it is seen in is that of two of p, q, got p"):
        tn.Task(lambda x: x, name="flat", initial=[1.0, 0.0], components=["p", "q"], plane=["p"])


def test_a_bank_stands_for_the_truth(bank_of):
    net = tn.Network(units=20, seed=0)
    bank = bank_of(net, ("lorenz", "hopf"), dimension=[3, 2], speed=[0.5, 2.0])
    bank = bank.assign_attrs(tasks=json.dumps({n: tn.task(n).to_dict() for n in ("lorenz", "hopf")}))
    run = tn.simulate(net, bank, schedule=[("lorenz", 8), ("hopf", 8)])
    figure = plot.compare(run, with_spikes(run, units=20), truth=bank)
    assert [ax.get_title() for ax in figure.axes[:3]] == ["truth", "rate", "spiking"]
    assert figure.axes[0].get_ylabel() == "z\n(task units)"
    assert {"x", "y", "z", "against the truth", "floor"} <= labels(figure)
    assert not {text for text in labels(figure) if text.startswith("component")}
    check_texts(figure)
