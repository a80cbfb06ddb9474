"""What the tests of pictures share: runs and banks to draw, and whether a drawing can be read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

import tonicnet as tn
from tonicnet.bank import Entry, Scaling, written

SHAPES = {"lorenz": 3, "hopf": 2, "van-der-pol": 2, "line": 1}
SPECS = {"transfer": {"name": "lif", "threshold": -0.050, "reset": -0.070}}


def lorenz(count, dt, start):
    x, path = np.array(start, dtype=float), []
    for _ in range(count):
        path.append(x)
        for _ in range(2):
            middle = x + dt / 4 * lorenz_flow(x)
            x = x + dt / 2 * lorenz_flow(middle)
    return np.array(path)


def lorenz_flow(x):
    return np.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def outputs(task, count, dt, seed=0):
    """The output of a task in its own units, (time, component)."""
    t = np.arange(count) * dt + seed
    if task == "lorenz":
        return lorenz(count, dt, (1 + seed, 2, 25))
    if task == "line":
        return 100 * np.exp(-t)[:, None]
    wave = 3 if task == "van-der-pol" else 1
    return np.stack([np.cos(t), np.sin(t) + 0.3 * np.sin(wave * t)], axis=1)


def a_run(tasks, *, seconds=20.0, speed=2.0, dt=0.02, trials=1, kind="rate", seed=0):
    """A run in the common layout, with three components of which some are idle."""
    count = int(seconds / dt)
    made = np.zeros((trials, count * len(tasks), 3))
    for i, task in enumerate(tasks):
        for trial in range(trials):
            made[trial, i * count : (i + 1) * count, : SHAPES[task]] = outputs(task, count, dt * speed, trial + seed)
    index = np.repeat(np.arange(len(tasks)), count)
    coords = {
        "trial": np.arange(trials),
        "time": ("time", np.arange(len(index)) * dt, {"units": "s"}),
        "component": ["0", "1", "2"],
        "task_time": ("time", np.tile(np.arange(count), len(tasks)) * dt * speed),
        "segment": ("time", np.array(tasks)[index]),
        "segment_index": ("time", index),
        "dimension": ("time", np.array([SHAPES[t] for t in tasks])[index]),
    }
    made = xr.DataArray(made, dims=("trial", "time", "component"), coords=coords, attrs={"units": "task"})
    return xr.Dataset({"output": made}, attrs={"kind": kind})


def with_spikes(run, *, units=30, per_unit=2, rate=8.0, seed=0):
    """The same run with Poisson spikes, busier for units of high number."""
    draw = np.random.default_rng(seed)
    span = float(run["time"][-1])
    neuron = np.repeat(np.arange(units * per_unit), draw.poisson(rate * span, units * per_unit))
    keep = draw.uniform(size=len(neuron)) < neuron / neuron.max()
    neuron = neuron[keep]
    event = {
        "time": draw.uniform(0, span, len(neuron)),
        "neuron": neuron,
        "unit": neuron // per_unit,
        "trial": np.zeros(len(neuron), int),
    }
    made = run.assign({f"spike_{name}": ("spike", values) for name, values in event.items()})
    return made.assign_attrs(kind="spiking", neurons=units * per_unit, neurons_per_unit=per_unit)


def a_bank(tasks=("lorenz", "hopf", "van-der-pol"), units=40, seed=0):
    bias = np.random.default_rng(seed).normal(1.0, 0.7, (len(tasks), units))
    loss = np.geomspace(1, 1e-3, 12) * np.arange(1, len(tasks) + 1)[:, None]
    loss[0, 8:] = np.nan
    variables = {"bias": (("task", "unit"), bias), "loss": (("task", "epoch"), loss)}
    return xr.Dataset(variables, coords={"task": list(tasks)}, attrs={"network": json.dumps(SPECS)})


HOSTILE = ("$\\input{x}$", "_hidden", "two\nlines", "50 % & #1", "$", "", "<b>b</b>", "a" * 60, "step 1", "\\frac")


def names_of(count, *, hostile=False):
    """So many names of tasks: plain ones of different lengths, or such as files may hold."""
    if hostile:
        return [HOSTILE[i] if i < len(HOSTILE) else f"{HOSTILE[i % len(HOSTILE)]}{i}" for i in range(count)]
    return ["hopf", "van-der-pol", "two-well", "fitzhugh-nagumo", *(f"task-{i}" for i in range(4, count))][:count]


def orbit(i, count, dt):
    """The output of the i-th of many tasks: orbits of one to three components, sizes from 0.01 to 100."""
    t = np.arange(count) * dt
    size, turns = 10.0 ** (i % 5 - 2), 1 + i % 3
    full = np.stack([np.cos(t), np.sin(turns * t), 3 + np.sin(t + i)], axis=1)
    return size * full[:, : (3, 2, 2, 1)[i % 4]]


def many(names, *, count=200, dt=0.1, kind="rate"):
    """A run through many tasks, of a second each but for sampling."""
    made = np.zeros((1, count * len(names), 3))
    shapes = []
    for i in range(len(names)):
        values = orbit(i, count, dt)
        shapes.append(values.shape[1])
        made[0, i * count : (i + 1) * count, : values.shape[1]] = values
    index = np.repeat(np.arange(len(names)), count)
    coords = {
        "trial": [0],
        "time": ("time", np.arange(len(index)) * dt, {"units": "s"}),
        "component": ["x", "y", "z"],
        "task_time": ("time", np.tile(np.arange(count), len(names)) * dt),
        "segment": ("time", np.array(names)[index]),
        "segment_index": ("time", index),
        "dimension": ("time", np.array(shapes)[index]),
    }
    output = xr.DataArray(made, dims=("trial", "time", "component"), coords=coords, attrs={"units": "task"})
    return xr.Dataset({"output": output}, attrs={"kind": kind})


def a_bank_of(names, units=60):
    """A bank of random biases on a small network, the last of several zero, with losses of three stages."""
    rng, net = np.random.default_rng(0), tn.Network(units=units, seed=0)
    entries = []
    for i, name in enumerate(names):
        bias = rng.normal(-0.5, 1, units) * (i < max(1, len(names) - 1))
        entries.append(Entry(Scaling(name, np.zeros(3), np.ones(3), 1.0, 3, np.zeros((2, 3))), {"bias": bias}))
    steps = np.arange(30)
    stage = np.tile(np.repeat([0.0, 1, 2], 10), (len(names), 1))
    loss = np.geomspace(1, 1e-3, 30) * np.arange(1, len(names) + 1)[:, None] * np.where(steps < 10, 1, 4)
    loss[::3, 25:] = np.nan
    bank = written(net, entries)
    return bank.assign(loss=(("task", "epoch"), loss), stage=(("task", "epoch"), stage))


def true_orbits(names, *, count=200, dt=0.1):
    """The truth of each task of ``many``."""
    made = {}
    for i, name in enumerate(names):
        values = orbit(i, 2 * count, dt)
        time = ("time", np.arange(len(values)) * dt, {"units": "1"})
        truth = xr.DataArray(values, dims=("time", "component"), coords={"time": time})
        truth = truth.assign_coords(component=["x", "y", "z"][: values.shape[1]])
        segment = ("time", np.full(len(values), name))
        made[name] = truth.to_dataset(name="output").assign_coords(segment=segment).assign_attrs(kind="truth")
    return made


def words(ax):
    return [text.get_text() for text in ax.texts]


def drawn_texts(figure):
    """Every text that a drawing of the figure puts on paper, with the box it fills."""
    seen = []
    whole = Text.draw

    def draw(self, renderer, *rest, **kwargs):
        if self.get_visible() and self.get_text().strip():
            seen.append((self.get_text(), self.get_window_extent(renderer), self.get_rotation() % 90 == 0))
        return whole(self, renderer, *rest, **kwargs)

    figure = figure if isinstance(figure, Figure) else figure.figure
    with pytest.MonkeyPatch.context() as patch:
        figure.canvas.draw()
        patch.setattr(Text, "draw", draw)
        figure.canvas.draw()
    return seen, figure.bbox


def check_texts(figure):
    """No text on another (the box of a slanted one is not its own), none cut by the paper's edge, nor anything else."""
    seen, paper = drawn_texts(figure)
    check_within(figure)
    assert seen
    for i, (text, box, straight) in enumerate(seen):
        outside = box.x0 < -1 or box.y0 < -1 or box.x1 > paper.x1 + 1 or box.y1 > paper.y1 + 1
        assert not outside, f"{text!r} leaves the paper"
        for other, its, too in seen[:i]:
            meet = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert not (straight and too) or min(meet) <= 0.5, f"{text!r} lies on {other!r}"


def check_within(figure):
    """Every axes, with all it draws, lies on the paper."""
    whole = figure if isinstance(figure, Figure) else figure.figure
    box, (width, height) = whole.get_tightbbox(), whole.get_size_inches()
    inside = box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01
    assert inside, f"{box.extents} inches leave the paper of {width:g} x {height:g}"
