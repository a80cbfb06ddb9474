"""How long a prediction holds, on plain arrays: trials of truth and prediction from the same starts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..._numbers import positive
from ._door import axes, door, not_negative, number
from ._spread import total_variance

THRESHOLD = 0.4


@door(
    truth=axes("trial time component"),
    run=axes("trial time component"),
    dt=positive,
    threshold=number,
    variance=not_negative,
)
def valid_time_of(
    truth: Float[np.ndarray, "trial time component"],
    run: Float[np.ndarray, "trial time component"],
    dt: float,
    *,
    threshold: float = THRESHOLD,
    variance: float | None = None,
) -> Float[np.ndarray, " trial"]:
    """Return per trial the first time at which the normalised error exceeds ``threshold``.

        t_valid = min { t : |run(t) - truth(t)| / sqrt(variance) > threshold }

    ``variance`` is the total variance (summed over components) of the attractor; without it, that of the
    given truth over all trials and times. A trial that never exceeds gets its whole length, S dt; a sample
    that is not finite exceeds.

    Source: Pathak et al. (2018), doi:10.1103/PhysRevLett.120.024102.

    >>> import numpy as np
    >>> from tonicnet.measure import valid_time_of
    >>> truth = np.zeros((1, 100, 1))
    >>> found = np.linspace(0, 1, 100)[None, :, None]
    >>> float(valid_time_of(truth, found, 0.1, variance=1.0)[0])
    4.0
    """
    exceeds = ~(normalised_error_of(truth, run, variance) <= threshold)
    first = np.where(exceeds.any(axis=1), exceeds.argmax(axis=1), exceeds.shape[1])
    return first * float(dt)


@door(truth=axes("trial time component"), run=axes("trial time component"), variance=not_negative)
def normalised_error_of(
    truth: Float[np.ndarray, "trial time component"],
    run: Float[np.ndarray, "trial time component"],
    variance: float | None = None,
) -> Float[np.ndarray, "trial time"]:
    """Return the norm of the error over the square root of the total variance.

    >>> truth = np.zeros((1, 2, 2))
    >>> normalised_error_of(truth, truth + [3.0, 4.0], variance=25.0).tolist()
    [[1.0, 1.0]]
    """
    total = total_variance(truth) if variance is None else variance
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(((run - truth) ** 2).sum(axis=-1) / total)
