"""What share of the variance of targets is explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import shown
from ._accuracy import paired


def r_squared(predicted: xr.Dataset | xr.DataArray, truth: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Return the share of the variance of targets that outputs explain, for each component and for all.

        R^2 = 1 - sum_s (y_s - x_s)^2 / sum_s (x_s - mean x)^2

    Arguments: ``predicted``, what :func:`tonicnet.predict` returns, and ``truth``, ``task.samples(part)`` of a
    regression; or outputs and targets (sample, component) themselves. They are paired by their samples. Returns
    ``r_squared(component)``, ``overall``, the same with sums over components too, and ``rmse(component)``. Raises
    ValueError for what has no outputs or targets, or other samples, and targets that do not vary.

    >>> x = xr.DataArray(np.arange(4.0)[:, None], dims=("sample", "component"))
    >>> float(r_squared(x + 0.5, x)["overall"])
    0.8
    """
    made, true = paired(_numbers(predicted, "output", "predicted"), _numbers(truth, "target", "truth"))
    if made.shape != true.shape:
        raise ValueError(f"predicted has shape {made.shape}, truth {true.shape}; both are (sample, component)")
    y, x = made.values.astype(float), true.values.astype(float)
    left, spread = ((y - x) ** 2).sum(axis=0), ((x - x.mean(axis=0)) ** 2).sum(axis=0)
    if not (spread > 0).all():
        raise ValueError(f"the targets of component {int(np.argmin(spread))} do not vary, so R^2 has no meaning")
    along = ("component",)
    names = true.coords["component"].values if "component" in true.coords else np.arange(x.shape[1])
    return dataset(
        {
            "r_squared": Variable(along, 1 - left / spread, "1", "share of variance explained"),
            "overall": Variable((), 1 - left.sum() / spread.sum(), "1", "share of variance explained, all components"),
            "rmse": Variable(along, np.sqrt(left / len(x)), "task", "root mean square error"),
        },
        {"component": Variable(along, names, "1", "component")},
        kind="r_squared",
    )


def _numbers(given: Any, name: str, what: str) -> xr.DataArray:
    if isinstance(given, xr.Dataset):
        if name not in given:
            raise ValueError(f"{what} has no {name} of each sample, it has {', '.join(map(str, given)) or 'nothing'}")
        given = given[name]
    if not isinstance(given, xr.DataArray):
        raise TypeError(f"{what} is a Dataset with {name}(sample, component), or these numbers, got {shown(given)}")
    if "sample" not in given.dims or given.ndim != 2 or not given.size:
        raise ValueError(f"{what} is (sample, component) and not empty, got dims {given.dims} of shape {given.shape}")
    return given.transpose("sample", ...)
