"""fit: what it promises, on networks small enough to learn in seconds."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn

QUICK = {"progress": False, "rounds": 2}


@pytest.fixture(scope="module")
def net() -> tn.Network:
    return tn.Network(units=200, seed=0)


@pytest.fixture(scope="module")
def bank(net: tn.Network) -> xr.Dataset:
    return tn.fit(net, ["hopf", "two-well"], **QUICK)


def test_bank_is_labelled_and_tells_where_it_is_from(net: tn.Network, bank: xr.Dataset) -> None:
    assert bank["bias"].dims == ("task", "unit")
    assert list(bank["task"].values) == ["hopf", "two-well"]
    assert bank.attrs["network_sha256"] == net.sha256
    assert json.loads(bank.attrs["network"])["units"] == 200
    assert set(json.loads(bank.attrs["tasks"])) == {"hopf", "two-well"}
    for variable in bank.variables.values():
        assert {"units", "long_name"} <= set(variable.attrs)


def test_synapses_are_frozen_by_learning(net: tn.Network, bank: xr.Dataset) -> None:
    assert net.verify() == net.sha256 == tn.Network(units=200, seed=0).sha256


def test_the_network_alone_reproduces_the_cycle(net: tn.Network, bank: xr.Dataset) -> None:
    truth = tn.task("hopf").trajectory(70.0, 0.02)
    speed = float(bank["speed"].sel(task="hopf"))
    run = tn.simulate(net, bank, task="hopf", duration=20 * 2 * np.pi / speed)
    made = tn.measure.limit_cycle(run, truth)
    assert abs(float(made["period_error"].squeeze())) < 0.01
    assert np.abs(made["amplitude_error"].values).max() < 0.02


def test_scores_stand_beside_the_biases(bank: xr.Dataset) -> None:
    assert abs(float(bank["period_error"].sel(task="hopf"))) < 0.01
    assert float(bank["attractor_distance"].sel(task="two-well")) < 0.05
    assert np.isnan(bank["period_error"].sel(task="two-well"))
    assert (bank["lost"] == 0).all()
    assert "lost 0" in str(bank["outcome"].sel(task="hopf").values)


def test_a_bank_survives_the_file_and_runs(net: tn.Network, bank: xr.Dataset, tmp_path) -> None:
    back = tn.load(tn.save(bank, tmp_path / "bank.nc"))
    xr.testing.assert_identical(back, bank)
    assert tn.load_network(tmp_path / "bank.nc") == net
    run = tn.simulate(net, back, schedule=[("hopf", 2.0), ("two-well", 2.0)])
    assert np.isfinite(run["output"]).all()


def test_a_switch_reaches_the_new_attractor(net: tn.Network, bank: xr.Dataset) -> None:
    run = tn.simulate(net, bank, schedule=[("hopf", 10.0), ("two-well", 10.0)], trials=4)
    final = run["output"].isel(time=-1, component=0).values
    np.testing.assert_allclose(np.abs(final), 1.0, atol=0.05)
    assert np.abs(run["output"].isel(time=-1, component=1)).max() < 0.05


def test_same_seed_same_biases() -> None:
    net = tn.Network(units=60, seed=0, transfer="tanh")
    one, two = (tn.fit(net, "two-well", rounds=0, restarts=0, steps=5, progress=False, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one["bias"], two["bias"])
    assert not np.array_equal(
        one["bias"], tn.fit(net, "two-well", rounds=0, restarts=0, steps=5, progress=False)["bias"]
    )


def test_trajectories_are_learned_on_a_dense_network() -> None:
    dense = tn.Network(units=60, seed=1, components=2, synapses="dense", transfer="tanh", gain=0.9)
    bank = tn.fit(dense, "hopf", progress=False, rounds=1, steps=12)
    assert bank["method"].item().startswith("trajectory, ")
    assert abs(bank["period_error"].item()) < 0.001
    assert abs(bank["amplitude_error"].item()) < 0.03
    assert bank["lost"].item() == 0


def test_a_recording_is_learned_without_its_vector_field() -> None:
    t = np.arange(0, 60, 0.05)
    data = np.stack([3 + 2 * np.cos(t), -1 + np.sin(t)], axis=1)
    task = tn.Task.from_array(data, name="ellipse", dt=0.05)
    low = tn.Network(units=200, seed=0, transfer="tanh", tau=0.3)
    bank = tn.fit(low, task, **QUICK)
    assert abs(bank["period_error"].item()) < 0.01
    run = tn.simulate(low, bank, duration=30.0)
    x = run["output"].values[0, 500:]
    np.testing.assert_allclose(x[:, 0].max(), 5, atol=0.1)


def test_adam_is_there_for_comparison() -> None:
    def stop(event: dict) -> None:
        if event["step"] == 90:
            raise KeyboardInterrupt

    small = tn.Network(units=60, seed=0, transfer="tanh")
    bank = tn.fit(small, "hopf", method="adam", steps=2, progress=stop)
    assert bank["method"].item() == "field, Adam"
    losses = bank["loss"].values[0]
    assert losses[-1] < 0.5 * losses[0]


def test_ctrl_c_keeps_the_best_so_far(net: tn.Network) -> None:
    def stop(event: dict) -> None:
        if event["task"] == "two-well" and event["step"] == 5:
            raise KeyboardInterrupt

    bank = tn.fit(net, ["hopf", "two-well", "cosine"], progress=stop, rounds=1)
    assert list(bank["task"].values) == ["hopf", "two-well"]
    assert "interrupted" in str(bank["outcome"].values[1])
    assert np.isfinite(bank["bias"]).all()


def test_progress_tells_task_stage_and_loss(
    net: tn.Network, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tonicnet._bar.watched", lambda: True)
    tn.fit(net, "hopf", steps=3, rounds=0, progress=True)
    shown = capsys.readouterr().err
    assert "hopf" in shown
    assert "loss" in shown


BAD = [
    ({"tasks": "lorentz"}, ValueError, "Did you mean 'lorenz'"),
    ({"tasks": "hopf", "objective": "feild"}, ValueError, "Did you mean 'field'"),
    ({"tasks": []}, ValueError, "no task given"),
    ({"tasks": ["hopf", "hopf"]}, ValueError, "twice"),
    ({"tasks": "hopf", "noise": -1.0}, ValueError, "noise"),
    ({"tasks": "hopf", "steps": 0}, ValueError, "steps"),
    ({"tasks": "hopf", "progress": "yes"}, TypeError, "progress"),
]


@pytest.mark.parametrize(("arguments", "error", "sentence"), BAD)
def test_bad_input_gets_one_sentence(net: tn.Network, arguments: dict, error: type, sentence: str) -> None:
    given = {"progress": False} | arguments
    tasks = given.pop("tasks")
    with pytest.raises(error, match=sentence):
        tn.fit(net, tasks, **given)


def test_too_few_components_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="components=3 or more"):
        tn.fit(tn.Network(units=50, seed=0, components=2), "lorenz", progress=False)


def test_the_field_objective_needs_a_low_rank_network() -> None:
    dense = tn.Network(units=50, seed=0, synapses="dense")
    with pytest.raises(ValueError, match="low-rank network"):
        tn.fit(dense, "hopf", objective="field", progress=False)


def test_a_field_that_is_not_finite_names_the_state() -> None:
    def broken(x: np.ndarray) -> np.ndarray:
        field = np.stack([x[..., 1], -x[..., 0] - 0.1 * x[..., 1]], axis=-1)
        return np.where(np.abs(x[..., :1]) > 0.9, np.nan, field)

    task = tn.Task(
        broken, name="broken", initial=[0.1, 0.0], kind="memory", low=[-1, -1], high=[1, 1], center=[0, 0],
        scale=[1, 1], transient=1.0, duration=1.0, speed=1.0,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"not finite|NaN"):
        tn.fit(tn.Network(units=20, seed=0, transfer="tanh"), task, progress=False)
