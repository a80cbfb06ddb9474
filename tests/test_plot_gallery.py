"""Every public picture, of a crowded case: nothing on anything else, nothing off the paper, units on the axes."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from pictures import a_bank, a_run, check_texts, outputs, with_spikes

import tonicnet as tn
from tonicnet import measure, plot
from tonicnet.plot._style import COLOURS, LINES, MARKERS

pytestmark = pytest.mark.usefixtures("unseen_figures")
TASKS = ["lorenz", "hopf", "van-der-pol"]
LONG = tuple(f"a task with a long name, {i}" for i in range(7))


def maxima(seed=0):
    z = outputs("lorenz", 20_000, 0.01, seed)[:, 2:]
    run = xr.DataArray(z, dims=("time", "component"), coords={"time": np.arange(len(z)) * 0.01, "component": ["z"]})
    return measure.return_map(run)


def spectrum_of_learning():
    net = tn.Network(units=40, seed=0, synapses="dense", transfer="tanh", feedback=False, dt=0.1, gain=1.2)
    path = np.linspace(0, 1, 5)[:, None] * np.random.default_rng(0).normal(0, 1, 40)
    return measure.jacobian_spectrum(net, path, at="rest")


def alike():
    values = np.random.default_rng(0).uniform(-0.2, 1, size=(7, 7))
    return xr.Dataset({"similarity": (("task", "other"), values)}, coords={"task": list(LONG), "other": list(LONG)})


def selective():
    values = np.random.default_rng(0).uniform(size=(7, 60))
    made = {"selectivity": (("task", "unit"), values), "cluster": ("unit", np.arange(60) % 6)}
    return xr.Dataset(made, coords={"task": list(LONG)})


def scores():
    values = np.random.default_rng(0).uniform(-0.2, 1, (3, 4, 5))
    made = xr.Dataset({"r_squared": (("seed", "units", "gain"), values, {"units": "1", "long_name": "R2"})})
    return made.assign_coords(units=[25, 50, 100, 200], gain=[0.5, 0.9, 1.2, 1.5, 2.0])


def still(task="hopf"):
    where = [[0.0, 0.0], [0.9, 0.1], [-0.3, 0.4]]
    flags = {"stable": [[0, 1, 0]], "slow": [[0, 0, 1]]}
    made = {"location": (("task", "point", "component"), [where])}
    return xr.Dataset(made | {n: (("task", "point"), v) for n, v in flags.items()}, coords={"task": [task]})


def divergences(noise=0.1):
    """A divergence of many tasks at two sizes, one of them not known, with floors within and below the frame."""
    draw = np.random.default_rng(0)
    values = np.geomspace(0.2, 9, 22).reshape(11, 2) * np.exp(noise * draw.normal(size=(11, 2)))
    values[3], values[4, 1] = np.nan, np.nan
    made = {
        "state_space_divergence": (("task", "neurons_per_unit"), values, {"units": "nat"}),
        "state_space_divergence_floor": ("task", np.geomspace(0.01, 1, 11)),
    }
    return xr.Dataset(made, coords={"task": [*LONG, "a", "b", "c", "d"], "neurons_per_unit": [1, 4]})


def a_comparison():
    """Seven sets and a control at three counts of numbers and two norms, with a floor."""
    learn = ["bias", "gain", "scale", "decoder", "mask", "encoder", "bias+gain", "biases of another task"]
    draw, shape, dims = np.random.default_rng(0), (8, 3, 2, 3), ("learn", "numbers", "norm", "seed")
    own = np.arange(8) < 7
    counts = np.broadcast_to(np.array([125.0, 250.0, 500.0])[None, :, None, None], shape)
    norms = np.where(own[:, None, None, None], np.array([1.0, 2.0])[None, None, :, None], np.nan)
    made = {
        "divergence": (dims, np.exp(draw.normal(size=shape))),
        "divergence_floor": (dims, np.full(shape, 0.05)),
        "field_error": (dims, np.exp(draw.normal(size=shape)) * 20 / counts),
        "learned_numbers": (dims, counts),
        "decoder_norm": (dims, np.broadcast_to(norms, shape)),
        "spike_noise": (dims, np.broadcast_to(0.05 * norms, shape)),
    }
    return xr.Dataset(made, coords={"learn": learn, "numbers": [125, 250, 500], "norm": [1.0, 2.0], "seed": [0, 1, 2]})


def a_study():
    """Two tasks, and two ranks, of which more units are needed off the middle of the abscissa."""
    scale, units = np.array([0.5, 1.0, 2.0, 4.0]), np.array([16, 64, 256, 1024])
    needed = 64 * (1 + np.log2(scale) ** 2)[None, :, None, None, None] * np.array([1.0, 4.0])[:, None, None, None, None]
    draw = np.exp(np.random.default_rng(0).normal(0, 0.5, (2, 4, 4, 2, 6)))
    lost = np.where(units[None, None, :, None, None] > needed * draw, 0.0, 1.0)
    coords = {"task": ["cosine", LONG[0]], "decoder_scale": scale, "units": units, "components": [3, 6]}
    return xr.Dataset({"lost": ((*coords, "seed"), lost)}, coords=coords)


def paths():
    """Twelve portraits, one of them with a long name and one whose network is elsewhere."""
    t = np.linspace(0, 20, 300)
    truth = np.stack([np.stack([np.cos(t), np.sin(k * t)], axis=1) for k in range(1, 13)])
    network = truth * np.where(np.arange(12) == 3, 1.5, 0.98)[:, None, None]
    names = [f"system {k}" for k in range(11)] + ["a system of a very long name indeed"]
    held = {name: (("task", "sample", "axis"), x) for name, x in (("truth", truth), ("network", network))}
    return xr.Dataset(held, coords={"task": names})


def passing():
    return xr.Dataset({"passes": ("task", np.arange(12) != 3)}, coords={"task": paths()["task"]})


def held():
    """What networks of four sizes and two gains hold, over five draws."""
    bits = np.array([1, 2, 3, 4])[:, None, None] + np.random.default_rng(0).integers(-1, 2, (4, 2, 5))
    coords = {"units": [64, 128, 256, 512], "gain": [0.9, 1.5], "seed": range(5)}
    values = xr.DataArray(bits, dims=tuple(coords), coords=coords, name="capacity", attrs={"long_name": "bits held"})
    return values.to_dataset()


PICTURES: dict[str, Callable[[], object]] = {
    "attractor": lambda: plot.attractor(a_run(TASKS)),
    "biases": lambda: plot.biases(a_bank(LONG), order="cluster"),
    "calibration": lambda: plot.calibration(divergences(0), divergences()),
    "capacity": lambda: plot.capacity(held(), lines="gain"),
    "compare": lambda: plot.compare(a_run(TASKS), with_spikes(a_run(TASKS, seed=0.1))),
    "components": lambda: plot.components(a_run(TASKS)),
    "eigenvalues": lambda: plot.eigenvalues(spectrum_of_learning(), period=25),
    "learnability": lambda: plot.learnability(scores()),
    "loss": lambda: plot.loss(a_bank(LONG)),
    "phase_diagram": lambda: plot.phase_diagram(a_study(), x="decoder_scale", rows="components"),
    "phase_portrait": lambda: plot.phase_portrait(a_run(["hopf"]), flow=lambda x: -x, points=still()),
    "portraits": lambda: plot.portraits(paths(), passing()),
    "raster": lambda: plot.raster(with_spikes(a_run(TASKS))),
    "return_map": lambda: plot.return_map(maxima(), truth=maxima(1)),
    "selectivity": lambda: plot.selectivity(selective()),
    "similarity": lambda: plot.similarity(alike()),
    "spectrum": lambda: plot.spectrum(a_run(TASKS, seconds=60)),
    "thresholds": lambda: plot.thresholds(a_bank(LONG[:4])),
    "which_numbers": lambda: plot.which_numbers(a_comparison()),
}


def test_every_public_picture_is_here():
    public = {name for name, thing in vars(plot).items() if callable(thing) and not name.startswith("_")}
    assert public == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_read(name):
    made = PICTURES[name]()
    figure = made.figure if isinstance(made, Axes) else made
    check_texts(figure)
    panels = [panel for ax in figure.axes for panel in (ax, *ax.child_axes)]
    if name == "portraits":  # of as many planes as panels: what they are stands in the Dataset
        return
    assert any(axis.get_label_text() for ax in panels for axis in (ax.xaxis, ax.yaxis))
    for ax in panels:
        for axis in filter(lambda a: a.get_label_text() and a.get_visible(), (ax.xaxis, ax.yaxis)):
            unitless = (
                "real part",
                "imaginary part",
                "step of learning",
                "gain g",
                "decoder scale",
                "share of draws",
                "bits held",
                "correlation over units",
                "units N",
                "unit",
                "units",
                "R²",
                "neuron",
                "task",
                "numbers learned",
                "decoder norm",
                "spike noise",
                "field error",
            )
            text = axis.get_label_text()
            assert re.search(r"\(.+\)", text) or text.startswith(unitless) or text[0].isdigit(), f"{text!r} has no unit"


def test_neighbouring_looks_differ_without_colour():
    """In grey two tasks drawn one after the other differ by lightness, and any two of them by line or marker."""
    light = [np.dot([int(c[i : i + 2], 16) for i in (1, 3, 5)], [0.299, 0.587, 0.114]) / 255 for c in COLOURS]
    assert np.abs(np.diff(light)).min() > 0.1
    assert len({(LINES[i % len(LINES)], MARKERS[i % len(MARKERS)]) for i in range(len(COLOURS))}) == len(COLOURS)


def test_single_points_are_left_out_where_others_are_lines():
    """Of three counts of numbers one alone was learned at two norms: a line a set against either."""
    found = a_comparison()
    swept = (found["numbers"] == 250) | (found["norm"] == 1)
    own = found["decoder_norm"].notnull()
    figure = plot.which_numbers(found.where(swept & (own | (found["norm"] == 1))))
    for ax in figure.axes:
        assert len(ax.containers) == int(own.any(["numbers", "norm", "seed"]).sum())
        assert min(len(line.lines[0].get_xdata()) for line in ax.containers) > 1
