"""``import tonicnet``: cheap, complete for type checkers, and the same names whichever room is imported first."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from statistics import median

import pytest

import tonicnet as tn

HEAVY = ("sympy", "scipy.signal", "scipy.stats", "scipy.spatial", "scipy.interpolate", "scipy.optimize", "brian2",
         "matplotlib", "h5netcdf", "IPython")  # fmt: skip
AT_FIRST_USE = ("torch", "numpy", "scipy", "xarray", "pandas", "jaxtyping", "typer")
NAMES = {
    "Custom", "LIF", "Network", "Relu", "Sigmoid", "Softplus", "Tanh", "Task", "Transfer", "__version__", "atlas",
    "atlas_network", "behaviour_options", "behaviours", "capacity", "compare", "compare_learning", "cut_trials",
    "dysts_systems", "embed_recording", "explore", "fit", "flow", "from_dysts", "from_neurogym", "from_observed",
    "learn_online", "load", "load_bank", "load_network", "measure", "models", "perform", "plot", "predict",
    "read_recording", "recording", "recordings", "report", "resample_recording", "sample_task", "sample_tasks", "save",
    "screen", "show", "simulate", "spiking", "study", "task", "task_factory", "tasks", "teacher_flow",
    "teacher_samples",
}  # fmt: skip


def fresh(code: str) -> str:
    """Return what a process of its own prints."""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    return made.stdout


def loaded(code: str) -> set[str]:
    return set(json.loads(fresh(f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))").splitlines()[-1]))


def test_import_loads_nothing_heavy() -> None:
    assert not loaded("import tonicnet") & {*HEAVY, *AT_FIRST_USE}


def test_every_name_but_plot_without_what_only_some_calls_need() -> None:
    modules = loaded("import tonicnet as tn\nfor n in dir(tn):\n    if n != 'plot': getattr(tn, n)")
    assert {"torch", "xarray", "tonicnet.spiking", "tonicnet.learn"} <= modules
    assert not modules & set(HEAVY)


def test_import_costs_a_fraction_of_torch() -> None:
    """CPU time of the process, so that a busy machine does not count; the measured ratio is near 1/60."""
    spent = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    ours = median(float(fresh(spent.format("tonicnet"))) for _ in range(3))
    assert ours < 0.5 * float(fresh(spent.format("torch")))


def test_dir_shows_the_public_names_only() -> None:
    assert set(dir(tn)) == NAMES


def test_type_checkers_see_what_is_there() -> None:
    """The imports for type checkers name the same objects, from the same modules, as the table that is used."""
    block = next(node for node in ast.parse(inspect.getsource(tn)).body if isinstance(node, ast.If))
    seen = {alias.asname: node.module for node in block.body for alias in node.names}
    homes = dict(tn._homes) | dict.fromkeys(tn._rooms)
    assert seen == homes
    assert set(seen) == NAMES


@pytest.mark.parametrize("first", ["tonicnet.learn", "tonicnet.task", "tonicnet.report", "tonicnet.explore"])
def test_a_function_is_not_hidden_behind_its_room(first: str) -> None:
    code = f"""
import {first}
import tonicnet as tn
from tonicnet import task, simulate
from tonicnet.task import Task
for f in (tn.task, tn.simulate, tn.report, tn.explore, task, simulate):
    print(callable(f), end=" ")
print(tn.Task is Task, tn.task is task, tn.learn.fit is tn.fit)
"""
    assert fresh(code).split() == ["True"] * 9


def test_unknown_names_and_missing_packages() -> None:
    assert not hasattr(tn, "simulat")
    assert not hasattr(tn, "_ipython_display_")
    with pytest.raises(AttributeError, match="module 'tonicnet' has no attribute 'simulat'"):
        tn.simulat  # noqa: B018
    code = """
import sys
sys.modules["matplotlib"] = None
import tonicnet as tn
try:
    tn.plot
except ImportError as error:
    print(error)
"""
    assert "matplotlib" in fresh(code)


def test_names_can_be_replaced_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tn.fit
    monkeypatch.setattr(tn, "fit", lambda: "mine")
    assert tn.fit() == "mine"
    monkeypatch.undo()
    assert tn.fit is kept
