"""Pictures of what moves a network: fields, fixed points, return maps, eigenvalues, selectivity, learnability."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import Circle, FancyArrowPatch
from pictures import a_bank, a_run, check_texts, words

import tonicnet as tn
from tonicnet import plot

pytestmark = pytest.mark.usefixtures("unseen_figures")


def turning(x):
    return np.stack([-x[..., 1], x[..., 0]], axis=-1)


def points(task="hopf"):
    """A stable, an unstable and a slow point, one far away and a padded row."""
    where = [[0.5, 0, 0], [0, 0, 0], [0, 0.5, 0], [99, 0, 0], [np.nan] * 3]
    made = {
        "location": (("task", "point", "component"), [where]),
        "stable": (("task", "point"), [[1, 0, 0, 1, 0]]),
        "slow": (("task", "point"), [[0, 0, 1, 0, 0]]),
    }
    return xr.Dataset(made, coords={"task": [task]})


def marks(ax, marker):
    return [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == marker]


# ---- the field of a network


def test_the_field_of_a_network_is_the_slope_of_its_runs(bank_of):
    net = tn.Network(50, seed=0)
    bank = bank_of(net, ("one", "two"))
    run = tn.simulate(net, bank, task="two", duration=0.2, dt=1e-4)
    x = run["output"].values[0]
    slope = np.gradient(x, 1e-4 * float(bank["speed"].sel(task="two")), axis=0)[500]
    assert tn.flow(net, bank, task="two")(x[500]) == pytest.approx(slope, rel=1e-4)


def test_the_field_of_a_network_takes_any_shape_and_refuses_others(bank_of):
    net = tn.Network(50, seed=0)
    field = tn.flow(net, bank_of(net, ("one", "two")), task="two")
    assert field(np.zeros((4, 5, 2))).shape == (4, 5, 2)
    assert field(np.zeros((4, 3))).shape == (4, 3)
    with pytest.raises(ValueError, match=r"task 'two' have 2 components .* \(3 with idle ones\), got shape \(4,\)"):
        field(np.zeros(4))
    with pytest.raises(ValueError, match="output of a dense network does not close: its field has 50 dimensions"):
        tn.flow(tn.Network(50, seed=0, synapses="dense"), np.zeros(50))


# ---- phase portrait


def test_phase_portrait_draws_run_field_and_points():
    run = a_run(["hopf"])
    ax = plot.phase_portrait(run, flow=turning, points=points())
    paths = [line for line in ax.lines if len(line.get_xdata()) > 100]
    assert np.array_equal(paths[0].get_xydata(), run.output.values[0, :, :2])
    faces = {line.get_markerfacecolor(): line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "o"}
    assert faces["white"] == [[0, 0]]
    assert [xy for face, xy in faces.items() if face != "white"] == [[[0.5, 0]]]
    assert marks(ax, "x") == [[[0, 0.5]]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "hopf", "stable fixed point", "unstable fixed point", "slow point",
    ]  # fmt: skip
    assert ax.get_xlabel() == "component 0 (task units)"
    check_texts(ax.figure)


def test_the_field_turns_the_right_way():
    ax = plot.phase_portrait(a_run(["hopf"]), flow=turning)
    segments = np.concatenate([c.get_segments() for c in ax.collections])
    middle, step = segments.mean(axis=1), segments[:, 1] - segments[:, 0]
    assert np.median(np.cross(np.pad(middle, ((0, 0), (0, 1))), np.pad(step, ((0, 0), (0, 1))))[:, 2] > 0) == 1
    assert any(isinstance(p, FancyArrowPatch) for p in ax.patches)


def test_the_plane_lies_at_the_mean_of_the_other_components():
    seen = []
    run = a_run(["lorenz"])
    plot.phase_portrait(run, flow=lambda x: seen.append(x) or x, components=["2", 0])
    assert seen[0][..., 1] == pytest.approx(run.output.values[0, :, 1].mean())


def test_phase_portrait_refuses():
    run = a_run(["hopf"])
    with pytest.raises(ValueError, match="a phase portrait is of one task, the run has hopf, lorenz"):
        plot.phase_portrait(a_run(["hopf", "lorenz"]))
    with pytest.raises(ValueError, match="task 'hopf' has components 0, 1, not 2"):
        plot.phase_portrait(run, components=[0, 2])
    with pytest.raises(ValueError, match=r"two different components, got \[1, 1\]"):
        plot.phase_portrait(run, components=[1, 1])
    with pytest.raises(ValueError, match=r"flow returned shape \(32, 32\)"):
        plot.phase_portrait(run, flow=lambda x: x[..., 0])
    both = xr.concat([points("a"), points("b")], dim="task")
    with pytest.raises(ValueError, match="the fixed points are of a, b, the run of 'hopf'"):
        plot.phase_portrait(run, points=both)
    with pytest.raises(ValueError, match=r"fixed points lacks location .*tonicnet.measure.fixed_points makes them"):
        plot.phase_portrait(run, points=run)


# ---- return map


def events(values):
    values = np.asarray(values, dtype=float)
    return xr.Dataset({"now": ("event", values[:-1]), "next": ("event", values[1:])}, attrs={"component": "z"})


def test_return_map_draws_pairs_truth_and_diagonal():
    ax = plot.return_map(events([1, 2, 3, np.nan]), truth=events([1, 3, 2, 1]))
    drawn = {line.get_label(): line for line in ax.lines}
    assert drawn["network"].get_xydata().tolist() == [[1, 2], [2, 3]]
    assert drawn["truth"].get_xydata().tolist() == [[1, 3], [3, 2], [2, 1]]
    assert drawn["network"].get_zorder() > drawn["truth"].get_zorder()
    assert np.array_equal(*ax.lines[-1].get_data())
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_ylabel() == "next maximum of z (task units)"
    check_texts(ax.figure)


def test_return_map_refuses():
    with pytest.raises(ValueError, match="the events hold no pair of maxima; the run is too short, or at rest"):
        plot.return_map(events([1]))
    with pytest.raises(ValueError, match=r"the truth lacks now and next .*measure.return_map makes them"):
        plot.return_map(events([1, 2]), truth=a_bank())


# ---- eigenvalues


def spectrum(rows, *, of="map", dim="epoch", names=None):
    """Rows of a leading pair that comes to exp(2 pi i / 25), and two real eigenvalues."""
    lead = np.linspace(0.5, 1, rows)[:, None] * np.exp(2j * np.pi / 25 * np.array([1, -1]))
    values = np.concatenate([lead, np.tile([0.3, -0.2], (rows, 1))], axis=1)
    both = np.stack([values.real, values.imag], axis=-1)
    made = xr.Dataset({"eigenvalue": ((dim, "mode", "part"), both)}, attrs={"of": of})
    return made.assign_coords({dim: names or list(range(rows))})


def test_eigenvalues_of_a_map_stand_against_the_unit_circle():
    made = spectrum(3)
    ax = plot.eigenvalues(made, period=25)
    circle = next(p for p in ax.patches if isinstance(p, Circle))
    assert circle.radius == 1
    named = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(named) == ["step 0", "step 1", "step 2", "2π / period"]
    assert named["step 2"].get_xydata() == pytest.approx(made.eigenvalue.values[2, :2])
    x, y = named["2π / period"].get_xydata()[0]
    assert np.arctan2(y, x) == pytest.approx(2 * np.pi / 25)
    assert len({line.get_marker() for line in named.values()}) == 4
    check_texts(ax.figure)


def test_eigenvalues_of_a_flow_stand_against_the_imaginary_axis():
    ax = plot.eigenvalues(spectrum(2, of="flow", dim="task", names=["a", "b"]), period=2.0)
    assert not [p for p in ax.patches if isinstance(p, Circle)]
    heights = [
        line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1 and len(line.get_ydata()) == 2
    ]
    assert sorted(h for h in heights if abs(h) > 1) == pytest.approx([-np.pi, np.pi])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b", "2π / period"]
    assert ax.get_ylabel() == "imaginary part (1/s)"
    check_texts(ax.figure)


def test_many_rows_have_a_bar_and_grow_darker():
    ax = plot.eigenvalues(spectrum(20), period=25)
    leads = [line for line in ax.lines if line.get_markersize() == 6 and line.get_linewidth() == 0]
    light = [np.dot(mpl.colors.to_rgb(line.get_color()), [0.299, 0.587, 0.114]) for line in leads]
    assert len(leads) == 20
    assert np.all(np.diff(light) <= 1e-6)
    assert [t.get_text() for t in ax.figure.axes[1].get_yticklabels()] == ["step 0", "step 19"]
    check_texts(ax.figure)


def test_many_tasks_keep_their_names():
    tasks = [f"task-{i}" for i in range(11)]
    ax = plot.eigenvalues(spectrum(11, of="flow", dim="task", names=tasks))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == tasks
    assert len(ax.figure.axes) == 1
    check_texts(ax.figure)


def test_eigenvalues_refuse():
    with pytest.raises(ValueError, match=r"lacks eigenvalue .*measure.jacobian_spectrum makes them"):
        plot.eigenvalues(a_bank())
    with pytest.raises(ValueError, match=r"a period is a positive number .* got -1"):
        plot.eigenvalues(spectrum(2), period=-1)


# ---- clusters


def test_clustered_biases_put_like_tasks_together():
    bank = a_bank(("a", "b", "c", "d"))
    noise = np.random.default_rng(1).normal(0, 0.05, (2, 40))
    bank["bias"][2:] = bank["bias"].values[:2] + noise
    ax = plot.biases(bank, order="cluster")
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert {frozenset(names[:2]), frozenset(names[2:])} == {frozenset("ac"), frozenset("bd")}
    shown = ax.images[0].get_array()
    for name, row in zip(names, shown, strict=True):
        assert sorted(row) == sorted(bank["bias"].sel(task=name).values)
    assert len(ax.child_axes[0].lines) == 3
    check_texts(ax.figure)


def test_selectivity_is_sorted_by_cluster():
    values = np.array([[1, 0, 1, 0, 0.0], [0, 1, 0, np.nan, 0.5]])
    made = {"selectivity": (("task", "unit"), values), "cluster": ("unit", [0, 1, 0, -1, 1])}
    ax = plot.selectivity(xr.Dataset(made, coords={"task": ["a", "b"]}))
    assert ax.images[0].get_array().tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 0.5, 0]]
    assert words(ax) == ["1", "2", "\N{EN DASH}"]
    assert [line.get_xdata()[0] for line in ax.lines] == [1.5, 3.5]
    check_texts(ax.figure)
    with pytest.raises(ValueError, match=r"lacks selectivity and cluster .*measure.selectivity makes them"):
        plot.selectivity(a_bank())


# ---- learnability


def scores():
    values = np.array([[[0.0, 0.9, 0.2]], [[0.4, 1.0, np.nan]], [[-20.0, 0.8, np.nan]]])
    made = xr.Dataset({"r_squared": (("seed", "units", "gain"), values, {"units": "1", "long_name": "R2"})})
    return made.assign_coords(units=[50], gain=[0.5, 1.2, 2.0])


def test_learnability_shows_the_median_and_counts_failures_as_worst():
    ax = plot.learnability(scores())
    plain = [text.replace("\N{EN DASH}", " to ").replace("\N{MINUS SIGN}", "-") for text in words(ax)]
    assert plain == ["0.00\n< -9 to 0.40", "0.90\n0.80 to 1.00", "none\nnone to 0.20"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.5", "1.2", "2"]
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["gain g", "units N"]
    assert ax.images[0].norm.vmax == 1
    check_texts(ax.figure)


def test_learnability_over_other_dims():
    ax = plot.learnability(scores(), x="seed", y="gain", limits=(-1, 1))
    assert ax.get_xlabel() == "seed"
    assert words(ax)[2] == "< \N{MINUS SIGN}9"  # one value a cell: no range
    check_texts(ax.figure)


def test_learnability_refuses():
    with pytest.raises(ValueError, match=r"unknown score 'r2'. .*Known: r_squared"):
        plot.learnability(scores(), score="r2")
    with pytest.raises(ValueError, match=r"unknown dim of r_squared 'width'"):
        plot.learnability(scores(), y="width")
    with pytest.raises(ValueError, match="x and y are both 'gain'"):
        plot.learnability(scores(), y="gain")
    with pytest.raises(ValueError, match="the worst below the best"):
        plot.learnability(scores(), limits=(1, 0))
    with pytest.raises(TypeError, match="takes a Dataset of scores, got ndarray"):
        plot.learnability(np.zeros((2, 2)))
