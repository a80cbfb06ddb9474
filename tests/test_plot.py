"""Pictures of one run or one bank: what is drawn, how it is labelled, and clear words for bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import SubFigure
from matplotlib.patches import Polygon, Rectangle
from pictures import a_bank, a_run, check_texts, outputs, with_spikes, words

from tonicnet import plot
from tonicnet.plot._style import styled

pytestmark = pytest.mark.usefixtures("unseen_figures")


def spans(ax):
    """The shaded stretches of time, as (start, stop)."""
    found = [p.get_extents().transformed(ax.transData.inverted()) for p in ax.patches if is_span(p)]
    return [(round(box.x0, 6), round(box.x1, 6)) for box in found]


def is_span(patch):
    return isinstance(patch, Rectangle | Polygon)


# ---- attractor


def test_attractor_draws_the_output_in_task_units():
    run = a_run(["lorenz"])
    ax = plot.attractor(run)
    assert ax.name == "3d"
    x, y, z = ax.lines[0].get_data_3d()
    assert np.array_equal(np.stack([x, y, z], axis=1), run.output.values[0])
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()] == [f"component {k} (task units)" for k in range(3)]
    check_texts(ax.figure)


def test_attractor_of_a_schedule_has_a_panel_a_task():
    run = a_run(["lorenz", "hopf", "lorenz"])
    panels = plot.attractor(run).child_axes
    assert [ax.get_title() for ax in panels] == ["lorenz", "hopf"]
    axes = [(ax.get_xlabel(), ax.get_ylabel()) for ax in panels]
    assert axes == [tuple(f"component {k} (task units)" for k in picked) for picked in ((0, 2), (0, 1))]
    paths = [[line for line in ax.lines if len(line.get_xdata()) > 1] for ax in panels]
    assert [len(lines) for lines in paths] == [2, 1], "a task's segments are in one panel"
    assert np.array_equal(paths[1][0].get_ydata(), run.output.values[0, 1000:2000, 1])
    reach = [np.ptp(lines[0].get_ydata()) / np.ptp(ax.get_ylim()) for ax, lines in zip(panels, paths, strict=True)]
    assert min(reach) > 0.7, "no orbit is squashed by another"
    check_texts(panels[0].figure)


def test_attractor_draws_the_truth_beneath():
    run, truth = a_run(["lorenz"]), a_run(["lorenz"], seed=1)
    ax = plot.attractor(run, truth=truth)
    beneath, above = ax.lines
    assert np.array_equal(beneath.get_data_3d()[0], truth.output.values[0, :, 0])
    assert beneath.get_zorder() < above.get_zorder()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["lorenz", "truth"]
    named = plot.attractor(run, truth=truth.assign_coords(component=["x", "y", "z"]))
    assert [named.get_xlabel(), named.get_zlabel()] == ["x (task units)", "z (task units)"]
    both = a_run(["lorenz", "hopf"])
    panels = plot.attractor(both, truth={"hopf": a_run(["hopf"], seed=1)}).child_axes
    assert [len(panel.lines) for panel in panels] == [1, 2]


def test_truth_over_time_is_on_the_clock_of_the_run():
    run = a_run(["hopf", "line"], speed=2.0)
    clock = ("time", np.arange(4000) * 0.04, {"units": "1"})  # task time, of which two pass in a second
    truth = xr.DataArray(outputs("line", 4000, 0.04), dims=("time", "component"), coords={"time": clock})
    panel = plot.attractor(run, truth={"line": truth.to_dataset(name="output")}).child_axes[1]
    beneath, above = (line.get_xydata() for line in panel.lines)
    assert beneath[0, 0] == above[0, 0] == 20
    assert beneath[-1, 0] == pytest.approx(above[-1, 0], abs=0.03)
    assert beneath[:900] == pytest.approx(above[:900])


def test_attractor_of_chosen_components_on_given_axes():
    run = a_run(["lorenz"], trials=3)
    _, ax = plt.subplots()
    assert plot.attractor(run, components=["2", 0], ax=ax) is ax
    assert np.array_equal(ax.lines[0].get_xdata(), run.output.values[0, :, 2])
    assert sum(len(line.get_xdata()) > 1 for line in ax.lines) == 3


def test_attractor_of_one_component_is_over_time():
    ax = plot.attractor(a_run(["line"]))
    assert ax.get_xlabel() == "time (s)"
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(19.98)


def test_attractor_refuses():
    run = a_run(["lorenz", "hopf"])
    with pytest.raises(ValueError, match="takes 1 to 3 components, got 4"):
        plot.attractor(run, components=[0, 1, 2, 0])
    with pytest.raises(ValueError, match=r"unknown component '7'. Known: 0, 1, 2"):
        plot.attractor(run, components=["7"])
    with pytest.raises(ValueError, match=r"component 2 is idle in task 'hopf', which has 2; .*measure.segment"):
        plot.attractor(run, components=[0, 2])
    with pytest.raises(ValueError, match="portraits of several tasks are flat and take 1 or 2 components, got 3"):
        plot.attractor(a_run(["lorenz", "van-der-pol"]), components=[0, 1, 1])
    with pytest.raises(ValueError, match="a run of 2 tasks is drawn in flat panels, these axes have three dimensions"):
        plot.attractor(run, ax=plt.figure().add_subplot(projection="3d"))
    with pytest.raises(ValueError, match="3 components do not fit these axes"):
        plot.attractor(a_run(["lorenz"]), components=[0, 1, 2], ax=plt.figure().add_subplot())
    with pytest.raises(ValueError, match=r"lacks output \(it has: bias, loss\); tonicnet.simulate or"):
        plot.attractor(a_bank())
    with pytest.raises(TypeError, match=r"must be a Dataset from tonicnet.simulate .* got ndarray"):
        plot.attractor(np.zeros((3, 3)))


def test_a_run_that_is_not_finite_is_still_drawn():
    run = a_run(["lorenz", "hopf"])
    run.output.values[0, 500:] = np.nan
    ax = plot.attractor(run)
    drawn = ax.child_axes[0].lines[0].get_xydata()
    assert np.array_equal(drawn[:500], run.output.values[0, :500, ::2])
    assert np.isnan(drawn[500:]).all()
    course = plot.components(run)
    assert np.isfinite(course.get_ylim()).all()
    assert plot.spectrum(run).lines[0].get_xdata().size == 0  # no window of the segment is finite throughout
    for figure in (ax.figure, course.figure):
        figure.canvas.draw()


# ---- components


def test_components_are_scaled_by_segment_and_shaded():
    run = a_run(["lorenz", "hopf", "lorenz"])
    ax = plot.components(run)
    curves = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(curves) == 3 + 2 + 3
    assert [np.std(line.get_ydata()) for line in curves] == pytest.approx([1] * 8)
    assert spans(ax) == [(0, 20), (20, 40), (40, 59.98)]
    assert words(ax) == ["lorenz", "hopf", "lorenz", "idle", "component 0", "component 1", "component 2"]
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["time (s)", "output (sd of each segment)"]
    check_texts(ax.figure)


def test_rows_do_not_reach_into_each_other():
    ax = plot.components(a_run(["lorenz", "hopf"]))
    curves = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2]
    for k in range(2):
        lower = max(curve.max() for curve in curves[k + 1 :: 3])
        assert min(curve.min() for curve in curves[k::3]) > lower


def test_components_of_one_task_have_ticks_in_task_units():
    run = a_run(["lorenz"])
    ax = plot.components(run)
    curve = ax.lines[0] if len(ax.lines[0].get_xdata()) > 2 else ax.lines[1]
    values = run.output.values[0, :, 0]
    ticks = dict(zip(ax.get_yticks(), (text.get_text() for text in ax.get_yticklabels()), strict=True))
    first = {
        at: float(word.replace("\N{MINUS SIGN}", "-")) for at, word in ticks.items() if at > curve.get_ydata().min()
    }
    assert len(first) >= 2
    for at, value in first.items():
        assert at == pytest.approx((value - values.mean()) / values.std())
    assert ax.get_ylabel() == "output (task units)"
    check_texts(ax.figure)


def test_components_in_a_window():
    ax = plot.components(a_run(["lorenz", "hopf"]), window=(15, 25))
    assert spans(ax) == [(15, 20), (20, 25)]
    assert ax.get_xlim() == (15, 25)
    with pytest.raises(ValueError, match=r"window is \(start, stop\) within 0 to 39.98, .* got \(50, 60\)"):
        plot.components(a_run(["lorenz", "hopf"]), window=(50, 60))


def test_names_that_do_not_fit_stand():
    ax = plot.components(a_run(["van-der-pol"] * 12, seconds=5))
    names = [text for text in ax.texts if text.get_text() == "van-der-pol"]
    assert [text.get_rotation() for text in names] == [90] * 12
    check_texts(ax.figure)
    assert plot.components(a_run(["van-der-pol"] * 2)).texts[0].get_rotation() == 0


def test_a_trajectory_has_its_own_time():
    t = np.arange(200) * 0.1
    truth = xr.DataArray(outputs("hopf", 200, 0.1), dims=("time", "component"))
    truth = truth.assign_coords(time=("time", t, {"units": "1"}), component=["x", "y"]).to_dataset(name="output")
    ax = plot.components(truth)
    assert ax.get_xlabel() == "time (task units)"
    assert words(ax)[-2:] == ["x", "y"]


def test_a_transient_does_not_squash_the_other_segments():
    run = a_run(["line", "hopf"])  # at rest after a second of twenty, from 100: many standard deviations
    ax = plot.components(run)
    curves = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2]
    assert np.isnan(curves[0]).any()
    assert np.nanmax(curves[0]) <= 6
    assert np.isfinite(curves[1]).all()
    alone = [line.get_ydata() for line in plot.components(a_run(["line"])).lines if len(line.get_xdata()) > 2]
    assert np.isfinite(alone[0]).all(), "alone it is drawn whole"


# ---- raster


def test_raster_shows_chosen_units_and_the_rate_of_all():
    run = with_spikes(a_run(["lorenz", "hopf"]))
    figure = plot.raster(run, units=10)
    upper, lower = figure.axes
    shown = upper.lines[-1] if len(upper.lines[-1].get_xdata()) > 2 else upper.lines[0]
    mine = np.isin(run.spike_neuron, [1, *(2 * np.linspace(0, 29, 10).round()[1:])])  # neuron 0 never fires
    assert sorted(shown.get_xdata()) == pytest.approx(sorted(run.spike_time.values[mine]))
    counts, edges, _ = lower.patches[-1].get_data()
    assert np.sum(counts * np.diff(edges)) * 60 == pytest.approx(run.sizes["spike"])
    assert [upper.get_ylabel(), lower.get_ylabel(), lower.get_xlabel()] == [
        "10 of 30 units",
        "rate (Hz)",
        "time (s)",
    ]
    assert spans(upper) == [(0, 20), (20, 39.98)]
    check_texts(figure)


def test_raster_rows_are_sorted_by_activity():
    run = with_spikes(a_run(["lorenz"]))
    shown = plot.raster(run, units=[3, 29, 15]).axes[0].lines[-1]
    counts = np.bincount(shown.get_ydata().astype(int))
    assert (np.diff(counts) >= 0).all()
    assert counts[-1] == np.sum(run.spike_neuron == 58)


def test_raster_refuses():
    run = with_spikes(a_run(["lorenz"]))
    with pytest.raises(ValueError, match=r"lacks spike_time and .*; tonicnet.spiking.simulate makes them"):
        plot.raster(a_run(["lorenz"]))
    with pytest.raises(ValueError, match=r"units must be numbers from 0 to 29, got \[30\]"):
        plot.raster(run, units=[0, 30])
    with pytest.raises(ValueError, match="at least 1"):
        plot.raster(run, units=0)
    with pytest.raises(ValueError, match="there is no trial 5; the run has 0"):
        plot.raster(run, trial=5)


def test_raster_of_silence():
    run = with_spikes(a_run(["lorenz"])).isel(spike=slice(0, 0))
    figure = plot.raster(run)
    upper, lower = figure.axes
    assert all(len(line.get_xdata()) == 0 for line in upper.lines)
    assert np.array_equal(lower.patches[-1].get_data().values, np.zeros(400))
    figure.canvas.draw()


# ---- banks


@pytest.mark.parametrize("order", ["principal", "cluster", "none"])
def test_biases_as_a_map(order):
    bank = a_bank()
    ax = plot.biases(bank, order=order)
    image = ax.images[0].get_array()
    assert image.shape == (3, 40)
    tasks = [t.get_text() for t in ax.get_yticklabels()]
    held = bank.bias.sel(task=tasks).values
    assert sorted(image.T.tolist()) == sorted(held.T.tolist())  # whole units are moved
    assert np.array_equal(image, held) == (order == "none")
    assert (tasks == ["lorenz", "hopf", "van-der-pol"]) == (order != "cluster")  # clusters put like tasks together
    assert "tonic input b" in ax.figure.axes[1].get_ylabel()
    check_texts(ax.figure)


def test_sorting_by_the_principal_component_lays_out_one_pattern():
    bank = a_bank()
    pattern = np.random.default_rng(1).permutation(40.0 * np.arange(40))
    bank.bias[:] = pattern
    assert (np.diff(plot.biases(bank).images[0].get_array(), axis=1) > 0).all()


def test_biases_as_histograms():
    ax = plot.biases(a_bank(), histogram=True)
    assert [np.sum(p.get_data().values) for p in ax.patches] == [40, 40, 40]
    assert ax.get_xlabel() == "tonic input b (threshold \N{MINUS SIGN} reset)"
    assert len({p.get_linestyle() for p in ax.patches}) == 3
    check_texts(ax.figure)


def test_biases_refuse():
    with pytest.raises(ValueError, match=r"unknown order 'clusters'. Did you mean 'cluster'"):
        plot.biases(a_bank(), order="clusters")
    with pytest.raises(ValueError, match=r"lacks bias and task .* tonicnet.fit makes them"):
        plot.biases(a_run(["lorenz"]))
    with pytest.raises(ValueError, match="6000 units are too many to cluster"):
        plot.biases(a_bank(units=6000), order="cluster")


def test_thresholds_follow_the_law():
    bank = a_bank()
    figure = plot.thresholds(bank, ["lorenz", "hopf"])
    main, above, beside = figure.axes
    beads = [line for line in main.lines if line.get_label() in ("lorenz", "hopf")]
    for line, bias in zip(beads, bank.bias.values[:2], strict=True):
        assert np.array_equal(line.get_xdata(), bias)
        assert line.get_ydata() == pytest.approx(1e3 * (-0.050 - bias * 0.020))
    assert len(above.patches) == len(beside.patches) == 2
    assert main.get_ylabel() == "threshold (mV)"
    assert main.get_ylim() == pytest.approx([1e3 * (-0.050 - 0.020 * b) for b in main.get_xlim()][::-1])
    check_texts(figure)


def test_marks_of_thresholds_are_drawn_where_they_are():
    main = plot.thresholds(a_bank()).axes[0]
    main.figure.canvas.draw()
    line, *marks = main.lines[:4]
    (x0, y0), (x1, y1) = line.get_transform().transform(line.get_xydata())
    for mark in marks:
        x, y = mark.get_transform().transform(mark.get_xydata()).T
        assert y == pytest.approx(y0 + (x - x0) * (y1 - y0) / (x1 - x0), abs=1e-6)


def test_thresholds_of_no_bias_stand_at_that_of_the_neuron():
    bank = a_bank(["hopf"])
    main = plot.thresholds(bank.assign(bias=0 * bank.bias)).axes[0]
    assert set(main.lines[1].get_ydata()) == {-50.0}
    low, high = main.get_ylim()
    assert -75 < low < -70 < -50 < high < -45, "from rest to threshold, and a little beyond"


@pytest.mark.parametrize(("shift", "size"), [(-1.0, 1), (3.0, 1), (-8.0, 1), (0.0, 0)])
def test_words_at_thresholds_stand_where_there_is_room(shift, size):
    bank = a_bank()
    main = plot.thresholds(bank.assign(bias=size * bank.bias + shift)).axes[0]
    main.figure.canvas.draw()
    law = main.lines[0]
    path = law.get_transform().transform(np.linspace(*law.get_xydata(), 500))
    for text in main.texts:
        assert not text.get_window_extent().count_contains(path), f"{text.get_text()!r} lies on the line"
        assert main.get_window_extent().contains(*text.get_window_extent().min), "within the axes"


def test_thresholds_of_one_task_and_few_units():
    beads = [k for k in plot.thresholds(a_bank(), "hopf", units=[1, 5]).axes[0].lines if k.get_label() == "hopf"]
    assert len(beads[0].get_xdata()) == 2


def test_thresholds_refuse():
    with pytest.raises(ValueError, match=r"unknown task in this bank 'hopff'. Did you mean 'hopf'"):
        plot.thresholds(a_bank(), "hopff")
    with pytest.raises(ValueError, match="of the 'lif' transfer function, this bank's network has 'tanh'"):
        plot.thresholds(a_bank().assign_attrs(network=json.dumps({"transfer": {"name": "tanh"}})))
    with pytest.raises(ValueError, match=r"units must be numbers from 0 to 39, got \[40\]"):
        plot.thresholds(a_bank(), units=[40])
    with pytest.raises(ValueError, match="no task asked for"):
        plot.thresholds(a_bank(), [])


def test_loss_is_drawn_as_far_as_it_goes():
    ax = plot.loss(a_bank())
    assert ax.get_yscale() == "log"
    assert [len(line.get_xdata()) for line in ax.lines] == [8, 12, 12]
    assert len({line.get_marker() for line in ax.lines}) == 3
    check_texts(ax.figure)


def test_loss_is_not_joined_across_stages():
    bank = a_bank(["lorenz", "hopf"])
    stage = np.tile(np.repeat([0.0, 1, 2], 4), (2, 1))
    stage[0, 8:] = np.nan
    ax = plot.loss(bank.assign(stage=(("task", "epoch"), stage)))
    lines = [line for line in ax.lines if line.get_markerfacecolor() != "white"]
    assert [line.get_xdata().tolist() for line in lines] == [
        list(range(k, k + 4)) for first in ((0, 4), (0, 4, 8)) for k in first
    ]
    opened = [line.get_xdata().tolist() for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert opened == [[4], [4], [8]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["lorenz", "hopf", "a stage begins"]
    check_texts(ax.figure)


@pytest.mark.parametrize(("method", "begins"), [("auto", [3]), ("adam", []), ("", [])])
def test_stages_of_an_earlier_bank_begin_where_the_loss_rises(method, begins):
    bank = xr.Dataset({"loss": (("task", "epoch"), [[1, 0.5, 0.1, 0.4, 0.2]])}, {"task": ["hopf"]}, {"method": method})
    opened = [line.get_xdata()[0] for line in plot.loss(bank).lines if line.get_markerfacecolor() == "white"]
    assert opened == begins


def test_loss_of_a_bank_without_a_step():
    bank = a_bank()
    assert words(plot.loss(bank.assign(loss=bank.loss * np.nan))) == ["no step taken"]


# ---- spectrum


def test_spectrum_peaks_at_the_frequency_in_hertz():
    ax = plot.spectrum(a_run(["hopf"], seconds=100, speed=2 * np.pi * 0.5))
    frequency, density = ax.lines[0].get_data()
    assert frequency[np.argmax(density)] == pytest.approx(0.5, abs=0.03)
    assert np.sum(density) * (frequency[1] - frequency[0]) == pytest.approx(1, abs=0.05)
    assert ax.get_xlabel() == "frequency (Hz)"
    check_texts(ax.figure)


def test_rest_has_no_spectrum():
    run = a_run(["hopf"])
    ax = plot.spectrum(run.assign(output=run.output * 0 + 1))
    assert words(ax) == ["at rest:\nno spectrum"]


# ---- the room


def test_given_figures_are_used():
    figure = plt.figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    assert isinstance(plot.thresholds(a_bank(), fig=left), SubFigure)
    assert plot.raster(with_spikes(a_run(["hopf"])), fig=right) is right
    figure.canvas.draw()


def test_ticks_keep_their_look_after_the_call():
    ax = plot.loss(a_bank())
    ax.figure.canvas.draw()
    assert {t.get_fontsize() for t in ax.get_xticklabels()} == {7.0}


def test_the_package_does_not_import_matplotlib():
    code = "import sys, tonicnet; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_notebook_shows_every_figure_not_only_the_first():
    """The first figure starts a notebook's backend, which makes matplotlib interactive: that must last."""
    assert not mpl.is_interactive()
    styled(lambda: mpl.interactive(True))()
    assert mpl.is_interactive()
    mpl.interactive(False)
