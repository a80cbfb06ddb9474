"""How many dimensions a run uses: the participation ratio."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from ._run import Labelled, single

_BLOCKS = 10


def participation_ratio_of(x: Float[np.ndarray, "time unit"]) -> float:
    """Return (sum_i l_i)^2 / sum_i l_i^2 of the eigenvalues l of the covariance: 1 for a line, d for a ball.

    Source: Gao et al. (2017), doi:10.1101/214262.

    >>> import numpy as np
    >>> from tonicnet.measure import participation_ratio_of
    >>> t = np.arange(0, 20 * np.pi, 0.01)
    >>> round(participation_ratio_of(np.stack([np.sin(t), np.cos(t), 0 * t], axis=1)), 3)
    2.0
    """
    return _ratio(_covariance(x))


def participation_ratio(run: Labelled) -> xr.Dataset:
    """Measure how many dimensions the rates of a run use (its outputs, where it holds no rates).

        PR = (sum_i l_i)^2 / sum_i l_i^2,   l: eigenvalues of the covariance over time

    Arguments: ``run``, one segment with its transient discarded; its ``rate(trial, time, unit)`` if there
    (``tn.simulate(..., rates=True)``), else ``output``.
    Returns per trial ``participation_ratio``, its standard error ``participation_ratio_error`` (leaving out one
    tenth of the run at a time), and ``variance_share(trial, mode)``, largest first. The attribute ``variable`` says
    of what. NaN where nothing moves. Raises ValueError for fewer than 20 samples, samples that are not finite.
    Source: Gao et al. (2017), doi:10.1101/214262.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import participation_ratio
    >>> t = np.arange(0, 100, 0.1)
    >>> ring = xr.DataArray(np.stack([np.sin(t), np.cos(t)], 1), dims=("time", "component"), coords={"time": t})
    >>> round(float(participation_ratio(ring).participation_ratio[0]), 2)
    2.0
    """
    stretch = single(run)
    of_rates = isinstance(run, xr.Dataset) and "rate" in run
    values = run["rate"].transpose("trial", "time", "unit").values if of_rates else stretch.values
    if values.shape[1] < 2 * _BLOCKS:
        raise ValueError(
            f"the run is too short: {values.shape[1]} samples, a participation ratio with its error needs at least "
            f"{2 * _BLOCKS} (and far more than it has dimensions)"
        )
    if not np.isfinite(values).all():
        raise ValueError("the run holds rates that are not finite; cut it before")
    found = [_with_error(np.asarray(x, dtype=np.float64)) for x in values]
    shares = [np.linalg.eigvalsh(_covariance(x))[::-1] for x in values]
    with np.errstate(invalid="ignore"):
        parts = np.array([np.maximum(s, 0) / np.maximum(s, 0).sum() for s in shares])
    name = "participation ratio"
    variables = {
        "participation_ratio": Variable(("trial",), [f[0] for f in found], "1", name),
        "participation_ratio_error": Variable(("trial",), [f[1] for f in found], "1", f"standard error of the {name}"),
        "variance_share": Variable(("trial", "mode"), parts, "1", "share of variance, largest first"),
    }
    return dataset(variables, stretch.trial, task=stretch.task, variable="rate" if of_rates else "output")


def _covariance(x: Float[np.ndarray, "time unit"]) -> Float[np.ndarray, "unit unit"]:
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x)


def _ratio(covariance: Float[np.ndarray, "unit unit"]) -> float:
    """Return the ratio from traces: no eigenvalue is needed."""
    square = float((covariance**2).sum())
    return float(np.trace(covariance)) ** 2 / square if square > 0 else np.nan


def _with_error(x: Float[np.ndarray, "time unit"]) -> tuple[float, float]:
    """Return the ratio and its jackknife error, from the moments of tenths of the run."""
    parts = np.array_split(x - x.mean(axis=0), _BLOCKS)
    count = np.array([len(p) for p in parts])
    first, second = np.array([p.sum(axis=0) for p in parts]), np.array([p.T @ p for p in parts])

    def without(i: int) -> float:
        n = count.sum() - count[i]
        mean = (first.sum(axis=0) - first[i]) / n
        return _ratio((second.sum(axis=0) - second[i]) / n - np.outer(mean, mean))

    left = [without(i) for i in range(_BLOCKS)]
    return _ratio(_covariance(x)), float(np.sqrt((_BLOCKS - 1) * np.var(left)))
