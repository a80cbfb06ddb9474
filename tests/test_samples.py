"""Tasks of samples: any container in, parts drawn by seed, round trips; predictions and their measures."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.task import sample_set

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
LABELS = RNG.integers(0, 3, 60)
TARGETS = X[:, :2] @ np.array([[1.0, 2.0], [0.5, -1.0]])
PICTURES = RNG.normal(size=(60, 5, 6))


def same(a: tn.Task, b: tn.Task) -> None:
    assert a.samples().drop_vars("feature", errors="ignore").equals(b.samples().drop_vars("feature", errors="ignore"))


# ---------------------------------------------------------------- containers

ROWS = [f"s{k}" for k in range(60)]
CONTAINERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "lists": lambda: (X.tolist(), LABELS.tolist()),
    "tensors": lambda: (torch.tensor(X), torch.tensor(LABELS)),
    "tensors with gradients": lambda: (torch.tensor(X, requires_grad=True), torch.tensor(LABELS)),
    "tables": lambda: (pd.DataFrame(X, columns=list("abcd")), pd.Series(LABELS)),
    "table and column of another order": lambda: (
        pd.DataFrame(X, index=ROWS), pd.Series(LABELS, index=ROWS).iloc[::-1]
    ),
    "labelled, dims turned": lambda: (
        xr.DataArray(X.T, dims=("feature", "sample"), coords={"sample": ROWS}),
        xr.DataArray(LABELS[::-1], dims="sample", coords={"sample": ROWS[::-1]}),
    ),
    "small whole numbers": lambda: (X, LABELS.astype(np.uint8)),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTAINERS)
def test_any_container_is_the_same_task(name):
    x, y = CONTAINERS[name]()
    task = tn.Task.from_samples(x, y, name="three")
    assert task.kind == "classification"
    assert task.components == ("0", "1", "2")
    same(task, tn.Task.from_samples(X, LABELS, name="three"))


def test_features_keep_their_names():
    task = tn.Task.from_samples(pd.DataFrame(X, columns=list("abcd")), TARGETS, name="t")
    assert task.samples()["feature"].values.tolist() == list("abcd")


def test_texts_and_truth_values_are_classes_and_decimals_are_targets():
    assert tn.Task.from_samples(X, np.array(["no", "yes"] * 30), name="t").components == ("no", "yes")
    assert tn.Task.from_samples(X, pd.Series(["b", "a"] * 30), name="t").components == ("a", "b")
    assert tn.Task.from_samples(X, X[:, 0] > 0, name="t").components == ("0", "1")
    assert tn.Task.from_samples(X, LABELS, name="t", classes=("x", "y", "z")).components == ("x", "y", "z")
    two = tn.Task.from_samples(X, TARGETS, name="t", components=("u", "v"))
    assert (two.kind, two.components, two.dimension) == ("regression", ("u", "v"), 2)
    one = tn.Task.from_samples(X[:, 0], X[:, 1], name="t")
    assert one.samples()["input"].dims == ("sample", "feature")
    assert one.samples()["target"].shape == (60, 1)
    table = pd.DataFrame(TARGETS, columns=["left", "right"])
    assert tn.Task.from_samples(X, table, name="t").components == ("left", "right")


def test_pictures_keep_their_axes():
    found = tn.Task.from_samples(PICTURES, LABELS, name="t").samples()
    assert found["input"].dims == ("sample", "row", "column")
    colours = tn.Task.from_samples(PICTURES.reshape(60, 5, 3, 2), LABELS, name="t").samples()
    assert colours["input"].dims == ("sample", "row", "column", "channel")
    again = tn.Task.from_samples(found, found["label"], name="t")  # what one task shows, another one takes
    same(again, tn.Task.from_samples(PICTURES, LABELS, name="t"))


# ---------------------------------------------------------------- parts


def test_parts_are_shares_of_every_class_drawn_by_seed():
    y = np.repeat([0, 1, 2], [20, 30, 50])
    x = np.arange(100.0)[:, None]
    task = tn.Task.from_samples(x, y, name="t", test=0.2, validation=0.25)
    for part, wanted in {"test": [4, 6, 10], "validation": [4, 6, 10], "train": [12, 18, 30]}.items():
        label = task.samples(part)["label"].values.astype(int)
        assert np.bincount(label).tolist() == wanted
    assert sorted(np.concatenate([task.samples(p)["input"].values[:, 0] for p in ("train", "validation", "test")])) == [
        *range(100)
    ]
    same(task, tn.Task.from_samples(x, y, name="t", test=0.2, validation=0.25))
    other = tn.Task.from_samples(x, y, name="t", test=0.2, validation=0.25, seed=1)
    assert set(other.samples("test")["sample"].values) != set(task.samples("test")["sample"].values)


def test_parts_of_their_own():
    task = tn.Task.from_samples(
        X, LABELS, name="t", test=(X[:9] + 1, LABELS[:9]), validation=(X[:7], LABELS[:7].astype(str))
    )
    np.testing.assert_array_equal(task.samples("test")["input"].values, X[:9] + 1)
    assert task.samples("train").sizes["sample"] == 60
    assert task.samples("validation")["label"].values.tolist() == [str(k) for k in LABELS[:7]]
    none = tn.Task.from_samples(X, LABELS, name="t", test=None, validation=0)
    assert none.samples("train").sizes["sample"] == 60
    assert none.samples("test").sizes["sample"] == 0


def test_inputs_are_scaled_by_what_is_learned_from():
    pixels = np.zeros((60, 2, 3))
    pixels[:, 0, 1] = RNG.normal(5, 2, 60)
    pixels[:50, 1, 2] = RNG.normal(0, 1e-3, 50)
    center, scale = sample_set(tn.Task.from_samples(pixels, LABELS, name="t")).scaled_by
    learned = tn.Task.from_samples(pixels, LABELS, name="t").samples("train")["input"].values.reshape(-1, 6)
    np.testing.assert_allclose(center, learned.mean(0))
    np.testing.assert_allclose(scale, np.sqrt(learned.var(0).mean()))
    table = X * [1, 10, 0, 100]
    task = tn.Task.from_samples(table, LABELS, name="t")
    center, scale = sample_set(task).scaled_by
    learned = task.samples("train")["input"].values
    np.testing.assert_allclose(scale[[0, 1, 3]], learned.std(0)[[0, 1, 3]])
    assert scale[2] > 0


# ---------------------------------------------------------------- what is wrong

BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "lengths": (lambda: (X, LABELS[:9]), ValueError, "x and y hold 60 and 9 samples"),
    "nan": (lambda: (np.where(X > 2, np.nan, X), LABELS), ValueError, "x is not finite, or masked, at sample"),
    "masked": (lambda: (np.ma.masked_greater(X, 2), LABELS), ValueError, "x is not finite, or masked"),
    "nan in y": (lambda: (X, np.r_[np.nan, X[1:, 0]]), ValueError, "y is not finite at sample 0, component 0"),
    "complex": (lambda: (X * 1j, LABELS), TypeError, "imaginary"),
    "objects": (lambda: (X, [object()] * 60), TypeError, "which may hold anything"),
    "ragged": (lambda: ([[1, 2], [3]] * 30, LABELS), TypeError, "rows have one length"),
    "a path": (lambda: ("pictures.npy", LABELS), TypeError, "x holds numbers"),
    "no samples": (lambda: (X[:0], LABELS[:0]), ValueError, "got shape"),
    "five axes": (lambda: (np.zeros((60, 1, 1, 1, 1)), LABELS), ValueError, r"got shape \(60, 1, 1, 1, 1\)"),
    "one-hot": (lambda: (X, np.eye(3, dtype=int)[LABELS]), ValueError, "of a one-hot code give .argmax"),
    "no sample dim": (lambda: (xr.DataArray(X, dims=("row", "feature")), LABELS), ValueError, "none is sample"),
    "other samples": (
        lambda: (pd.DataFrame(X, index=ROWS), pd.Series(LABELS, index=[r + "x" for r in ROWS])),
        ValueError, "name different samples",
    ),
    "one class": (lambda: (X, np.zeros(60, int)), ValueError, "two classes at least"),
    "a Dataset of something": (lambda: (xr.Dataset({"y": ("sample", LABELS)}), LABELS), ValueError, "variable input"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_samples_are_one_sentence(what):
    given, error, said = BAD[what]
    with pytest.raises(error, match=said) as caught:
        tn.Task.from_samples(*given(), name="t")
    assert "\n" not in str(caught.value)


OPTIONS = [
    ({"test": 1.0}, "test is a share of the samples, from 0 up to 1, or a pair"),
    ({"validation": "some"}, "validation is a share"),
    ({"test": (X,)}, "test is a share of the samples, or a pair"),
    ({"test": (X[:, :2], LABELS)}, r"samples of test have shape \(2,\), those of x \(4,\)"),
    ({"test": (X, LABELS + 5)}, "y of test holds the label '5'"),
    ({"test": (X, TARGETS)}, "not of the kind and width of y"),
    ({"test": 0.99}, "0 samples are left to learn from"),
    ({"classes": ("a", "b")}, "y holds the label 2, 2 classes are numbered 0 to 1"),
    ({"classes": ("a", "b", "c", "d")}, "no sample of class 'd' to learn from"),
    ({"components": ("a", "b", "c")}, "components are names of targets"),
    ({"shift": 1}, "shift moves pictures"),
    ({"shift": -1}, "shift is a whole number of pixels"),
    ({"seed": -1}, "seed must be a whole number"),
    ({"name": ""}, "needs a name"),
]


@pytest.mark.parametrize(("given", "said"), OPTIONS, ids=[str(list(o[0])) + o[1][:12] for o in OPTIONS])
def test_bad_options_are_one_sentence(given, said):
    with pytest.raises(ValueError, match=said) as caught:
        tn.Task.from_samples(X, LABELS, **{"name": "t", **given})
    assert "\n" not in str(caught.value)


def test_labels_that_are_none_of_the_classes_are_refused():
    with pytest.raises(ValueError, match="holds the label 'yes', which is none of no, maybe"):
        tn.Task.from_samples(X, np.array(["no", "yes"] * 30), name="t", classes=("no", "maybe"))
    with pytest.raises(ValueError, match="holds the label -1"):
        tn.Task.from_samples(X, LABELS - 1, name="t", classes=("a", "b", "c"))
    with pytest.raises(ValueError, match="shift 5 is larger than pictures"):
        tn.Task.from_samples(PICTURES, LABELS, name="t", shift=5)
    with pytest.raises(ValueError, match="decimal numbers, which are targets"):
        tn.Task.from_samples(X, TARGETS, name="t", classes=("a", "b"))


def test_there_are_no_runs():
    task = tn.Task.from_samples(X, LABELS, name="t")
    for ask in (lambda: task.trajectory(1.0, 0.1), lambda: task.initial(2), lambda: task.states(2),
                lambda: task.trials(2), lambda: task.flow(np.zeros(3))):  # fmt: skip
        with pytest.raises(TypeError, match=r"a task of samples has no time, and .* task.samples\(\)"):
            ask()
    with pytest.raises(TypeError, match="'hopf' is a cycle, which has no samples"):
        tn.task("hopf").samples()
    with pytest.raises(ValueError, match=r"unknown part of the samples 'tests'. Did you mean 'test'"):
        task.samples("tests")
    assert "classification" in task._repr_html_()


# ---------------------------------------------------------------- round trips


@pytest.mark.parametrize("kind", ["labels", "targets", "pictures"])
def test_round_trips(kind):
    given = {"labels": (X, LABELS), "targets": (X, TARGETS), "pictures": (PICTURES, LABELS)}[kind]
    task = tn.Task.from_samples(*given, name="t", title="three", shift=int(kind == "pictures"))
    back = tn.Task.from_dict(json.loads(json.dumps(task.to_dict())))
    same(task, back)
    assert sample_set(back).sha256 == sample_set(task).sha256
    assert back._spec == tn.Task.from_dict(back.to_dict())._spec
    same(task, pickle.loads(pickle.dumps(task)))
    assert copy.deepcopy(task) is task
    with pytest.raises(AttributeError, match="frozen"):
        task.name = "other"


def test_damaged_samples_are_refused():
    plain = tn.Task.from_samples(X, LABELS, name="t").to_dict()
    for key, bad in {"part": [0], "targets": [-1] * 60, "inputs": "x.npy", "shift": 3, "features": [3]}.items():
        damaged = plain | {"samples": plain["samples"] | {key: bad}}
        with pytest.raises((ValueError, TypeError)) as caught:
            tn.Task.from_dict(damaged)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"needs \[samples\] with"):
        tn.Task.from_dict({key: value for key, value in plain.items() if key != "samples"})


def test_the_digest_knows_every_number():
    one = sample_set(tn.Task.from_samples(X, LABELS, name="t")).sha256
    x = X.copy()
    x[3, 1] += 1e-12
    assert sample_set(tn.Task.from_samples(x, LABELS, name="t")).sha256 != one
    assert sample_set(tn.Task.from_samples(X, LABELS, name="t", seed=1)).sha256 != one


def test_many_samples_are_not_written_into_a_spec():
    task = tn.Task.from_samples(np.zeros((3000, 101)), np.arange(3000) % 2, name="t")
    with pytest.raises(ValueError, match="this set of samples holds 309000 numbers"):
        task.to_dict()


# ---------------------------------------------------------------- measures


def labels(*names: str, at: list[int] | None = None) -> xr.DataArray:
    coords = {} if at is None else {"sample": at}
    return xr.DataArray(list(names), dims="sample", coords=coords)


def test_accuracy_and_confusion_are_counts():
    made, true = labels("a", "b", "b", "c"), labels("a", "b", "a", "b")
    found = tn.measure.accuracy(made, true)
    assert float(found["accuracy"]) == 0.5
    assert float(found["accuracy_error"]) == 0.25
    assert found["recall"].values.tolist()[:2] == [0.5, 0.5]
    assert np.isnan(found["recall"].values[2])
    table = tn.measure.confusion(made, true)
    assert table["count"].values.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert table["share"].sel(truth="a", predicted="b").item() == 0.5
    assert table["count"].sum() == 4


def test_labels_are_paired_by_their_samples():
    made, true = labels("a", "b", "c", at=[4, 7, 5]), labels("b", "c", "a", at=[7, 5, 4])
    assert float(tn.measure.accuracy(made, true)["accuracy"]) == 1.0
    with pytest.raises(ValueError, match="different samples"):
        tn.measure.accuracy(made, labels("a", "b", "c", at=[4, 7, 6]))
    with pytest.raises(ValueError, match="predicted has 3 samples, truth 2"):
        tn.measure.accuracy(made, labels("a", "b"))
    with pytest.raises(TypeError, match="predicted is a Dataset with label"):
        tn.measure.accuracy(["a"], true)
    with pytest.raises(ValueError, match="truth has no label of each sample, it has x"):
        tn.measure.confusion(made, xr.Dataset({"x": 3}))
    with pytest.raises(ValueError, match="not empty"):
        tn.measure.confusion(made, labels())


def test_r_squared_is_one_minus_what_is_left():
    x = xr.DataArray(RNG.normal(size=(50, 2)) * [1, 10], dims=("sample", "component"))
    found = tn.measure.r_squared(x + np.array([0.5, 0.0]), x)
    left = 50 * 0.25 / ((x - x.mean("sample")) ** 2).sum("sample").values
    np.testing.assert_allclose(found["r_squared"], [1 - left[0], 1.0])
    assert found["rmse"].values.tolist() == [pytest.approx(0.5), 0.0]
    assert 0.99 < float(found["overall"]) < 1
    with pytest.raises(ValueError, match="component 1 do not vary"):
        tn.measure.r_squared(x, x * [1, 0])
    with pytest.raises(ValueError, match="both are"):
        tn.measure.r_squared(x, x.isel(component=[0]))
    with pytest.raises(ValueError, match="truth has no target"):
        tn.measure.r_squared(x, xr.Dataset())
    with pytest.raises(TypeError, match="predicted is a Dataset with output"):
        tn.measure.r_squared(np.zeros(3), x)
