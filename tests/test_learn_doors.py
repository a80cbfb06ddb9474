"""The doors of fit: growing a bank, memory, devices, solvers, and what it tells while it learns."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn

UNITS = 60
QUICK = {"rounds": 0, "restarts": 0, "steps": 2, "seed": 0}
NEW = ["method", "noise", "learning_seed"]  # variables that older banks lack


@pytest.fixture(scope="module")
def net() -> tn.Network:
    return tn.Network(units=UNITS, seed=0)


@pytest.fixture(scope="module")
def learned(net: tn.Network) -> tuple[xr.Dataset, list[dict]]:
    """A bank of two tasks, and what was told while it was learned."""
    events: list[dict] = []
    return tn.fit(net, ["hopf", "two-well"], progress=events.append, **QUICK | {"steps": 12}), events


@pytest.fixture(scope="module")
def bank(learned: tuple[xr.Dataset, list[dict]]) -> xr.Dataset:
    return learned[0]


@pytest.fixture(scope="module")
def grown(net: tn.Network, bank: xr.Dataset) -> xr.Dataset:
    return tn.fit(net, "line-attractor", into=bank, noise=0.2, progress=False, **QUICK | {"seed": 5})


def decay() -> tn.Task:
    """A memory of one state, learned at once."""
    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    return tn.Task(lambda x: -x, name="decay", initial=[1.0, 0.5], kind="memory", speed=1.0, transient=1.0, **box)


def refuse(event: dict) -> None:
    raise AssertionError(f"a step was made: {event}")


# ---------------------------------------------------------------- into=


def test_a_grown_bank_keeps_its_older_rows_bit_for_bit(bank: xr.Dataset, grown: xr.Dataset) -> None:
    assert list(grown["task"].values) == ["hopf", "two-well", "line-attractor"]
    assert set(grown.variables) == set(bank.variables)
    kept = grown.isel(task=slice(2), epoch=slice(bank.sizes["epoch"]))
    for name, variable in bank.variables.items():
        assert kept[name].dtype.kind == variable.dtype.kind
        assert kept[name].attrs == variable.attrs
        np.testing.assert_array_equal(kept[name].values, variable.values, err_msg=name)
    assert np.isnan(grown["loss"].isel(task=slice(2), epoch=slice(bank.sizes["epoch"], None))).all()


def test_a_grown_bank_tells_of_each_row_how_it_was_learned(grown: xr.Dataset) -> None:
    assert list(grown["learning_seed"].values) == [0, 0, 5]
    assert list(grown["noise"].values) == [0.1, 0.1, 0.2]
    assert list(json.loads(grown.attrs["tasks"])) == ["hopf", "two-well", "line-attractor"]


def test_the_new_row_is_that_of_a_bank_of_its_own(net: tn.Network, grown: xr.Dataset) -> None:
    alone = tn.fit(net, "line-attractor", noise=0.2, progress=False, **QUICK | {"seed": 5})
    for name in ("bias", "center", "scale", "speed", "start"):
        np.testing.assert_array_equal(grown[name].values[2:], alone[name].values, err_msg=name)


def test_old_and_new_rows_run_in_one_schedule(net: tn.Network, grown: xr.Dataset) -> None:
    run = tn.simulate(net, grown, schedule=[("hopf", 1.0), ("line-attractor", 1.0), ("two-well", 1.0)])
    assert np.isfinite(run["output"]).all()
    assert set(run["segment"].values) == {"hopf", "line-attractor", "two-well"}


def test_a_grown_bank_survives_the_file_and_grows_on(net: tn.Network, grown: xr.Dataset, tmp_path) -> None:
    back = tn.load(tn.save(grown, tmp_path / "bank.nc"))
    xr.testing.assert_identical(back, grown)
    more = tn.fit(net, decay(), into=back, progress=False, **QUICK)
    np.testing.assert_array_equal(more["bias"].values[:3], grown["bias"].values)
    assert list(more["task"].values)[3:] == ["decay"]


def test_an_older_bank_without_the_newer_variables_still_grows(net: tn.Network, bank: xr.Dataset) -> None:
    old = bank.drop_vars(NEW)
    made = tn.fit(net, "line-attractor", into=old, progress=False, **QUICK)
    for name, variable in old.variables.items():
        kept = made[name].isel({d: slice(n) for d, n in variable.sizes.items()})
        np.testing.assert_array_equal(kept.values, variable.values, err_msg=name)
    assert list(made["method"].values[:2]) == ["", ""]
    assert np.isnan(made["learning_seed"].values[:2]).all()
    assert made["learning_seed"].values[2] == 0


def test_a_longer_history_than_the_old_one_fits(net: tn.Network, bank: xr.Dataset) -> None:
    old = bank.isel(epoch=slice(2))
    made = tn.fit(net, "line-attractor", into=old, progress=False, **QUICK)
    assert made.sizes["epoch"] > 2
    np.testing.assert_array_equal(made["loss"].values[:2, :2], old["loss"].values)


def test_a_bank_of_another_network_is_refused_before_a_step(bank: xr.Dataset) -> None:
    other = tn.Network(units=UNITS, seed=1)
    with pytest.raises(ValueError, match=r"learned on network .*, not on this one"):
        tn.fit(other, "cosine", into=bank, progress=refuse, **QUICK)


def test_a_task_that_is_there_already_is_refused_before_a_step(net: tn.Network, bank: xr.Dataset) -> None:
    with pytest.raises(ValueError, match=r"holds task 'two-well' already; leave it out"):
        tn.fit(net, ["cosine", "two-well"], into=bank, progress=refuse, **QUICK)


def test_what_is_no_bank_is_refused(net: tn.Network) -> None:
    with pytest.raises(ValueError, match="not a bank"):
        tn.fit(net, "cosine", into=tn.task("hopf").trajectory(1.0, 0.1), progress=refuse, **QUICK)


# ---------------------------------------------------------------- memory=


@pytest.mark.parametrize("solver", ["auto", "primal", "dual", "matrix-free"])
def test_too_little_memory_is_said_before_any_step(net: tn.Network, solver: str) -> None:
    with pytest.raises(MemoryError, match=r"raise memory="):
        tn.fit(net, "hopf", memory=1e-6, solver=solver, progress=refuse, **QUICK)


def test_memory_that_suffices_for_the_first_stage_only_is_refused_before_any_step(net: tn.Network) -> None:
    with pytest.raises(MemoryError, match=r"raise memory="):
        tn.fit(net, "hopf", memory=0.3, solver="dual", progress=refuse, **QUICK)


ROUNDING, JOINED = 1e-6, 1e-3  # relative: how many rows are joined in a sweep goes by the windows of a tile
TILED = {
    "low-rank": ({}, {"tasks": "hopf"}, ROUNDING),
    "low-rank, trajectory": ({}, {"tasks": "hopf", "objective": "trajectory"}, ROUNDING),
    "dense": ({"synapses": "dense", "transfer": "tanh", "gain": 0.9, "components": 2}, {"tasks": "hopf"}, JOINED),
}


def after_two_steps(net: tn.Network, **call: object) -> xr.Dataset:
    """The bank of a fit that is interrupted then."""
    steps: list[dict] = []

    def few(event: dict) -> None:
        steps.append(event)
        if len(steps) == 2:
            raise KeyboardInterrupt

    return tn.fit(net, progress=few, **call, **QUICK)


@pytest.mark.parametrize(("given", "call", "close"), TILED.values(), ids=TILED)
def test_little_memory_gives_the_same_biases_in_tiles(given: dict, call: dict, close: float) -> None:
    """Sums in another order differ by rounding, which few steps do not amplify."""
    small = tn.Network(units=40, seed=0, **given)
    made = {
        memory: after_two_steps(small, memory=memory, solver="primal", precision="float64", **call)
        for memory in (4.0, 3e-3)
    }
    np.testing.assert_allclose(made[3e-3]["bias"], made[4.0]["bias"], rtol=close, atol=1e-3 * close)
    np.testing.assert_allclose(made[3e-3]["loss"], made[4.0]["loss"], rtol=close)


@pytest.mark.parametrize("case", ["low-rank", "low-rank, trajectory"])
def test_small_pieces_give_the_same_biases(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays of a page and responses of three samples at a time, all of them kept."""
    given, call, close = TILED[case]
    small, made = tn.Network(units=40, seed=0, **given), []
    for piece in (1 << 24, 1 << 12):
        monkeypatch.setattr("tonicnet.solve._residual._PIECE", piece)
        monkeypatch.setattr("tonicnet.learn._field_residual.CACHED", piece // 4)
        made.append(after_two_steps(small, solver="primal", precision="float64", **call))
    np.testing.assert_allclose(made[1]["bias"], made[0]["bias"], rtol=close, atol=1e-3 * close)
    np.testing.assert_allclose(made[1]["loss"], made[0]["loss"], rtol=close)


# ---------------------------------------------------------------- names and numbers


BAD = [
    ({"device": "tpu"}, r"device is a torch device .*'tpu'"),
    ({"device": "mps"}, r'must be "cpu" or "cuda"'),
    ({"device": "cuda"}, r"torch sees no CUDA here"),
    ({"device": "cuda:1"}, r"torch sees no CUDA here"),
    ({"solver": "duel"}, "Did you mean 'dual'"),
    ({"solver": "matrix_free"}, "Did you mean 'matrix-free'"),
    ({"precision": "flaot32"}, "Did you mean 'float32'"),
    ({"precision": "bfloat"}, "Did you mean 'bfloat16'"),
    ({"restarts": -1}, "restarts must be a whole number of at least 0"),
    ({"rounds": -1}, "rounds must be a whole number of at least 0"),
    ({"rounds": 1.5}, "rounds must be a whole number"),
    ({"memory": 0.0}, "memory is a positive number of GiB"),
    ({"memory": math.inf}, "memory is a positive number of GiB"),
]


@pytest.mark.parametrize(("given", "sentence"), BAD, ids=[str(given) for given, _ in BAD])
def test_bad_settings_get_one_sentence(
    net: tn.Network, monkeypatch: pytest.MonkeyPatch, given: dict, sentence: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=sentence) as caught:
        tn.fit(net, "hopf", progress=refuse, **QUICK | given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("restarts", [0, 1])
def test_restarts_may_be_none_or_one(restarts: int) -> None:
    seen: list[int] = []
    small = tn.Network(units=40, seed=0)
    bank = tn.fit(
        small, "two-well", progress=lambda e: seen.append(e["restart"]), noise=0.0, **QUICK | {"restarts": restarts}
    )
    assert bank.sizes["task"] == 1
    assert set(seen) <= set(range(restarts + 1))


def test_a_restart_is_made_while_starts_are_lost() -> None:
    """A network of three units has no two wells; it is tried again just once."""
    seen: list[int] = []
    bank = tn.fit(
        tn.Network(units=3, seed=0, components=2),
        "hopf",
        progress=lambda e: seen.append(e["restart"]),
        **QUICK | {"restarts": 1},
    )
    assert set(seen) == {0, 1}
    assert bank["lost"].item() > 0
    assert "restart 1" in str(bank["outcome"].item())


# ---------------------------------------------------------------- what is told


def test_the_bank_says_what_was_picked(bank: xr.Dataset) -> None:
    for said in bank["method"].values:
        assert str(said).startswith("field, primal Gauss-Newton steps")
    assert bank.attrs["method"] == "auto"


PICKED = {
    "trajectory": ({"objective": "trajectory"}, "trajectory, "),
    "matrix-free": ({"solver": "matrix-free"}, "field, matrix-free Gauss-Newton steps"),
    "first-order": ({"method": "amsgrad", "steps": 1}, "field, AMSGrad"),
}


@pytest.mark.parametrize(("given", "said"), PICKED.values(), ids=PICKED)
def test_the_method_that_was_picked_is_kept_when_interrupted(net: tn.Network, given: dict, said: str) -> None:
    def stop(event: dict) -> None:
        raise KeyboardInterrupt

    bank = tn.fit(net, "hopf", progress=stop, **QUICK | given)
    assert str(bank["method"].item()).startswith(said)


def test_every_event_tells_the_time_left(learned: tuple[xr.Dataset, list[dict]]) -> None:
    bank, events = learned
    assert len(events) == np.isfinite(bank["loss"].values).sum()
    for event in events:
        assert set(event) == {"task", "stage", "step", "loss", "score", "left", "restart", "judged", "bias"}
        assert type(event["left"]) is float
        assert 0 <= event["left"] < math.inf
    first = [e for e in events if e["task"] == "hopf" and e["stage"] == events[0]["stage"]]
    assert len(first) == 8  # three fifths of the steps asked for, on few states
    assert first[-1]["left"] == 0  # nothing is left of a stage that is not scored


# ---------------------------------------------------------------- solvers

SOLVED = {
    "dual": {"solver": "dual", "objective": "trajectory", "steps": 12},
    "matrix-free": {"solver": "matrix-free", "steps": 20},
}


@pytest.mark.parametrize("call", SOLVED.values(), ids=SOLVED)
def test_every_solver_learns_the_cycle(call: dict) -> None:
    net = tn.Network(units=UNITS, seed=0, components=2)
    bank = tn.fit(net, "hopf", progress=False, **QUICK | call)
    assert abs(bank["period_error"].item()) < 0.05
    assert bank["lost"].item() == 0
    assert f"{call['solver']} Gauss-Newton steps" in str(bank["method"].item())
