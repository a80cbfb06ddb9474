"""What is fitted and how are two choices: trajectories or fields, by Gauss-Newton or by Adam."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn

UNITS = 40
QUICK = {"rounds": 0, "restarts": 0, "steps": 2, "seed": 0}
NET = tn.Network(UNITS, seed=0, components=2, transfer="tanh")
DENSE = tn.Network(UNITS, seed=0, components=2, transfer="tanh", synapses="dense")


def wave() -> tn.Task:
    t = np.arange(0, 12, 0.02)
    return tn.Task.from_array(np.stack([np.sin(t), np.cos(t)], axis=1), name="wave", dt=0.02)


def few(count: int, events: list[dict]):
    def progress(event: dict) -> None:
        events.append(event)
        if len(events) == count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(("method", "said"), [("adam", "trajectory, Adam"), ("amsgrad", "trajectory, AMSGrad")])
def test_adam_follows_trajectories_of_a_task_with_a_field(method: str, said: str) -> None:
    """Its first step moves every number by its rate, 0.02, against the gradient; then the loss falls."""
    events: list[dict] = []
    given = QUICK | {"objective": "trajectory", "method": method, "steps": 12}
    bank = tn.fit(NET, "hopf", progress=few(150, events), **given)
    assert bank["method"].item() == said
    moved = events[0]["bias"] - tn.learn.first_bias(NET, seed=0)
    np.testing.assert_allclose(np.abs(moved), 0.02, rtol=0.02)  # less where the gradient is next to nothing
    assert events[-1]["stage"] == events[0]["stage"]
    assert events[-1]["loss"] < 0.5 * events[0]["loss"]


@pytest.mark.parametrize("task", ["hopf", "go-no-go"])
def test_few_steps_are_few_steps(task: str) -> None:
    """Two steps are asked for: each stage takes one."""
    events: list[dict] = []
    net = DENSE if task == "hopf" else tn.Network(20, seed=0, components=4, transfer="tanh", synapses="dense")
    tn.fit(net, task, progress=events.append, **QUICK)
    stages = [event["stage"] for event in events]
    assert stages
    assert len(stages) == len(set(stages))


def test_the_two_objectives_are_different_stages_of_the_same_task() -> None:
    stages = {}
    for objective in ("field", "trajectory", "auto"):
        events: list[dict] = []
        bank = tn.fit(NET, "hopf", objective=objective, progress=few(1, events), **QUICK)
        stages[objective] = events[0]["stage"]
        assert bank.attrs["objective"] == objective
        assert bank["method"].item().startswith("trajectory" if objective == "trajectory" else "field")
    assert stages["auto"] == stages["field"] == "coarse field"
    assert stages["trajectory"].endswith(" steps")


@pytest.mark.parametrize(
    ("net", "task", "sentence"),
    [
        (DENSE, "hopf", 'objective "field" needs a low-rank network for task \'hopf\'; use "trajectory"'),
        (NET, wave(), 'objective "field" needs a vector field for task \'wave\'; use "trajectory"'),
    ],
    ids=["dense", "recording"],
)
def test_a_field_needs_a_low_rank_network_and_a_task_that_has_one(net: tn.Network, task: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        tn.fit(net, task, objective="field", progress=False)


@pytest.mark.parametrize(("name", "objective"), [("flow", "field"), ("trajectory", "trajectory")])
def test_earlier_names_of_methods_are_warned_of_and_still_understood(name: str, objective: str) -> None:
    with pytest.warns(
        FutureWarning, match=f'method="{name}" is what is fitted, not how: write objective="{objective}"'
    ):
        earlier = tn.fit(NET, "hopf", method=name, progress=few(2, []), **QUICK)
    now = tn.fit(NET, "hopf", objective=objective, progress=few(2, []), **QUICK)
    for variable in ("bias", "loss", "method"):
        np.testing.assert_array_equal(earlier[variable], now[variable])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"objective": "flow"}, r"unknown objective 'flow'\..* Known: auto, cross-entropy, field, squares, trajectory"),
        ({"objective": "feild"}, "Did you mean 'field'"),
        ({"method": "adm"}, "Did you mean 'adam'"),
        ({"method": "gauss"}, "Did you mean 'gauss-newton'"),
    ],
)
def test_unknown_choices_name_what_is_known(given: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        tn.fit(NET, "hopf", progress=False, **given)
