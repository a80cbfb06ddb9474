"""How often predicted classes are right, and which are taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import shown


def accuracy(predicted: xr.Dataset | xr.DataArray, truth: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Return the share of samples whose class is right, with its standard error, over all and for each class.

        accuracy = mean_s [predicted_s = true_s],      error = sqrt(accuracy (1 - accuracy) / samples)

    Arguments: ``predicted``, what :func:`tonicnet.predict` returns, and ``truth``, ``task.samples(part)``, both with
    ``label(sample)``; or these labels themselves. They are paired by their samples. Returns ``accuracy``,
    ``accuracy_error``, ``recall(label)``, the share right of the samples of a class (NaN where there is none), and
    ``samples``. Raises ValueError where there are no labels, or other samples, TypeError for what is not labelled.

    >>> labels = xr.DataArray(["a", "b", "b", "a"], dims="sample")
    >>> float(accuracy(labels, xr.DataArray(["a", "b", "a", "a"], dims="sample"))["accuracy"])
    0.75
    """
    made, true = _paired(predicted, truth)
    right = made == true
    share, known = float(right.mean()), np.unique(np.concatenate([made, true]))
    recall = [float(right[true == one].mean()) if (true == one).any() else np.nan for one in known]
    return dataset(
        {
            "accuracy": Variable((), share, "1", "share of samples whose class is right"),
            "accuracy_error": Variable((), np.sqrt(share * (1 - share) / len(true)), "1", "standard error"),
            "recall": Variable(("label",), recall, "1", "share right of the samples of a class"),
            "samples": Variable((), len(true), "1", "samples compared"),
        },
        {"label": Variable(("label",), known, "1", "class")},
        kind="accuracy",
    )


def confusion(predicted: xr.Dataset | xr.DataArray, truth: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Return how many samples of each class were taken for each: ``count(truth, predicted)``.

    Arguments and errors as for :func:`accuracy`. Also returns ``share``, the counts over the samples of the true class.

    >>> made, true = xr.DataArray(["a", "b", "b"], dims="sample"), xr.DataArray(["a", "b", "a"], dims="sample")
    >>> confusion(made, true)["count"].values.tolist()
    [[1, 1], [0, 1]]
    """
    made, true = _paired(predicted, truth)
    known = np.unique(np.concatenate([made, true]))
    count = np.zeros((len(known), len(known)), dtype=np.int64)
    np.add.at(count, (np.searchsorted(known, true), np.searchsorted(known, made)), 1)
    total = count.sum(axis=1, keepdims=True)
    both = ("truth", "predicted")
    return dataset(
        {
            "count": Variable(both, count, "1", "samples"),
            "share": Variable(both, np.where(total > 0, count / np.maximum(total, 1), np.nan), "1", "share of a class"),
        },
        {dim: Variable((dim,), known, "1", "class") for dim in both},
        kind="confusion",
    )


def _paired(predicted: Any, truth: Any) -> tuple[np.ndarray, np.ndarray]:
    made, true = paired(_labels(predicted, "predicted"), _labels(truth, "truth"))
    return made.values.astype(str), true.values.astype(str)


def _labels(given: Any, what: str) -> xr.DataArray:
    if isinstance(given, xr.Dataset):
        if "label" not in given:
            raise ValueError(f"{what} has no label of each sample, it has {', '.join(map(str, given)) or 'nothing'}")
        given = given["label"]
    if not isinstance(given, xr.DataArray):
        raise TypeError(f"{what} is a Dataset with label(sample), or these labels, got {shown(given)}")
    if given.dims != ("sample",) or not given.size:
        raise ValueError(f"{what} is (sample,) and not empty, got dims {given.dims} of shape {given.shape}")
    return given


def paired(made: xr.DataArray, true: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Return both in the order of the truth: by the names of their samples where both have them."""
    if "sample" in made.coords and "sample" in true.coords:
        here, there = made["sample"].values, true["sample"].values
        if len(here) != len(there) or not np.array_equal(np.sort(here), np.sort(there)):
            raise ValueError("predicted and truth are of different samples; take the same part for both")
        made = made.isel(sample=np.argsort(here)[np.argsort(np.argsort(there))])
    elif made.sizes["sample"] != true.sizes["sample"]:
        raise ValueError(f"predicted has {made.sizes['sample']} samples, truth {true.sizes['sample']}")
    return made, true
