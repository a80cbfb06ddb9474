"""The minimum of a positive definite quadratic in a box."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_CHANGES = 60  # of the set of numbers at their bounds, before each is released or fixed alone


def in_box(
    curvature: Float[Tensor, "n n"], right: Float[Tensor, " n"], low: Float[Tensor, " n"], high: Float[Tensor, " n"]
) -> Float[Tensor, " n"] | None:
    """Return the minimum of x'H x - 2 c'x with low <= x <= high; None where rounding leaves none.

    Numbers are guessed to be at a bound, the others solved for; those that leave the box go to the bound they crossed,
    those that the gradient g = H x - c draws inwards are released, until nothing changes (the primal-dual active set).
    Where the sets come back, only the last number that is wrong is changed, which ends always (Murty's rule).

    Source: Hintermueller, Ito and Kunisch (2002), doi:10.1137/S1052623401383558; Judice and Pires (1994),
    doi:10.1016/0305-0548(94)90106-6.
    """
    side = torch.zeros(len(right), dtype=torch.long, device=right.device)  # -1 at low, 1 at high, 0 free
    least, count = len(right) + 1, 0
    for number in range(_CHANGES * len(right)):
        x = _solved(curvature, right, side, low, high)
        if x is None:
            return None
        wanted = _sides(curvature, right, side, x, low, high)
        wrong = wanted != side
        left = int(wrong.sum())
        if not left:
            return x.clamp(low, high)
        least, count = (left, 0) if left < least else (least, count + 1)
        if count > 3 and number > 3:
            wrong = _last(wrong)
        side = torch.where(wrong, wanted, side)
    return None


def _solved(
    curvature: Tensor, right: Tensor, side: Int[Tensor, " n"], low: Tensor, high: Tensor
) -> Float[Tensor, " n"] | None:
    """Return the minimum with the numbers at their bounds fixed there."""
    free = side == 0
    fixed = torch.where(side < 0, low, high)
    x = torch.where(free, torch.zeros_like(right), fixed)
    factor, failed = torch.linalg.cholesky_ex(curvature[free][:, free])
    if failed:
        return None
    rest = (right - curvature @ x)[free]
    x[free] = torch.cholesky_solve(rest[:, None], factor)[:, 0]
    return x


def _sides(curvature: Tensor, right: Tensor, side: Tensor, x: Tensor, low: Tensor, high: Tensor) -> Int[Tensor, " n"]:
    """Return at which bound each number should be: the one it crosses, or the one the gradient holds it at."""
    gradient = curvature @ x - right
    crossed = (x > high).long() - (x < low).long()
    held = torch.where(side * gradient <= 0, side, torch.zeros_like(side))
    return torch.where(side == 0, crossed, held)


def _last(wrong: Bool[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """Return the last of some numbers alone."""
    only = torch.zeros_like(wrong)
    only[int(torch.nonzero(wrong)[-1])] = True
    return only
