"""The command line: every command on small networks, and bad input told in one sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner, Result

import tonicnet as tn
from tonicnet.cli import _doctor, _fit, _spiking_code, app
from tonicnet.cli._demo_plan import DemoPlan, lasting
from tonicnet.cli._signatures import network_arguments, taken
from tonicnet.cli._spiking_code import soonest
from tonicnet.cli._steps import Steps
from tonicnet.cli._tasks import read_tasks
from tonicnet.measure._true_runs import _SIZES
from tonicnet.network import network_in
from tonicnet.task._spec import KINDS

UNITS = "80"
SMALL = ["--units", UNITS, "--rounds", "0", "--steps", "12"]


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


def done(*words: object) -> str:
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> str:
    """Run a command that must fail with one sentence on stderr and nothing like a traceback."""
    result = invoke(*words)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    told = result.stderr.strip()
    assert told.startswith("tonicnet: ")
    assert "\n" not in told
    assert "Traceback" not in told
    return told


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bank of two tasks, a rate run and a spiking run of one schedule."""
    place = tmp_path_factory.mktemp("shop")
    said = done("fit", "hopf", "two-well", *SMALL, "-o", place / "bank.nc")
    assert "hopf" in said
    assert "outcome" in said
    run = ["simulate", place / "bank.nc", "--schedule", "hopf:1,two-well:0.6"]
    done(*run, "-o", place / "rate.nc")
    done(*run, "--spiking", "--codegen", "numpy", "-o", place / "spikes.nc")
    return place


def test_help_teaches_every_command() -> None:
    said = done("--help")
    for command in ("demo", "list", "fit", "simulate", "recalibrate", "compare", "report", "export"):
        assert command in said
        assert f"tonicnet {command}" in done(command, "--help")


def test_version() -> None:
    assert done("--version").strip() == f"tonicnet {tn.__version__}"


HELP = """
import sys
from typer.testing import CliRunner
from tonicnet.cli import app
for words in {asked}:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    print(result.stdout, end="")
print(sorted({{"torch", "numpy", "scipy", "xarray", "tonicnet.learn", "tonicnet.network"}} & set(sys.modules)))
"""


def test_help_and_version_are_printed_without_torch() -> None:
    asked = [["--version"], ["--help"], *([command.name, "--help"] for command in app.registered_commands)]
    made = subprocess.run([sys.executable, "-c", HELP.format(asked=asked)], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "".join(done(*words) for words in asked) + "[]\n"


def test_options_of_fit_are_those_of_the_library() -> None:
    """Defaults and options are read from the source of the library, which they must agree with when it is imported."""
    fit, network = (signature(f).parameters for f in (tn.fit, tn.Network.__init__))
    assert {name: p.default for name, p in fit.items() if p.kind == p.KEYWORD_ONLY} == {
        name: argument.default for name, argument in taken("learn/_fit.py", "fit").items()
    }
    options = signature(_fit.fit).parameters
    for name in (
        "learn",
        "objective",
        "method",
        "noise",
        "steps",
        "rounds",
        "memory",
        "device",
        "neurons_per_unit",
        "threads",
        "screen",
    ):
        assert options[name].default == fit[name].default, name
    drawn = {name: p.default for name, p in network.items() if p.kind == p.KEYWORD_ONLY and name != "seed"}
    assert {name: argument.default for name, argument in network_arguments().items()} == drawn
    assert {"network_dt" if name == "dt" else name for name in drawn} < set(options)
    for name, argument in network_arguments().items():
        assert argument.words, name


def test_fit_draws_the_network_that_is_asked_for(tmp_path: Path) -> None:
    words = "--gain 1.2 --tau 0.05 --transfer tanh --synapses sparse --density 0.3 --components 4 --encoder-scale 0.7"
    done("fit", "hopf", "--units", 30, *words.split(), "--steps", 1, "--rounds", 0, "-o", tmp_path / "bank.nc")
    asked = tn.Network(30, seed=0, gain=1.2, tau=0.05, transfer="tanh", synapses="sparse", density=0.3,
                       components=4, encoder_scale=0.7)  # fmt: skip
    assert tn.load_network(tmp_path / "bank.nc") == asked
    alone = refused("fit", "hopf", "--no-feedback", "--synapses", "dense", "--network-dt", 0.05, "--tau", 0.05)
    assert "task 'hopf' has runs of any length; give one of them" in alone
    assert "leave out --tau" in refused("fit", "hopf", "--network", "atlas-1000", "--tau", 0.2)
    assert "gain scales random synapses" in refused("fit", "hopf", "--gain", 0.5)
    assert "use --synapses dense with --no-feedback" in refused("fit", "hopf", "--no-feedback")


BRACKETS = re.compile(r"\\?(\[[^\]]*\])")


@pytest.mark.parametrize("command", [command.name for command in app.registered_commands])
def test_help_shows_what_is_in_brackets(command: str) -> None:
    """Brackets are markup to the printer of help: what stands in them in our words must be seen."""
    made = next(c for c in app.registered_commands if c.name == command)
    words = [made.callback.__doc__ or ""]
    for parameter in signature(made.callback, eval_str=True).parameters.values():
        words += [getattr(info, "help", None) or "" for info in getattr(parameter.annotation, "__metadata__", ())]
    said = "".join(done(command, "--help").split())
    for text in words:
        for found in BRACKETS.findall(text):
            assert "".join(found.split()) in said, found


def test_doctor_tells_what_is_here_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = done("doctor")
    for words in (f"tonicnet    {tn.__version__}", "brian2", "compiled loops", "threads", "bfloat16", "builds"):
        assert words in said
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(_doctor, "find_spec", lambda name: None)
    said = done("doctor")
    assert "none found" in said
    assert "for tonicnet report: pip install 'tonicnet[report]'" in said
    assert "C++ compiler and make  for --codegen standalone" in said
    real = _doctor._version
    monkeypatch.setattr(_doctor, "_version", lambda name: None if name == "h5py" else real(name))
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "for every command: pip install h5py" in result.stdout


def test_every_kind_of_task_has_a_size_of_its_true_run() -> None:
    assert set(_SIZES) == set(KINDS)


def test_wrong_usage_exits_with_two() -> None:
    assert invoke("fit", "hopf", "--unitz", "3").exit_code == 2
    assert invoke("simulat").exit_code == 2
    assert invoke("fit", "hopf", "--units", "many").exit_code == 2


def test_list_names_every_task_and_transfer_function() -> None:
    said = done("list")
    for name in tn.tasks():
        assert name in said
    for name in ("lif", "tanh", "softplus"):
        assert name in said


def test_fit_saves_a_bank_that_the_library_reads(shop: Path) -> None:
    bank, net = tn.load(shop / "bank.nc"), tn.load_network(shop / "bank.nc")
    assert bank["task"].values.tolist() == ["hopf", "two-well"]
    assert (net.units, net.spec.seed, net.components) == (int(UNITS), 0, 3)


def test_fit_on_a_given_network(shop: Path, tmp_path: Path) -> None:
    done("fit", "line-attractor", "--network", shop / "bank.nc", *SMALL[2:], "-o", tmp_path / "more.nc")
    assert tn.load_network(tmp_path / "more.nc") == tn.load_network(shop / "bank.nc")
    assert "leave out --units" in refused("fit", "line-attractor", "--network", shop / "bank.nc", "--units", 10)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A circle as CSV, NPY and NetCDF."""
    place = tmp_path_factory.mktemp("recordings")
    time = np.arange(0, 12, 0.02)
    circle = np.stack([np.sin(2 * time), np.cos(2 * time)], axis=1)
    rows = [f"{t:.2f},{x:.6f},{y:.6f}" for t, (x, y) in zip(time, circle, strict=True)]
    (place / "circle.csv").write_text("time,x,y\n" + "\n".join(rows) + "\n")
    np.save(place / "circle.npy", circle)
    labelled = xr.DataArray(circle, dims=("time", "component"), coords={"time": time}, name="hand")
    labelled.to_dataset().assign(other=("time", time)).to_netcdf(place / "circle.nc", engine="h5netcdf")
    return place


def test_fit_takes_a_recording(recordings: Path, tmp_path: Path) -> None:
    small = ["--units", "40", "--rounds", "0", "--steps", "2"]
    done("fit", recordings / "circle.npy", "--dt", "0.02", *small, "-o", tmp_path / "bank.nc")
    bank = tn.load(tmp_path / "bank.nc")
    assert bank["task"].values.tolist() == ["circle"]
    assert float(bank["speed"][0]) == 1.0
    said = done("simulate", tmp_path / "bank.nc", "--duration", 2, "-o", tmp_path / "run.nc")
    assert "circle" in said
    again = done("compare", tmp_path / "run.nc", tmp_path / "run.nc", "--bank", tmp_path / "bank.nc")
    assert "circle (recording" in again


def test_fit_reads_tables_of_other_habits(recordings: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(recordings / "circle.csv").iloc[:60]
    small = ["--units", "20", "--rounds", "0", "--steps", "1", "--transfer", "tanh", "-o", tmp_path / "bank.nc"]
    frame.rename(columns={"time": "clock"}).to_csv(tmp_path / "german.csv", sep=";", decimal=",", encoding="utf-8-sig")
    done("fit", tmp_path / "german.csv", "--time", "clock", *small)
    frame[["x", "y"]].to_csv(tmp_path / "bare.csv", index=False)
    done("fit", tmp_path / "bare.csv", "--dt", "0.02", *small)
    assert "has no time of its own and needs dt" in refused("fit", tmp_path / "bare.csv", *small)
    assert "no column 'hour' to take as time" in refused("fit", tmp_path / "bare.csv", "--time", "hour", *small)
    assert "--time names what is time in a recording" in refused("fit", "hopf", "--time", "clock")
    (tmp_path / "run.mat").write_bytes(b"MATLAB 5.0")
    assert "MATLAB's files are not read" in refused("fit", tmp_path / "run.mat", *small)
    frame.mask(frame == frame.iloc[7, 1]).to_csv(tmp_path / "holes.csv", index=False)
    assert "row 8 (line 9 of the file), column 'x' is empty" in refused("fit", tmp_path / "holes.csv", *small)


def test_tasks_are_read_from_files_and_the_shelf(recordings: Path, tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "tasks" / "hopf.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('name = "hopf"', 'name = "mine"'))
    given = [tmp_path / "mine.toml", "lorenz", *(recordings / f"circle.{kind}" for kind in ("csv", "npy", "nc"))]
    made = read_tasks([str(g) for g in given], dt=0.02, variable="hand")
    assert [t.name for t in made] == ["mine", "lorenz", "circle", "circle", "circle"]
    csv, npy, nc = (t.trajectory(1.0, 0.02, seed=3)["output"].values for t in made[2:])
    np.testing.assert_allclose(csv, npy, atol=1e-6)
    np.testing.assert_array_equal(npy, nc)


def test_simulate_writes_runs_of_one_layout(shop: Path) -> None:
    rate, spikes = tn.load(shop / "rate.nc"), tn.load(shop / "spikes.nc")
    assert rate["output"].dims == spikes["output"].dims
    assert rate["segment"].values.tolist() == spikes["segment"].values.tolist()
    assert (rate.attrs["kind"], spikes.attrs["kind"]) == ("rate", "spiking")
    net, bank = tn.load_network(shop / "bank.nc"), tn.load(shop / "bank.nc")
    again = tn.spiking.simulate(net, bank, schedule=[("hopf", 1), ("two-well", 0.6)], codegen="numpy")
    for name in ("spike_time", "spike_neuron", "spike_unit", "spike_trial"):
        np.testing.assert_array_equal(spikes[name].values, again[name].values)
        assert spikes[name].attrs == again[name].attrs


def test_simulate_one_task_and_all_tasks(shop: Path, tmp_path: Path) -> None:
    done("simulate", shop / "bank.nc", "--task", "hopf", "--duration", 1, "--trials", 3, "-o", tmp_path / "one.nc")
    assert tn.load(tmp_path / "one.nc").sizes["trial"] == 3
    done("simulate", shop / "bank.nc", "-o", tmp_path / "all.nc")
    assert set(tn.load(tmp_path / "all.nc")["segment"].values) == {"hopf", "two-well"}


def test_export_writes_script_and_data(shop: Path, tmp_path: Path) -> None:
    said = done("export", shop / "bank.nc", "--schedule", "hopf:0.1,two-well:0.1", "-o", tmp_path / "mine.py")
    assert "hopf:0.1,two-well:0.1" in said
    compile((tmp_path / "mine.py").read_text(), "mine.py", "exec")
    with np.load(tmp_path / "mine.npz", allow_pickle=False) as data:
        assert data["task"].tolist() == ["hopf", "two-well"]


def test_export_writes_a_folder_of_cpp(shop: Path, tmp_path: Path) -> None:
    said = done(
        "export", shop / "bank.nc", "--schedule", "hopf:0.1,two-well:0.1", "--format", "cpp", "-o", tmp_path / "c"
    )
    assert "make && ./main" in said
    assert (tmp_path / "c" / "inputs" / "schedule.txt").read_text().splitlines()[1:] == ["0 10", "1 10"]
    assert "not an empty folder" in refused("export", shop / "bank.nc", "--format", "cpp", "-o", tmp_path / "c")


def test_export_writes_a_nir_graph(shop: Path, tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    words = ("export", shop / "bank.nc", "--task", "hopf", "--format", "nir", "-o", tmp_path / "hopf.nir")
    told = refused(*words)
    assert "NIR cannot say: refractory, noise; leave it out with --drop refractory --drop noise" in told
    assert not list(tmp_path.iterdir())
    assert "left out: refractory, noise" in done(*words, "--drop", "refractory", "--drop", "noise")
    assert nir.read(tmp_path / "hopf.nir").metadata["task"] == "hopf"
    every = ("export", shop / "bank.nc", "--format", "nir")
    assert "one task; say which of 2 with --task" in refused(*every)
    assert "leave --form and --seed out" in refused(*every, "--task", "hopf", "--form", "leak")
    assert "--drop is for --format nir" in refused("export", shop / "bank.nc", "--drop", "noise")
    assert "unknown format 'cxx'" in refused("export", shop / "bank.nc", "--format", "cxx")


def test_compare_prints_floors_and_draws(shop: Path, tmp_path: Path) -> None:
    runs = (shop / "rate.nc", shop / "spikes.nc")
    said = done("compare", *runs, "--bank", shop / "bank.nc", "-o", tmp_path / "sheet.png")
    for words in ("hopf (cycle", "two-well (memory", "floor", "rate", "spiking", "settling", "switch 1"):
        assert words in said
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, said.splitlines())) < 130
    without = done("compare", *runs)
    assert "hopf" in without
    assert "settling" not in without


def test_demo_does_the_main_job(tmp_path: Path) -> None:
    place = tmp_path / "new" / "demo"
    small = ["--seconds", 1, "--neurons-per-unit", 1, "--tasks", "line-attractor,two-well", "--codegen", "numpy"]
    said = done("demo", place, *SMALL, *small, "--verify")
    made = {p.name for p in place.iterdir()}
    assert made == {"bank.nc", "spiking_bank.nc", "rate.nc", "spikes.nc", "comparison.png", "brian2_script.py",
                    "brian2_script.npz"}  # fmt: skip
    for words in ("rate", "spiking", "floor", "settling", "differing", "all together", "s in all", "s left"):
        assert words in said
    assert "left out" not in said
    bank, corrected = tn.load(place / "bank.nc"), tn.load(place / "spiking_bank.nc")
    assert corrected.attrs["recalibrated"] == "line-attractor, two-well"
    assert not np.allclose(bank["bias"], corrected["bias"])
    assert tn.load(place / "spikes.nc").attrs["network_sha256"] == bank.attrs["network_sha256"]


def test_a_quick_demo_learns_nothing_and_says_so(tmp_path: Path) -> None:
    said = done("demo", tmp_path, "--quick", "--tasks", "two-well", "--seconds", 0.2, "--neurons-per-unit", 1,
                "--codegen", "numpy")  # fmt: skip
    assert "left out for speed: learning" in said
    assert (tmp_path / "comparison.png").is_file()
    assert tn.load_network(tmp_path / "bank.nc") == tn.load_network("atlas-1000")
    assert "leave out --units and --rounds" in refused("demo", tmp_path, "--quick", "--units", 50, "--rounds", 0)
    assert "--quick takes the tasks of atlas-1000" in refused("demo", tmp_path, "--quick", "--tasks", "lorentz")
    assert "names no task" in refused("demo", tmp_path, "--tasks", ",")


def test_chaos_runs_alone_for_long_beside_a_floor_as_long() -> None:
    from tonicnet.cli._long_run import chaotic, long_text

    net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000").sel(task=["hopf", "lorenz"])
    assert chaotic(bank) == ["lorenz"]
    head, names, row = long_text(net, bank, seconds=60.0).splitlines()
    assert "for 60 s" in head
    assert names.split() == ["task", "T", "D_stsp", "(nat)", "floor"]
    name, samples, divergence, floor = row.split()
    assert (name, int(samples)) == ("lorenz", 6001)
    assert 0 < float(divergence) < 3 * float(floor)


def test_runs_of_a_demo_are_long_enough_for_their_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chaos lasts 100 s, a cycle seven periods, however fast the network runs it; a quick one four and a half."""
    monkeypatch.setattr(_spiking_code, "builds", lambda: True)
    assert (soonest("auto"), soonest("numpy")) == ("standalone", "numpy")
    bank = tn.load_bank("atlas-1000")
    given = dict.fromkeys(("units", "seconds", "neurons_per_unit", "steps", "rounds"))
    for quick, cycles in ((False, 7), (True, 4.5)):
        plan = DemoPlan.of("lorenz,van-der-pol", quick=quick, seed=0, codegen="numpy", **given)
        speed = float(bank["speed"].sel(task="van-der-pol"))
        own = lasting(bank, "van-der-pol", plan) * speed / tn.task("van-der-pol").truth["period"]
        assert own == pytest.approx(cycles, abs=0.2)
        assert lasting(bank, "lorenz", plan) == (12.0 if quick else 100.0)


def test_time_left_follows_the_pace(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps({"a": 10.0, "b": 30.0})
    assert steps.left() == 40.0
    with steps.step("a", "doing a"):
        pass
    assert steps.left() == pytest.approx(15.0, abs=0.5)  # as if ten seconds more had gone as expected
    assert capsys.readouterr().out == "... doing a (about 40 s left)\n"


def test_the_command_itself_runs() -> None:
    command = [sys.executable, "-m", "tonicnet.cli", "fit", "lorentz"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert made.returncode == 1
    assert made.stderr.startswith("tonicnet: unknown task 'lorentz'. Did you mean 'lorenz'?")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fit", "lorentz"], "Did you mean 'lorenz'"),
        (["fit", "hopf", "--method", "adm"], "Did you mean 'adam'"),
        (["fit", "hopf", "--objective", "feild"], "Did you mean 'field'"),
        (["fit", "hopf", "--learn", "gains"], "Did you mean 'gain'"),
        (["fit", "hopf", "--synapses", "densse"], "Did you mean 'dense'"),
        (["fit", "hopf", "--transfer", "tan"], "Did you mean 'tanh'"),
        (["fit", "hopf", "--units", "0"], "units must be at least 1"),
        (["fit", "lorenz", "--components", "2"], "3 components"),
        (["fit", "hopf", "hopf"], "given twice"),
        (["fit", "hopf", "--dt", "0.1"], "--dt is the sampling step of a recording, and none is given"),
        (["fit", "no.csv"], "no file at no.csv"),
        (["fit", "no.toml"], "no.toml"),
        (["fit", "hopf", "-o", "bank.txt"], "unknown file type '.txt'"),
        (["fit", "hopf", "-o", "nowhere/bank.nc"], "no folder nowhere"),
        (["fit", "hopf", "--network", "nobody"], "unknown network 'nobody'"),
        (["simulate", "nothing.nc"], "no file at nothing.nc"),
        (["export", "nothing.nc"], "no file at nothing.nc"),
        (["compare", "nothing.nc", "nothing.nc"], "no file at nothing.nc"),
        (["demo", "--tasks", "lorenz,hop"], "Did you mean 'hopf'"),
    ],
)
def test_bad_words_are_told_in_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(*words)
    assert not [p for p in tmp_path.iterdir() if p.suffix]


@pytest.mark.parametrize("schedule", ["hopf", "hopf:", ":3", "hopf:x", "hopf:-1", "hopf:1,,two-well:1", "hopf:nan", ""])
def test_bad_schedules(shop: Path, tmp_path: Path, schedule: str) -> None:
    told = refused("simulate", shop / "bank.nc", "--schedule", schedule, "-o", tmp_path / "run.nc")
    assert "a schedule reads task:seconds" in told


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--schedule", "hoph:1"], "Did you mean 'hopf'"),
        (["--task", "lorenz"], "unknown task in this bank 'lorenz'"),
        (["--task", "hopf", "--schedule", "hopf:1"], "not both"),
        (["--duration", "-1"], "positive number of seconds"),
        (["--spiking", "--form", "treshold"], "Did you mean 'threshold'"),
        (["--spiking", "--codegen", "c"], "codegen"),
        (["--spiking", "--noise", "-0.1"], "noise is a standard deviation"),
        (["--spiking", "--neurons-per-unit", "0"], "neurons_per_unit"),
    ],
)
def test_bad_options_of_simulate(shop: Path, tmp_path: Path, options: list[str], sentence: str) -> None:
    assert sentence in refused("simulate", shop / "bank.nc", *options, "-o", tmp_path / "run.nc")
    assert not list(tmp_path.iterdir())


def test_recalibrate_writes_a_bank_of_spikes(shop: Path, tmp_path: Path) -> None:
    place, given = tmp_path / "spiking.nc", ["--task", "hopf", "--neurons-per-unit", 2, "--duration", 1]
    said = done("recalibrate", shop / "bank.nc", *given, "-o", place)
    assert f"written: {place}" in said
    made, learned = tn.load(place), tn.load(shop / "bank.nc")
    assert made["task"].values.tolist() == ["hopf"]
    assert made.attrs["recalibrated"] == "hopf"
    net = network_in(learned.attrs, origin="bank.nc")
    same = tn.spiking.recalibrate(net, learned, task="hopf", neurons_per_unit=2, duration=1.0)
    np.testing.assert_array_equal(made["bias"], same["bias"])
    change = (made["bias"].values - learned["bias"].sel(task=["hopf"]).values)[0]
    assert f"{np.sqrt(np.mean(change**2)):.3g}" in said
    assert "Did you mean 'hopf'" in refused("recalibrate", shop / "bank.nc", "--task", "hoph", "-o", place)
    before = (shop / "bank.nc").read_bytes()
    refused("recalibrate", shop / "bank.nc", "-o", shop / "bank.nc")
    assert (shop / "bank.nc").read_bytes() == before


def test_export_counts_thresholds_outside_a_range(shop: Path, tmp_path: Path) -> None:
    given = ["--task", "hopf", "--duration", 0.1, "--within", -60, -45, "-o", tmp_path / "run.py"]
    said = done("export", shop / "bank.nc", *given)
    bank = tn.load(shop / "bank.nc")
    found = tn.spiking.thresholds(network_in(bank.attrs, origin="bank.nc"), bank, task="hopf", within=(-60, -45))
    assert f"{int(found['outside'][0])} of {int(found.attrs['neurons'])} outside -60 to -45 mV" in said
    assert int(found["outside"][0]) > 0
    assert "within is the least" in refused("export", shop / "bank.nc", *given[:4], "--within", -45, -60)


def test_truncated_and_foreign_files(shop: Path, tmp_path: Path) -> None:
    whole = (shop / "bank.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.nc").write_text("not a bank")
    for name, said in (("cut.nc", "not a complete NetCDF file"), ("words.nc", "is a text file")):
        assert said in refused("simulate", tmp_path / name)
        assert "not a complete" in refused("fit", tmp_path / name, "-o", tmp_path / "bank.nc")
    (tmp_path / "mine.csv").write_text("time,x\n0.0,1.0\n0.1,1.1\n")
    doors = ("simulate mine.csv", "export mine.csv", "report mine.csv", "compare mine.csv a.nc")
    for words in map(str.split, (*doors, "fit hopf --network mine.csv", "fit hopf --into mine.csv")):
        told = refused(*[tmp_path / word if word.endswith((".csv", ".nc")) else word for word in words])
        assert "is a text file, which begins with 'time,x', and no NetCDF file" in told
    (tmp_path / "cut.csv").write_text("time,x\n0.0,1.0\n0.1")
    assert "cut off" in refused("fit", tmp_path / "cut.csv", "-o", tmp_path / "bank.nc")
    assert "holds no network" in refused("simulate", shop / "rate.nc")
    assert "is not a run" in refused("compare", shop / "bank.nc", shop / "rate.nc")
    assert not (tmp_path / "bank.nc").exists()


def edited(bank: Path, to: Path, **changes: object) -> Path:
    ds = tn.load(bank)
    ds.attrs.update(changes)
    ds.to_netcdf(to, engine="h5netcdf")
    return to


def test_edited_and_foreign_banks(shop: Path, tmp_path: Path) -> None:
    broken = edited(shop / "bank.nc", tmp_path / "broken.nc", network="{")
    assert "holds no network" in refused("simulate", broken)
    wrong = edited(shop / "bank.nc", tmp_path / "wrong.nc", network_sha256="0" * 64)
    assert "this bank was learned on network 0000" in refused("simulate", wrong)
    other = tn.Network(units=20, seed=1)
    strange = tn.simulate(other, np.ones(20), duration=1.0)
    tn.save(strange, tmp_path / "strange.nc")
    told = refused("compare", tmp_path / "strange.nc", shop / "rate.nc", "--bank", shop / "bank.nc")
    assert "give the runs' own bank" in told
    listless = edited(shop / "bank.nc", tmp_path / "listless.nc", tasks="[")
    told = refused("compare", shop / "rate.nc", shop / "spikes.nc", "--bank", listless)
    assert "list of tasks is not readable" in told


def test_a_task_without_a_truth_is_compared_run_with_run(shop: Path, tmp_path: Path) -> None:
    listless = edited(shop / "bank.nc", tmp_path / "listless.nc", tasks="{}")
    result = invoke("compare", shop / "rate.nc", shop / "spikes.nc", "--bank", listless)
    assert result.exit_code == 0
    assert "no true run of hopf" in result.stderr


def test_unwritable_places_are_told_before_the_work(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    assert "cannot make the folder" in refused("demo", tmp_path / "file" / "demo")
    assert "cannot make the folder" in refused("demo", tmp_path / "file")
    assert "no folder" in refused("fit", "hopf", "-o", tmp_path / "file" / "bank.nc")
    assert "is a folder" in refused("export", shop / "bank.nc", "-o", _folder(tmp_path / "x.py"))
    assert (tmp_path / "file").read_text() == "kept"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_result_never_replaces_what_is_read(shop: Path, recordings: Path) -> None:
    before = (shop / "bank.nc").read_bytes()
    assert "is also what is read" in refused("simulate", shop / "bank.nc", "-o", shop / "bank.nc")
    assert "is also what is read" in refused("fit", recordings / "circle.nc", "-o", recordings / "circle.nc")
    assert (shop / "bank.nc").read_bytes() == before


def test_rate_units_without_a_spiking_neuron(tmp_path: Path) -> None:
    bank = tmp_path / "bank.nc"
    done("fit", "two-well", "--transfer", "tanh", *SMALL, "-o", bank)
    assert "has no spiking neuron" in refused("simulate", bank, "--spiking", "-o", tmp_path / "run.nc")
    assert "has no spiking neuron" in refused("export", bank, "-o", tmp_path / "run.py")
    assert {p.name for p in tmp_path.iterdir()} == {"bank.nc"}
