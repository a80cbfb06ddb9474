"""Masks by search: flips whose change of the loss is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_MOVES = 10  # flips for each number, at most
_FALL = 1e-7  # of the loss, which a move must bring
_ROWS = 64  # of pairs, looked at at a time


@dataclass(frozen=True)
class FlipSearch(Method):
    """theta in {0, 1}: the steepest flip, or pair of flips, until none lowers the loss.

        change_n = 2 d_n g_n + H_nn,   change_nm = change_n + change_m + 2 d_n d_m H_nm,   d = 1 - 2 theta

    A flip moves g by d_n H_n. That is exact where the residual is linear in theta. Elsewhere it is the Gauss-Newton
    model: the loss of all its moves is then evaluated, and half as many are taken until it falls.
    """

    def begin(self, theta: Tensor) -> Memory:
        """Return nothing."""
        del theta
        return {}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return a mask of lower loss, None where no move lowers it."""
        normal, mask = here.normal(), here.theta.numpy(force=True)
        gradient, curvature = normal.gradient.numpy(force=True), normal.curvature.double().numpy(force=True)
        moves = _descent(mask.copy(), gradient.copy(), curvature, _FALL * here.loss)
        while moves:
            flipped = mask.copy()
            for n in moves:
                flipped[n] = 1 - flipped[n]
            there = residual.at(torch.as_tensor(flipped, dtype=here.theta.dtype, device=here.theta.device))
            if there.loss < here.loss:
                return Step(there.theta, there.loss, memory, there)
            moves = moves[: len(moves) // 2]
        return None


def _descent(
    mask: Float[np.ndarray, " n"], gradient: Float[np.ndarray, " n"], curvature: Float[np.ndarray, "n n"], fall: float
) -> list[int]:
    """Return the flips of steepest descent on the model, one behind the other."""
    moves: list[int] = []
    sign = 1 - 2 * mask
    together = 2 * sign[:, None] * sign * curvature
    np.fill_diagonal(together, np.inf)
    while len(moves) < _MOVES * len(mask):
        change = 2 * sign * gradient + curvature.diagonal()
        chosen = [int(np.argmin(change))]
        if change[chosen[0]] >= -fall:
            chosen = _pair(change, together, fall)
        if not chosen:
            break
        for n in chosen:
            gradient += sign[n] * curvature[n]
            sign[n] *= -1
            together[n] *= -1
            together[:, n] *= -1
            together[n, n] = np.inf
        moves += chosen
    return moves


def _pair(change: Float[np.ndarray, " n"], together: Float[np.ndarray, "n n"], fall: float) -> list[int]:
    """Return the best two flips at once; nothing where none lowers the model. ``together`` is 2 d_n d_m H_nm.

    Some rows are looked at at a time, as many as stay in the processor's cache, and only those of their own columns and
    later ones: the two flips of a pair are alike.
    """
    best, pair = -fall, list[int]()
    for first in range(0, len(change), _ROWS):
        rows = slice(first, first + _ROWS)
        both = together[rows, first:] + change[first:]
        both += change[rows, None]
        i, j = divmod(int(np.argmin(both)), both.shape[1])
        if both[i, j] < best:
            best, pair = both[i, j], [first + i, first + j]
    return pair
