"""The sliced Wasserstein distance on plain arrays: how far states would have to be carried to lie as the truth's."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..._names import shown
from ..._numbers import whole
from ..._random import generator
from ._door import axes, door
from ._spread import spread_of

_MOST = 100_000  # directions


@door(truth=axes("time component"), run=axes("time2 component"), projections=whole)
def sliced_wasserstein_of(
    truth: Float[np.ndarray, "time component"],
    run: Float[np.ndarray, "time2 component"],
    *,
    projections: int = 50,
    seed: int = 0,
) -> float:
    """Return the mean over directions of the Wasserstein distance of the projected states, in the truth's sd.

        SW = mean_w  mean_n | sort(X w)_n - sort(Y w)_n |,   |w| = 1,  w uniform

    Arguments: ``truth`` and ``run``, both (S, d), S the same; ``projections``, how many directions; their ``seed``.
    NaN where ``run`` is not finite. Raises ValueError for different lengths.
    Source: Bonneel et al. (2015), doi:10.1007/s10851-014-0506-3.

    >>> import numpy as np
    >>> from tonicnet.measure import sliced_wasserstein_of
    >>> x = np.random.default_rng(0).normal(size=(1000, 1))
    >>> round(sliced_wasserstein_of(x, x + 0.5 * x.std()), 6)
    0.5
    """
    if truth.shape != run.shape:
        raise ValueError(f"the sliced distance takes as many samples of both, got {truth.shape} and {run.shape}")
    if projections > _MOST:
        raise ValueError(f"projections must be {_MOST} at most, got {shown(projections)}; their mean changes no more")
    if not np.isfinite(run).all():
        return np.nan
    rng = generator(seed)
    w = rng.standard_normal((projections, truth.shape[1]))
    w = w / np.linalg.norm(w, axis=1, keepdims=True) / spread_of(truth)
    return float(np.mean([np.abs(np.sort(truth @ v) - np.sort(run @ v)).mean() for v in w]))
