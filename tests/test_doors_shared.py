"""One set of checks for all doors: rows of banks, names, numpy's numbers, copies, and late faults found early."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
import xarray as xr

import tonicnet as tn

NET = tn.Network(20, seed=0, components=3, transfer="lif")
TIME = 0.05 * np.arange(400)
CIRCLE = np.stack([np.cos(TIME), np.sin(TIME)], axis=1)


def rotor(x: np.ndarray) -> np.ndarray:
    return np.stack([-x[..., 1], x[..., 0]], axis=-1) + (1 - (x**2).sum(-1, keepdims=True)) * x


@pytest.fixture(scope="module")
def bank(bank_of: Any) -> xr.Dataset:
    """A bank of random biases that tells the names of components as a learned one does."""
    names = ("hopf", "fitzhugh-nagumo")
    specs = {name: {"name": name, "components": list(tn.task(name).components)} for name in names}
    return bank_of(NET, names, dimension=[2, 2]).assign_attrs(tasks=json.dumps(specs))


# rows of banks

ROWS = {
    "by name": lambda bank: bank.sel(task="hopf"),
    "by number": lambda bank: bank.isel(task=0),
}
DOORS = {
    "simulate": lambda b: tn.simulate(NET, b, duration=0.1)["output"],
    "schedule": lambda b: tn.simulate(NET, b, schedule=[("hopf", 0.1)])["output"],
    "flow": lambda b: xr.DataArray(tn.flow(NET, b)(np.zeros(2))),
    "fixed points": lambda b: tn.measure.fixed_points(NET, b, starts=3)["location"],
    "biases": lambda b: tn.measure.biases(NET, b, transient=0.5, duration=1.0)["gain"],
    "spiking": lambda b: tn.spiking.simulate(NET, b, duration=0.05, codegen="numpy")["output"],
    "predict": lambda b: tn.spiking.predict(NET, b, duration=0.2)["decoded_noise"],
    "recalibrate": lambda b: tn.spiking.recalibrate(NET, b, duration=0.1)["bias"],
    "show": lambda b: xr.DataArray(len(str(tn.show(b)))),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_row_is_a_bank_of_one_task(door: str, bank: xr.Dataset) -> None:
    enter = DOORS[door]
    right = enter(bank.sel(task=["hopf"])).values
    for make in ROWS.values():
        np.testing.assert_array_equal(enter(make(bank)).values, right)


# biases alone, as bank["bias"]


def explored(biases: Any) -> xr.DataArray:
    return tn.explore(NET, biases, seconds=0.1).explorer.run["output"]


def reported(biases: Any, folder: Path) -> str:
    return tn.report(NET, biases, folder / "report.html", duration=0.1).read_text()


def turned(biases: Any) -> None:
    try:
        tn.measure.floquet(NET, biases, transient=0.1, duration=1.0)
    except ValueError as error:  # random biases of which nothing cycles came in
        if "does not cycle" not in str(error):
            raise


ANY_BIASES = {
    "fixed points": lambda b, _: tn.measure.fixed_points(NET, b, starts=3),
    "biases": lambda b, _: tn.measure.biases(NET, b, transient=0.5, duration=1.0),
    "eigenvalues": lambda b, _: tn.measure.jacobian_spectrum(NET, b, transient=0.5, duration=1.0),
    "exponents": lambda b, _: tn.measure.lyapunov_spectrum(NET, b, duration=2.0, transient=0.2, trials=1),
    "predict": lambda b, _: tn.spiking.predict(NET, b, duration=0.2),
    "recalibrate": lambda b, _: tn.spiking.recalibrate(NET, b, duration=0.1),
    "show": lambda b, _: str(tn.show(b)),
    "map of biases": lambda b, _: tn.plot.biases(b),
    "explore": lambda b, _: explored(b),
    "report": reported,
}  # of one task or of several
ONE_TASK = {
    "simulate": lambda b, _: tn.simulate(NET, b, duration=0.1),
    "flow": lambda b, _: tn.flow(NET, b)(np.zeros(3)),
    "floquet": lambda b, _: turned(b),
    "spiking": lambda b, _: tn.spiking.simulate(NET, b, duration=0.05, codegen="numpy"),
    "surrogate": lambda b, _: tn.spiking.surrogate(NET, b, duration=0.1),
    "verify": lambda b, _: tn.spiking.verify(NET, b, duration=0.02, codegen="numpy"),
    "brian2": lambda b, _: tn.spiking.to_brian2(NET, b),
    "nir": lambda b, _: tn.spiking.to_nir(NET, b, drop=("refractory", "noise")),
    "script": lambda b, folder: tn.spiking.write_script(folder / "run.py", NET, b, duration=0.1),
    "c++": lambda b, folder: tn.spiking.write_cpp(folder / "cpp", NET, b, duration=0.1),
    "start of a fit": lambda b, _: tn.fit(NET, "hopf", start=b, rounds=0, restarts=0, steps=1, progress=False),
}
HASHED = [name for name in {**ANY_BIASES, **ONE_TASK} if name not in ("show", "map of biases")]  # doors with a network
OF_ONE: dict[str, Any] = {
    "taken, then chosen": lambda bank: bank["bias"].sel(task="hopf"),
    "chosen, then taken": lambda bank: bank.sel(task="hopf")["bias"],
    "a bank of one": lambda bank: bank.sel(task=["hopf"])["bias"],
}


@pytest.mark.parametrize("door", [*ANY_BIASES, *ONE_TASK])
def test_biases_alone_enter_where_a_bank_does(door: str, bank: xr.Dataset, tmp_path: Path) -> None:
    entered(door, bank["bias"].sel(task="hopf"), tmp_path)


@pytest.mark.parametrize("how", OF_ONE)
@pytest.mark.parametrize("door", ["simulate", "map of biases", "show", "explore"])
def test_biases_alone_enter_however_they_were_taken(door: str, how: str, bank: xr.Dataset, tmp_path: Path) -> None:
    entered(door, OF_ONE[how](bank), tmp_path)


@pytest.mark.parametrize("door", ANY_BIASES)
def test_biases_of_several_tasks_enter_with_their_names(door: str, bank: xr.Dataset, tmp_path: Path) -> None:
    found = entered(door, bank["bias"], tmp_path)
    if isinstance(found, xr.Dataset | xr.DataArray) and door != "explore":
        assert found["task"].values.tolist() == ["hopf", "fitzhugh-nagumo"]
    if isinstance(found, str):
        assert "fitzhugh-nagumo" in found


@pytest.mark.parametrize("door", HASHED)
def test_biases_alone_of_another_network_are_refused(door: str, bank: xr.Dataset, tmp_path: Path) -> None:
    foreign = bank["bias"].sel(task="hopf").assign_attrs(network_sha256="0" * 64)
    with pytest.raises(ValueError, match=f"this bias was learned on network {'0' * 64}, not on this one"):
        entered(door, foreign, tmp_path)


@pytest.mark.parametrize("door", ["simulate", "fixed points", "explore", "start of a fit"])
def test_another_variable_of_a_bank_is_not_its_biases(door: str, bank: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"these are the input gains of a bank, not its biases; give bank\['bias'\]"):
        entered(door, bank["bias"].sel(task="hopf").rename("gain"), tmp_path)


def entered(door: str, biases: xr.DataArray, folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random biases lead nowhere in particular
        return {**ANY_BIASES, **ONE_TASK}[door](biases, folder)


ONLY_A_BANK = {
    "truth": lambda b: tn.compare(RUN, RUN, truth=b),
    "truth of a picture": lambda b: tn.plot.attractor(RUN, truth=b),
    "a bank that grows": lambda b: tn.fit(NET, "lorenz", into=b, progress=False),
    "another network": lambda b: tn.bank.as_sigmoid(tn.Network(20, seed=0, transfer="tanh"), b),
    "losses": lambda b: tn.plot.loss(b),
    "thresholds": lambda b: tn.plot.thresholds(b),
    "a file": lambda b: tn.save(b, "biases.nc"),
    "a schedule": lambda b: tn.simulate(NET, b, schedule=[("hopf", 0.1)]),
}
RUN = tn.simulate(NET, np.zeros(20), duration=0.2)


@pytest.mark.parametrize("door", ONLY_A_BANK)
def test_what_only_a_bank_can_do_is_said_in_a_sentence(door: str, bank: xr.Dataset) -> None:
    with pytest.raises((ValueError, TypeError), match=r"give the bank itself|to_dataset\(\) makes one|needs a bank"):
        ONLY_A_BANK[door](bank["bias"])


def test_corrected_biases_are_of_the_network_they_are_for(bank: xr.Dataset) -> None:
    quieter = tn.Network(20, seed=0, components=3, transfer=tn.LIF(noise=0.1))
    turned = bank["bias"].isel(unit=slice(None, None, -1))
    both = tn.spiking.recalibrate(NET, turned, onto=quieter, duration=0.1)
    assert both.attrs["network_sha256"] == quieter.sha256
    whole = tn.spiking.recalibrate(NET, bank["bias"], onto=quieter, duration=0.1)
    np.testing.assert_array_equal(both.sel(unit=whole["unit"]), whole)
    tn.simulate(quieter, both.sel(task="hopf"), duration=0.1)


def test_a_bank_grows_from_a_row(bank: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="the bank holds task 'hopf' already"):
        tn.fit(NET, "hopf", into=bank.isel(task=0), progress=False)


def test_a_row_in_a_file_is_a_bank(bank: xr.Dataset, tmp_path: Path) -> None:
    path = tn.save(bank.isel(task=1), tmp_path / "row.nc")
    assert tn.load_bank(path)["task"].values.tolist() == ["fitzhugh-nagumo"]


def test_biases_alone_carry_the_hash_of_their_network(bank: xr.Dataset, tmp_path: Path) -> None:
    other = tn.Network(20, seed=1, components=3)
    for held in (bank, tn.load_bank(tn.save(bank, tmp_path / "bank.nc"))):
        alone = held["bias"].sel(task="hopf")
        tn.simulate(NET, alone, duration=0.1)
        with pytest.raises(ValueError, match=f"this bias was learned on network {NET.sha256}, not on this one"):
            tn.simulate(other, alone, duration=0.1)
    with pytest.raises(ValueError, match=r"the biases of 2 tasks; say which with task="):
        tn.simulate(NET, bank["bias"], duration=0.1)
    one = tn.simulate(NET, bank["bias"], task="hopf", duration=0.1)
    np.testing.assert_array_equal(one["output"], tn.simulate(NET, alone, duration=0.1)["output"])


def test_units_of_a_bias_come_by_their_numbers(bank: xr.Dataset) -> None:
    alone = bank["bias"].sel(task="hopf")
    turned = tn.simulate(NET, alone.isel(unit=slice(None, None, -1)), duration=0.1)
    np.testing.assert_array_equal(turned["output"], tn.simulate(NET, alone, duration=0.1)["output"])
    with pytest.raises(ValueError, match="not the numbers 0 to 19, each once"):
        tn.simulate(NET, alone.isel(unit=[0, *range(19)]), duration=0.1)


def test_loops_over_the_tasks_of_a_bank(bank: xr.Dataset) -> None:
    run = tn.simulate(NET, bank, schedule=[(name, 0.1) for name in bank.task])
    for number, name in enumerate(bank.task):
        assert tn.simulate(NET, bank, task=name, duration=0.1)["segment"].values[0] == name.item()
        assert tn.measure.segment(run, name).sizes == tn.measure.segment(run, number).sizes
        assert tn.task(name).name == name.item()
        assert tn.measure.fixed_points(NET, bank, task=name, starts=2)["task"].values.tolist() == [name.item()]


# names of components


def test_components_keep_their_names_through_runs_and_spikes(bank: xr.Dataset) -> None:
    schedule = [("hopf", 0.05), ("fitzhugh-nagumo", 0.05)]
    for run in (
        tn.simulate(NET, bank, schedule=schedule),
        tn.spiking.simulate(NET, bank, schedule=schedule, codegen="numpy"),
    ):
        assert run["component"].values.tolist() == ["x/v", "y/w", "2"]
        assert tn.plot.components(run).figure is not None
        from tonicnet.measure._run import stretches

        assert [s.components for s in stretches(run)] == [("x", "y"), ("v", "w")]


def test_names_that_say_nothing_leave_numbers(bank_of: Any) -> None:
    run = tn.simulate(NET, bank_of(NET), duration=0.1, task="one")
    assert run["component"].values.tolist() == ["0", "1", "2"]
    broken = bank_of(NET).assign_attrs(tasks="{")
    assert tn.simulate(NET, broken, duration=0.1, task="one")["component"].values.tolist() == ["0", "1", "2"]


# numpy's numbers


def test_numbers_of_numpy_are_numbers_everywhere(tmp_path: Path) -> None:
    how = {
        "rounds": np.int64(0), "steps": np.int64(2), "noise": np.float32(0.1), "memory": np.float32(2),
        "seed": np.uint8(1), "checkpoint": tmp_path / "kept.nc", "progress": False,
    }  # fmt: skip
    lif = tn.LIF(noise=np.float32(0.25), refractory=np.float64(0.0))
    net = tn.Network(np.int64(20), seed=np.int32(0), components=np.int8(3), tau=np.float32(0.125), transfer=lif)
    assert net.sha256 == tn.Network(20, seed=0, tau=0.125, transfer=tn.LIF(noise=0.25, refractory=0.0)).sha256
    circle = tn.Task.from_array(CIRCLE[:60], name="it", dt=np.float32(0.05), components=["left", "right"])
    first = tn.fit(net, circle, **how)
    np.testing.assert_array_equal(tn.fit(net, circle, **how)["bias"], first["bias"])
    run = tn.simulate(
        net, first, duration=np.float32(0.5), dt=np.float32(0.01), noise=np.float32(0.1), trials=np.int64(2),
        every=np.int64(2), seed=np.int64(3),
    )  # fmt: skip
    assert run["component"].values.tolist() == ["left", "right", "2"]
    assert tn.plot.attractor(run, components=[np.int64(1), "left"]).get_xlabel().startswith("right")
    tn.save(run, tmp_path / "run.nc")
    task = tn.Task(
        rotor, name="r", initial=np.array([1, 0]), kind="cycle", dt=np.float32(0.01), transient=np.int64(5),
        duration=np.float64(20), speed=np.int64(2), truth={"period": np.float32(6.28), "amplitude": np.ones(2)},
        low=np.array([-1, -1]), high=np.array([1, 1]),
    )  # fmt: skip
    assert json.loads(json.dumps(task.to_dict()))["truth"]["amplitude"] == [1.0, 1.0]
    assert task.trajectory(np.float32(1), np.float32(0.1), seed=np.int64(1)).sizes["time"] == 11


def test_numbers_with_units_of_time_are_seconds() -> None:
    bias = np.zeros(20)
    run = tn.simulate(NET, bias, duration=100 * b2.ms, dt=10 * b2.ms)
    assert run["time"].values[-1] == pytest.approx(0.1)
    for bad in ({"duration": 1 * b2.mV}, {"duration": 0.1, "dt": 10 * b2.mV}):
        with pytest.raises(ValueError, match="positive number of seconds"):
            tn.simulate(NET, bias, **bad)
    with pytest.raises(ValueError, match="different units"):
        tn.simulate(NET, bias * b2.mV, duration=0.1)


@pytest.mark.parametrize("seed", [None, -1, 1.5, True])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"seed must be a whole number >= 0"):
        tn.simulate(NET, np.zeros(20), duration=0.1, seed=seed)


# copies and other processes

TASKS = {
    "shelf": lambda: tn.task("lorenz"),
    "own": lambda: tn.Task(rotor, name="r", initial=[1.0, 0.0], kind="cycle", transient=5.0, duration=5.0),
    "recording": lambda: tn.Task.from_array(CIRCLE, name="it", dt=0.05),
    "behaviour": lambda: tn.Task.from_trials(CIRCLE, CIRCLE, name="it", dt=0.05),
}


def first_state(task: tn.Task) -> list[float]:
    return task.states(1, seed=2)[0].tolist()


def hash_of(net: tn.Network) -> str:
    return net.verify()


@pytest.mark.parametrize("which", TASKS)
def test_tasks_are_copied_and_pickled(which: str) -> None:
    task = TASKS[which]()
    for again in (pickle.loads(pickle.dumps(task)), copy.deepcopy(task), copy.copy(task)):
        assert first_state(again) == first_state(task)


def test_tasks_and_networks_go_to_other_processes() -> None:
    tasks = [make() for name, make in TASKS.items() if name != "shelf"]
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        assert list(pool.map(first_state, tasks)) == [first_state(task) for task in tasks]
        assert pool.submit(hash_of, NET).result() == NET.sha256


def test_a_field_that_cannot_be_pickled_is_named() -> None:
    local = tn.Task(lambda x: -x, name="local", initial=[1.0], kind="memory", low=[-1], high=[1])
    with pytest.raises(TypeError, match="the vector field of task 'local' cannot be pickled"):
        pickle.dumps(local)
    assert copy.deepcopy(local) is local


@pytest.mark.parametrize("synapses", ["low-rank", "dense", "sparse"])
def test_copies_of_a_network_are_as_frozen_as_it_is(synapses: str) -> None:
    net = tn.Network(20, seed=0, synapses=synapses, transfer="tanh")
    for again in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)):
        assert again.verify() == net.sha256
        with pytest.raises(ValueError, match="read-only"):
            again.encoder[0] = 1.0
        if synapses != "low-rank":
            held = again.recurrent.data if synapses == "sparse" else again.recurrent
            with pytest.raises(ValueError, match="read-only"):
                held[0] = 1.0


# all is checked before the first step, and what was learned is kept


@pytest.mark.parametrize(
    ("synapses", "other", "message"),
    [
        (
            "dense",
            lambda: tn.Task.from_array(CIRCLE[:20], name="short", dt=0.05),
            r"task 'short' lasts 0\.95, a window",
        ),
        (
            "low-rank",
            lambda: tn.Task.from_array(CIRCLE[:4], name="short", dt=0.05),
            "task 'short' lasts 0.15, a window",
        ),
        ("low-rank", lambda: tn.Task(lambda x: 0 * x, name="still", initial=[1.0]), "task 'still' does not move"),
        ("low-rank", lambda: tn.Task(lambda x: x, name="away", initial=[1.0]), "the trajectory diverges"),
    ],
)
def test_a_second_task_that_cannot_be_learned_is_found_before_the_first_is(synapses, other, message) -> None:
    net = tn.Network(20, seed=0, synapses=synapses, transfer="tanh")
    steps: list[Any] = []
    with pytest.raises(ValueError, match=message):
        tn.fit(net, [tn.Task.from_array(CIRCLE, name="long", dt=0.05), other()], progress=steps.append)
    assert not steps


def test_a_network_without_feedback_asks_for_a_run() -> None:
    net = tn.Network(20, seed=0, synapses="dense", transfer="tanh", feedback=False)
    with pytest.raises(ValueError, match="follows a run from its start, and task 'hopf' has runs of any length"):
        tn.fit(net, "hopf", progress=False)


def test_what_was_learned_before_a_late_fault_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from tonicnet.learn._learner import Learner

    learn = Learner.learn

    def failing(self: Learner) -> None:
        if self.problem.target.task.name == "cosine":
            raise ValueError("no luck")
        learn(self)

    short = [tn.Task.from_array(CIRCLE[:60], name=name, dt=0.05) for name in ("hopf", "cosine")]
    monkeypatch.setattr(Learner, "learn", failing)
    with pytest.warns(RuntimeWarning, match=r"task 'cosine' was not learned \(ValueError: no luck\); the bank holds"):
        found = tn.fit(NET, short, rounds=0, steps=1, progress=False)
    assert found["task"].values.tolist() == ["hopf"]
    with pytest.raises(ValueError, match="no luck"):
        tn.fit(NET, short[::-1], rounds=0, steps=1, progress=False)
