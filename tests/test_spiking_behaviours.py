"""A behaviour that was learned by rates runs in spikes, with its own inputs and by the same measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.spiking._codegen import target

DT, STEPS, PULSE, FREE = 0.05, 61, 6, 10
COUNT = 5  # new trials that are run


def flip_flop(trials: int, seed: int) -> tn.Task:
    """Trials of one bit: it takes the sign of each pulse and keeps it; free while a pulse lasts and shortly after."""
    rng = np.random.default_rng(seed)
    inputs, targets, mask = (np.full((trials, STEPS, 1), value) for value in (0.0, 0.0, 1.0))
    for n in range(trials):
        targets[n] = rng.choice([-1.0, 1.0])
        for at in (rng.integers(4, 10), rng.integers(30, 40)):
            sign = rng.choice([-1.0, 1.0])
            inputs[n, at : at + PULSE], targets[n, at:], mask[n, at : at + FREE] = 3 * sign, sign, 0
    return tn.Task.from_trials(inputs, targets, name="bit", dt=DT, mask=mask)


@pytest.fixture(scope="module")
def learned() -> tuple[tn.Network, xr.Dataset]:
    net = tn.Network(60, seed=0, components=1, transfer=tn.LIF(noise=0.3, dt=0.001))
    return net, tn.fit(net, flip_flop(10, seed=0), rounds=1, restarts=0, progress=False)


@pytest.fixture(scope="module")
def runs(learned) -> dict[str, xr.Dataset]:
    """New trials, and the runs of rates and of spikes with their inputs."""
    net, bank = learned
    trials = flip_flop(COUNT, seed=9).trials(COUNT, seed=0)
    given: dict[str, Any] = {
        "duration": (STEPS - 1) * DT / float(bank["speed"][0]), "inputs": trials["input"], "trials": COUNT,
        "initial": trials["target"].values[:, 0],
    }  # fmt: skip
    with target("numpy"):
        spikes = tn.spiking.simulate(net, bank, neurons_per_unit=5, codegen="numpy", seed=3, **given)
    deaf = tn.simulate(net, bank, **given | {"inputs": None})
    return {"trials": trials, "rate": tn.simulate(net, bank, **given), "spikes": spikes, "deaf": deaf}


def samples(run: xr.Dataset, trials: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Outputs and targets where these count, as the measures of samples take them."""
    at = np.rint(np.linspace(0, run.sizes["time"] - 1, STEPS)).astype(int)
    counts = trials["mask"].values > 0
    pair = run["output"].values[:, at], trials["target"].values
    made, true = (xr.DataArray(x[counts][:, None], dims=("sample", "component")) for x in pair)
    return made, true


def right(run: xr.Dataset, trials: xr.Dataset) -> float:
    made, true = samples(run, trials)
    return float(tn.measure.accuracy(*(np.sign(x[:, 0]) for x in (made, true)))["accuracy"])


def test_spikes_remember_as_rates_do(runs):
    assert right(runs["rate"], runs["trials"]) == 1.0
    assert right(runs["spikes"], runs["trials"]) > 0.99
    assert right(runs["deaf"], runs["trials"]) < 0.8


def test_the_same_measures_read_both(runs):
    explained = {
        kind: float(tn.measure.r_squared(*samples(runs[kind], runs["trials"]))["overall"])
        for kind in ("rate", "spikes")
    }
    assert explained["rate"] > 0.99
    assert explained["spikes"] > 0.95


def test_compare_holds_both_against_the_targets(runs):
    trials = runs["trials"]
    truth = trials[["target"]].rename(target="output").assign_attrs(kind="truth", task_kind="behaviour")
    found = tn.compare(runs["rate"], runs["spikes"], truth=truth)
    assert found["run"].values.tolist() == ["rate", "spiking"]
    assert found["lost_share"].values.tolist() == [[0.0, 0.0]]
    assert (found["attractor_distance"] < 0.2).all()


def test_noise_of_the_input_is_borne_by_both(learned, runs):
    net, bank = learned
    trials = runs["trials"]
    given = {
        "duration": (STEPS - 1) * DT / float(bank["speed"][0]), "inputs": trials["input"].isel(trial=[0]),
        "initial": trials["target"].values[:1, 0], "noise": 0.2,
    }  # fmt: skip
    rate, spikes = (
        door(net, bank, **given, **more)
        for door, more in ((tn.simulate, {}), (tn.spiking.simulate, {"codegen": "numpy", "neurons_per_unit": 2}))
    )
    some = trials.isel(trial=[0])
    assert right(rate, some) > 0.95
    assert right(spikes, some) > 0.95
