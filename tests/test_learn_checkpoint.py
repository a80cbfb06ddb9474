"""Checkpoints: learning that is killed, terminated or interrupted goes on to the very same biases."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.learn import _checkpoint
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._score import Score

UNITS = 40
TASKS = ["hopf", "two-well"]
CALL = {"rounds": 0, "restarts": 1, "steps": 12, "seed": 3}
KILLS = (10, 10)  # for each checkpoint file
PAUSE = 0.01  # seconds that a child to be killed rests after a step: a quick machine must not end it first
LONGEST = 12 * PAUSE  # until a kill
PATIENCE = 60.0  # seconds until a child that says nothing is given up

# Imports are done once: for every line it reads, the driver forks a child that calls fit, and tells how it ended.
DRIVER = """
import json, os, sys, time, traceback
import torch
import tonicnet as tn
import tonicnet.learn, h5netcdf, scipy.spatial, scipy.signal, scipy.integrate

assert torch.get_num_threads() == 1
net = tn.Network(units=UNITS, seed=0)
tn.fit(net, "two-well", progress=False, rounds=0, restarts=0, steps=1)  # what is imported and tabulated when needed

def work(job):
    log = open(job["log"], "a")

    def progress(event):
        print(json.dumps([event["task"], event["step"]]), file=log, flush=True)
        time.sleep(job.get("pause", 0))

    bank = tn.fit(net, TASKS, checkpoint=job["checkpoint"], progress=progress, **CALL)
    tn.save(bank, job["bank"])

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            work(json.loads(line))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Child:
    """One call of fit in a process of its own; what it learns is told in its log, step by step."""

    def __init__(self, driver: subprocess.Popen, folder: Path, **job: object) -> None:
        self._driver, self._returncode = driver, None
        self.log, self.bank = folder / f"{time.monotonic_ns()}.log", folder / "bank.nc"
        self.log.touch()
        files = {"checkpoint": str(folder / "run.nc"), "bank": str(self.bank), "log": str(self.log)}
        print(json.dumps(files | job), file=driver.stdin, flush=True)
        self._pid = int(driver.stdout.readline())

    def steps(self) -> list[tuple[str, int]]:
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines(keepends=True) if line[-1] == "\n"]

    def alive(self) -> bool:
        return os.path.exists(f"/proc/{self._pid}") and self._state() != "Z"

    def _state(self) -> str:
        try:
            return Path(f"/proc/{self._pid}/stat").read_text().rsplit(") ", 1)[1][0]
        except OSError:
            return "Z"

    def await_steps(self, count: int = 1) -> None:
        began = time.monotonic()
        while len(self.steps()) < count and self.alive() and time.monotonic() < began + PATIENCE:
            time.sleep(0.005)

    def await_file(self, file: Path) -> None:
        began = time.monotonic()
        while not file.exists() and self.alive() and time.monotonic() < began + PATIENCE:
            time.sleep(0.005)

    def signal(self, number: int) -> None:
        """Send a signal, if the child is still there."""
        if self._returncode is None and self.alive():
            os.kill(self._pid, number)

    def wait(self) -> int:
        if self._returncode is None:
            self._returncode = int(self._driver.stdout.readline())
        return self._returncode


Start = Callable[..., Child]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    source = f"UNITS, TASKS, CALL = {UNITS!r}, {TASKS!r}, {CALL!r}\n{DRIVER}"
    with subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    ) as driver:
        yield lambda folder, **job: Child(driver, folder, **job)
        driver.stdin.close()


@pytest.fixture(scope="module")
def whole(start: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """Biases and steps of the call when nothing disturbs it, without a checkpoint."""
    child = start(tmp_path_factory.mktemp("whole"), checkpoint=None)
    assert child.wait() == 0
    return tn.load(child.bank)["bias"].values, child.steps()


def go_on(start: Start, folder: Path) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """Start again and let finish."""
    child = start(folder)
    assert child.wait() == 0
    return tn.load(child.bank)["bias"].values, child.steps()


# ---------------------------------------------------------------- killed, terminated, interrupted


def test_twenty_kills_leave_the_same_biases(start: Start, whole, tmp_path: Path) -> None:
    biases, steps = whole
    rng = np.random.default_rng(0)
    landed, went_on = 0, 0
    for number, kills in enumerate(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        for _ in range(kills):
            child = start(folder, pause=PAUSE)
            child.await_steps()
            child.await_file(folder / "run.nc")  # a busy disk takes longer than the kill
            time.sleep(rng.uniform(0, LONGEST))
            child.signal(signal.SIGKILL)
            landed += child.wait() == -signal.SIGKILL
            went_on += child.steps()[:1] not in ([], steps[:1])
        made, last = go_on(start, folder)
        assert np.array_equal(made, biases)
        assert len(last) < len(steps)
    assert landed == sum(KILLS)
    assert went_on >= 10  # not from the beginning


def test_sigterm_writes_the_checkpoint_and_ends_by_that_signal(start: Start, whole, tmp_path: Path) -> None:
    biases, steps = whole
    child = start(tmp_path)
    child.await_steps(len(steps) // 2)
    child.signal(signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM
    assert not child.bank.exists()
    done = child.steps()
    made, rest = go_on(start, tmp_path)
    assert np.array_equal(made, biases)
    assert done + rest == steps  # not one step is lost, none is made twice


def test_sigint_returns_a_bank_and_leaves_the_checkpoint(start: Start, whole, tmp_path: Path) -> None:
    biases, steps = whole
    child = start(tmp_path)
    child.await_steps(len(steps) // 2)
    child.signal(signal.SIGINT)
    assert child.wait() == 0
    assert np.isfinite(tn.load(child.bank)["bias"]).all()
    done = child.steps()
    made, rest = go_on(start, tmp_path)
    assert np.array_equal(made, biases)
    assert done + rest == steps


# ---------------------------------------------------------------- in this process: whose file it is, and what is in it


def spiral(turn: float, name: str = "spiral") -> tn.Task:
    """A rotation that decays: the field is nowhere named but in the function."""

    def field(x: np.ndarray) -> np.ndarray:
        return np.stack([turn * x[..., 1] - x[..., 0], -turn * x[..., 0] - x[..., 1]], axis=-1)

    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    return tn.Task(field, name=name, initial=[1.0, 0.0], kind="memory", speed=1.0, transient=1.0, **box)


NET = tn.Network(units=UNITS, seed=0)
RUN = {"net": NET, "tasks": [spiral(1.0)], "rounds": 0, "restarts": 0, "steps": 3, "seed": 0, "noise": 0.1}


def stop(event: dict) -> None:
    if event["step"] == 2:
        raise KeyboardInterrupt


def told(event: dict) -> tuple:
    return event["task"], event["step"]


def call(path: Path | None, progress: object = False, **changed: object) -> xr.Dataset:
    given = RUN | changed
    return tn.fit(given.pop("net"), given.pop("tasks"), checkpoint=path, progress=progress, **given)


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint that was left in the middle."""
    path = tmp_path_factory.mktemp("halfway") / "run.nc"
    call(path, stop)
    return path.read_bytes()


@pytest.fixture
def path(halfway: bytes, tmp_path: Path) -> Path:
    (tmp_path / "run.nc").write_bytes(halfway)
    return tmp_path / "run.nc"


OTHER = {
    "seed": ({"seed": 1}, "seed"),
    "noise": ({"noise": 0.2}, "noise"),
    "steps": ({"steps": 4}, "steps"),
    "solver": ({"solver": "matrix-free"}, "solver"),
    "another task": ({"tasks": "two-well"}, "tasks"),
    "one more task": ({"tasks": [spiral(1.0), "two-well"]}, "tasks"),
    "another field of that name": ({"tasks": [spiral(1.001)]}, "tasks"),
    "network": ({"net": tn.Network(units=UNITS, seed=1)}, "network"),
    "size": ({"net": tn.Network(units=UNITS + 1, seed=0)}, "network"),
}


@pytest.mark.parametrize(("changed", "named"), OTHER.values(), ids=OTHER)
def test_the_checkpoint_of_another_run_is_refused(path: Path, halfway: bytes, changed: dict, named: str) -> None:
    with pytest.raises(ValueError, match=rf"checkpoint of another run: its {named} was .* now it is"):
        call(path, **changed)
    assert path.read_bytes() == halfway


def test_the_checkpoint_of_an_earlier_version_is_refused(path: Path) -> None:
    """Fewer settings, tonic inputs under a name of their own, lists of other names: as version 0.1.0 first wrote it."""
    ds = tn.load(path)
    identity = {k: v for k, v in json.loads(ds.attrs["identity"]).items() if k not in ("learn", "objective")}
    states = ds.attrs["states"].replace('"best"', '"score"')
    old = ds.rename(theta_0="bias_0", number="unit").drop_vars("begun_0")
    tn.save(old.assign_attrs(identity=json.dumps(identity), states=states), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"an earlier version of tonicnet \(\d.*\), .* remove the file to begin anew"):
        call(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", [0, 3, 6, -1], ids=["first step", "next stage", "next task", "last step"])
def test_ctrl_c_returns_a_bank_and_can_be_gone_on_from(tmp_path: Path, place: int) -> None:
    given = {"tasks": [spiral(1.0), spiral(2.0, "faster")]}
    steps: list[tuple] = []
    whole = call(None, lambda event: steps.append(told(event)), **given)
    done: list[tuple] = []

    def interrupt(event: dict) -> None:
        done.append(told(event))
        if done[-1] == steps[place]:
            raise KeyboardInterrupt

    kept = call(tmp_path / "run.nc", interrupt, **given)
    assert str(kept["task"].values[-1]) == steps[place][0]
    assert "interrupted; the best so far is kept" in str(kept["outcome"].values[-1])
    assert np.isfinite(kept["bias"]).all()
    bank = call(tmp_path / "run.nc", lambda event: done.append(told(event)), **given)
    assert np.array_equal(bank["bias"], whole["bias"])
    assert done == steps  # not one step is lost, none is made twice


def test_the_same_call_goes_on_from_it(path: Path) -> None:
    seen: list[dict] = []
    bank = call(path, seen.append)
    assert seen[0]["step"] == 3
    assert np.array_equal(bank["bias"], call(None)["bias"])


def without(path: Path, name: str) -> xr.Dataset:
    ds = tn.load(path)
    return ds.drop_vars(name) if name in ds else ds.assign_attrs({name: "[]"})


def short(path: Path) -> xr.Dataset:
    return tn.load(path).isel(number=slice(None, -1))


DAMAGE: dict[str, Callable[[Path], bytes | xr.Dataset]] = {
    "cut off": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "empty": lambda path: b"",
    "text": lambda path: b"bias = 3\n",
    "a run": lambda path: tn.task("hopf").trajectory(1.0, 0.1),
    "identity is a list": lambda path: without(path, "identity"),
    "states are a list": lambda path: without(path, "states"),
    "states are cut off": lambda path: tn.load(path).assign_attrs(states=tn.load(path).attrs["states"][:-20]),
    "no numbers": lambda path: without(path, "theta_0"),
    "too few units": short,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_or_foreign_file_is_refused_and_left(path: Path, damage: Callable) -> None:
    made = damage(path)
    path.write_bytes(made) if isinstance(made, bytes) else tn.save(made, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"run\.nc is not") as caught:
        call(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]


def changed(name: str, value: object, where: str = "") -> Callable[[dict], None]:
    """A change of one entry of a state, or of the state's best."""

    def change(state: dict) -> None:
        (state[where] if where else state)[name] = value

    return change


def numbers(name: str, value: float) -> Callable[[xr.Dataset], xr.Dataset]:
    def change(ds: xr.Dataset) -> xr.Dataset:
        held = ds[name].copy()
        held.values.flat[0] = value
        return ds.assign({name: held})

    return change


STATES = {
    "stage below 0": (changed("stage", -1), "its stage is -1, not a whole number from 0 on"),
    "stage in parts": (changed("stage", 0.5), "its stage is 0.5"),
    "stage true": (changed("stage", True), "its stage is True"),
    "no such stage": (changed("stage", 500), "its stage is 500 after 0 closed-loop rounds, which the course"),
    "step below 0": (changed("step", -3), "its step is -3"),
    "another step": (changed("step", 1), "its losses do not go with step 1"),
    "scored": (changed("scored", -1), "its scored is -1"),
    "restart": (changed("restart", 7), "its restart is 7, of 0"),
    "seconds": (changed("seconds", float("nan")), "its seconds are nan"),
    "an ending": (changed("ending", "done"), "its ending is 'done', which no learning has"),
    "an ending of escapes": (changed("ending", "\x1b[2J"), r"its ending is '\\x1b\[2J'"),
    "an ending that is none": (changed("ending", None), "its ending is None"),
    "losses": (changed("losses", ["low"]), "its losses are not all numbers"),
    "no losses": (changed("losses", []), "its losses do not go with step"),
    "nearest": (changed("nearest", [1.0] * 50), "it has 50 results of"),
    "nearest of words": (changed("nearest", ["far"]), "it has 1 results of"),
    "picked": (changed("picked", [3]), "it does not say by what method"),
    "memory": (changed("memory", None), "what its method remembers does not go with step"),
}  # fmt: skip
NUMBERS = {
    "theta": (numbers("theta_0", np.nan), "theta holds numbers that are not finite"),
    "begun": (numbers("begun_0", np.inf), "begun holds numbers that are not finite"),
    "memory": (numbers("memory.damping_0", np.nan), "memory.damping holds numbers that are not finite"),
    "shape": (lambda ds: ds.assign(theta_0=ds["theta_0"].expand_dims(x=1)), r"theta has shape \(1, 40\) and needs"),
    "size": (lambda ds: ds.isel(number=slice(9)), r"theta has shape \(9,\) and needs \(40,\)"),
    "one theta": (numbers("theta_0", 1.0), "its numbers were changed"),
    "one start": (numbers("begun_0", 1.0), "its numbers were changed"),
    "one damping": (numbers("memory.damping_0", 0.5), "its numbers were changed"),
    "states": (lambda ds: ds.assign_attrs(states=ds.attrs["states"].replace(" ", "", 1)), "its numbers were changed"),
}  # fmt: skip


def with_states(path: Path, change: Callable[[dict], None]) -> xr.Dataset:
    """A checkpoint whose first state is changed and whose digest is right all the same."""
    ds = tn.load(path)
    states = json.loads(ds.attrs["states"])
    kept = dict(states["0"])
    change(states["0"])
    text = json.dumps(states)
    read = _checkpoint._states(path, ds.assign_attrs(states=json.dumps({"0": kept})))
    return ds.assign_attrs(states=text, states_sha256=_checkpoint._digest(read, ds.attrs["identity"], text))


CHANGES = {name: (lambda path, c=change: with_states(path, c), said) for name, (change, said) in STATES.items()}
CHANGES |= {name: (lambda path, c=change: c(tn.load(path)), said) for name, (change, said) in NUMBERS.items()}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_a_whole_file_whose_numbers_no_run_left_is_refused_and_kept(path: Path, change: Callable, said: str) -> None:
    tn.save(change(path), path)
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=rf"run\.nc is not as tonicnet\.fit left it: {said}.*; take an intact"
    ) as caught:
        call(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]


def test_a_full_disk_is_one_error_and_leaves_the_checkpoint(path: Path, halfway: bytes) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(OSError, match=r"cannot write .*run\.nc \(File too large\); what was there is as it was"):
            call(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == halfway
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]
    assert np.array_equal(call(path)["bias"], call(None)["bias"])


def test_a_second_process_on_one_checkpoint_is_told(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path)
    first.await_steps()
    first.signal(signal.SIGSTOP)
    with pytest.raises(
        RuntimeError, match=rf"run\.nc is in use by process {first._pid} on .*, which learns into it now"
    ):
        call(tmp_path / "run.nc")
    first.signal(signal.SIGCONT)
    assert first.wait() == 0
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".log") == ["bank.nc", "run.nc"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_but_the_checkpoint(start: Start, tmp_path: Path, number: int) -> None:
    child = start(tmp_path)
    child.await_steps(2)
    child.signal(number)
    assert child.wait() == (-signal.SIGTERM if number == signal.SIGTERM else 0)
    left = {p.name for p in tmp_path.iterdir() if p.suffix != ".log"}
    assert left == ({"run.nc"} if number == signal.SIGTERM else {"bank.nc", "run.nc"})


def test_a_finished_checkpoint_returns_the_same_bank_at_once(path: Path) -> None:
    first = call(path)
    before = path.read_bytes()
    seen: list[dict] = []
    again = call(path, seen.append)
    assert not seen
    assert path.read_bytes() == before
    xr.testing.assert_equal(again, first)


def test_the_mean_of_rounds_goes_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the last of four rounds, when the mean is of three; later ranks are better, and the mean is last."""
    judged: list[int] = []

    def score(*_: object) -> Score:
        judged.append(1)
        return Score({"divergence": 1.0}, rank=(-float(len(judged)),))

    def stop_late(event: dict) -> None:
        if event["stage"] == "polish 4":
            raise KeyboardInterrupt

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 3)
    run = {"tasks": "lorenz", "rounds": 4, "steps": 2}
    whole = call(None, **run)
    path = tmp_path / "run.nc"
    judged.clear()
    call(path, stop_late, **run)
    assert "mean_0" in tn.load(path)
    again = call(path, **run)
    assert str(again["method"].values[0]).endswith("mean of 4 rounds")
    np.testing.assert_array_equal(again["bias"], whole["bias"])


def test_a_checkpoint_grows_a_bank_too(path: Path) -> None:
    grown = call(path, into=call(None, tasks="two-well"))
    assert list(grown["task"].values) == ["two-well", "spiral"]
    assert np.array_equal(grown["bias"].sel(task="spiral"), call(None)["bias"][0])


def test_nothing_but_the_checkpoint_is_left_in_its_folder(path: Path) -> None:
    call(path)
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]
