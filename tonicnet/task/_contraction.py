"""How fast a flow contracts volumes, which tells a flow with an attractor from one that conserves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

_STEP = 1e-5  # of central differences, in the spread of a variable
_LEAST = 1e-3  # of the largest size, for a variable that does not move
_CONTRACTS = 0.01  # of the rms eigenvalue: slower contraction is no more than an average that is not yet zero


def jacobians(
    flow: Callable[[np.ndarray], np.ndarray], x: Float[np.ndarray, "state variable"]
) -> Float[np.ndarray, "state variable variable"]:
    """Return df_i/dx_j at states, by central differences."""
    size = x.std(axis=0) + _LEAST * np.abs(x).max(axis=0)
    step = _STEP * np.where(size > 0, size, size.max() or 1.0)
    moves = np.diag(step)
    columns = [(flow(x + move) - flow(x - move)) / (2 * h) for move, h in zip(moves, step, strict=True)]
    return np.stack(columns, axis=-1)


def contracts(flow: Callable[[np.ndarray], np.ndarray], run: Float[np.ndarray, "time variable"]) -> bool:
    """Return whether a flow contracts volumes on average along a run, so that states near it come to an attractor.

    A conservative flow does not, and neither does one whose contraction averages out (Nosé and Hoover's oscillator):
    states near the run stay on surfaces of their own.
    """
    with np.errstate(all="ignore"):
        rates = jacobians(flow, run)
    rates = rates[np.isfinite(rates).all(axis=(1, 2))]
    if not len(rates):
        return True
    size = np.sqrt((np.abs(np.linalg.eigvals(rates)) ** 2).sum(axis=1).mean())
    return bool(np.trace(rates, axis1=1, axis2=2).mean() < -_CONTRACTS * size)
