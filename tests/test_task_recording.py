"""Recordings: arrays and files that become tasks, and what is said of those that cannot."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tonicnet.task import Task, read_recording

TIME = np.arange(400) * 0.05
CIRCLE = np.stack([np.cos(TIME), np.sin(TIME)], axis=1)


def circle(**given) -> xr.DataArray:
    coords = {"time": TIME, "component": ["a", "b"]}
    return xr.DataArray(CIRCLE, dims=("time", "component"), coords={**coords, **given}, name="circle")


def recorded(array=None, **given) -> Task:
    return Task.from_array(circle() if array is None else array, **{"name": "circle", **given})


# arrays


def test_what_a_recording_is() -> None:
    t = recorded()
    assert (t.kind, t.dimension, t.components, t.speed) == ("recording", 2, ("a", "b"), 1.0)
    assert (t.has_flow, t.truth) == (False, {})
    assert t.dt == pytest.approx(0.05)
    assert t.duration == pytest.approx(399 * 0.05)
    assert t.time_scale == pytest.approx(1.0, rel=0.02)
    np.testing.assert_allclose(t.center, CIRCLE.mean(axis=0))
    np.testing.assert_allclose(t.scale, CIRCLE.std(axis=0))
    with pytest.raises(TypeError, match="no vector field"):
        t.flow(np.zeros(2))


@pytest.mark.parametrize(
    ("array", "dt", "shape"),
    [
        (CIRCLE, 0.05, (1, 400, 2)),
        (CIRCLE[:, 0], 0.05, (1, 400, 1)),
        (np.stack([CIRCLE, CIRCLE]), 0.05, (2, 400, 2)),
        (CIRCLE.tolist(), 0.05, (1, 400, 2)),
        (circle().T, None, (1, 400, 2)),
        (circle().isel(component=0, drop=True), None, (1, 400, 1)),
        (xr.concat([circle(), circle()], dim="trial"), None, (2, 400, 2)),
        (circle().astype("float32"), None, (1, 400, 2)),
    ],
)
def test_shapes(array, dt, shape) -> None:
    t = recorded(array, dt=dt)
    assert t.dimension == shape[2]
    whole = t.trajectory(399 * 0.05, 0.05).output
    assert whole.shape == (1, *shape[1:])
    np.testing.assert_allclose(whole.values[0, :, 0], CIRCLE[:, 0], atol=1e-7)


def test_windows_are_the_data() -> None:
    t = recorded()
    run = t.trajectory(2.0, 0.05, trials=6, seed=1)
    starts = [int(np.abs(CIRCLE - x).sum(axis=1).argmin()) for x in run.output.values[:, 0]]
    assert len(set(starts)) == 6
    for start, x in zip(starts, run.output.values, strict=True):
        np.testing.assert_array_equal(x, CIRCLE[start : start + 41])
    again = t.trajectory(2.0, 0.05, initial=run.output.values[:, 0])
    np.testing.assert_array_equal(again.output, run.output)
    follow = t.trajectory(4.0, 0.05, initial=t.initial(50, seed=3))
    assert follow.sizes["trial"] == 50
    assert t.states(1000, seed=2).shape == (1000, 2)


def test_between_samples_a_spline() -> None:
    run = recorded().trajectory(3.0, 0.02, initial=CIRCLE[[10]])
    at = TIME[10] + run.time.values
    np.testing.assert_allclose(run.output.values[0], np.stack([np.cos(at), np.sin(at)], axis=1), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.trajectory(20.0, 0.05), r"lasts 19\.95, a run of 20 was asked for"),
        (lambda t: t.trajectory(1.0, 0.05, initial=[[5.0, 5.0]]), "only start where it has been"),
        (lambda t: t.trajectory(19.0, 0.05, initial=CIRCLE[[200]]), "with enough recording after it"),
    ],
)
def test_wrong_windows(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call(recorded())


def holed() -> np.ndarray:
    values = CIRCLE.copy()
    values[[100, 300], 1] = math.nan
    return values


@pytest.mark.parametrize(
    ("array", "dt", "error", "message"),
    [
        (
            holed(),
            0.05,
            ValueError,
            r"missing \(NaN, masked\) or infinite values at 2 of 400 times, first at time 5, component 1;",
        ),
        (CIRCLE + np.inf, 0.05, ValueError, "first at time 0, "),
        (CIRCLE, None, ValueError, "a recording has no time of its own and needs dt"),
        (CIRCLE, -1.0, ValueError, "needs dt, the sampling step in seconds, a positive number; got -1.0"),
        (CIRCLE[:3], 0.05, ValueError, "at least 4 samples"),
        (CIRCLE[:, :0], 0.05, ValueError, "got shape"),
        (np.zeros((2, 2, 5, 5)), 0.05, ValueError, r"got \(2, 2, 5, 5\)"),
        (np.float64(3.0), 0.05, ValueError, "a recording has shape"),
        ("data", 0.05, FileNotFoundError, "no file at data"),
        (3, 0.05, ValueError, r"got \(\)"),
        ({1, 2}, 0.05, TypeError, "an array of numbers, got set"),
        (circle(), 0.06, ValueError, r"a step of 0\.05 s by its own time, and dt=0\.06 was given"),
        (circle().rename(component="channel"), None, ValueError, "rename or drop channel"),
        (circle().rename(time="sample"), None, ValueError, "rename or drop sample"),
        (circle().drop_vars("time"), None, ValueError, "has no time of its own and needs dt"),
        (circle(time=TIME**2), None, ValueError, "equal steps; the step after time 0 is 0.0025"),
        (circle(time=-TIME), None, ValueError, "must rise in equal steps"),
        (circle(time=0 * TIME), None, ValueError, "must rise in equal steps"),
        (
            circle(time=list(map(str, TIME))),
            None,
            TypeError,
            "time is numbers, dates or time differences, got dtype <U",
        ),
        (circle() > 0, None, TypeError, "holds numbers, got dtype bool"),
    ],
)
def test_what_cannot_be_a_recording(array, dt, error, message: str) -> None:
    with pytest.raises(error, match=message):
        recorded(array, dt=dt)


def test_names_must_fit() -> None:
    with pytest.raises(ValueError, match="2 components, got 1 names"):
        recorded(components=["a"])
    with pytest.raises(ValueError, match="scale has 3 numbers"):
        recorded(scale=[1.0, 1.0, 1.0])


def test_a_recording_goes_round_through_json() -> None:
    t = recorded()
    again = Task.from_dict(json.loads(json.dumps(t.to_dict())))
    assert again.to_dict() == t.to_dict()
    np.testing.assert_array_equal(again.states(5), t.states(5))
    large = Task.from_array(np.random.default_rng(0).standard_normal((200_000, 2)), name="large", dt=0.1)
    with pytest.raises(ValueError, match="holds 400000 numbers, a spec carries at most"):
        large.to_dict()
    tables = t.to_dict()
    del tables["recording"]
    with pytest.raises(ValueError, match=r"needs \[recording\] with dt and values"):
        Task.from_dict(tables)


# files


def files(folder):
    circle().to_netcdf(folder / "run.nc", engine="h5netcdf")
    rows = [f"{t},{x},{y}" for t, (x, y) in zip(TIME, CIRCLE, strict=True)]
    (folder / "run.csv").write_text("\n".join(["time, a ,b", *rows, ""]))
    np.save(folder / "run.npy", CIRCLE)
    return folder


@pytest.mark.parametrize(("name", "dt"), [("run.nc", None), ("run.csv", None), ("run.npy", 0.05)])
def test_files_become_tasks(tmp_path, name: str, dt) -> None:
    t = recorded(read_recording(files(tmp_path) / name, dt=dt))
    np.testing.assert_allclose(t.trajectory(399 * 0.05, 0.05).output[0], CIRCLE, rtol=0, atol=1e-15)
    assert t.components == (("0", "1") if dt else ("a", "b"))


@pytest.mark.parametrize(("name", "dt"), [("run.nc", None), ("run.csv", None), ("run.npy", 0.05)])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_truncated_file_is_one_clear_error_or_a_shorter_table(tmp_path_factory, name, dt, data) -> None:
    folder = files(tmp_path_factory.mktemp("cut"))
    whole = (folder / name).read_bytes()
    kept = data.draw(st.integers(0, len(whole) - 1))
    (folder / name).write_bytes(whole[:kept])
    try:
        short = read_recording(folder / name, dt=dt)
    except ValueError as error:
        message = str(error)
    else:
        assert name != "run.npy"
        assert short.sizes["time"] <= 400
        return
    assert message.startswith(str(folder / name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has nothing in it"),
        ("x,y\n0,1\n", "has no time of its own and needs dt"),
        ("time\n0\n", "at least one column beside time"),
        ("time,x,x\n0,1,2\n", "each column name once, has time, x, x"),
        ("time,x\n", "a header but no rows"),
        ("time,x\n0,1\n1\n", r"row 2 has 1 columns of 2 \(line 3 of the file\); it may be cut off"),
        ("time,x\n0,one\n", r"row 1 \(line 2 of the file\), column 'x' is not a number: 'one'"),
    ],
)
def test_wrong_csv(tmp_path, text: str, message: str) -> None:
    (tmp_path / "run.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_recording(tmp_path / "run.csv")


def test_wrong_files(tmp_path) -> None:
    files(tmp_path)
    with pytest.raises(FileNotFoundError, match="no file at"):
        read_recording(tmp_path / "none.nc")
    (tmp_path / "run.mat").write_text("")
    with pytest.raises(ValueError, match=r"MATLAB's files are not read: load it with scipy.io.loadmat"):
        read_recording(tmp_path / "run.mat")
    with pytest.raises(ValueError, match="has no time of its own and needs dt"):
        read_recording(tmp_path / "run.npy")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ValueError, match="not a complete NPY array of numbers"):
        read_recording(tmp_path / "objects.npy", dt=0.1)
    np.save(tmp_path / "text.npy", np.array(["a", "b"]))
    with pytest.raises(ValueError, match="holds numbers, got dtype <U1, which is text"):
        read_recording(tmp_path / "text.npy", dt=0.1)


def test_netcdf_of_several_variables(tmp_path) -> None:
    both = xr.Dataset({"speed": circle(), "position": circle() * 2, "mass": 3.0})
    both.to_netcdf(tmp_path / "two.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="one variable with a time dim, has speed, position; name it"):
        read_recording(tmp_path / "two.nc")
    with pytest.raises(ValueError, match="Did you mean 'position'"):
        read_recording(tmp_path / "two.nc", variable="positions")
    np.testing.assert_allclose(read_recording(tmp_path / "two.nc", variable="position"), 2 * CIRCLE)
    with pytest.raises(ValueError, match=r"two.nc has a step of 0\.05 s by its own time, and dt=0\.1 was given"):
        read_recording(tmp_path / "two.nc", variable="speed", dt=0.1)
