"""Every container at every door: what a user hands in is read right, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.labelled import even_step, labelled, read_recording, seconds_of, stepped
from tonicnet.labelled._array import Door

DT, STEPS = 0.05, 400
TIME = DT * np.arange(STEPS)
VALUES = np.stack([np.sin(2 * TIME), np.cos(2 * TIME)], axis=1)
DATES = pd.Timestamp("2020") + pd.to_timedelta(TIME, "s")
NET = tn.Network(20, seed=0, components=2, transfer="tanh")
BIAS = np.zeros(20)
RIGHT = "right"


def array(x: np.ndarray = VALUES, time: np.ndarray = TIME, **attrs: str) -> xr.DataArray:
    return xr.DataArray(
        x, dims=("time", "component"), coords={"time": ("time", time, attrs), "component": ["a", "b"]}, name="output"
    )


def frame(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(VALUES, columns=["a", "b"]).assign(**more)


def masked(step: int | None) -> np.ma.MaskedArray:
    values = np.ma.masked_array(VALUES.copy(), mask=np.zeros(VALUES.shape, dtype=bool))
    if step is not None:
        values[step, 1] = np.ma.masked
        values.data[step, 1] = -9999.0
    return values


class TsdFrame:
    """What tonicnet looks at of pynapple's class of this name."""

    def __init__(self, t: np.ndarray, d: np.ndarray, columns: list[str]) -> None:
        self.t, self.d, self.columns = t, d, columns


TsdFrame.__module__ = "pynapple.core.time_series"


@dataclass(frozen=True)
class Case:
    """A container, whether its time is its own, and what is to come of it: ``RIGHT``, or the words of a refusal."""

    make: Callable[[Path], Any]
    timed: bool
    outcome: str = RIGHT


def file(name: str, write: Callable[[Path], Any]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write(folder / name)
        return folder / name

    return make


CASES = {
    "array": Case(lambda _: VALUES, False),
    "list": Case(lambda _: VALUES.tolist(), False),
    "single precision": Case(lambda _: array(VALUES, TIME.astype(np.float32)), True),
    "nothing masked": Case(lambda _: masked(None), False),
    "masked": Case(lambda _: masked(7), False, r"missing \(NaN, masked\)"),
    "complex": Case(lambda _: VALUES + 0.1j, False, "which has an imaginary part"),
    "objects": Case(lambda _: VALUES.astype(object), False, "got dtype object, which may hold anything"),
    "text": Case(lambda _: VALUES.astype(str), False, "which is text"),
    "ragged": Case(lambda _: [[1.0, 2.0], [3.0]], False, "rows have one length"),
    "Quantity": Case(lambda _: VALUES * b2.volt, False),
    "list of quantities": Case(lambda _: [[x * b2.volt for x in row] for row in VALUES.tolist()], False),
    "tensor": Case(lambda _: torch.tensor(VALUES, requires_grad=True), False),
    "DataArray": Case(lambda _: array(), True),
    "turned DataArray": Case(lambda _: array().T, True),
    "DataArray in ms": Case(lambda _: array(time=1e3 * TIME, units="ms"), True),
    "DataArray in seconds": Case(lambda _: array(units="seconds"), True),
    "DataArray of time differences": Case(lambda _: array().assign_coords(time=pd.to_timedelta(TIME, "s")), True),
    "DataArray of dates": Case(lambda _: array().assign_coords(time=DATES), True),
    "DataArray in parsec": Case(lambda _: array(units="parsec"), True, "'parsec', which is no unit of time"),
    "complex DataArray": Case(lambda _: array() * (1 + 1j), True, "which has an imaginary part"),
    "undecoded DataArray": Case(lambda _: array().assign_attrs(_FillValue=-9999), True, "was not decoded"),
    "DataArray with a gap": Case(lambda _: array().isel(time=np.r_[0:100, 120:400]), True, "has a gap from 4.95 to 6;"),
    "DataArray twice": Case(lambda _: array().isel(time=np.r_[0:100, 99:399]), True, "time 4.95 comes twice"),
    "Dataset of an output": Case(lambda _: array().to_dataset(), True),
    "Dataset of columns": Case(lambda _: frame().set_index(pd.Index(TIME, name="time")).to_xarray(), True),
    "Dataset of counted rows": Case(lambda _: frame(time=TIME).to_xarray(), True),
    "DataFrame over time": Case(lambda _: frame().set_index(TIME), True),
    "DataFrame with a column of time": Case(lambda _: frame(t_ms=1e3 * TIME), True),
    "DataFrame over dates": Case(lambda _: frame().set_index(DATES), True),
    "DataFrame with a gap": Case(lambda _: frame(time=TIME).drop(index=[30]), True, "has a gap from 1.45 to 1.55;"),
    "DataFrame of nullable numbers": Case(lambda _: frame(time=TIME).convert_dtypes(), True),
    "DataFrame with two times": Case(
        lambda _: frame(t=TIME).set_index(pd.Index(TIME, name="time")), True, "say which with time="
    ),
    "DataFrame on its side": Case(lambda _: frame().set_index(TIME).T, True, r"\(frame.T turns it\)"),
    "table": Case(lambda _: {"time": TIME, "a": VALUES[:, 0], "b": VALUES[:, 1]}, True),
    "records": Case(lambda _: np.rec.fromarrays([TIME, *VALUES.T], names="time,a,b"), True),
    "TsdFrame": Case(lambda _: TsdFrame(TIME, VALUES, ["a", "b"]), True),
    "CSV": Case(file("run.csv", lambda path: frame(time=TIME).to_csv(path, index=False)), True),
    "CSV with an index": Case(file("run.csv", lambda path: frame(time=TIME).to_csv(path)), True),
    "CSV over its index": Case(file("run.csv", lambda path: frame().set_index(TIME).to_csv(path)), True),
    "CSV with an empty cell": Case(
        file("run.csv", lambda path: frame(time=TIME).mask(lambda f: f == VALUES[7, 1]).to_csv(path, index=False)),
        True,
        r"row 8 \(line 9 of the file\), column 'b' is empty",
    ),
    "NetCDF": Case(file("run.nc", lambda path: array().to_netcdf(path, engine="h5netcdf")), True),
    "NetCDF in ms": Case(
        file("run.nc", lambda path: array(time=1e3 * TIME, units="ms").to_netcdf(path, engine="h5netcdf")), True
    ),
    "NetCDF-3": Case(file("run.nc", lambda path: array().to_netcdf(path, engine="scipy")), True),
    "MATLAB": Case(file("run.mat", lambda path: path.write_bytes(b"MATLAB")), True, "scipy.io.loadmat"),
    "no file": Case(lambda folder: folder / "none.nc", True, "no file at"),
    "nothing": Case(lambda _: None, False, "got NoneType"),
    "number": Case(lambda _: 3.0, False, "got .*(|float)"),
}  # fmt: skip


def as_recording(value: Any, dt: float | None) -> np.ndarray:
    return tn.Task.from_array(value, name="it", dt=dt).trajectory(DT * (STEPS - 1), DT)["output"].values[0]


def as_targets(value: Any, dt: float | None) -> np.ndarray:
    return tn.Task.from_trials(value, value, name="it", dt=dt).trials(1)["target"].values[0]


def as_inputs(value: Any, dt: float | None) -> np.ndarray:
    del dt
    return run_of(value)


def run_of(inputs: Any) -> np.ndarray:
    start = np.zeros(2)
    return tn.simulate(NET, BIAS, duration=DT * STEPS, dt=DT, inputs=inputs, initial=start)["output"].values[0]


def as_measured(value: Any, dt: float | None) -> np.ndarray:
    del dt
    return np.array([tn.measure.limit_cycle(value).period[0]])


def as_compared(value: Any, dt: float | None) -> np.ndarray:
    del dt
    found = tn.compare(value, array(), truth=array())
    return np.array([found.period_error[0, 0], found.state_space_divergence[0, 0]])


DOORS: dict[str, tuple[Callable[[Any, float | None], np.ndarray], Callable[[], np.ndarray]]] = {
    "recording": (as_recording, lambda: VALUES),
    "targets": (as_targets, lambda: VALUES),
    "inputs": (as_inputs, lambda: run_of(VALUES)),
    "measure": (as_measured, lambda: as_measured(array(), None)),
    "compare": (as_compared, lambda: as_compared(array(), None)),
}


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    return {name: right() for name, (_, right) in DOORS.items()}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("which", CASES)
def test_a_container_is_read_right_or_refused(which: str, door: str, tmp_path: Path, expected: Any) -> None:
    case, (enter, _) = CASES[which], DOORS[door]
    value = case.make(tmp_path)
    if door == "inputs" and value is None:
        return  # no inputs at all
    needs_time = door in ("measure", "compare") and not case.timed
    if case.outcome == RIGHT and not needs_time:
        np.testing.assert_allclose(enter(value, None if case.timed else DT), expected[door], rtol=1e-4, atol=1e-6)
        return
    words = "got|imaginary|numbers" if needs_time else case.outcome
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match=words) as caught:
        enter(value, None if case.timed else DT)
    assert "\n" not in str(caught.value)


# states to start from: labels before positions

STATES = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
LABELLED = xr.DataArray(STATES, dims=("trial", "component"), coords={"component": ["x", "y"]})
STARTS = {
    "array": (lambda: STATES, RIGHT),
    "turned": (lambda: LABELLED.T, RIGHT),
    "components the other way round": (lambda: LABELLED.isel(component=[1, 0]), RIGHT),
    "Dataset": (lambda: LABELLED.to_dataset(name="output"), RIGHT),
    "DataFrame": (lambda: pd.DataFrame(STATES[:, ::-1], columns=["y", "x"]), RIGHT),
    "tensor": (lambda: torch.tensor(STATES), RIGHT),
    "Quantity": (lambda: STATES * b2.volt, RIGHT),
    "one": (lambda: pd.Series({"y": 0.2, "x": 0.1}), RIGHT),
    "masked": (lambda: np.ma.masked_less(STATES, 0.2), "not finite, or masked"),
    "complex": (lambda: STATES + 0j, "imaginary part"),
    "other names": (lambda: LABELLED.assign_coords(component=["v", "w"]), "initial has components v, w, and x, y"),
    "other dims": (lambda: LABELLED.rename(trial="batch"), "rename or drop batch"),
    "too many": (lambda: np.zeros((3, 5)), r"got shape \(3, 5\)"),
}


@pytest.fixture(scope="module")
def bank() -> xr.Dataset:
    return tn.fit(NET, "hopf", rounds=0, steps=2, progress=False)


@pytest.mark.parametrize("which", STARTS)
def test_states_to_start_from(which: str, bank: xr.Dataset) -> None:
    make, outcome = STARTS[which]
    doors = {
        "simulate": lambda value: tn.simulate(NET, bank, duration=0.1, initial=value)["output"].values[:, 0],
        "task": lambda value: tn.task("hopf").trajectory(0.1, 0.1, initial=value)["output"].values[:, 0],
        "surrogate": lambda value: starting(value, bank),
    }
    for enter in doors.values():
        if outcome == RIGHT:
            np.testing.assert_allclose(enter(make()), STATES[:1] if which == "one" else STATES, atol=1e-12)
            continue
        with pytest.raises((TypeError, ValueError), match=outcome):
            enter(make())


def starting(value: Any, bank: xr.Dataset) -> np.ndarray:
    """Return where a measure of a network alone starts from."""
    from tonicnet.measure._alone import alone

    row = alone(NET, bank, "hopf")[0]
    return row.entry.to_task(np.asarray(row.starts(1, value, 0)))


def test_a_history_goes_at_the_step_of_the_run() -> None:
    history = array().expand_dims("trial").isel(time=slice(0, 40))
    tn.simulate(NET, BIAS, duration=0.1, dt=DT, initial=history)
    with pytest.raises(ValueError, match=r"the history in initial has a step of 0\.05 s and the run one of 0\.01 s"):
        tn.simulate(NET, BIAS, duration=0.1, dt=0.01, initial=history)


# inputs with a time of their own


def test_inputs_keep_their_own_pace() -> None:
    plain = np.repeat(VALUES, 5, axis=0)
    slow = tn.simulate(NET, BIAS, duration=DT * STEPS, dt=DT / 5, inputs=array(), initial=[0.0, 0.0])
    held = tn.simulate(NET, BIAS, duration=DT * STEPS, dt=DT / 5, inputs=plain, initial=[0.0, 0.0])
    np.testing.assert_array_equal(slow["output"], held["output"])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (array().isel(time=slice(0, 100)), r"the inputs last 5 s .* and the run 20 s"),
        (array().isel(time=slice(100, 400)), "the inputs begin at 5 s and a run begins at 0"),
        (array(time=TIME / 5), r"have a step of 0\.01 s and the run one of 0\.05 s, which would leave some out"),
        (array().isel(time=np.r_[0:100, 150:400]), "has a gap from 4.95 to 7.5"),
    ],
)
def test_inputs_of_another_time_are_refused(inputs: xr.DataArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tn.simulate(NET, BIAS, duration=DT * STEPS, dt=DT, inputs=inputs)


def test_inputs_come_by_the_names_of_components(bank: xr.Dataset) -> None:
    how = {"duration": 1.0, "dt": 0.01, "initial": [1.0, 0.0]}
    only = xr.DataArray(np.ones((100, 1)), dims=("time", "component"), coords={"component": ["y"]})
    plain = np.stack([np.zeros(100), np.ones(100)], axis=1)
    np.testing.assert_array_equal(
        tn.simulate(NET, bank, inputs=only, **how)["output"], tn.simulate(NET, bank, inputs=plain, **how)["output"]
    )
    with pytest.raises(ValueError, match="inputs have components w, the task has x, y"):
        tn.simulate(NET, bank, inputs=only.assign_coords(component=["w"]), **how)


# labels of runs


def test_runs_are_compared_by_the_names_of_their_components() -> None:
    turned = array().isel(component=[1, 0])
    assert float(tn.measure.attractor_distance(turned, array()).attractor_distance[0]) < 1e-12
    with pytest.raises(ValueError, match="the run has components a, b and the truth c, d"):
        tn.measure.attractor_distance(array(), array().assign_coords(component=["c", "d"]))
    with pytest.raises(ValueError, match="the run and its truth have different units, mV and V"):
        tn.measure.attractor_distance(array().assign_attrs(units="mV"), array().assign_attrs(units="V"))


def test_trials_are_paired_by_their_labels() -> None:
    run = xr.concat([array(), 2 * array(), 3 * array()], "trial").assign_coords(trial=[0, 1, 2])
    found = tn.measure.valid_time(run.isel(trial=[2, 0, 1]), run)
    assert (found.valid_time == found.duration).all()


def test_a_run_names_its_components_as_its_tasks_do(bank: xr.Dataset) -> None:
    run = tn.simulate(NET, bank, duration=0.5)
    assert run["component"].values.tolist() == ["x", "y"]
    assert tn.measure.segment(run, 0)["component"].values.tolist() == ["x", "y"]


# time


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (np.round(np.arange(900) / 30, 3), 1 / 30),
        (np.floor(1e3 * np.arange(900) / 30) / 1e3, 1 / 30),
        (np.round(np.arange(900) / 300, 3), 1 / 300),
        ((0.01 * np.arange(20000)).astype(np.float32).astype(float), 0.01),
        ((5e4 + 0.05 * np.arange(5000)).astype(np.float32).astype(float), 0.05),
        (1.7e9 + 0.001 * np.arange(5000), 0.001),
        (-3.0 + 0.1 * np.arange(50), 0.1),
        (np.arange(10.0), 1.0),
    ],
)
def test_even_grids_are_seen_through_rounded_stamps(times: np.ndarray, step: float) -> None:
    assert even_step(times, "it") == pytest.approx(step, rel=1e-4)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(50.0) ** 1.01, "equal steps; the step after time"),
        (np.arange(50.0) + 0.2 * np.random.default_rng(0).standard_normal(50), "equal steps"),
        (np.r_[0:5, 4:9].astype(float), "time 4 comes twice"),
        (np.r_[0:5, 3:9].astype(float), "time 4 is followed by an earlier one"),
        (np.r_[0:5, 9:12, 20:60].astype(float), r"2 gaps, the first from 4 to 9; .*longest lasts from 20 to 59"),
        (np.r_[np.arange(49) / 100, 1e300], r"a gap from 0.48 to 1e\+300"),  # beyond single precision
    ],
)
def test_uneven_time_is_told(times: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        even_step(times, "it")


def test_a_given_step_is_exact_where_stamps_are_rounded() -> None:
    task = tn.Task.from_array(array(time=np.round(TIME * 2 / 3, 3)), name="it", dt=1 / 30)
    assert task.dt == 1 / 30


@pytest.mark.parametrize(
    ("units", "size"), [("ms", 1e-3), ("Seconds", 1.0), ("h", 3600.0), ("seconds since 2000-01-01", 1.0)]
)
def test_units_of_time(units: str, size: float) -> None:
    np.testing.assert_allclose(seconds_of([0.0, 2.0], units), [0.0, 2 * size])
    with pytest.raises(ValueError, match="no unit of time"):
        seconds_of([0.0] * 3 * b2.mV)


# what is asked back


@pytest.mark.parametrize("turned", [VALUES.T, torch.tensor(VALUES.T), VALUES.T[None], pd.DataFrame(VALUES.T)])
def test_an_array_that_seems_transposed_is_asked_about(turned: Any) -> None:
    with pytest.raises(ValueError, match=r"2 samples of 400 components; is it transposed\?"):
        tn.Task.from_array(turned, name="it", dt=DT)
    wide = xr.DataArray(
        VALUES[:100].T[:, :90].repeat(4, 0)[:8], dims=("time", "component"), coords={"time": np.arange(8.0)}
    )
    assert tn.Task.from_array(wide, name="it").dimension == 90


def test_trials_of_a_list() -> None:
    task = tn.Task.from_array([array(), 2 * array()], name="it")
    assert task.initial(50).shape == (50, 2)
    with pytest.raises(ValueError, match="a list of 2 trials that differ in length, times or components"):
        tn.Task.from_array([array(), array()[:50]], name="it")


# files


CSV = {
    "BOM": ("\ufefftime,x\n0,1\n0.1,2\n0.2,3\n", {}),
    "semicolons and decimal commas": ("time;x\n0;1,0\n0,1;2,0\n0,2;3,0\n", {}),
    "told delimiter": ("sep=;\ntime;x\n0;1\n0.1;2\n0.2;3\n", {}),
    "quoted decimal commas": ('time,x\n"0,0","1,0"\n"0,1","2,0"\n"0,2","3,0"\n', {}),
    "tabs": ("time\tx\n0\t1\n0.1\t2\n0.2\t3\n", {}),
    "blanks": ("time x\n0 1\n0.1 2\n0.2 3\n", {}),
    "comments": ("# made by hand\n# time,x\n0,1\n0.1,2\n0.2,3\n", {}),
    "other name": ("clock,x\n0,1\n0.1,2\n0.2,3\n", {"time": "clock"}),
    "unit in the name": ("Time [ms];x\n0;1\n100;2\n200;3\n", {}),
    "no time": ("x\n1\n2\n3\n", {"dt": 0.1}),
    "no header": ("0,1\n0.1,2\n0.2,3\n", {"time": "0"}),
    "index that counts": (",x\n0,1\n1,2\n2,3\n", {"dt": 0.1}),
    "index that counts, and time": (",time,x\n0,0,1\n1,0.1,2\n2,0.2,3\n", {}),
    "dates": ("date,x\n2024-01-31 12:00:00.0,1\n2024-01-31 12:00:00.1,2\n2024-01-31 12:00:00.2,3\n", {}),
    "line ends": ("time,x,\r\n0,1,\r\n0.1,2,\r\n0.2,3,\r\n", {}),
}


@pytest.mark.parametrize("which", CSV)
def test_tables_of_all_sorts(which: str, tmp_path: Path) -> None:
    text, how = CSV[which]
    (tmp_path / "run.csv").write_text(text, encoding="utf-8", newline="")
    found = read_recording(tmp_path / "run.csv", **how)
    np.testing.assert_allclose(found["time"].values - found["time"].values[0], [0, 0.1, 0.2], atol=1e-9)
    assert found.transpose("time", ...).values.ravel().tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n2,3\n", "has no time of its own and needs dt"),
        (",x\n0,1\n1,2\n2,3\n", "has no time of its own and needs dt"),
        ("time,x\n0,1\n0.1,\n", r"row 2 \(line 3 of the file\), column 'x' is empty"),
        ("time,x\n0,1\n\n0.1,NA\n", r"row 2 \(line 4 of the file\), column 'x' is 'NA', a missing value"),
        ("time,x\n0,1\n0.1,2 mV\n", r"column 'x' is not a number: '2 mV'"),
        ("time;x\n0;1,5\n0.1;2\n", r"numbers with a comma \(1,5\) and with a point \(0.1\)"),
        ("time,t,x\n0,0,1\n", "at least"),
        ("t,t_ms,x\n0,0,1\n1,1,2\n", "several that could be time: t, t_ms; name it with time="),
        ("time,x\n0,1\n0.1,1+2j\n", "is not a number"),
        ("time,x\nzero,1\none,2\n", "neither numbers nor dates"),
    ],
)
def test_wrong_tables(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text(text)
    if message == "at least":
        assert read_recording(tmp_path / "run.csv")["component"].values.tolist() == ["t", "x"]
        return
    with pytest.raises(ValueError, match=message):
        read_recording(tmp_path / "run.csv")


def test_files_that_only_look_like_tables(tmp_path: Path) -> None:
    for data, message in ((b"PK\x03\x04rest", "Excel workbook"), (b"time,x\n0,\x001\n", "zero bytes")):
        (tmp_path / "run.csv").write_bytes(data)
        with pytest.raises(ValueError, match=message):
            read_recording(tmp_path / "run.csv")
    (tmp_path / "run.csv").write_bytes("zeit;µ\n0;1\n1;2\n".encode("latin-1"))
    assert read_recording(tmp_path / "run.csv", time="zeit")["component"].values.tolist() == ["µ"]


def test_a_spec_names_no_files(tmp_path: Path) -> None:
    path = CASES["CSV"].make(tmp_path)
    tables = tn.Task.from_array(path, name="it").to_dict()
    tables["recording"]["values"] = str(path)
    with pytest.raises(ValueError, match="numbers are stored as nested lists, got str"):
        tn.Task.from_dict(tables)


def test_a_time_of_two_names_is_the_one_asked_for() -> None:
    table = frame(t=2 * TIME).set_index(pd.Index(TIME, name="time"))
    assert tn.Task.from_array(table, name="it", time="t").dt == pytest.approx(2 * DT)
    assert tn.Task.from_array(table.drop(columns="t"), name="it", time="time").dt == pytest.approx(DT)
    other = array().rename(time="frame")
    assert tn.Task.from_array(other, name="it", time="frame").dt == pytest.approx(DT)
    with pytest.raises(ValueError, match="no column 'clock' to take as time"):
        tn.Task.from_array(table, name="it", time="clock")


def test_labelled_forgets_nothing() -> None:
    found = stepped(labelled(array(units="ms").assign_attrs(units="mV"), Door("it")), None, what="it")
    assert found.attrs["units"] == "mV"
    assert found["time"].attrs["units"] == "s"
    assert labelled(VALUES * b2.mV, Door("it")).attrs["units"] == "V"
    assert labelled([[3.0 * b2.mV]], Door("it")).attrs["units"] == "V"
    assert float(expected_period()) == pytest.approx(np.pi, rel=2e-3)


def expected_period() -> float:
    return float(tn.measure.limit_cycle(array()).period[0])


# whatever comes, a sentence


class Odd:
    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise ZeroDivisionError("no array")


HOSTILE = [
    {}, {"a": 1}, {1, 2}, lambda: 0, int, b"abc", "", "a\0b", "x" * 5000, "\ud800", object(), Odd(), ..., True, np.nan,
    np.ma.masked, np.zeros((0, 2)), np.zeros((1, 1, 1, 1, 1)), np.zeros(5, dtype="V8"), np.arange(5).astype("M8[s]"),
    torch.zeros(3, device="meta"), torch.ones(50, 2) > 0, xr.Dataset(), xr.DataArray(list("abc"), dims="time"),
    array(time=np.full(STEPS, np.nan)), array(units="months since x"), array().stack(all=("time", "component")),
    pd.DataFrame(), frame().iloc[:0], pd.concat([frame(), frame()], axis=1), frame(c=pd.Categorical(["a"] * STEPS)),
    frame().set_index(pd.Index(TIME * 1j)), frame().set_index(pd.Index([pd.NaT] * STEPS)), pd.Series(["a"] * 50),
    [array(), frame()], [frame(), 1], [None] * 50, {"time": [1], "x": [1, 2]}, Path("/"),
]  # fmt: skip
ENTRIES = {
    "recording": lambda v: tn.Task.from_array(v, name="it", dt=DT),
    "targets": lambda v: tn.Task.from_trials(VALUES, v, name="it", dt=DT),
    "initial": lambda v: tn.simulate(NET, BIAS, duration=0.1, initial=v),
    "inputs": lambda v: tn.simulate(NET, BIAS, duration=0.1, inputs=v),
    "bias": lambda v: tn.simulate(NET, v, duration=0.1),
    "center": lambda v: tn.Task.from_array(VALUES, name="it", dt=DT, center=v),
    "measure": tn.measure.limit_cycle,
    "segment": lambda v: tn.measure.segment(array(), v),
    "step": lambda v: tn.Task.from_array(VALUES, name="it", dt=v),
    "duration": lambda v: tn.simulate(NET, BIAS, duration=v),
    "name of time": lambda v: tn.Task.from_array(frame(), name="it", dt=DT, time=v),
    "task": tn.task,
}
HARMLESS = {"segment": 1, "initial": 1}  # a task without a name; rows of states called by complex numbers


@pytest.mark.parametrize("door", ENTRIES)
def test_whatever_comes_is_answered_in_a_sentence(door: str) -> None:
    taken = 0
    for value in HOSTILE:
        try:
            ENTRIES[door](value)
            taken += 1
        except (ValueError, TypeError, OSError) as error:
            words = str(error)
            assert words
            assert "\n" not in words
            assert len(words) < 600
    assert taken <= HARMLESS.get(door, 0)
