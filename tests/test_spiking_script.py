"""The stand-alone Brian2 script: the same spikes as the library's, without the library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn

HOSTILE = 'x"); import os; os.system("touch pwned"); ("\n"""\n${units} $sha256'


def bank_of(net: tn.Network, names: list[str], seed: int = 5) -> xr.Dataset:
    """A bank of random biases, as fit would lay it out."""
    rng = np.random.Generator(np.random.Philox(seed))
    k = net.components
    return xr.Dataset(
        {
            "bias": (("task", "unit"), rng.normal(1.0, 0.5, (len(names), net.units))),
            "center": (("task", "component"), rng.normal(0, 1, (len(names), k))),
            "scale": (("task", "component"), rng.uniform(1, 2, (len(names), k))),
            "speed": (("task",), np.ones(len(names))),
            "dimension": (("task",), np.full(len(names), k)),
            "start": (("task", "trial", "component"), rng.normal(0, 1, (len(names), 4, k))),
        },
        coords={"task": names},
        attrs={"network_sha256": net.sha256},
    )


def run_alone(script: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script where tonicnet cannot be imported."""
    wall = script.parent / "wall"
    wall.mkdir(exist_ok=True)
    (wall / "tonicnet.py").write_text('raise ImportError("this script must not need tonicnet")\n')
    environment = os.environ | {"PYTHONPATH": str(wall), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(script), "--codegen", "numpy", *options]
    return subprocess.run(command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=120)


def check_same(script: Path, spikes: xr.Dataset) -> None:
    done = run_alone(script, "--save")
    assert done.returncode == 0, done.stderr
    with np.load(script.with_name(f"{script.stem}_spikes.npz"), allow_pickle=False) as made:
        assert len(made["spike_time"]) > 50
        np.testing.assert_array_equal(made["spike_time"], spikes["spike_time"].values)
        np.testing.assert_array_equal(made["spike_neuron"], spikes["spike_neuron"].values)
        np.testing.assert_array_equal(made["spike_unit"], spikes["spike_unit"].values)
        count = len(made["time"])
        np.testing.assert_allclose(made["output"], spikes["output"].values[0, :count], rtol=1e-12, atol=1e-12)
    assert f"{spikes.sizes['spike']} spikes" in done.stdout
    assert "Hz a neuron" in done.stdout


@pytest.mark.parametrize("form", ["threshold", "current", "leak"])
def test_low_rank_script_gives_the_same_spikes(tmp_path: Path, form: str) -> None:
    net = tn.Network(units=40, seed=0)
    bank = bank_of(net, ["one", "two"])
    given = {"schedule": [("two", 0.06), ("one", 0.05), ("two", 0.04)], "form": form, "neurons_per_unit": 2, "seed": 7}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, **given)
    check_same(script, tn.spiking.simulate(net, bank, codegen="numpy", **given))


@pytest.mark.parametrize(
    "kind", [{"synapses": "dense", "feedback": True}, {"synapses": "dense", "feedback": False}, {"synapses": "sparse"}]
)
def test_script_of_random_synapses_gives_the_same_spikes(tmp_path: Path, kind: dict) -> None:
    net = tn.Network(units=30, seed=1, **kind)
    bank = bank_of(net, ["one", "two"])
    given = {"schedule": [("one", 0.08), ("two", 0.06)], "neurons_per_unit": 2, "seed": 3}
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, **given)
    check_same(script, tn.spiking.simulate(net, bank, codegen="numpy", **given))


def test_script_of_a_noise_free_neuron_and_a_bare_bias(tmp_path: Path) -> None:
    net = tn.Network(units=30, seed=1, transfer=tn.LIF(noise=0.0))
    bias = np.linspace(0.5, 2.0, 30)
    script = tn.spiking.write_script(tmp_path / "run.py", net, bias, duration=0.2)
    assert "xi" not in script.read_text().split('"""')[3]
    check_same(script, tn.spiking.simulate(net, bias, duration=0.2, codegen="numpy"))


def test_names_of_a_bank_never_reach_the_code(tmp_path: Path) -> None:
    net = tn.Network(units=20, seed=0)
    bank = bank_of(net, [HOSTILE, "plain"])
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank, schedule=[(HOSTILE, 0.05), ("plain", 0.05)])
    assert "pwned" not in script.read_text()
    with np.load(script.with_suffix(".npz"), allow_pickle=False) as data:
        assert data["task"].tolist() == ["task-0", "task-1"]
    assert run_alone(script).returncode == 0
    assert not (tmp_path / "pwned").exists()


def test_schedule_of_the_script_may_be_edited(tmp_path: Path) -> None:
    net = tn.Network(units=20, seed=0)
    script = tn.spiking.write_script(tmp_path / "run.py", net, bank_of(net, ["one", "two"]), task="one", duration=0.05)
    text = script.read_text()
    assert '("one", 0.05)' in text
    script.write_text(text.replace('("one", 0.05)', '("two", 0.05)'))
    assert run_alone(script).returncode == 0
    script.write_text(text.replace('("one", 0.05)', '("three", 0.05)'))
    done = run_alone(script)
    assert done.returncode == 1
    assert "the schedule names three; the data has one, two" in done.stderr


def test_equations_have_one_source(tmp_path: Path) -> None:
    from tonicnet.spiking import _equations as eqs

    net = tn.Network(units=20, seed=0, synapses="dense")
    text = tn.spiking.write_script(tmp_path / "run.py", net, np.ones(20), duration=0.05).read_text()
    equations = eqs.neuron("threshold", 3, noise=True, latent=True, recurrent=True)
    for part in (equations, eqs.THRESHOLD, eqs.RESETS["hard"], eqs.LATENT, eqs.ON_LATENT, eqs.ON_RECURRENT):
        assert part in text
    compile(text, "run.py", "exec")


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


def test_script_needs_its_folder_and_the_banks_own_network(tmp_path: Path) -> None:
    net = tn.Network(units=20, seed=0)
    with pytest.raises(FileNotFoundError, match="create it first"):
        tn.spiking.write_script(tmp_path / "no" / "run.py", net, np.ones(20), duration=0.05)
    foreign = bank_of(tn.Network(units=20, seed=1), ["one"])
    with pytest.raises(ValueError, match="learned on network"):
        tn.spiking.write_script(tmp_path / "run.py", net, foreign, duration=0.05)
