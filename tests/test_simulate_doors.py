"""What is wrong with a run is said in one sentence, before it starts."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn

NET = tn.Network(20, seed=0, transfer="tanh")
B = np.zeros(20)


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({}, ValueError, "give either duration="),
        ({"duration": 1.0, "schedule": [("one", 1.0)]}, ValueError, "give either duration="),
        ({"duration": -1.0}, ValueError, "positive number of seconds, got -1"),
        ({"duration": float("nan")}, ValueError, "positive number of seconds"),
        ({"duration": 0.001}, ValueError, "shorter than one step of 0.01 s"),
        ({"duration": 1.0, "task": "one"}, ValueError, "task 'one' names a row of a bank; a bare bias vector has none"),
        ({"schedule": [("one", 1.0)]}, ValueError, "needs a bank"),
        ({"duration": 1.0, "dt": 0.0}, ValueError, "dt is a positive number of seconds, got 0.0"),
        ({"duration": 1.0, "dt": -0.1}, ValueError, "dt is a positive number"),
        ({"duration": 1.0, "dt": float("nan")}, ValueError, "dt is a positive number"),
        ({"duration": 1.0, "dt": 0.2}, ValueError, "dt 0.2 s is longer than tau 0.1 s; use tau / 5"),
        ({"duration": 1.0, "method": "rk5"}, ValueError, "unknown method 'rk5'. Did you mean 'rk4'"),
        ({"duration": 1.0, "dtype": "float16"}, ValueError, "unknown dtype 'float16'"),
        ({"duration": 1.0, "trials": 0}, ValueError, "trials must be a whole number of at least 1, got 0"),
        ({"duration": 1.0, "trials": 2.5}, ValueError, "trials must be a whole number"),
        ({"duration": 1.0, "trials": True}, ValueError, "trials must be a whole number"),
        ({"duration": 1.0, "every": 0}, ValueError, "every must be a whole number of at least 1"),
        ({"duration": 1.0, "noise": -1.0}, ValueError, "noise is a standard deviation"),
        ({"duration": 1.0, "noise": float("nan")}, ValueError, "noise is a standard deviation"),
        ({"duration": 1.0, "initial": np.zeros(4)}, ValueError, r"initial is .* with 3 components .*got shape \(4,\)"),
        ({"duration": 1.0, "initial": np.zeros((0, 3))}, ValueError, r"got shape \(0, 3\)"),
        ({"duration": 1.0, "initial": np.zeros((1, 0, 3))}, ValueError, r"got shape \(1, 0, 3\)"),
        ({"duration": 1.0, "initial": np.zeros((1, 1, 1, 3))}, ValueError, r"initial has shape .* got \(1, 1, 1, 3\)"),
        ({"duration": 1.0, "initial": [0, np.nan, 0]}, ValueError, "initial holds values that are not finite"),
        ({"duration": 1.0, "initial": np.zeros((2, 3)), "trials": 3}, ValueError, "2 trials and trials=3"),
        ({"duration": 0.1, "inputs": np.zeros((9, 3))}, ValueError, r"inputs must be .*\(10, 3\).*got \(9, 3\)"),
        ({"duration": 0.1, "inputs": np.zeros((10, 2))}, ValueError, r"got \(10, 2\)"),
        ({"duration": 0.1, "inputs": np.zeros((2, 10, 3))}, ValueError, "with 1 trials in front"),
        (
            {"duration": 0.1, "inputs": np.full((10, 3), np.inf)},
            ValueError,
            "array of inputs has missing .* first at step 0, component 0",
        ),
    ],
)
def test_a_bad_argument(bad, error, said):
    with pytest.raises(error, match=said) as caught:
        tn.simulate(NET, B, **bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (np.zeros(19), r"shape \(20,\), got \(19,\)"),
        (np.zeros((20, 1)), r"a bias vector has shape \(unit,\), got \(20, 1\)"),
        (np.r_[np.zeros(7), np.nan, np.zeros(12)], "bias of unit 7 is not finite"),
        (0.0, r"got \(\)"),
    ],
)
def test_a_bad_bias_vector(vector, said):
    with pytest.raises(ValueError, match=said):
        tn.simulate(NET, vector, duration=0.1)


def test_a_bank_of_another_network_names_both_and_the_remedy(bank_of):
    other = tn.Network(20, seed=1, transfer="tanh")
    with pytest.raises(ValueError, match="load_network") as caught:
        tn.simulate(NET, bank_of(other), task="one", duration=0.1)
    assert NET.sha256 in str(caught.value)
    assert other.sha256 in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b.drop_vars("bias"), "not a bank"),
        (lambda b: b.isel(task=0).drop_vars("task"), "not a bank"),
        (lambda b: b.isel(unit=slice(0, 19)), "biases for 19 units, the network has 20"),
        (lambda b: b.assign(bias=b["bias"] * np.nan), "values of 'bias' that are not finite"),
        (lambda b: b.assign(center=b["center"] * np.inf), "values of 'center' that are not finite"),
        (lambda b: b.drop_vars("scale"), "this bank has no 'scale'"),
        (lambda b: xr.Dataset(), "not a bank"),
    ],
)
def test_a_damaged_bank(bank_of, change, said):
    with pytest.raises(ValueError, match=said):
        tn.simulate(NET, change(bank_of(NET)), task="one", duration=0.1)


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"duration": 1.0}, ValueError, r"holds 2 tasks; say which with task= \(one of lorenz, hopf\)"),
        (
            {"duration": 1.0, "task": "lorentz"},
            ValueError,
            "unknown task in this bank 'lorentz'. Did you mean 'lorenz'",
        ),
        ({"schedule": [("hopff", 1.0)]}, ValueError, "Did you mean 'hopf'"),
        ({"schedule": []}, ValueError, "the schedule is empty"),
        ({"schedule": "hopf"}, TypeError, r"list of \(task, seconds\) pairs"),
        ({"schedule": 5}, TypeError, r"list of \(task, seconds\) pairs"),
        ({"schedule": {"hopf": 1.0}}, TypeError, r"list of \(task, seconds\) pairs"),
        ({"schedule": ["hopf", "hopf"]}, TypeError, r"list of \(task, seconds\) pairs"),
        ({"schedule": [("hopf", 0.0)]}, ValueError, "positive number of seconds, got 0"),
        ({"schedule": [("hopf", 0.001)]}, ValueError, "segment 'hopf' of 0.001 s is shorter than one step"),
        ({"schedule": [("hopf", 1.0)], "task": "hopf"}, ValueError, "a schedule names its tasks"),
    ],
)
def test_a_bad_choice_of_tasks(bank_of, how, error, said):
    with pytest.raises(error, match=said):
        tn.simulate(NET, bank_of(NET, ("lorenz", "hopf")), **how)


def test_one_task_needs_no_name_and_fewer_components_will_do(bank_of):
    bank = bank_of(NET, ("only",), dimension=[2])
    run = tn.simulate(NET, bank, duration=0.1, initial=[1.0, 2.0])
    assert run["segment"].values[0] == "only"
    assert np.allclose(run["output"][0, 0], [1.0, 2.0, bank["center"].values[0, 2]])
    assert np.allclose(tn.simulate(NET, bank, duration=0.1, initial=[1.0, 2.0, 3.0])["output"][0, 0], [1, 2, 3])
    with pytest.raises(ValueError, match="with 2 components for task 'only'"):
        tn.simulate(NET, bank, duration=0.1, initial=[1.0])


def test_a_run_that_blows_up_names_the_time():
    net = tn.Network(30, seed=0, synapses="dense", gain=5.0, transfer="relu", feedback=False)
    with pytest.raises(ValueError, match=r"not finite from [\d.]+ s on; use a smaller dt") as caught:
        tn.simulate(net, np.ones(30), duration=100.0, dt=0.1)
    time = float(str(caught.value).split("from ")[1].split(" s")[0])
    before = tn.simulate(net, np.ones(30), duration=time - 0.1, dt=0.1)
    assert np.isfinite(before["output"]).all()
    assert np.abs(before["output"]).max() > 1e290


def test_a_discrete_network_runs_at_its_own_step():
    net = tn.Network(20, seed=0, transfer="tanh", dt=0.1)
    assert np.allclose(tn.simulate(net, B, duration=1.0)["time"], 0.1 * np.arange(11))
    assert tn.simulate(net, B, duration=1.0, dt=0.1, method="euler").sizes["time"] == 11
    for bad in ({"dt": 0.05}, {"method": "rk4"}):
        with pytest.raises(ValueError, match=r"a discrete network runs at its own dt 0.1 s"):
            tn.simulate(net, B, duration=1.0, **bad)


def test_a_labelled_bias_is_as_good_as_a_bare_one(bank_of):
    bank = bank_of(NET)
    one = tn.simulate(NET, bank["bias"].sel(task="one"), duration=0.1)
    two = tn.simulate(NET, bank["bias"].sel(task="one").values, duration=0.1)
    assert one["output"].equals(two["output"])
    assert one["segment"].values[0] == "bias"
