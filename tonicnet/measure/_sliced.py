"""Sliced Wasserstein distance: how far the states of a run would have to be carried to lie as the truth's."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from ._alone import whole
from ._orbit import spread_of
from ._pair import floor, paired
from ._run import Labelled, single


def sliced_wasserstein_of(
    truth: Float[np.ndarray, "time component"],
    made: Float[np.ndarray, "time2 component"],
    *,
    projections: int = 50,
    seed: int = 0,
) -> float:
    """Return the mean over directions of the Wasserstein distance of the projected states, in the truth's sd.

        SW = mean_w  mean_n | sort(X w)_n - sort(Y w)_n |,   |w| = 1,  w uniform

    Arguments: ``truth`` and ``made``, both (S, d), S the same; ``projections``, how many directions; their ``seed``.
    NaN where ``made`` is not finite. Raises ValueError for different lengths.
    Source: Bonneel et al. (2015), doi:10.1007/s10851-014-0506-3.

    >>> import numpy as np
    >>> from tonicnet.measure import sliced_wasserstein_of
    >>> x = np.random.default_rng(0).normal(size=(1000, 1))
    >>> round(sliced_wasserstein_of(x, x + 0.5 * x.std()), 6)
    0.5
    """
    if truth.shape != made.shape:
        raise ValueError(f"the sliced distance takes as many samples of both, got {truth.shape} and {made.shape}")
    if not np.isfinite(made).all():
        return np.nan
    rng = np.random.Generator(np.random.Philox(seed))
    w = rng.standard_normal((projections, truth.shape[1]))
    w = w / np.linalg.norm(w, axis=1, keepdims=True) / spread_of(truth)
    return float(np.mean([np.abs(np.sort(truth @ v) - np.sort(made @ v)).mean() for v in w]))


def sliced_wasserstein(
    run: Labelled, truth: Labelled, *, projections: int = 50, seed: int = 0, reference: Labelled | None = None
) -> xr.Dataset:
    """Measure how far the states of a run lie from the truth's: sliced Wasserstein distance, in the truth's sd.

        SW = mean_w  mean_n | sort(X w)_n - sort(Y w)_n |

    Blind to speed and order, so never alone: read it beside :func:`spectral_hellinger`. Unlike D_stsp it tells near
    from far, and needs no cells.

    Arguments: ``run`` and ``truth``, one segment each, at one step; both are cut to the shorter. ``projections``
    directions, drawn from ``seed``; ``reference``, an independent true run for the floor (else disjoint stretches
    of the truth). Returns ``sliced_wasserstein`` per trial (NaN where not finite), its floor, ``samples`` and
    ``duration``. Raises ValueError for different steps, missing dims, a truth that is not finite.
    Source: Bonneel et al. (2015), doi:10.1007/s10851-014-0506-3.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import sliced_wasserstein
    >>> t = np.arange(4000) * 0.1
    >>> wave = lambda a: xr.DataArray(a * np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(sliced_wasserstein(wave(1.2), wave(1.0)).sliced_wasserstein[0]), 2)
    0.18
    """
    pair = paired(single(run, finite=False), single(truth, "truth"))
    count, many = min(len(pair.run.time), len(pair.truth.time)), whole("projections", projections)
    true = pair.truth.values

    def score(a: Float[np.ndarray, "time component"], b: Float[np.ndarray, "time component"]) -> float:
        return sliced_wasserstein_of(a, b, projections=many, seed=seed)

    values = [score(true[i % len(true), :count], made[:count]) for i, made in enumerate(pair.run.values)]
    other = None if reference is None else paired(single(reference, "reference"), pair.truth).run
    own = floor(pair.truth, count, other, score)
    name = "sliced Wasserstein distance in sd"
    found = {
        "sliced_wasserstein": Variable(("trial",), values, "1", name),
        "sliced_wasserstein_floor": Variable((), own.value, "1", f"{name}, truth against truth"),
        "samples": Variable((), count, "1", "samples compared per trial, T"),
        "duration": Variable((), count * pair.truth.dt, "1", "task time compared per trial"),
    }
    return dataset(found, pair.run.trial, task=pair.truth.task, floor=own.source, projections=many, seed=seed)
