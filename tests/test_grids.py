"""Studies: grids over any executor, stores that last, and every way in which a job can be lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import tonicnet as tn
from tonicnet.cli import app
from tonicnet.learn import Job, Settings
from tonicnet.study import _dask, _engine, _schedule
from tonicnet.study._engine import perform_within
from tonicnet.study._grid import KNOWN, grid_of
from tonicnet.study._grid_file import grids, read_grid
from tonicnet.study._processes import Worker
from tonicnet.study._schedule import performed
from tonicnet.study._store import MARK
from tonicnet.study._work import Fit, Reply, perform

QUICK: dict[str, Any] = {"task": "hopf", "components": 2, "steps": 2, "rounds": 0, "restarts": 0}
GRID: dict[str, Any] = {"units": [32, 40], "seed": range(3)} | QUICK
ROOT = Path(__file__).resolve().parent.parent
TAKEN = ("seconds", "cpu_seconds")  # differ from run to run


class Faulty:
    """A spiral that does harm in a worker; in this process, where it is only described, it does none."""

    def __init__(self, how: str, mark: Path) -> None:
        self.how, self.mark = how, mark

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if "conftest" not in sys.modules:
            getattr(self, self.how)()
        return np.stack([x[..., 1] - x[..., 0], -x[..., 0] - x[..., 1]], axis=-1)

    def calm(self) -> None:
        pass

    def raising(self) -> None:
        raise ArithmeticError("the field is\nnot here")

    def leaving(self) -> None:
        sys.exit(3)

    def hanging(self) -> None:
        time.sleep(1000)

    def swelling(self) -> None:
        np.empty(2**50)

    def killing(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def killing_once(self) -> None:
        if not self.mark.exists():
            self.mark.touch()
            self.killing()


def faulty(how: str, folder: Path) -> tn.Task:
    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    field = Faulty(how, folder / "mark")
    return tn.Task(field, name=how, initial=[1.0, 0.0], kind="memory", speed=1.0, transient=1.0, **box)


def local(grid: dict[Any, Any], **given: Any) -> xr.Dataset:
    return tn.study(grid, executor=ThreadPoolExecutor(1), **({"progress": False} | given))


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    xr.testing.assert_identical(
        one.drop_vars(TAKEN).assign_attrs(created=""), other.drop_vars(TAKEN).assign_attrs(created="")
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, Path]:
    store = tmp_path_factory.mktemp("study") / "store"
    return local(GRID, store=store), store


def test_every_cell_is_a_fit(found: tuple[xr.Dataset, Path]) -> None:
    ds = found[0]
    assert ds["field_error"].dims == ("units", "seed")
    assert ds["done"].all()
    bank = tn.fit(tn.Network(40, seed=2, components=2), "hopf", seed=2, threads=1, steps=2, rounds=0, restarts=0,
                  progress=False)  # fmt: skip
    cell = ds.sel(units=40, seed=2)
    for name in ("field_error", "lost", "speed", "outcome"):
        assert cell[name].item() == bank[name].values[0], name
    assert cell["network_sha256"] == bank.attrs["network_sha256"]
    assert cell["loss"] == bank["loss"].values[0, -1]
    assert ds["task"].item() == "hopf"


def test_processes_find_the_same_bit_for_bit(found: tuple[xr.Dataset, Path]) -> None:
    same(found[0], tn.study(GRID, workers=2, progress=False))


def test_a_dataset_of_a_study_can_be_saved(found: tuple[xr.Dataset, Path], tmp_path: Path) -> None:
    tn.save(found[0], tmp_path / "study.nc")
    assert tn.load(tmp_path / "study.nc")["job"].values.tolist() == found[0]["job"].values.tolist()


def test_paired_labelled_and_made_values() -> None:
    def hopf() -> tn.Task:
        return tn.task("hopf")

    grid = QUICK | {"task": [hopf, "cosine"], ("units", "gain"): [(20, 1.1), (24, 1.3)], "synapses": "dense",
                    "transfer": {"plain": tn.Tanh(), "steep": tn.Sigmoid}, "feedback": [True, False]}  # fmt: skip
    made = grid_of(grid)
    assert made.shape == (2, 1, 1, 1, 1, 2, 1, 2, 2)
    ds = tn.study(grid, run=False)
    assert ds["done"].dims == ("task", "units_gain", "transfer", "feedback")
    assert ds["gain"].dims == ("units_gain",)
    assert ds["task"].values.tolist() == ["hopf", "cosine"]
    assert ds["transfer"].values.tolist() == ["plain", "steep"]
    assert set(np.unique(ds["outcome"].values)) == {"not run"}
    job = made.job(len(made) - 1)
    assert (job.spec.units, job.spec.gain, job.spec.transfer.name, job.task.name) == (24, 1.3, "sigmoid", "cosine")
    assert len(set(made.keys)) == len(made)


def test_seeds_of_draw_and_learning() -> None:
    job = grid_of(QUICK | {"units": 20, "seed": 3, "learning_seed": [7]}).job(0)
    assert (job.spec.seed, job.settings.seed, job.settings.threads) == (3, 7, 1)
    assert grid_of(QUICK | {"units": 20, "threads": 2}).job(0).settings.threads == 2


def test_a_registered_factory_is_a_task() -> None:
    @tn.task_factory("tilted hopf")
    def tilted() -> tn.Task:
        return tn.task("hopf")

    assert grid_of(QUICK | {"task": "tilted hopf", "units": 20}).tasks[0].name == "hopf"


def test_a_rerun_does_what_is_missing(found: tuple[xr.Dataset, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    ds, store = found
    ran: list[Job] = []
    run = Job.run
    monkeypatch.setattr(Job, "run", lambda self: ran.append(self) or run(self))
    again = local(GRID, store=store)
    assert not ran
    xr.testing.assert_identical(ds.assign_attrs(created=""), again.assign_attrs(created=""))
    wider = local(GRID | {"units": [40, 36]}, store=store)  # another study on the same store
    assert sorted({job.spec.units for job in ran}) == [36]
    assert len(ran) == 3
    np.testing.assert_array_equal(wider["loss"].sel(units=40), ds["loss"].sel(units=40))
    assert local(GRID | {"steps": 3}, store=store, run=False)["done"].sum() == 0  # other jobs


def test_files_of_a_store_that_cannot_be_read(found: tuple[xr.Dataset, Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    local(GRID, store=store)
    files = sorted(store.glob("*/*.nc"))
    assert len(files) == 6
    kept = {one: one.read_bytes() for one in files}
    files[0].write_bytes(kept[files[0]][:900])
    files[1].write_bytes(b"")
    files[2].write_bytes(kept[files[3]])  # of another job
    (store / "notes.txt").write_text("mine")
    with pytest.warns(UserWarning, match="is run again") as told:
        again = local(GRID, store=store)
    assert [one.name for one in files[:3]] == sorted(Path(str(w.message).split(" is not read")[0]).name for w in told)
    same(again, found[0])
    assert all(one.read_bytes() == kept[one] for one in files[3:])
    assert (store / "notes.txt").read_text() == "mine"
    assert files[2].with_name(files[2].name + ".unreadable").read_bytes() == kept[files[3]]


def test_biases_on_request_are_banks(tmp_path: Path) -> None:
    grid = QUICK | {"units": [20, 24], "seed": 1}
    bare = local(grid, store=tmp_path / "store")
    assert "bias" not in bare
    ds = local(grid, store=tmp_path / "store", biases=True)  # learned again: its file had none
    again = local(grid, store=tmp_path / "store", biases=True)
    same(ds, again)
    assert ds["bias"].dims == ("units", "unit")
    assert np.isnan(ds["bias"].sel(units=20)[20:]).all()
    bank = tn.load(next((tmp_path / "store").glob(f"*/{ds['job'].values[1]}.bank.nc")))
    np.testing.assert_array_equal(bank["bias"].values[0], ds["bias"].sel(units=24))
    run = tn.simulate(tn.Network(24, seed=1, components=2), bank, task="hopf", duration=0.1)
    assert np.isfinite(run["output"]).all()


FAULTS = {
    "raising": "ArithmeticError: the field is not here", "leaving": "SystemExit: 3", "hanging": "limit=8 s",
    "swelling": "MemoryError", "killing": "its worker was lost 2 times (BrokenProcessPool",
}  # fmt: skip


def test_what_goes_wrong_is_an_outcome_and_all_else_is_done(tmp_path: Path) -> None:
    names = ("calm", *FAULTS, "killing_once")
    grid = QUICK | {"task": [faulty(name, tmp_path) for name in names], "units": 20, "seed": range(2)}
    seen: list[dict[str, Any]] = []
    given: dict[str, Any] = {"workers": 2, "limit": 8, "retries": 1, "store": tmp_path / "store"}
    ds = tn.study(grid | {"seed": [0]}, progress=seen.append, **given)
    assert ds["outcome"].dims == ("task", "seed")
    for name, sentence in FAULTS.items():
        assert sentence in ds["outcome"].sel(task=name).item(), name
        assert ds["outcome"].sel(task=name).item().startswith("failed: ")
        assert np.isnan(ds["loss"].sel(task=name))
    assert ds["done"].sel(task=["calm", "killing_once"]).all()
    assert (tmp_path / "mark").exists()
    assert (seen[-1]["done"], seen[-1]["total"], seen[-1]["failed"]) == (7, 7, 5)
    assert len(list((tmp_path / "store").glob("*/*.nc"))) == 2


def test_a_limit_holds_on_any_executor(tmp_path: Path) -> None:
    task = faulty("hanging", tmp_path)
    spec = tn.Network(20, seed=0, components=2).spec
    settings = Settings(steps=1, rounds=0)
    hung = perform_within(Fit(Job(spec, task, settings)).sent, 5.0)
    assert "longer than limit=5 s" in hung.failure
    with pytest.raises(BrokenExecutor, match="ended with -9"):
        perform_within(Fit(Job(spec, faulty("killing", tmp_path), settings)).sent, 60.0)


class Unreliable(Executor):
    """Answers late, from the last to the first, twice, and fails or cancels each job once before it does it."""

    def __init__(self, count: int) -> None:
        self.count, self.waiting, self.seen = count, [], set[bytes]()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if args[0] not in self.seen:
            self.seen.add(args[0])
            if len(self.seen) % 2:
                future.set_exception(RuntimeError("the node is gone"))
            else:
                future.cancel()
                future.set_running_or_notify_cancel()
            return future
        self.waiting.append((future, fn, args))
        if len(self.waiting) == self.count:
            threading.Thread(target=self._answer).start()
        return future

    def _answer(self) -> None:
        while self.waiting:
            future, fn, args = self.waiting.pop()
            fn(*args)
            future.set_result(fn(*args))
            future._invoke_callbacks()


def test_executors_that_reorder_repeat_and_fail(found: tuple[xr.Dataset, Path], tmp_path: Path) -> None:
    ds = tn.study(GRID, executor=Unreliable(6), progress=False, retries=1)
    same(ds, found[0])
    lost = tn.study(GRID, executor=Unreliable(6), progress=False, retries=0)
    assert lost["done"].sum() == 0
    assert "lost 1 time (RuntimeError: the node is gone)" in lost["outcome"].values[0, 0]
    assert "cancelled" in lost["outcome"].values[0, 1]


class Breaking(ThreadPoolExecutor):
    """Takes two jobs, and then none."""

    left = 2

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self.left:
            raise BrokenExecutor("broken")
        self.left -= 1
        return super().submit(fn, *args, **kwargs)


def test_an_executor_that_breaks_is_made_again_if_it_can_be(found: tuple[xr.Dataset, Path]) -> None:
    once = tn.study(GRID, executor=Breaking(1), progress=False)
    assert once["done"].sum() == 2
    assert "takes no more jobs" in once["outcome"].values[-1, -1]
    same(tn.study(GRID, executor=lambda: Breaking(1), progress=False), found[0])


def test_an_answer_that_is_none_is_a_lost_worker() -> None:
    class Odd:
        width = 1

        def submit(self, sent: bytes) -> Future[Reply]:
            future: Future[Any] = Future()
            future.set_result("done")
            return future

    job = Job(tn.Network(20, seed=0, components=2).spec, tn.task("hopf"), Settings())
    [(key, reply)] = performed(iter([Fit(job)]), Odd(), 0)
    assert key == job.key
    assert "answered with str" in reply.failure


def test_ctrl_c_returns_what_is_done_and_loses_nothing(tmp_path: Path, found: tuple[xr.Dataset, Path]) -> None:
    def interrupt(told: dict[str, Any]) -> None:
        if told["done"] == 2:
            raise KeyboardInterrupt

    ds = tn.study(GRID, workers=1, store=tmp_path / "store", progress=interrupt)
    assert ds["done"].sum() == 2
    assert (ds["outcome"] == "not run").sum() == 4
    seen: list[dict[str, Any]] = []
    same(local(GRID, store=tmp_path / "store", progress=seen.append), found[0])
    assert (len(seen), seen[-1]["held"]) == (4, 2)


def test_failures_are_told_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = QUICK | {"task": ["lorenz", "hopf"], "units": 20}  # three components on two
    ds = local(grid, progress=True)
    assert ds["done"].values.tolist() == [0, 1]
    said = capsys.readouterr().err
    assert "failed: task lorenz: ValueError" in said
    assert "1 x  ValueError" in said


def lines(x: np.ndarray) -> np.ndarray:
    return -x


def unpicklable() -> tn.Task:
    return tn.Task(lambda x: -x, name="lambda", initial=[1.0], kind="memory", low=[-1], high=[1], center=[0], scale=[1])


@pytest.mark.parametrize(
    ("grid", "given", "sentence"),
    [
        ({"unitz": 3}, {}, r"unknown dim 'unitz'. Did you mean 'units'\?"),
        ({"gain": []}, {}, "gain of the grid is empty"),
        ({"seed": (k for k in range(3))}, {}, "seed of a grid is a list of values"),
        ({"seed": {1, 2}}, {}, "seed of a grid is a list of values"),
        ({"seed": [1, 1]}, {}, "twice"),
        ({"seed": range(10**5), "noise": np.linspace(0.1, 1, 10**4)}, {}, r"1,000,000,000 cells .* ask for fewer"),
        ({("seed", "units"): [(1, 2)]}, {}, "given twice"),
        ({("seed", "gain"): [(1, 2), 3]}, {}, "each entry has 2, got 3"),
        ({"gain": [1.0, 2.0]}, {}, "at gain 2.0: gain scales random synapses"),
        ({"steps": [5, 0]}, {}, "at steps 0: steps must be"),
        ({"task": "lorens"}, {}, "Did you mean 'lorenz'"),
        ({"task": [3]}, {}, "task of a grid is a name"),
        ({"transfer": [object()]}, {}, "a value of a grid is"),
        ({"task": [unpicklable()]}, {}, "task 'lambda' cannot be sent to a worker"),
        ({}, {"executor": "proceses"}, "Did you mean 'processes'"),
        ({}, {"executor": "dask:///nowhere"}, "dask://host:port"),
        ({}, {"executor": 3}, "executor is a concurrent.futures.Executor"),
        ({}, {"executor": lambda: 3}, "executor is a concurrent.futures.Executor"),
        ({}, {"executor": ThreadPoolExecutor(1), "workers": 2}, "leave one of them out"),
        ({}, {"workers": 0}, "workers"),
        ({}, {"retries": -1}, "retries"),
        ({}, {"limit": 0}, "limit must be a positive number"),
        ({}, {"progress": "yes"}, "progress is True, False"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_runs(
    grid: dict[Any, Any], given: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "perform", lambda *_: pytest.fail("something was run"))
    with pytest.raises((ValueError, TypeError), match=sentence):
        tn.study({"units": 20} | QUICK | grid, **({"progress": False} | given))


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [({}, "is empty"), ([], "grid is a mapping"), ({"task": "hopf"}, "no 'units'"), ({"units": 3}, "no 'task'")],
)
def test_a_grid_that_is_none(grid: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        tn.study(grid)


def test_folders_that_are_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="holds other files and is no store"):
        tn.study(GRID, store=tmp_path)
    with pytest.raises(ValueError, match=r"store is a folder, and .* is a file"):
        tn.study(GRID, store=tmp_path / "file")
    tn.study(GRID, store=tmp_path / "store", run=False)
    (tmp_path / "store" / MARK).write_text('{"kind": "tonicnet store", "version": 99}')
    with pytest.raises(ValueError, match="store of version 99"):
        tn.study(GRID, store=tmp_path / "store")


def test_every_argument_can_be_a_dim() -> None:
    import inspect

    network, fit = (set(inspect.signature(one).parameters) for one in (tn.Network, tn.fit))
    left_out = {"net", "tasks", "checkpoint", "into", "start", "progress"}
    assert set(KNOWN) == (network | fit | {"task", "learning_seed"}) - left_out


def test_a_study_on_dask_survives_its_workers(found: tuple[xr.Dataset, Path], tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="pip install 'tonicnet[sweep]'")
    grid = QUICK | {"task": [faulty(name, tmp_path) for name in ("calm", "raising", "killing_once")], "units": 20,
                    "seed": range(2)}  # fmt: skip
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        same(tn.study(GRID, executor=client.get_executor(), progress=False), found[0])
        ds = tn.study(grid, executor=client.get_executor(), progress=False)
    assert ds["done"].sel(task=["calm", "killing_once"]).all()
    assert "not here" in ds["outcome"].sel(task="raising").values[0]


class Silent(Executor):
    """Takes everything and never answers."""

    taken = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.taken += 1
        return Future()


def test_a_study_whose_scheduler_goes_away_ends_and_is_done_on_the_next(
    found: tuple[xr.Dataset, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="pip install 'tonicnet[sweep]'")
    monkeypatch.setattr(_dask, "_PATIENCE", 2)
    made: dict[str, Any] = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    first = distributed.LocalCluster(**made)

    def end(told: dict[str, Any]) -> None:
        if told["done"] == 2:
            first.close()

    address = first.scheduler_address.replace("tcp://", "dask://")
    ds = tn.study(GRID, executor=address, store=tmp_path / "store", progress=end)
    left = ds["outcome"].values[ds["done"] == 0]
    assert 0 < len(left) <= 4
    assert all("no Dask scheduler answers" in one or "was lost" in one for one in left), list(left)
    with distributed.LocalCluster(**made) as second, distributed.Client(second) as client:
        seen: list[dict[str, Any]] = []
        again = tn.study(GRID, executor=client.get_executor(), store=tmp_path / "store", progress=seen.append)
    same(again, found[0])
    assert len(seen) == len(left)


def test_work_that_will_never_be_answered_is_lost(
    found: tuple[xr.Dataset, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_engine, "gone", lambda executor: isinstance(executor, Silent) and executor.taken == 6)
    monkeypatch.setattr(_schedule, "_LOOK", 0.01)
    lost = tn.study(GRID, executor=Silent(), progress=False, retries=0)
    assert lost["done"].sum() == 0
    assert all("lost 1 time (ConnectionError: its scheduler is gone)" in one for one in lost["outcome"].values.ravel())
    executors = iter([Silent(), ThreadPoolExecutor(1)])
    same(tn.study(GRID, executor=lambda: next(executors), progress=False), found[0])  # it is made again


def test_an_executor_that_cannot_be_made_again_is_tried_once() -> None:
    asked: list[int] = []

    def make() -> Executor:
        asked.append(1)
        if len(asked) > 1:
            raise ConnectionError("nobody answers")
        return Breaking(1)

    ds = tn.study(GRID, executor=make, progress=False)
    assert len(asked) == 2
    assert 1 <= ds["done"].sum() <= 2  # to end an executor cancels what waits in it
    assert all("nobody answers" in one for one in ds["outcome"].values[ds["done"] == 0])


def test_what_a_worker_cannot_read_is_a_sentence() -> None:
    assert perform(b"no pickle").failure.startswith("UnpicklingError: ")


FILE = """
task = ["hopf", "own.toml"]
components = 2
seed = { first = 1, count = 2 }
rounds = 0
restarts = 0
steps = 2
[[paired]]
units = [20, 24]
noise = [0.1, 0.2]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text((ROOT / "tasks" / "hopf.toml").read_text().replace("hopf", "mine", 1))
    (tmp_path / "grid.toml").write_text(FILE)
    return tmp_path / "grid.toml"


def test_a_grid_in_a_file(file: Path) -> None:
    grid = read_grid(file)
    assert grid["seed"] == range(1, 3)
    assert grid["units", "noise"] == [(20, 0.1), (24, 0.2)]
    assert tn.study(file, run=False)["done"].dims == ("task", "seed", "units_noise")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("count = 2", "cuont = 2", "seed is a value, a list"),
        ("count = 2", "count = -2", "count of seed must be a whole number"),
        ("[20, 24]", "[20]", "all of one length, got units 1, noise 2"),
        ("[[paired]]", "[paired]", r"written \[\[paired\]\]"),
        ("units = [20, 24]", 'units = "20"', "holds two lists at least"),
        ("[[paired]]", "[[pairs]]", "unknown dim 'pairs'"),
        ("steps = 2", "steps = ", "not valid TOML"),
    ],
)
def test_a_file_that_is_no_grid(file: Path, old: str, new: str, sentence: str) -> None:
    file.write_text(FILE.replace(old, new))
    with pytest.raises(ValueError, match=sentence):
        tn.study(file, run=False)


def test_an_unknown_grid_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown grid 'seed'. Did you mean 'seeds'\?"):
        tn.study("seed")


@pytest.mark.parametrize("name", grids())
def test_grids_that_ship_have_jobs_that_can_be_run(name: str) -> None:
    made = grid_of(read_grid(name))
    assert len(set(made.keys)) == len(made) >= 20
    for task in range(len(made.dims[0].values)):
        made.job(task * (len(made) // len(made.dims[0].values))).check()


def test_the_command_writes_goes_on_and_says_what_failed(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.nc"
    file.write_text(FILE.replace("own.toml", "lorenz"))  # three components on two
    made = CliRunner().invoke(app, ["study", str(file), "-o", str(out), "--workers", "1", "-q"])
    assert made.exit_code == 1
    assert "4 of 8 jobs done" in made.stdout
    assert "failed: ValueError: task 'lorenz' has 3 components" in " ".join(made.stdout.split())
    assert tn.load(out)["done"].sum() == 4
    file.write_text(FILE.replace(', "own.toml"', ""))
    again = CliRunner().invoke(app, ["study", str(file), "-o", str(out), "--no-run"])
    assert (again.exit_code, "4 of 4 jobs done" in again.stdout) == (0, True)
    refused = CliRunner().invoke(app, ["study", str(file), "-o", str(file.with_suffix(".txt"))])
    assert refused.exit_code == 1
    nobody = CliRunner().invoke(app, ["study", str(file), "--executor", "slurm", "-o", str(tmp_path / "other.nc")])
    assert "unknown executor 'slurm'" in nobody.stderr
