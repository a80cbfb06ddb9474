"""Tasks that random networks set: their equations, their kinks, and their doors."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.task import sample_set


@pytest.mark.parametrize("law", ["gaussian", "uniform"])
def test_a_teacher_of_samples_is_positively_homogeneous_and_has_unit_like_variance(law: str) -> None:
    task = tn.teacher_samples(8, 200, law=law, samples=4000)
    x = sample_set(task).inputs
    assert np.abs(x.std(axis=0) - 1).max() < 0.08
    powers = [
        (sample_set(tn.teacher_samples(8, 200, law=law, samples=400, seed=s)).targets ** 2).mean() for s in range(60)
    ]
    assert np.mean(powers) == pytest.approx(0.5, rel=0.25)  # over draws of a, since E max(u, 0)^2 = 1/2
    few = tn.teacher_samples(8, 1, law=law, samples=400)
    one = sample_set(few)
    active = one.targets[:, 0] != 0
    fitted = np.linalg.lstsq(one.inputs[active], one.targets[active], rcond=None)[0]
    np.testing.assert_allclose(one.inputs[active] @ fitted, one.targets[active], atol=1e-9)
    assert ((one.inputs @ fitted * np.sign(one.targets.sum()) > 0)[:, 0] == active).all()


def test_samples_near_kinks_are_near_them() -> None:
    """One unit: its input is ten times smaller at all samples; the rest of each sample is as it was."""
    plain, near = (sample_set(tn.teacher_samples(6, 1, near=share, samples=3000)) for share in (0.0, 1.0))
    moved = near.inputs - plain.inputs
    direction = np.linalg.svd(moved, full_matrices=False)[2][0]
    np.testing.assert_allclose(moved, np.outer(moved @ direction, direction), atol=1e-9)
    assert (near.inputs @ direction).std() == pytest.approx(0.1, rel=0.1)
    assert (plain.inputs @ direction).std() == pytest.approx(1.0, rel=0.1)


def test_a_teacher_circuit_is_its_equation() -> None:
    task = tn.teacher_flow(6, gain=1.5, seed=3)
    x = np.random.default_rng(0).normal(size=(50, 6))
    drive = np.arctanh(task.flow(0.1 * x) + 0.1 * x)
    synapses = np.linalg.lstsq(0.1 * x, drive, rcond=None)[0]
    np.testing.assert_allclose(0.1 * x @ synapses, drive, atol=1e-9)
    assert synapses.std() == pytest.approx(1.5 / 6**0.5, rel=0.3)
    assert np.isfinite(task.trajectory(2.0, 0.1)["output"]).all()


@pytest.mark.parametrize(
    "make", [lambda: tn.teacher_samples(4, 3, samples=50, seed=2), lambda: tn.teacher_flow(3, seed=2)]
)
def test_teachers_are_rebuilt_from_short_specs(make) -> None:
    task = make()
    text = json.dumps(task.to_dict())
    assert len(text) < 1500
    for back in (tn.Task.from_dict(json.loads(text)), pickle.loads(pickle.dumps(task))):
        if task.kind == "regression":
            assert sample_set(back).sha256 == sample_set(task).sha256
        else:
            x = np.ones((2, 3))
            np.testing.assert_array_equal(back.flow(x), task.flow(x))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tn.teacher_samples(0), "inputs"),
        (lambda: tn.teacher_samples(law="cauchy"), "unknown law of weights 'cauchy'"),
        (lambda: tn.teacher_samples(near=1.5), "near"),
        (lambda: tn.teacher_samples(10**5, samples=10**6), "are more than 10000000; give fewer"),
        (lambda: tn.teacher_flow(gain=-1.0), "gain"),
        (lambda: tn.teacher_flow(10**5), "give some tens"),
    ],
)
def test_what_no_teacher_has_is_one_sentence(call, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_students_learn_of_their_teachers() -> None:
    task = tn.teacher_samples(4, 3, samples=800)
    net = tn.Network(120, seed=0, inputs=4, outputs=1, synapses="feed-forward", transfer="relu")
    assert tn.fit(net, task, progress=False)["r_squared"].item() > 0.8
    circuit = tn.Network(120, seed=0, components=3, transfer="tanh", decoder_scale=4.0)
    bank = tn.fit(circuit, tn.teacher_flow(3), rounds=0, restarts=0, progress=False)
    assert bank["field_error"].item() < 0.7
