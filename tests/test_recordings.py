"""Recordings as they come: uneven, with gaps, of one component, and those that packages ship."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import tonicnet as tn
from tonicnet.cli._tasks import read_tasks
from tonicnet.labelled._resampled import Signal, time_scale
from tonicnet.task import recorded
from tonicnet.task._embedding import delayed, false_neighbours
from tonicnet.task._recording_shelf import RECORDINGS

DT = 0.05
TIME = np.arange(800) * DT
VALUES = np.stack([np.cos(TIME), np.sin(TIME)], axis=1)


def array(rows=slice(None), values: np.ndarray = VALUES, time: np.ndarray = TIME) -> xr.DataArray:
    held = {"time": ("time", time, {"units": "s"}), "component": ["a", "b"]}
    return xr.DataArray(values, dims=("time", "component"), coords=held).isel(time=rows)


def holed(*steps: int) -> np.ndarray:
    held = VALUES.copy()
    held[list(steps), 0] = np.nan
    return held


def uneven(count: int = 1500) -> np.ndarray:
    return np.sort(np.random.default_rng(0).uniform(0, 40, count))


# ---------------------------------------------------------------- even steps


def error(made: xr.DataArray) -> float:
    """Return the largest error of a resampled circle."""
    t = made["start"].values[:, None] + made["time"].values
    return float(np.abs(made.values - np.stack([np.cos(t), np.sin(t)], axis=2)).max())


@pytest.mark.parametrize(("method", "most"), [("pchip", 1e-2), ("linear", 5e-2)])
def test_uneven_time_becomes_even(method: str, most: float) -> None:
    t = uneven()
    made = tn.resample_recording(array(values=np.stack([np.cos(t), np.sin(t)], 1), time=t), step=DT, method=method)
    assert made.sizes["trial"] == 1
    assert float(made["time"][1]) == DT
    assert error(made) < most
    assert tn.Task.from_array(made, name="run").dt == pytest.approx(DT)


def test_short_gaps_are_filled_and_long_ones_cut() -> None:
    made = tn.resample_recording(array(values=holed(100, 101, *range(400, 460))))
    assert error(made) < 1e-3
    assert made.sizes["trial"] >= 2
    starts, last = made["start"].values, float(made["time"][-1])
    assert not ((starts < TIME[459]) & (starts + last > TIME[400])).any()  # nothing is made up in the long gap
    assert ((starts < TIME[100]) & (starts + last > TIME[101])).any()
    np.testing.assert_allclose(made.values[0, 50], VALUES[50], atol=1e-12)  # what was sampled stays


def test_what_a_gap_is_can_be_said() -> None:
    whole = tn.resample_recording(array(values=holed(*range(400, 460))), longest_gap=5.0)
    assert whole.shape == (1, 800, 2)
    cut = tn.resample_recording(array(values=holed(100, 101)), longest_gap=0.06, length=3.0)
    assert float(cut["time"][-1]) == pytest.approx(3.0)
    assert not ((cut["start"] < TIME[101]) & (cut["start"] + 3.0 > TIME[100])).any()


def test_recordings_of_different_lengths_and_steps_become_trials() -> None:
    parts = [array(slice(0, 500)), array(slice(300, 800, 2)).isel(component=[1, 0])]
    made = tn.resample_recording(parts, step=DT)
    assert set(made.dims) == {"trial", "time", "component"}
    assert error(made) < 1e-2
    task = tn.Task.from_array(parts, name="run", resample=DT)
    assert len(recorded(task)) == made.sizes["trial"] >= 2


DOORS = {
    "array": lambda folder: (holed(100), DT),
    "masked": lambda folder: (np.ma.masked_invalid(holed(100)), DT),
    "DataArray": lambda folder: (array(values=holed(100)), None),
    "Dataset": lambda folder: (array(values=holed(100)).to_dataset(name="output"), None),
    "DataFrame": lambda folder: (pd.DataFrame({"time": TIME, "a": holed(100)[:, 0], "b": VALUES[:, 1]}), None),
    "text": lambda folder: (table(folder), None),
}


def table(folder: Path) -> Path:
    pd.DataFrame({"time": TIME, "a": holed(100)[:, 0], "b": VALUES[:, 1]}).to_csv(folder / "run.csv", index=False)
    return folder / "run.csv"


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_a_gap_and_fills_it_on_request(door: str, tmp_path: Path) -> None:
    held, dt = DOORS[door](tmp_path)
    with pytest.raises(ValueError, match=r"missing|gap"):
        tn.Task.from_array(held, name="run", dt=dt)
    task = tn.Task.from_array(held, name="run", dt=dt, resample="auto")
    assert recorded(task).shape == (1, 800, 2)
    np.testing.assert_allclose(recorded(task)[0], VALUES, atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(rate=st.floats(0.2, 5.0), noise=st.sampled_from([0.0, 0.03]), kept=st.floats(0.3, 1.0))
def test_the_time_scale_is_that_of_the_movement(rate: float, noise: float, kept: float) -> None:
    rng = np.random.default_rng(1)
    t = np.arange(0, 60 / rate, 0.03 / rate)
    t = t[rng.random(len(t)) < kept]
    values = np.sin(rate * t) + noise * rng.standard_normal(len(t))
    assert time_scale([[Signal(t, values)]]) == pytest.approx(np.pi / 3 / rate, rel=0.1)  # where 1 - cos reaches 1/2


@pytest.mark.parametrize(
    ("held", "how", "said"),
    [
        (array(), {"step": 0.5}, r"a step of 0\.5 s misses how a recording moves.*give step= of 0\.26"),
        (array(), {"step": -1}, "step is the seconds between samples"),
        (array(), {"method": "cubic"}, "unknown method of interpolation 'cubic'"),
        (array(), {"longest_gap": 0}, r'longest_gap is a positive number of seconds, or "auto"'),
        (array(), {"length": 99.0}, r"no piece lasts length=99\.0 s"),
        (VALUES, {}, "has no time of its own and needs dt"),
        (array(time=-TIME), {}, "followed by an earlier one"),
        (array(np.r_[0:100, 99:200]), {}, r"time 4\.95 comes twice"),
        (array(values=VALUES + np.inf), {}, "infinite values; replace them by NaN"),
        (array(values=holed(*range(2, 800))), {}, "a component with 2 samples in trial 0, 4 are needed"),
        (array(np.r_[0:3, 40:43, 80:83]), {"longest_gap": 0.06}, "no stretch of 4 steps without a gap"),
    ],
)
def test_what_cannot_be_resampled_is_told(held, how, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        tn.resample_recording(held, **how)
    assert "\n" not in str(caught.value)


def test_refusals_name_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"equal steps.*resample a recording first, with tn\.resample_recording"):
        tn.Task.from_array(array(time=TIME**2), name="run")
    with pytest.raises(ValueError, match=r"2 trials that differ in length.*tn\.resample_recording"):
        tn.Task.from_array([array(slice(0, 150)), array(slice(200, 300))], name="run")


# ---------------------------------------------------------------- speed


def test_a_recording_may_have_a_time_of_its_own() -> None:
    net = tn.Network(60, seed=0, components=2)
    tasks = [tn.Task.from_array(VALUES, name=n, dt=DT * f, speed="auto") for n, f in (("s", 1.0), ("years", 1e6))]
    assert [task.speed for task in tasks] == [None, None]
    assert tn.Task.from_dict(json.loads(json.dumps(tasks[0].to_dict()))).speed is None
    bank = tn.fit(net, tasks, steps=2, rounds=0, restarts=0, progress=False)
    assert bank["speed"].values[1] == pytest.approx(1e6 * bank["speed"].values[0], rel=1e-6)
    np.testing.assert_allclose(bank["bias"][0], bank["bias"][1], atol=1e-6)  # only the unit of time differs
    assert tn.Task.from_array(VALUES, name="fast", dt=DT, speed=3).speed == 3
    for wrong in (0, -1, "fast", np.nan, None):
        with pytest.raises(ValueError, match='speed is recorded seconds in a second of the network, or "auto"'):
            tn.Task.from_array(VALUES, name="run", dt=DT, speed=wrong)


# ---------------------------------------------------------------- delayed coordinates


@pytest.fixture(scope="module")
def lorenz() -> np.ndarray:
    return tn.task("lorenz").trajectory(150.0, 0.03)["output"].values[0, :, :1]


def test_coordinates_are_delays(lorenz: np.ndarray) -> None:
    made = tn.embed_recording(lorenz, (0.15, 3), dt=0.03)
    assert made.attrs["lag"] == pytest.approx(0.15)
    assert made["component"].values.tolist() == ["0", "0(t-0.15)", "0(t-0.3)"]
    for k in range(3):
        np.testing.assert_array_equal(made[0, :, k], lorenz[10 - 5 * k : len(lorenz) - 5 * k, 0])
    two = delayed(np.arange(20.0).reshape(2, 10), 3, 2)
    assert two.shape == (2, 7, 2)
    assert (two[..., 0] - two[..., 1] == 3).all()  # no trial reaches into another


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_lag_and_count_are_those_of_lorenz(lorenz: np.ndarray, noise: float) -> None:
    held = lorenz + noise * lorenz.std() * np.random.default_rng(0).standard_normal(lorenz.shape)
    made = tn.embed_recording(held, dt=0.03)
    assert 0.06 <= made.attrs["lag"] <= 0.12  # half the first minimum of mutual information, which lies near 0.18
    assert 4 <= made.attrs["count"] <= 6  # one more than geometry needs, which for Lorenz is three


def test_a_cycle_gets_one_coordinate_more_than_the_two_it_needs() -> None:
    wave = np.sin(np.sqrt(2) * TIME)[:, None]
    made = tn.embed_recording(wave, dt=DT)
    assert made.attrs["count"] == 3
    assert 0.25 < np.sqrt(2) * made.attrs["lag"] < 1.0  # of a turn of 2 pi
    assert false_neighbours(wave.T, 20, 1) > 0.3 > 0.01 > false_neighbours(wave.T, 20, 2)


def test_a_task_takes_it_as_an_argument(lorenz: np.ndarray) -> None:
    task = tn.Task.from_array(lorenz, name="x", dt=0.03, embed=(0.15, 3), components=["x", "y", "z"])
    assert (task.dimension, task.components) == (3, ("x", "y", "z"))
    gone = lorenz[:800].copy()
    gone[100] = np.nan
    both = tn.Task.from_array(gone, name="x", dt=0.03, resample="auto", embed=(0.15, 3))
    assert both.dimension == 3


@pytest.mark.parametrize(
    ("held", "embed", "said"),
    [
        (VALUES, "auto", "a recording has 2 components, and embed= is for one"),
        (VALUES[:, 0], 3, r'embed is \(lag in seconds, number of coordinates\), such as \(0\.1, 3\), or "auto"; got 3'),
        (VALUES[:, 0], (0.1, 0), r"embed is \(lag"),
        (VALUES[:, 0], (0.07, 3), r"whole number of steps of 0\.05 s, got 0\.07 s"),
        (VALUES[:, 0], (10.0, 5), "reaches back 800 steps, and trials have 800"),
        (np.ones(100), "auto", r"does not move, so that no lag can be found; give embed=\(lag, count\)"),
    ],
)
def test_what_cannot_be_embedded_is_told(held, embed, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tn.Task.from_array(held, name="run", dt=DT, embed=embed)


# ---------------------------------------------------------------- the shelf


def put(folder: Path, name: str) -> None:
    """Write what a package ships of a recording, with other numbers, as a package that cannot be imported."""
    entry, rng = RECORDINGS[name], np.random.default_rng(0)
    file = folder / entry.module / entry.file
    file.parent.mkdir(parents=True)
    (folder / entry.module / "__init__.py").write_text("raise RuntimeError('nothing of a package is executed')\n")
    if file.suffix == ".npy":
        np.save(file, rng.integers(0, 255, (200, 1)))
    elif file.suffix == ".npz":
        np.savez(file, data=np.c_[np.full(200, 1950.0), np.arange(200.0), rng.normal(size=(200, 8))])
    elif file.suffix == ".dat":
        lines = [f"{1749 + k}    " + " ".join(f"{x:.1f}" for x in rng.uniform(0, 99, 12)) for k in range(20)]
        file.write_text("\n".join(["MONTHLY MEAN", "=====", "Year Jan", *lines, "1769    1.5 2.5", "", "No data"]))
    else:
        names = ["WM", "Vent", "Brain", *entry.components] if name == "resting-bold" else ["data", "label"]
        pd.DataFrame(rng.normal(size=(200, len(names))), columns=names).to_csv(file, index=False)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_read_from_its_package_and_nothing_is_imported(name, tmp_path, monkeypatch) -> None:
    put(tmp_path, name)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, RECORDINGS[name].module, raising=False)
    task = tn.recording(name)
    entry = RECORDINGS[name]
    assert (task.kind, task.components, task.dt, task.speed) == ("recording", entry.components, entry.step, None)
    assert len(recorded(task)[0]) == (242 if name == "sunspots" else 200)
    assert entry.licence in task.cite
    assert entry.unit in task.title
    assert tn.task(name).name == name
    assert RECORDINGS[name].module not in sys.modules
    again = tn.Task.from_dict(json.loads(json.dumps(task.to_dict())))
    np.testing.assert_array_equal(recorded(again), recorded(task))


def test_a_recording_is_learned_by_the_same_call(tmp_path, monkeypatch) -> None:
    put(tmp_path, "el-nino")
    monkeypatch.syspath_prepend(tmp_path)
    task = tn.recording("el-nino", components=["nino 4", "nino 3"], label="sea")
    assert (task.name, task.components) == ("sea", ("nino 4", "nino 3"))
    bank = tn.fit(tn.Network(40, seed=0, components=4), [task, "el-nino"], steps=2, rounds=0, progress=False)
    assert bank["task"].values.tolist() == ["sea", "el-nino"]
    assert np.isfinite(bank["bias"]).all()


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_the_installed_packages_ship_is_as_the_shelf_says(name: str) -> None:
    if find_spec(RECORDINGS[name].module) is None:
        pytest.skip("pip install 'tonicnet[recordings]'")
    least = {"santa-fe-laser": 10_093, "electrocardiogram": 7500, "sunspots": 3000, "el-nino": 800, "resting-bold": 250}
    held = recorded(tn.recording(name))
    assert held.shape[1] >= least[name]
    assert (held.std(axis=1) > 0).all()


def test_a_missing_package_and_a_wrong_name_are_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(import_module("tonicnet.task._recording_shelf"), "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"package reservoirpy, which is not installed: pip install reservoirpy, or"):
        tn.recording("santa-fe-laser")
    monkeypatch.undo()
    (tmp_path / "reservoirpy").mkdir()
    (tmp_path / "reservoirpy" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"the installed reservoirpy does not hold datasets/santafe_laser\.npy"):
        tn.recording("santa-fe-laser")
    with pytest.raises(ValueError, match=r"unknown recording 'santa-fe-lasers'\. Did you mean 'santa-fe-laser'"):
        tn.recording("santa-fe-lasers")
    with pytest.raises(ValueError, match=r"Did you mean 'sunspots'"):
        tn.task("sunspot")
    with pytest.raises(ValueError, match=r"takes no options.*those of recordings to recording"):
        tn.task("sunspots", label="a")


def test_the_command_takes_recordings_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = tmp_path / "pulse.csv"
    pd.DataFrame({"time": TIME, "x": holed(100)[:, 0]}).to_csv(pulse, index=False)
    (task,) = read_tasks([str(pulse)], resample="0.05", embed="0.5,3")
    assert task.components == ("x", "x(t-0.5)", "x(t-1)")
    assert read_tasks([str(pulse)], resample="auto", embed="auto")[0].dimension == 3
    put(tmp_path, "santa-fe-laser")
    monkeypatch.syspath_prepend(tmp_path)
    assert read_tasks(["santa-fe-laser"], embed="2,3")[0].dimension == 3
    for options, said in (
        ({"resample": "often"}, "--resample is auto, or a step in seconds; got 'often'"),
        ({"resample": "auto", "embed": "3"}, "--embed is auto, or LAG,COUNT"),
    ):
        with pytest.raises(ValueError, match=said):
            read_tasks([str(pulse)], **options)
    with pytest.raises(ValueError, match="--resample brings a recording to even steps, and none is given"):
        read_tasks(["hopf"], resample="auto")


def test_the_page_tells_source_and_licence_of_each() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "how-to" / "recordings.md").read_text()
    for name, entry in RECORDINGS.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        assert all(word in row for word in (entry.package, entry.licence, entry.title.split(",")[0]))
