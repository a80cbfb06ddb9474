"""How many dimensions a run uses: the participation ratio."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ._run import Labelled, single
from .arrays._participation_ratio import BLOCKS, covariance, ratio_with_error


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
    if values.shape[1] < 2 * BLOCKS:
        raise ValueError(
            f"the run is too short: {values.shape[1]} samples, a participation ratio with its error needs at least "
            f"{2 * BLOCKS} (and far more than it has dimensions)"
        )
    if not np.isfinite(values).all():
        raise ValueError("the run holds rates that are not finite; cut it before")
    found = [ratio_with_error(np.asarray(x, dtype=np.float64)) for x in values]
    shares = [np.linalg.eigvalsh(covariance(x))[::-1] for x in values]
    with np.errstate(invalid="ignore"):
        parts = np.array([np.maximum(s, 0) / np.maximum(s, 0).sum() for s in shares])
    name = "participation ratio"
    variables = {
        "participation_ratio": Variable(("trial",), [f[0] for f in found], "1", name),
        "participation_ratio_error": Variable(("trial",), [f[1] for f in found], "1", f"standard error of the {name}"),
        "variance_share": Variable(("trial", "mode"), parts, "1", "share of variance, largest first"),
    }
    return dataset(variables, stretch.trial, task=stretch.task, variable="rate" if of_rates else "output")
