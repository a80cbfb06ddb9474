"""The stand-alone Brian2 script: the same spikes as the library's, without the library."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.spiking import _equations as eqs
from tonicnet.spiking import _script_export
from tonicnet.spiking._codegen import target

HOSTILE = 'x"); import os; os.system("touch pwned"); ("\n"""\n${units} $sha256'


NAMES = ("one", "two")


def run_alone(script: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a user does, in a process of its own where tonicnet cannot be imported."""
    wall = script.parent / "wall"
    wall.mkdir(exist_ok=True)
    (wall / "tonicnet.py").write_text('raise ImportError("this script must not need tonicnet")\n')
    environment = os.environ | {"PYTHONPATH": str(wall), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(script), "--codegen", "numpy", *options]
    return subprocess.run(command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=300)


def run_here(script: Path) -> dict[str, Any]:
    """Run a script with --save in this process, where Brian2 is loaded, and return its names; no tonicnet in it."""
    import brian2 as b2

    with pytest.MonkeyPatch.context() as patch, target("numpy"):
        for name in [name for name in sys.modules if name.split(".")[0] == "tonicnet"]:
            patch.setitem(sys.modules, name, None)
        patch.setattr(sys, "argv", [str(script), "--codegen", "numpy", "--save"])
        names = runpy.run_path(str(script), run_name="__main__")
        assert b2.prefs["codegen.target"] == "numpy"
    return names


def check_same(script: Path, spikes: xr.Dataset) -> None:
    """Check that what a script has saved is what :func:`tonicnet.spiking.simulate` returned."""
    with np.load(script.with_name(f"{script.stem}_spikes.npz"), allow_pickle=False) as saved:
        assert len(saved["spike_time"]) > 50
        np.testing.assert_array_equal(saved["spike_time"], spikes["spike_time"].values)
        np.testing.assert_array_equal(saved["spike_neuron"], spikes["spike_neuron"].values)
        np.testing.assert_array_equal(saved["spike_unit"], spikes["spike_unit"].values)
        count = len(saved["time"])
        np.testing.assert_allclose(saved["output"], spikes["output"].values[0, :count], rtol=1e-12, atol=1e-12)
        assert saved["task"].tolist() == spikes["segment"].values[:count].tolist()


def test_low_rank_scripts_of_all_forms_give_the_same_spikes(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=40, seed=0)
    bank = bank_of(net)
    given = {"schedule": [("two", 0.06), ("one", 0.05), ("two", 0.04)], "neurons_per_unit": 2, "seed": 7}
    spikes = tn.spiking.simulate(net, bank, codegen="numpy", **given)
    for form in eqs.FORMS:
        script = tn.spiking.write_script(tmp_path / f"{form}.py", net, bank, form=form, **given)
        run_here(script)
        check_same(script, spikes)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("leak", {}), ("threshold", {"synapses": "sparse", "feedback": False, "transfer": tn.LIF(noise=0.0)})],
)
def test_a_script_with_inputs_and_noise_has_the_same_spikes(tmp_path: Path, bank_of, kind: dict, form: str) -> None:
    net = tn.Network(units=30, seed=1, **kind)
    bank = bank_of(net)
    u = 3 * np.random.default_rng(1).normal(size=(12, 3))
    given = {"schedule": [("two", 0.06), ("one", 0.06)], "neurons_per_unit": 2, "seed": 7, "inputs": u, "noise": 0.3}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, form=form, **given)
    assert len(script.read_text()) < 40_000  # inputs are data
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bank, codegen="numpy", **given))


def test_a_script_whose_schedule_outlasts_its_inputs_says_so(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=10, seed=1)
    given = {"duration": 0.05, "task": "one", "inputs": np.ones((5, 3))}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net), **given)
    script.write_text(script.read_text().replace('("one", 0.05)', '("two", 0.25)'))
    with pytest.raises(SystemExit, match=r"the schedule lasts 0.25 s and the inputs 0.05 s; shorten it"):
        run_here(script)


@pytest.mark.parametrize(
    "kind", [{"synapses": "dense", "feedback": True}, {"synapses": "dense", "feedback": False}, {"synapses": "sparse"}]
)
def test_script_of_random_synapses_gives_the_same_spikes(tmp_path: Path, bank_of, kind: dict) -> None:
    net = tn.Network(units=30, seed=1, **kind)
    bank = bank_of(net)
    given = {"schedule": [("one", 0.08), ("two", 0.06)], "neurons_per_unit": 2, "seed": 3}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, **given)
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bank, codegen="numpy", **given))


def test_script_of_a_noise_free_neuron_and_a_bare_bias(tmp_path: Path) -> None:
    net = tn.Network(units=30, seed=1, transfer=tn.LIF(noise=0.0))
    bias = np.linspace(0.5, 2.0, 30)
    script = tn.spiking.write_script(tmp_path / "run.py", net, bias, duration=0.2)
    assert "membrane_noise.py" not in script.read_text()
    run_here(script)
    check_same(script, tn.spiking.simulate(net, bias, duration=0.2, codegen="numpy"))


def test_a_script_runs_in_a_process_of_its_own_edited_and_under_another_name(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=20, seed=0)
    bank = bank_of(net)
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, task="one", duration=0.05, seed=2)
    text = script.read_text()
    assert text.count('("one", 0.05)') == 1
    script.write_text(text.replace('("one", 0.05)', '("two", 0.25)'))
    done = run_alone(script.rename(tmp_path / "mine.py"), "--save")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "mine_spikes.npz", allow_pickle=False) as saved:
        assert saved["time"][-1] == pytest.approx(0.24)
        assert set(saved["task"].tolist()) == {"two"}
        count = len(saved["spike_time"])
    assert count > 50
    lines = [line.split() for line in done.stdout.splitlines()]
    rate = f"{count / (20 * 0.25):.2f}"
    assert lines[0] == ["two", "0.25", "s", str(count), "spikes", rate, "Hz", "a", "neuron"]
    assert lines[1] == ["in", "all", "0.25", "s", str(count), "spikes", rate, "Hz", "a", "neuron"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('("one", 0.05)', '("three", 0.05)', "the schedule names three; the data has one, two"),
        ('("one", 0.05),', "", "the schedule is empty"),
        ("NEURONS_PER_UNIT = 1 ", "NEURONS_PER_UNIT = 2 ", "these sparse synapses join 1 neurons per unit, not 2"),
    ],
)
def test_a_script_says_what_it_cannot_run(tmp_path: Path, bank_of, old: str, new: str, words: str) -> None:
    net = tn.Network(units=20, seed=0, synapses="sparse")
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net), task="one", duration=0.05)
    assert script.read_text().count(old) == 1
    script.write_text(script.read_text().replace(old, new))
    with pytest.raises(SystemExit, match=words):
        run_here(script)
    assert not (tmp_path / "run_spikes.npz").exists()


def test_a_script_whose_data_is_missing_names_the_file(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=20, seed=0)
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net), task="one", duration=0.05)
    (tmp_path / "run.npz").unlink()
    with pytest.raises(SystemExit, match=r"run\.npz is missing"):
        run_here(script.rename(tmp_path / "mine.py"))


@pytest.mark.parametrize("name", ["run", 'a"); pwned = 1; ("\''])
def test_names_of_a_bank_and_of_files_never_reach_the_code(tmp_path: Path, bank_of, name: str) -> None:
    net, path = tn.Network(units=20, seed=0), tmp_path / f"{name}.py"
    bank = bank_of(net, (HOSTILE, "plain"))
    script = tn.spiking.write_script(path, net, bank, schedule=[(HOSTILE, 0.05), ("plain", 0.05)])
    assert script.read_text().count("pwned") == name.count("pwned")
    with np.load(script.with_suffix(".npz"), allow_pickle=False) as data:
        assert data["task"].tolist() == ["task-0", "task-1"]
    names = run_here(script)
    assert names["SCHEDULE"] == [("task-0", 0.05), ("task-1", 0.05)]
    assert "pwned" not in names
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_script_is_settings_and_whole_files(tmp_path: Path, noise: float) -> None:
    net = tn.Network(units=20, seed=0, transfer=tn.LIF(noise=noise))
    text = tn.spiking.write_script(tmp_path / "run.py", net, np.ones(20), duration=0.05).read_text()
    names = ["membrane_noise.py"] * (noise > 0) + ["brian2_script.py"]
    files = [(_script_export._EXPORTED / name).read_text() for name in names]
    settings, *between, call = re.split("|".join(map(re.escape, files)), text)
    assert [part.strip().split()[-1] for part in (settings, *between)] == names
    assert call.strip().startswith("live = main(__file__, SCHEDULE, NETWORK, SEED")
    assert call.count("\n") < 5
    for file in files:
        assert "import tonicnet" not in file
        assert "from tonicnet" not in file


@pytest.mark.parametrize("reset", eqs.RESETS)
@pytest.mark.parametrize("form", eqs.FORMS)
def test_settings_hold_the_equations_and_constants_of_the_network(tmp_path: Path, form: str, reset: str) -> None:
    net = tn.Network(units=20, seed=0, synapses="dense", rise=0.005, delay=0.002, transfer=tn.LIF(reset_rule=reset))
    script = tn.spiking.write_script(tmp_path / "run.py", net, np.ones(20), duration=0.05, form=form)
    (text,) = re.findall(r"^NETWORK = ({.*?^})$", script.read_text(), re.M | re.S)
    network = ast.literal_eval(text)  # plain data: no name, no call
    assert {name: "\n".join(lines) for name, lines in network["equations"].items()} == {
        "neurons": eqs.neuron(form, 3, noise=True, latent=True, recurrent=True),
        "threshold": "v > v_th",
        "reset": {"hard": "v = v_th - V", "soft": "v -= V"}[reset],
        "latents": "dz/dt = (z_in - z) / tau_s : 1\ndz_in/dt = -z_in / tau_r : 1",
        "on_latents": "z_in_post += w",
        "currents": "dI/dt = (I_in - I) / tau_s : amp\ndI_in/dt = -I_in / tau_r : amp",
        "on_currents": "I_in_post += w * g_L * V",
    }
    assert network["carrier"] == {"threshold": "v_th", "current": "I_tonic", "leak": "E_L"}[form]
    constants = network["constants"]
    assert (constants["volt"], constants["siemens"]) == ({"v_threshold": -0.05, "v_reset": -0.07}, {"g_L": 1e-8})
    assert constants["second"] == {
        "tau_m": 0.01, "refractory": 0.002, "tau_s": 0.1, "dt": 0.0002, "sampling": 0.01, "tau_r": 0.005, "delay": 0.002
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("run.txt", {}, "ends in .py"),
        ("run.py", {"form": "thresholds"}, "threshold"),
        ("run.py", {"seed": -1}, "seed must be a whole number"),
        ("run.py", {"neurons_per_unit": 0}, "neurons_per_unit"),
        ("run.py", {"duration": None}, "duration"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(tmp_path: Path, name: str, options: dict, words: str) -> None:
    net = tn.Network(units=20, seed=0)
    with pytest.raises(ValueError, match=words):
        tn.spiking.write_script(tmp_path / name, net, np.ones(20), **({"duration": 0.05} | options))
    assert not list(tmp_path.iterdir())


def test_script_needs_its_folder_and_the_banks_own_network(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=20, seed=0)
    with pytest.raises(FileNotFoundError, match="create it first"):
        tn.spiking.write_script(tmp_path / "no" / "run.py", net, np.ones(20), duration=0.05)
    foreign = bank_of(tn.Network(units=20, seed=1), ("one",))
    with pytest.raises(ValueError, match="learned on network"):
        tn.spiking.write_script(tmp_path / "run.py", net, foreign, duration=0.05)


# the plain style


def run_plainly(script: Path) -> dict[str, Any]:
    """Run a plain script in this process, without tonicnet, and return its names."""
    with pytest.MonkeyPatch.context() as patch, target("numpy"):
        for name in [name for name in sys.modules if name.split(".")[0] == "tonicnet"]:
            patch.setitem(sys.modules, name, None)
        return runpy.run_path(str(script), run_name="__main__")


@pytest.mark.parametrize(
    ("form", "kind", "driven"),
    [
        ("threshold", {}, True), ("current", {"synapses": "dense", "rise": 0.005}, False),
        ("leak", {"synapses": "sparse", "feedback": False}, True), ("threshold", {"delay": 0.001}, False),
    ],
)  # fmt: skip
def test_a_plain_script_without_noise_has_the_same_spikes(
    tmp_path: Path, bank_of, form: str, kind: dict, driven: bool
) -> None:
    net = tn.Network(units=30, seed=1, transfer=tn.LIF(noise=0.0), **kind)
    bank = bank_of(net)
    given: dict[str, Any] = {"schedule": [("two", 0.06), ("one", 0.06)], "neurons_per_unit": 2, "form": form}
    if driven:
        given["inputs"] = 3 * np.random.default_rng(1).normal(size=(12, 3))
    names = run_plainly(tn.spiking.write_script(tmp_path / "plain.py", net, bank, style="plain", **given))
    spikes = tn.spiking.simulate(net, bank, codegen="numpy", **given)
    assert len(spikes["spike_time"]) > 50
    order = np.lexsort([np.array(names["spikes"].i), np.array(names["spikes"].t_)])
    same = np.lexsort([spikes["spike_neuron"].values, spikes["spike_time"].values])
    np.testing.assert_array_equal(np.array(names["spikes"].i)[order], spikes["spike_neuron"].values[same])
    np.testing.assert_allclose(np.array(names["spikes"].t_)[order], spikes["spike_time"].values[same], atol=1e-12)


def test_a_plain_script_with_noise_has_as_many_spikes(tmp_path: Path, bank_of) -> None:
    lif = tn.LIF(noise=0.3, adaptation=0.05, adaptation_tau=0.1)
    net = tn.Network(units=60, seed=1, transfer=lif)
    bank = bank_of(net)
    given: dict[str, Any] = {"task": "one", "duration": 0.5, "neurons_per_unit": 5, "noise": 0.2}
    script = tn.spiking.write_script(tmp_path / "plain.py", net, bank, style="plain", **given)
    names = run_plainly(script)
    spikes = tn.spiking.simulate(net, bank, codegen="numpy", **given)
    assert names["spikes"].num_spikes == pytest.approx(len(spikes["spike_time"]), rel=0.05)
    assert "* xi" in script.read_text()


def test_a_plain_script_is_a_page_that_linters_like_and_that_may_be_renamed(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=20, seed=0)
    script = tn.spiking.write_script(tmp_path / "plain.py", net, bank_of(net), task="one", duration=0.05, style="plain")
    assert len(script.read_text().splitlines()) < 110
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,B,UP", "--line-length", "120", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    moved = script.rename(tmp_path / "mine.py")
    assert run_plainly(moved)["spikes"].num_spikes > 0


def test_names_of_a_bank_and_of_files_never_reach_the_code_of_a_plain_script(tmp_path: Path, bank_of) -> None:
    net = tn.Network(units=20, seed=0)
    bank, path = bank_of(net, (HOSTILE, "plain")), tmp_path / 'a"); pwned = 1; ("\'.py'
    given: dict[str, Any] = {"schedule": [(HOSTILE, 0.05), ("plain", 0.05)], "style": "plain"}
    names = run_plainly(tn.spiking.write_script(path, net, bank, **given))
    assert names["SCHEDULE"] == [("task-0", 0.05), ("task-1", 0.05)]
    assert "pwned" not in names


def test_an_unknown_style_is_refused(tmp_path: Path, bank_of) -> None:
    net, script = tn.Network(units=20, seed=0), tmp_path / "run.py"
    with pytest.raises(ValueError, match="style"):
        tn.spiking.write_script(script, net, bank_of(net), task="one", duration=0.05, style="short")
