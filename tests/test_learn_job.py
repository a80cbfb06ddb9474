"""A job: what one row of a bank is computed from, sent to other processes, and known by its key."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.learn import Job, Settings
from tonicnet.task import recorded

NET = tn.Network(40, seed=0, components=2, transfer="tanh")
QUICK = {"rounds": 0, "restarts": 0, "steps": 2, "seed": 1}
JOB = Job(NET.spec, tn.task("two-well"), Settings(**QUICK))


def circle(radius: float = 1.0) -> tn.Task:
    t = np.arange(0, 8, 0.02)
    return tn.Task.from_array(radius * np.stack([np.sin(t), np.cos(t)], axis=1), name="circle", dt=0.02)


def turning(x: np.ndarray) -> np.ndarray:
    return np.stack([x[..., 1] - x[..., 0], -x[..., 0] - x[..., 1]], axis=-1)


def turning_faster(x: np.ndarray) -> np.ndarray:
    return np.stack([1.01 * x[..., 1] - x[..., 0], -x[..., 0] - x[..., 1]], axis=-1)


def spiral(field=turning) -> tn.Task:
    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    return tn.Task(field, name="spiral", initial=[1.0, 0.0], kind="memory", speed=1.0, transient=1.0, **box)


def trials(seed: int = 0) -> tn.Task:
    inputs = np.random.default_rng(seed).normal(0, 1, (20, 30, 2))
    return tn.Task.from_trials(inputs, np.cumsum(inputs, axis=1) / 30, name="sum", dt=0.02)


TASKS = {"shelf": lambda: tn.task("hopf"), "recording": circle, "callable": spiral, "trials": trials}


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    """Equal but for how long it took, and when."""
    xr.testing.assert_equal(one.drop_vars("seconds"), other.drop_vars("seconds"))
    assert {k: v for k, v in one.attrs.items() if k != "created"} == {
        k: v for k, v in other.attrs.items() if k != "created"
    }


def test_a_job_learns_the_row_that_fit_learns() -> None:
    bank = tn.fit(NET, "two-well", progress=False, **QUICK)
    same(JOB.run(), bank)
    same(pickle.loads(pickle.dumps(JOB)).run(), bank)


@pytest.mark.parametrize("name", TASKS)
def test_a_job_is_the_same_after_pickling(name: str) -> None:
    job = replace(JOB, task=TASKS[name]())
    key = job.key  # the circuit is drawn by now, and does not travel
    text = pickle.dumps(job)
    assert len(text) < 50_000
    back = pickle.loads(text)
    assert back.key == key
    assert back.settings == job.settings
    assert back.spec == job.spec


@pytest.mark.parametrize("name", TASKS)
def test_equal_recipes_have_equal_keys(name: str) -> None:
    one, two = (
        Job(tn.Network(40, seed=0, components=2, transfer="tanh").spec, TASKS[name](), Settings(**QUICK))
        for _ in range(2)
    )
    assert one.key == two.key
    assert len(one.key) == 64


def test_the_key_is_the_same_in_another_process() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, pickle; print(pickle.loads(sys.stdin.buffer.read()).key)"],
        input=pickle.dumps(JOB),
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert said.stdout.decode().strip() == JOB.key


CHANGED = {
    "learn": "gain", "objective": "field", "method": "adam", "noise": 0.2, "steps": 3, "rounds": 1, "restarts": 1,
    "solver": "dual", "precision": "float64", "memory": 2.0, "device": "cpu:0", "seed": 2, "neurons_per_unit": 4,
    "threads": 1, "screen": 2, "rank": 2, "coordinates": "plain", "confirm": 8,
}  # fmt: skip
RANGE = {"bias_range": (-1.0, 2.0)}  # of biases alone
LIMITS = {"nonnegative": True, "decoder_norm": 2.0}  # of learned scales alone


def test_every_setting_changes_the_key() -> None:
    assert CHANGED.keys() | LIMITS.keys() | RANGE.keys() == {f.name for f in fields(Settings)}
    scales = replace(JOB, settings=replace(JOB.settings, learn="scale"))
    keys = {JOB.key, scales.key}
    for job, changes in ((JOB, CHANGED | RANGE), (scales, LIMITS)):
        keys |= {replace(job, settings=replace(job.settings, **{name: value})).key for name, value in changes.items()}
    assert len(keys) == 2 + len(CHANGED) + len(LIMITS) + len(RANGE)


NETWORKS = [{"seed": 1}, {"units": 41}, {"transfer": "sigmoid"}, {"tau": 0.05}, {"synapses": "dense"}]


def test_every_network_has_a_key_of_its_own() -> None:
    plain = {"units": 40, "seed": 0, "components": 2, "transfer": "tanh"}
    keys = [replace(JOB, spec=tn.Network(**plain | given).spec).key for given in NETWORKS]
    assert len({JOB.key, *keys}) == 1 + len(NETWORKS)


CHANGES = {
    "another name": (circle(), tn.Task.from_array(np.ones((400, 2)), name="round", dt=0.02)),
    "another amplitude": (circle(), circle(1.001)),
    "another sampling step": (circle(), tn.Task.from_array(recorded(circle())[0], name="circle", dt=0.021)),
    "another field of that name": (spiral(), spiral(turning_faster)),
    "other trials": (trials(), trials(1)),
    "another system": (tn.task("two-well"), tn.task("hopf")),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), CHANGES.values(), ids=CHANGES)
def test_every_task_has_a_key_of_its_own(one: tn.Task, other: tn.Task) -> None:
    assert replace(JOB, task=one).key != replace(JOB, task=other).key
