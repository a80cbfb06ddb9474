"""The atlas: many flows on one network, each on trial from starts that learning never saw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import tonicnet as tn
from tonicnet.cli._app import app
from tonicnet.cli._atlas import scores_text
from tonicnet.study import _atlas, _flow_trial
from tonicnet.study._flow_trial import network_run, trial, true_runs
from tonicnet.study._verdict import verdict

PERIODS = {"lorenz": 0.75, "chua": 2.5, "wide": 1.0}
QUICK: dict[str, Any] = {"steps": 3, "rounds": 0, "restarts": 0, "progress": False}
FLOOR = {"divergence_floor": 0.04, "hellinger_floor": 0.03}


def wide(name: str) -> tn.Task:
    def flow(x: np.ndarray) -> np.ndarray:
        return -x

    return tn.Task(flow, name=name, initial=np.ones(4))


def made(name: str) -> tn.Task:
    if name == "wide":
        return wide(name)
    if name == "broken":
        raise ValueError("broken cannot be made")
    return tn.task(name)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows of the shelf in the place of those of dysts, and a trial of seconds."""
    monkeypatch.setattr(_atlas, "dysts_systems", lambda: {"lorenz": 3, "chua": 3, "wide": 4, "broken": 3})
    monkeypatch.setattr(_atlas, "dysts_period", PERIODS.__getitem__)
    monkeypatch.setattr(_atlas, "from_dysts", made)
    for name, value in {"STARTS": 4, "PERIODS": 20, "LENGTH": 2000, "_EXPONENT": 60}.items():
        monkeypatch.setattr(_flow_trial, name, value)


@pytest.fixture
def net() -> tn.Network:
    return tn.Network(units=40, seed=0)


def test_every_system_is_a_row_with_its_measures_or_its_reason(few: None, net: tn.Network, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    call = QUICK | {"net": net, "executor": ThreadPoolExecutor(1), "progress": told.append}
    found = tn.atlas(tmp_path / "a", **call)
    assert found["task"].values.tolist() == ["lorenz", "chua", "wide", "broken"]
    assert np.isfinite(found["divergence"].values[:2]).all()
    assert found["reason"].values[2:].tolist() == ["it has 4 components, the network only 3", "broken cannot be made"]
    assert (found["passes"].values == 0).all(), "40 units and three steps do not learn chaos"
    assert found["control_divergence"].values[0] > 5, "without recurrence there is one state"
    assert found["true_exponent"].values[0] == 0.906
    bank = tn.load(tmp_path / "a" / "bank.nc")
    assert bank["task"].values.tolist() == ["lorenz", "chua"]
    assert bank.attrs["network_sha256"] == net.sha256 == tn.load_network(tmp_path / "a" / "network.toml").sha256
    assert len(told) == 2
    again = tn.atlas(tmp_path / "a", **call)
    assert len(told) == 2, "what is done is not done again"
    xr.testing.assert_equal(again, found)
    alone = tn.atlas(tmp_path / "b", ["chua"], **call)
    np.testing.assert_array_equal(alone["divergence"].values, found["divergence"].values[1:2])
    row = tn.load(tmp_path / "b" / "bank.nc")
    np.testing.assert_array_equal(row["bias"].values[0], bank["bias"].values[1], "rows do not know of each other")
    plain = QUICK | {"noise": 0.03, "threads": 1}
    exact = tn.fit(net, tn.task("chua"), precision="mixed", **plain)
    np.testing.assert_array_equal(row["bias"].values, exact["bias"].values, "a row is what fit learns")
    tn.atlas(tmp_path / "c", ["chua"], precision="float32", **call)
    rough = tn.fit(net, tn.task("chua"), precision="float32", **plain)
    np.testing.assert_array_equal(tn.load(tmp_path / "c" / "bank.nc")["bias"].values, rough["bias"].values)
    assert (rough["bias"].values != exact["bias"].values).any()
    text = scores_text(found)
    assert "0 of 4 systems pass" in text
    assert "| broken | - |" in text
    assert len(tn.plot.portraits(tn.load(tmp_path / "a" / "portraits.nc"), found).axes) == 2


def test_what_an_atlas_refuses(few: None, net: tn.Network, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'lorenz'"):
        tn.atlas(tmp_path, ["lorentz"], net=net)
    with pytest.raises(ValueError, match="systems is empty"):
        tn.atlas(tmp_path, [], net=net)
    with pytest.raises(ValueError, match='draw one with synapses="low-rank"'):
        tn.atlas(tmp_path, ["chua"], net=tn.Network(units=40, seed=0, synapses="dense"))
    tn.atlas(tmp_path / "a", ["chua"], net=net, run=False, progress=False)
    with pytest.raises(ValueError, match="the atlas of another network"):
        tn.atlas(tmp_path / "a", ["chua"], net=tn.Network(units=40, seed=1), run=False)


@pytest.mark.parametrize(("systems", "components"), [(None, 4), (["chua"], 3), (["chua", "wide"], 4)])
def test_the_network_that_is_drawn_holds_what_is_asked_for(
    few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systems: list[str] | None, components: int
) -> None:
    known = {name: SimpleNamespace(components=count) for name, count in _atlas.dysts_systems().items()}
    monkeypatch.setattr(tn, "dysts_systems", lambda: known)
    tn.atlas(tmp_path, systems, run=False, progress=False)
    assert tn.load_network(tmp_path / "network.toml").components == components
    words = ["atlas", str(tmp_path / "b"), "--no-run", *(f"--system={name}" for name in systems or ())]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert (tmp_path / "b" / "network.toml").read_text() == (tmp_path / "network.toml").read_text()


@pytest.mark.parametrize(("most", "known"), [(15.0, 500), (0.0, 0)])
def test_a_truth_that_takes_too_long_is_drawn_as_far_as_it_goes(
    few: None, net: tn.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: float, known: int
) -> None:
    tn.atlas(tmp_path, ["chua"], net=net, executor=ThreadPoolExecutor(1), **QUICK)
    whole = tn.load(tmp_path / "portraits.nc")
    (tmp_path / "portraits.nc").unlink()
    trajectory = tn.Task.trajectory

    def tires(task: tn.Task, duration: float, *args: Any, **given: Any) -> xr.Dataset:
        if duration > most * PERIODS["chua"]:
            raise ValueError("the integration would go beyond its budget")
        return trajectory(task, duration, *args, **given)

    monkeypatch.setattr(tn.Task, "trajectory", tires)
    tn.atlas(tmp_path, ["chua"], net=net, run=False, **QUICK)
    found = tn.load(tmp_path / "portraits.nc")
    assert np.isfinite(found["truth"].values[0, :, 0]).sum() == known
    np.testing.assert_allclose(found["truth"].values[:, :known], whole["truth"].values[:, :known], rtol=1e-4)
    np.testing.assert_array_equal(found["network"], whole["network"])
    assert len(tn.plot.portraits(found).axes) == 1


def test_why_a_system_failed_is_kept(
    few: None, net: tn.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("it burst")

    monkeypatch.setattr(_flow_trial.FlowTrial, "run", fails)
    call = QUICK | {"net": net, "executor": ThreadPoolExecutor(1)}
    assert tn.atlas(tmp_path / "a", ["chua"], **call)["reason"].values[0] == "ValueError: it burst"
    assert tn.atlas(tmp_path / "a", ["chua"], run=False, **call)["reason"].values[0] == "ValueError: it burst"


def test_the_command_gathers_what_is_there(few: None, tmp_path: Path) -> None:
    words = ["atlas", str(tmp_path / "a"), "--system", "chua", "--units", "40", "--components", "3", "--no-run"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert "0 of 1 systems pass" in said.output
    assert "| chua |" in (tmp_path / "a" / "SCORES.md").read_text()


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ({"divergence": 0.12, "hellinger": 0.07, "lost": 0.0}, ""),
        ({"divergence": 0.14, "hellinger": 0.07, "lost": 0.0}, "D_stsp 0.14 is above 0.13"),
        ({"divergence": 0.12, "hellinger": 0.09, "lost": 0.05}, "5 % of the starts are lost; D_H 0.09 is above 0.08"),
        ({"divergence": np.nan, "hellinger": 0.07, "lost": 0.0}, "D_stsp nan is above 0.13"),
    ],
)
def test_one_rule(scores: dict[str, float], why: str) -> None:
    assert verdict(FLOOR | scores) == why


def test_a_good_bank_is_at_the_floor_and_half_of_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STARTS": 10, "PERIODS": 100, "LENGTH": 25_000, "_EXPONENT": 300}.items():
        monkeypatch.setattr(_flow_trial, name, value)
    net, bank, task = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000"), tn.task("lorenz")
    truth, other = true_runs(task, 0.75, 1)
    assert float(abs(truth["output"] - other["output"]).mean()) > 1, "other starts"
    good = trial(net, bank.sel(task=["lorenz"]), task, truth, other)
    assert good["divergence"] < 1.6 * good["divergence_floor"]
    assert good["lost"] == 0
    assert good["exponent"] == pytest.approx(0.906, rel=0.15)
    spoilt = bank.sel(task=["lorenz"]).assign(bias=0.9 * bank["bias"].sel(task=["lorenz"]))
    assert trial(net, spoilt, task, truth, other)["divergence"] > 3 * good["divergence"]


def test_the_network_runs_at_the_samples_of_the_truth() -> None:
    net, bank, task = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000"), tn.task("hopf")
    truth = task.trajectory(20.0, 0.07, trials=2, seed=3)
    run = network_run(net, bank, task, truth)
    assert run["output"].shape == truth["output"].shape
    np.testing.assert_allclose(run["task_time"], truth["time"], atol=1e-9)
    np.testing.assert_allclose(run["output"][:, :30], truth["output"][:, :30], atol=0.05)


def test_steps_of_a_trial_leave_no_errors_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    net, bank, task = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000"), tn.task("chua")
    truth = task.trajectory(8.0, 0.2, trials=4, seed=3)
    run = network_run(net, bank, task, truth)["output"]
    monkeypatch.setattr(_flow_trial, "_FINEST", 0.05)
    finer = network_run(net, bank, task, truth)["output"]
    assert float(abs(run - finer).max()) < 1e-3 * float(finer.std())
