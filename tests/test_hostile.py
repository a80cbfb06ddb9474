"""Every door, called with what nobody should give: refused in a sentence by an error of a known type, or taken."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import hostile
import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet import _weight
from tonicnet._names import check_name, check_text, shown

CALLS = 200
SEED = 7


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory):
    """The doors, in a folder where calls may write what they like."""
    kept = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("hostile"))
    yield hostile._doors()
    os.chdir(kept)


def test_every_door_takes_its_own_arguments(doors) -> None:
    for name, (function, arguments) in doors.items():
        assert hostile.verdict(hostile.Call(name, function, arguments, name)).kind == "taken", name


def test_every_function_of_plain_arrays_is_a_door(doors) -> None:
    assert {f"measure.{name}" for name in dir(tn.measure) if name.endswith("_of")} <= set(doors)


def test_hostile_calls_end_in_sentences(doors) -> None:
    tally = hostile.Tally()
    for call in itertools.islice(hostile.calls(SEED), CALLS):
        tally.add(call)
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.counts["refused"] > CALLS / 2


def test_the_judge_of_hostile_calls_sees_leaks() -> None:
    def judged(error: BaseException) -> str:
        def door() -> None:
            raise error

        return hostile.verdict(hostile.Call("door", door, {}, "door()")).kind

    said = "a sentence of five words"
    for kind in (AttributeError, OverflowError, RecursionError, IndexError, AssertionError, ZeroDivisionError):
        assert judged(kind(said)) == "another type"
    for leak in (np.linalg.LinAlgError(said), UnicodeEncodeError("utf8", "a", 0, 1, said)):
        assert judged(leak) == "another type"
    assert judged(ValueError("nan")) == judged(ValueError(f"{said}\nand more")) == "no sentence"
    assert judged(ValueError(f"{said} \x1b[31m")) == "bare control characters"
    assert judged(ValueError(said)) == "refused"


# names


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\ud800b", "\x1b[31mred", "a\nb", "\u202eabc", "a" * 201])
def test_names_that_no_file_or_terminal_can_carry_are_refused_before_learning(name: str) -> None:
    samples = np.stack([np.sin(np.arange(60) / 5), np.cos(np.arange(60) / 5)], axis=1)
    doors = (
        lambda: tn.Task(tn.task("hopf").flow, name=name, initial=[1.0, 0.0], kind="cycle"),
        lambda: tn.Task.from_array(samples, name=name, dt=0.1),
        lambda: tn.Task.from_array(samples, name="a", dt=0.1, components=["x", name]),
        lambda: tn.Task.from_trials(samples, samples, name=name, dt=0.1),
        lambda: tn.Task.from_dict(tn.task("hopf").to_dict() | {"name": name}),
    )
    for door in doors:
        with pytest.raises(ValueError, match=r"a (task|component) (name has|needs a name,) .*letter") as e:
            door()
        assert str(e.value).isprintable()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a\x00b.nc", "letters that can be seen"),
        ("\x1b[31mred.nc", "letters that can be seen"),
        ("a\ud800.nc", "letters that can be seen"),
        ("a" * 300 + ".nc", "255 bytes at most, one has 303"),
        (3, "a text or a pathlib.Path, got 3"),
        (b"bank.nc", "a text or a pathlib.Path"),
    ],
)
def test_one_check_of_paths_for_all_doors(path, said: str, tmp_path: Path) -> None:
    net = tn.Network(10, seed=0)
    bank = xr.Dataset({"bias": ("unit", np.ones(10))})
    doors = [
        lambda: tn.save(bank, path),
        lambda: tn.load(path),
        lambda: tn.read_recording(path),
        lambda: tn.load_network(path),
        lambda: net.to_toml(path),
        lambda: tn.spiking.write_script(path, net, np.ones(10), duration=0.1),
        lambda: tn.fit(net, "hopf", checkpoint=path, progress=False),
    ]
    for door in doors:
        with pytest.raises((ValueError, TypeError), match=said) as e:
            door()
        assert str(e.value).isprintable()


def test_tables_that_hold_themselves_are_refused() -> None:
    held: list[object] = []
    held.append(held)
    with pytest.raises(ValueError, match="64 lists deep"):
        tn.Task(tn.task("hopf").flow, name="a", initial=[1.0, 0.0], kind="cycle", duration=held)


def test_names_in_any_script_are_names() -> None:
    for name in ("Lorenz 63", "Rössler (τ = 2)", "洛伦兹", "ロジスティック", "$x_1$", "a/b", "é" * 200):
        assert check_name("task name", name) == name
    assert check_text("title", "two\nlines") == "two\nlines"
    with pytest.raises(TypeError, match="a title is a text, got 3"):
        check_text("title", 3)


# numbers


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net, _: tn.Network(10**9, seed=0), r"low-rank network of 1000000000 units and 3 components would take"),
        (lambda net, _: tn.Network(10**6, seed=0, synapses="dense"), r"would take 7\.\d+e\+03 GiB, .*or use synapses="),
        (lambda net, _: tn.Network(10**7, seed=0, synapses="sparse"), "a sparse network"),
        (lambda net, b: tn.simulate(net, b, duration=1e9), r"a run of 1e\+11 samples would take .* GiB"),
        (lambda net, b: tn.simulate(net, b, duration=1.0, dt=1e-12), "samples would take"),
        (lambda net, b: tn.simulate(net, b, duration=1.0, trials=10**9), "1000000000 trials would take"),
        (lambda net, b: tn.simulate(net, b, duration=1e4, trials=10**5), "of 100000 trials would take"),
        (lambda net, b: tn.spiking.simulate(net, b, duration=1e9), "samples would take"),
        (lambda net, b: tn.spiking.simulate(net, b, duration=0.1, neurons_per_unit=10**9), "neurons would take"),
        (lambda net, b: tn.spiking.surrogate(net, b, duration=1e9), "samples would take"),
        (lambda net, _: tn.task("hopf").trajectory(1e9, 1e-3), r"a run of 1e\+12 samples"),
        (lambda net, _: tn.task("hopf").trajectory(1.0, 1e-12), r"a run of 1e\+12 samples"),
        (lambda net, _: tn.task("hopf").trajectory(100.0, 0.01, trials=10**9), "runs of 10001 samples would take"),
        (lambda net, _: tn.task("hopf").states(10**10), "5000000000 states would take"),
    ],
)
def test_numbers_are_weighed_before_they_are_allocated(call, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_weight, "machine_memory", lambda: 16 * 2**30)
    net = tn.Network(20, seed=0)
    with pytest.raises(MemoryError, match=said) as e:
        call(net, np.ones(20))
    assert "this machine has 16 GiB; " in str(e.value)


def test_runs_whose_end_nobody_would_see_are_refused() -> None:
    net, b = tn.Network(20, seed=0), np.ones(20)
    for call in (
        lambda: tn.measure.lyapunov_spectrum(net, b, duration=1e12),
        lambda: tn.measure.jacobian_spectrum(net, b, duration=1e12),
        lambda: tn.simulate(net, b, duration=1e9, every=10**9),
    ):
        with pytest.raises(ValueError, match=r"a run of 1e\+\d+ steps would not end, .* allowed; (ask|run) for"):
            call()


def test_a_finely_sampled_reference_run_is_thinned_before_it_is_made() -> None:
    field = tn.task("hopf").flow
    fine = tn.Task(field, name="fine", initial=[1.0, 0.0], kind="cycle", dt=1e-12, transient=5.0, duration=5.0)
    assert fine.states(50).shape == (50, 2)


def test_values_are_repeated_on_one_line_and_without_what_a_terminal_obeys() -> None:
    held: list[object] = []
    held.append(held)
    for value in ("\x1b[31m", held, np.ones((3, 3)), {"a": np.ones(40)}, 10**5000, "a" * 10**5, tn.Network, object()):
        text = shown(value)
        assert text.isprintable()
        assert len(text) <= 80


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0", None, 2**63, 10**400, np.nan, [1], [[]]])
def test_one_check_of_seeds_for_all_doors(seed) -> None:
    net, b = tn.Network(10, seed=0), np.ones(10)
    for door in (
        lambda: tn.simulate(net, b, duration=0.1, seed=seed),
        lambda: tn.spiking.simulate(net, b, duration=0.02, codegen="numpy", seed=seed),
        lambda: tn.spiking.to_brian2(net, b, seed=seed),
        lambda: tn.spiking.recalibrate(net, b, duration=0.1, seed=seed),
        lambda: tn.task("hopf").states(5, seed=seed),
        lambda: tn.task("hopf").trajectory(1.0, 0.1, initial=[1.0, 0.0], seed=seed),
        lambda: tn.measure.fixed_points(net, b, starts=4, seed=seed),
        lambda: tn.fit(net, "hopf", progress=False, seed=seed),
    ):
        with pytest.raises((ValueError, TypeError), match=r"seed must be a whole number"):
            door()
