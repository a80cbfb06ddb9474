"""One C++ program for any bias, schedule, input, start, seed and synapses of its shape: the spikes of a notebook.

All runs have inputs and input noise, so that one build serves all of them; one is built without, where time does not
matter.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.spiking import _cpp_build, _cpp_inputs
from tonicnet.spiking._cpp_sources import Shape
from tonicnet.spiking._external import External
from tonicnet.spiking._lif_network import LIFNetwork

SCHEDULE = [("one", 0.1), ("two", 0.05), ("three", 0.05), ("one", 0.03)]
NAMES = ("one", "two", "three")
INPUTS = 3.0 * np.random.default_rng(1).normal(size=(23, 3))  # a row for each sample of the schedule
GIVEN = {"schedule": SCHEDULE, "seed": 5, "inputs": INPUTS, "noise": 0.3}
FED = {"inputs": np.ones((2, 3)), "noise": 0.1}  # of runs of 0.02 s
# Every branch of the C++ but those of low-rank latents: rows of W, a rise time, a delay, a soft reset, several neurons.
MATRIX = {"form": "leak", "neurons_per_unit": 2, "trials": 2}


def network(kind: str, seed: int = 3, lif: dict | None = None, **given) -> tn.Network:
    return tn.Network(40, seed=seed, transfer=LIF(**{"refractory": 0.008} | (lif or {})), synapses=kind, **given)


def slow_network(kind: str) -> tn.Network:
    return network(kind, lif={"reset_rule": "soft"}, rise=0.005, delay=0.002)


def events(run: xr.Dataset) -> list[tuple[int, int, int]]:
    steps = np.rint(run["spike_time"].values / 0.0002).astype(int)
    return list(
        zip(run["spike_trial"].values.tolist(), steps.tolist(), run["spike_neuron"].values.tolist(), strict=True)
    )


def check_same(net, bank, cache, **given) -> xr.Dataset:
    """Check that a program has the spikes of a notebook, which are returned."""
    notebook = tn.spiking.simulate(net, bank, codegen="numpy", **GIVEN | given)
    program = tn.spiking.simulate(net, bank, codegen="standalone", cache=cache, **GIVEN | given)
    assert len(events(notebook)) > 200
    assert events(program) == events(notebook)
    np.testing.assert_allclose(program["output"], notebook["output"], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(program["spike_time"], notebook["spike_time"])
    assert list(program.variables) == list(notebook.variables)
    return notebook


@pytest.fixture(scope="module", autouse=True)
def quick_compiler() -> Iterator[None]:
    """Builds with little optimisation, but with the flag that lets the compiler reorder sums, as Brian2 has it."""
    import brian2 as b2

    kept = b2.prefs["codegen.cpp.extra_compile_args_gcc"]
    b2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O1", "-ffast-math", "-fno-finite-math-only", "-std=c++11"]
    yield
    b2.prefs["codegen.cpp.extra_compile_args_gcc"] = kept


@pytest.fixture(scope="module")
def built(bank_of, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of C++ that was written, taken elsewhere and built there: the one build of low-rank networks."""
    place = tmp_path_factory.mktemp("cpp")
    net = network("low-rank")
    folder = tn.spiking.write_cpp(place / "written", net, bank_of(net, NAMES), **GIVEN).rename(place / "elsewhere")
    subprocess.run(["make", "-j"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def cache(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of builds that has the program of low-rank networks in the threshold form."""
    place = tmp_path_factory.mktemp("builds")
    kept = shutil.copytree(built, build_of(place))
    _cpp_build.mark(kept)
    return place


def build_of(place: Path) -> Path:
    """Where the program of low-rank networks lies in a folder of builds."""
    return place / _cpp_build.build_key(
        Shape.of(LIFNetwork(network("low-rank")), "threshold", 0.01, External(INPUTS, 0.3))
    )


def script(place: Path, text: str) -> Path:
    """A folder of builds whose program is a shell script."""
    folder = build_of(place)
    folder.mkdir(parents=True)
    (folder / "main").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "main").chmod(0o755)
    _cpp_build.mark(folder)
    return folder


@pytest.fixture
def no_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpp_build, "compile_sources", lambda folder: pytest.fail("compiled again"))


@pytest.mark.usefixtures("no_compiling")
def test_the_program_has_the_spikes_of_the_notebook(bank_of, cache):
    """Noisy, with trials of their own, through switches at which many neurons are refractory."""
    net = network("low-rank")
    spikes = check_same(net, bank_of(net, NAMES), cache, trials=2)["spike_time"].values
    assert ((spikes > 0.1 - 0.008) & (spikes < 0.1)).sum() > 3


@pytest.mark.usefixtures("no_compiling")
def test_one_build_runs_what_it_has_not_seen(bank_of, cache):
    """Other synapses, biases, schedules, starts, seeds and trials: nothing is compiled again."""
    other = network("low-rank", seed=9)
    x = bank_of(other, NAMES)["center"].values[1] + 1.0
    fed = {"inputs": np.stack([INPUTS[:11], -INPUTS[:11]]), "noise": 0.1}
    given = {"schedule": [("two", 0.05), ("three", 0.06)], "seed": 77, "initial": x, "trials": 2} | fed
    check_same(other, bank_of(other, NAMES), cache, **given)


@pytest.mark.slow
def test_rows_of_random_synapses_have_the_spikes_of_synapses(bank_of, cache, monkeypatch):
    """Dense and sparse ones, with a rise time and a delay, in one build."""
    dense, sparse = (slow_network(kind) for kind in ("dense", "sparse"))
    check_same(dense, bank_of(dense, NAMES), cache, **MATRIX)
    monkeypatch.setattr(_cpp_build, "compile_sources", lambda folder: pytest.fail("compiled again"))
    check_same(sparse, bank_of(sparse, NAMES), cache, **MATRIX)


@pytest.mark.slow
def test_low_rank_networks_of_slow_synapses_without_inputs_and_noise_too(bank_of, cache):
    net = slow_network("low-rank")
    check_same(net, bank_of(net, NAMES), cache, propagation="latents", **MATRIX, inputs=None, noise=0.0)


def test_a_low_rank_network_as_a_matrix_is_the_same_network(bank_of):
    net = network("low-rank")
    latents, matrix = (
        tn.spiking.simulate(net, bank_of(net, NAMES), codegen="numpy", propagation=p, **GIVEN)
        for p in ("latents", "matrix")
    )
    assert len(events(latents)) > 100
    assert events(latents) == events(matrix)


def test_dense_synapses_are_kept_as_they_were_drawn(tmp_path):
    net = network("dense")
    _cpp_inputs.write_frozen(tmp_path, LIFNetwork(net, 2))
    rows = np.fromfile(tmp_path / "recurrent.f32", np.float32).reshape(40, 40)
    np.testing.assert_array_equal(rows.T, net.recurrent)
    assert np.fromfile(tmp_path / "scale.f64") == pytest.approx(1e-8 * 0.02 / (2 * 0.1 * 100), rel=1e-12)


def test_progress_comes_from_the_program(bank_of, cache, capsys, monkeypatch):
    monkeypatch.setattr("tonicnet._bar.watched", lambda: True)
    net = network("low-rank")
    tn.spiking.simulate(
        net, bank_of(net), task="one", duration=0.2, codegen="standalone", cache=cache, progress=True, trials=2,
        inputs=INPUTS[:20], noise=0.1,
    )  # fmt: skip
    assert "0.4/0.4" in capsys.readouterr().err


@pytest.mark.usefixtures("no_compiling")
def test_verify_runs_in_the_program(bank_of, cache):
    net, same = network("low-rank"), ("threshold", "threshold")
    both = [
        tn.spiking.verify(net, bank_of(net, NAMES), forms=same, codegen=code, cache=where, **GIVEN)
        for code, where in (("standalone", cache), ("numpy", None))
    ]
    assert both[0]["differing"].values.tolist() == [0, 0]
    assert both[0]["spikes"].values.tolist() == both[1]["spikes"].values.tolist()
    assert (both[0]["spikes"] > 200).all()


def test_builds_go_to_the_users_cache_or_where_they_are_told(cache, monkeypatch, tmp_path):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _cpp_build.cache_folder(None) == tmp_path / "tonicnet"
    assert _cpp_build.cache_folder(cache) == cache
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermissionError, match="choose another folder with cache="):
        tn.spiking.simulate(
            network("low-rank"), np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path / "file"
        )


# ---------------------------------------------------------------- what Brian2 is left with


def test_brian2_is_left_as_it_was(bank_of, cache):
    import brian2 as b2
    from brian2.devices.device import runtime_device

    net = network("low-rank")
    live = tn.spiking.to_brian2(net, np.ones(40))
    given = {"task": "one", "duration": 0.02, "codegen": "standalone", "cache": cache} | FED
    tn.spiking.simulate(net, bank_of(net), **given)
    assert b2.get_device() is runtime_device
    live.run(0.001 * b2.second, namespace={})
    assert float(live.t) == pytest.approx(0.001)


def test_another_device_in_use_is_not_taken_over(cache, tmp_path):
    import brian2 as b2
    from brian2.devices.device import reset_device

    b2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    try:
        with pytest.raises(RuntimeError, match="set to another device"):
            tn.spiking.simulate(
                network("low-rank", lif={"tau_m": 0.02}), np.ones(40), duration=0.02, codegen="standalone", cache=cache
            )
    finally:
        b2.get_device().reinit()
        reset_device()


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize("tool", ["make", "g++"])
def test_a_missing_compiler_is_one_sentence(tmp_path, monkeypatch, tool):
    monkeypatch.setattr(_cpp_build.shutil, "which", lambda name: None if name == tool else f"/usr/bin/{name}")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(RuntimeError, match=rf"found no '{tool.replace('+', '.')}'; install them"):
        tn.spiking.simulate(network("low-rank"), np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(shape, folder):
        (folder / "makefile").write_text("all:\n\t@echo 'main.cpp:1: error: no such thing'; false\n")

    monkeypatch.setattr(_cpp_build, "write_sources", broken)
    with pytest.raises(RuntimeError, match=r"did not compile \(main.cpp:1: error: no such thing"):
        tn.spiking.simulate(network("low-rank"), np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_program_that_breaks_says_where(bank_of, tmp_path):
    net = network("low-rank")
    script(tmp_path, "echo sample 1 of 2\necho tonic: no room >&2\nexit 2")
    with pytest.raises(RuntimeError, match=r"did not finish: tonic: no room; delete that folder"):
        tn.spiking.simulate(net, np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path, **FED)


def test_an_interrupted_run_leaves_no_process(tmp_path, monkeypatch):
    net = network("low-rank")
    script(tmp_path, f"echo $$ > {tmp_path}/id\necho sample 1 of 2\nexec sleep 60")
    monkeypatch.setattr("tqdm.std.tqdm.update", lambda self, n: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        tn.spiking.simulate(net, np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path, **FED)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "id").read_text()), 0)


WAITING = """
import os, sys
import numpy as np
import tonicnet as tn
from tonicnet.network import LIF
from tonicnet.spiking import _cpp_build

if sys.argv[2] == "compile":
    def sources(shape, folder):
        lines = "all:\\n\\t@sh -c 'sleep 60 & echo $$! > $(HOME)/id; touch $(HOME)/here; wait'\\n"
        (folder / "makefile").write_text(lines)
    _cpp_build.write_sources = sources
_cpp_build.build_key = lambda shape: sys.argv[3]
net = tn.Network(40, seed=3, transfer=LIF(refractory=0.008))
tn.spiking.simulate(net, np.ones(40), duration=0.02, codegen="standalone", cache=sys.argv[1])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("where", ["run", "compile"])
def test_a_signal_leaves_neither_process_nor_folder(tmp_path, number, where):
    """While the program runs, and while it is compiled, by a child of make."""
    home, cache, scratch = (tmp_path / name for name in ("home", "cache", "scratch"))
    for folder in (home, cache, scratch):
        folder.mkdir()
    if where == "run":
        script(cache, f"sleep 60 & echo $! > {home}/id\ntouch {home}/here\nwait")
    before = sorted(cache.iterdir())
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(scratch), "TONICNET_COMPILED": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(cache), where, build_of(cache).name],
        env=environment,
        stderr=subprocess.PIPE,
    ) as process:
        until = time.monotonic() + 60
        while not (home / "here").exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait() == -number
    inner = Path(f"/proc/{(home / 'id').read_text().strip()}/stat")
    assert not inner.exists() or ") Z" in inner.read_text()
    assert sorted(cache.iterdir()) == before
    assert not list(scratch.iterdir())


DAMAGE = {
    "one bit": lambda folder: flip(folder / "main"),
    "cut off": lambda folder: os.truncate(folder / "main", 1000),
    "no mark": lambda folder: (folder / "main.sha256").unlink(),
    "a mark of bytes": lambda folder: (folder / "main.sha256").write_bytes(b"\xff"),
    "no right to run it": lambda folder: (folder / "main").chmod(0o644),
    "nothing in it": lambda folder: [file.unlink() for file in folder.iterdir() if file.is_file()],
}


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_program_is_built_again(tmp_path, monkeypatch, damage):
    folder = script(tmp_path, "echo sample 1 of 2; exit 7 #" + 2000 * "x")
    damage(folder)

    def compile_sources(fresh):
        (fresh / "main").write_text("#!/bin/sh\necho tonic: built again >&2; exit 2\n")
        (fresh / "main").chmod(0o755)

    monkeypatch.setattr(_cpp_build, "write_sources", lambda shape, fresh: None)
    monkeypatch.setattr(_cpp_build, "compile_sources", compile_sources)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="tonic: built again"):
            tn.spiking.simulate(
                network("low-rank"), np.ones(40), duration=0.02, codegen="standalone", cache=tmp_path, **FED
            )
        monkeypatch.setattr(_cpp_build, "compile_sources", lambda fresh: pytest.fail("compiled again"))
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"codegen": "numpy", "cache": "here"}, 'cache is for codegen="standalone"'),
        ({"propagation": "rows"}, "unknown propagation 'rows'"),
        ({"codegen": "c++"}, "unknown codegen 'c\\+\\+'"),
    ],
)
def test_bad_words_are_one_sentence(given, said):
    with pytest.raises(ValueError, match=said):
        tn.spiking.simulate(network("low-rank"), np.ones(40), **{"duration": 0.02, "codegen": "standalone"} | given)


def test_latents_of_a_dense_network_are_refused():
    with pytest.raises(ValueError, match=r"needs low-rank synapses, this network\'s are dense"):
        tn.spiking.simulate(network("dense"), np.ones(40), duration=0.02, propagation="latents", codegen="numpy")


# ---------------------------------------------------------------- the folder of C++


def test_the_folder_builds_elsewhere_and_has_the_same_spikes(bank_of, built):
    net = network("low-rank")
    text = (built / "makefile").read_text() + (built / "main.cpp").read_text()
    assert "/lib" not in text
    assert str(built.parent) not in text
    readme = (built / "README.md").read_text()
    assert "- 2: three" in readme
    assert "{" not in readme
    for file in [*(built / "inputs").iterdir(), *(built / "results").glob("*64")]:
        name = "encoder_<k>.f64" if file.name.startswith("encoder_") else file.name
        assert f"`{name}`" in readme
    environment = {k: v for k, v in os.environ.items() if k != "TONIC_INPUTS"}
    subprocess.run(["./main"], cwd=built, check=True, capture_output=True, env=environment)
    run = tn.spiking.simulate(net, bank_of(net, NAMES), codegen="numpy", **GIVEN)
    results = built / "results"
    steps, who = np.fromfile(results / "spike_step.i64", "i8"), np.fromfile(results / "spike_neuron.i32", "i4")
    assert len(steps) > 100
    assert [(0, s, n) for s, n in zip(steps.tolist(), who.tolist(), strict=True)] == events(run)
    assert np.fromfile(results / "latents.f64").size == run["output"].size


def test_a_schedule_without_its_row_is_one_sentence(built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "copy")
    (folder / "inputs" / "schedule.txt").write_text("7 3\n")
    environment = {k: v for k, v in os.environ.items() if k != "TONIC_INPUTS"}
    done = subprocess.run(["./main"], cwd=folder, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "schedule.txt names row 7, which bank.f64 does not have" in done.stderr


def test_a_schedule_longer_than_its_inputs_is_one_sentence(built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "copy")
    (folder / "inputs" / "schedule.txt").write_text("0 24\n")
    done = run_main(folder)
    assert done.returncode == 2
    assert "input.f64 has inputs for 23 samples, and the schedule is longer; shorten it" in done.stderr
    (folder / "inputs" / "schedule.txt").write_text("0 23\n")
    assert run_main(folder).returncode == 0


def run_main(folder: Path) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k != "TONIC_INPUTS"}
    return subprocess.run(["./main"], cwd=folder, capture_output=True, text=True, env=environment, check=False)


def stopped_at(folder: Path, name: str) -> None:
    done = run_main(folder)
    assert done.returncode == 2
    assert re.search(rf"{name} is (damaged: it is not what sha256.txt says|missing, or has fewer)", done.stderr)


def test_a_damaged_array_stops_the_program(built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "copy")
    arrays = [line.split()[1] for line in (folder / "inputs" / "sha256.txt").read_text().splitlines()]
    assert {"bank.f64", "decoder.f64", "potential.f64", "seed.i32", "input.f64", "input_noise.f64"} <= set(arrays)
    assert run_main(folder).returncode == 0
    for name in arrays:
        kept = (folder / "inputs" / name).read_bytes()
        flip(folder / "inputs" / name)
        stopped_at(folder, name)
        (folder / "inputs" / name).write_bytes(kept[:3])
        stopped_at(folder, name)
        (folder / "inputs" / name).write_bytes(kept)
    (folder / "inputs" / "decoder.f64").unlink()
    assert "decoder.f64 is missing" in run_main(folder).stderr


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    net = network("low-rank")
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(FileExistsError, match="not an empty folder"):
        tn.spiking.write_cpp(tmp_path, net, np.ones(40), duration=0.02)
    with pytest.raises(FileNotFoundError, match="create it first"):
        tn.spiking.write_cpp(tmp_path / "no" / "where", net, np.ones(40), duration=0.02)
    with pytest.raises(ValueError, match="unknown form"):
        tn.spiking.write_cpp(tmp_path / "new", net, np.ones(40), duration=0.02, form="thresholds")
    assert {p.name for p in tmp_path.iterdir()} == {"kept"}
