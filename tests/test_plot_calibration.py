"""The calibration plot: points where the data are, the correlation that numpy finds, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from pictures import check_texts

from tonicnet import plot

pytestmark = pytest.mark.usefixtures("unseen_figures")
D = "state_space_divergence"
TASKS = ("a", "b", "c", "d")
SIZES = (1, 4)


def table(values, *, name=D, tasks=TASKS, floor=None, units="nat"):
    """Values (task,) or (task, neurons_per_unit) as predict and compare label them."""
    values = np.asarray(values, dtype=float)
    dims = ("task", "neurons_per_unit")[: values.ndim]
    made = {name: (dims, values, {"units": units, "long_name": "a long name"})}
    made |= {} if floor is None else {f"{name}_floor": ("task", np.asarray(floor, dtype=float))}
    coords = {"task": list(tasks)} | ({"neurons_per_unit": list(SIZES)} if values.ndim > 1 else {})
    return xr.Dataset(made, coords=coords)


def two_sizes(seed=0):
    return np.exp(np.random.default_rng(seed).normal(0, 1, (4, 2)))


def marks(ax):
    """Every mark of a task, (x, y), with its face and shape."""
    drawn = [line for line in ax.lines if line.get_marker() not in ("None", None) and line.get_markersize() < 10]
    return [(*line.get_xydata()[0], line.get_markerfacecolor(), line.get_marker()) for line in drawn]


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def rings(ax):
    return [line.get_xydata().tolist() for line in ax.lines if line.get_markersize() == 10]


def test_every_pair_is_a_mark_at_its_values():
    x, y = two_sizes(), two_sizes(1)
    ax = plot.calibration(table(x), table(y))
    assert np.array([m[:2] for m in marks(ax)]) == pytest.approx(np.stack([x.ravel(), y.ravel()], axis=1))
    assert len({m[3] for m in marks(ax)}) == len(TASKS)
    assert [m[2] == (1, 1, 1) for m in marks(ax)] == [True, False] * 4  # open where neurons are few
    assert key(ax) == [*TASKS, "neurons a unit: 1", "neurons a unit: 4", "equal"]
    check_texts(ax.figure)


def test_axes_are_square_and_alike_and_hold_every_mark():
    ax = plot.calibration(table([0.01, 0.2, 3, 40]), table([0.02, 0.1, 5, 400]))
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_box_aspect()) == ("log", "log", 1)
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[0] < 0.01
    assert ax.get_xlim()[1] > 400
    assert any(np.array_equal(*line.get_data()) and tuple(line.get_xdata()) == ax.get_xlim() for line in ax.lines)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted $D_{stsp}$ (nat)", "measured $D_{stsp}$ (nat)")


def test_the_correlation_is_that_of_logarithms():
    x, y = two_sizes(), two_sizes(2)
    x[1, 0] = np.nan
    known = np.isfinite(x)
    found = np.corrcoef(np.log(x[known]), np.log(y[known]))[0, 1]
    words = f"correlation of logarithms {found:.3f} (7 pairs)".replace("-", "\N{MINUS SIGN}")
    assert plot.calibration(table(x), table(y)).get_title() == words


def test_values_that_are_all_the_same_have_no_correlation():
    title = plot.calibration(table([2.0] * 4), table([1, 2, 3, 4])).get_title()
    assert title == "correlation of logarithms \N{EN DASH} (4 pairs)"


def test_tasks_are_paired_by_name():
    ax = plot.calibration(table([1, 2, 3, 4]), table([30, 10, 50], tasks=("c", "a", "e")))
    assert [m[:2] for m in marks(ax)] == [(1, 10), (3, 30)]
    assert key(ax) == ["a", "b: no value", "c", "d: no value", "e: no value", "equal"]


def test_what_has_no_value_is_left_out_and_named():
    x, y = two_sizes(), two_sizes(1)
    x[0], y[1], y[2, 1] = np.nan, np.inf, np.nan
    ax = plot.calibration(table(x), table(y))
    assert len(marks(ax)) == 3
    assert key(ax)[:4] == ["a: no value", "b: no value", "c (none at 4)", "d"]
    check_texts(ax.figure)


def test_only_sizes_that_both_have_are_drawn():
    x = two_sizes()
    ax = plot.calibration(table(x), table(x).isel(neurons_per_unit=[1]))
    assert [m[0] for m in marks(ax)] == pytest.approx(x[:, 1])


def test_signed_errors_are_drawn_by_their_size():
    error = {"name": "period_error", "units": "1"}
    ax = plot.calibration(
        table([0.1, -0.2, 0.3, -0.4], **error), table([0.1, 0.2, -0.3, 0.5], **error), measure="period_error"
    )
    assert [m[:2] for m in marks(ax)] == [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.4, 0.5)]
    assert ax.get_xlabel() == "predicted |period error|"


def test_floors_are_shaded_and_what_lies_below_its_own_has_a_ring():
    ax = plot.calibration(
        table([1, 2, 3, 4], floor=[1.5, 1.5, np.nan, 0.1]), table([1.2, 1, 3, 4], floor=[0.1, 0.1, np.nan, 0.1])
    )
    low = ax.get_xlim()[0]
    assert [low + patch.get_width() for patch in ax.patches] == pytest.approx([1.5, 1.5])
    assert rings(ax) == [[[1, 1.2]]]
    assert key(ax)[-2:] == ["below floors of tasks", "below its own floor"]


def test_floors_below_the_frame_are_not_in_the_key():
    ax = plot.calibration(table([1, 2, 3, 4], floor=[1e-6] * 4), table([1, 2, 3, 4]))
    assert key(ax)[-1] == "equal"
    assert not ax.patches


def test_more_tasks_than_colours_stay_apart_and_fit():
    names = [f"a task with a long name, {i}" for i in range(24)]
    values = np.geomspace(1, 9, 24)
    ax = plot.calibration(table(values, tasks=names), table(values, tasks=names))
    looks = {(tuple(face), shape) for _, _, face, shape in marks(ax)}
    assert len(looks) == 24
    check_texts(ax.figure)


def test_it_draws_where_it_is_told():
    given = plot.calibration(table([1, 2, 3, 4]), table([1, 2, 3, 4]))
    given.clear()
    assert plot.calibration(table([1, 2, 3, 4]), table([1, 2, 3, 4]), ax=given) is given


def test_calibration_refuses():
    good = table([1, 2, 3, 4])
    with pytest.raises(TypeError, match=r"the prediction must be a Dataset from tonicnet.spiking.predict, got ndarray"):
        plot.calibration(np.ones(4), good)
    with pytest.raises(ValueError, match=r"the measurement lacks state_space_divergence \(it has: period_error\)"):
        plot.calibration(good, table([1, 2, 3, 4], name="period_error"))
    with pytest.raises(ValueError, match=r"share no task: one has a, b, c, d, the other e, f; give the same"):
        plot.calibration(good, table([1, 2], tasks=("e", "f")))
    with pytest.raises(ValueError, match=r"at least two pairs .* got 1 of state_space_divergence for tasks a, b, c, d"):
        plot.calibration(good, table([1, np.nan, np.nan, np.inf]))
    with pytest.raises(ValueError, match=r"state_space_divergence of b, d is 0, which has no logarithm; leave it out"):
        plot.calibration(good, table([1, 0, 3, 0]))


def test_calibration_refuses_dims_that_do_not_pair():
    good, sized = table([1, 2, 3, 4]), table(two_sizes())
    with pytest.raises(ValueError, match="same second dim or none: prediction neurons_per_unit and measurement none"):
        plot.calibration(sized, good)
    with pytest.raises(ValueError, match=r"over run, task, neurons_per_unit; it must be over task and at most one dim"):
        plot.calibration(sized.expand_dims(run=["rate", "spiking"]), sized)
    with pytest.raises(ValueError, match=r"over no dims; it must be over task"):
        plot.calibration(good, good.isel(task=0))
    with pytest.raises(ValueError, match=r"the measurement has a, b more than once; give every task one place"):
        plot.calibration(good, table([1, 2, 3, 4], tasks=("a", "a", "b", "b")))
    with pytest.raises(ValueError, match=r"share no neurons_per_unit: one has 1, the other 4"):
        plot.calibration(sized.isel(neurons_per_unit=[0]), sized.isel(neurons_per_unit=[1]))
