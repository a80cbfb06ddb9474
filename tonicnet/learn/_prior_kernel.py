"""The kernel of untrained networks, averaged over draws: how well a recipe could do before it learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg as sl
from jaxtyping import Float

_RIDGE = 1e-6  # in units of the mean diagonal of the kernel
_MOST = 1000  # states


def left_by_prior_kernel(
    rates: Sequence[Float[np.ndarray, "state unit"]], wanted: Float[np.ndarray, "state component"]
) -> dict[int, float]:
    """Return the relative error of kernel ridge regression at states not used, after 1, 2, 4, ... and all draws.

        K(z, z') = mean over draws of r(z) r(z') / N,    y(z) = K(z, .) (K + ridge)^-1 y

    Every second state is fitted, the others are held out.

    Source: the neural network prior kernel, Amid et al. (2022), arXiv 2202.06438.
    """
    every = -(-len(wanted) // _MOST)
    y = wanted[::every]
    total = np.zeros((len(y), len(y)))
    left = {}
    for count, draw in enumerate(rates, 1):
        r = draw[::every]
        total += r @ r.T / r.shape[1]
        if count & (count - 1) == 0 or count == len(rates):
            left[count] = _held_out(total / count, y)
    return left


def _held_out(kernel: Float[np.ndarray, "state state"], y: Float[np.ndarray, "state component"]) -> float:
    used, held = slice(0, None, 2), slice(1, None, 2)
    inner = kernel[used, used].copy()
    inner[np.diag_indices(len(inner))] += _RIDGE * inner.diagonal().mean()
    weights = sl.solve(inner, y[used], assume_a="pos")
    error = kernel[held, used] @ weights - y[held]
    return float(np.sqrt((error**2).mean() / ((y[held] - y[held].mean(0)) ** 2).mean()))
