"""Limits of theta: signs, ranges and a bound on a weighted norm; the minimum of a quadratic model in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ._box import in_box

_GROWTH, _HALVINGS = 10.0, 30  # of the ridge, until the bound holds; then between the last two
_MOST = 60  # times it grows
_TINY = 1e-9  # weight of numbers that are not bounded, in units of the largest
_SLACK = 1e-6  # of the bound, within which it is met


@dataclass(frozen=True)
class Limits:
    """theta_i >= 0 where ``held``, low_i <= theta_i <= high_i, and sum_i weights_i theta_i^2 <= bound^2.

    Arguments: ``weights`` zero for numbers that are not bounded; ``bound`` infinite for none; ``low`` and ``high``
    infinite for numbers without a range, None where none has one.
    """

    held: Bool[Tensor, " number"]
    weights: Float[Tensor, " number"]
    bound: float = np.inf
    low: Float[Tensor, " number"] | None = None
    high: Float[Tensor, " number"] | None = None

    @property
    def least(self) -> Float[Tensor, " number"]:
        """The least value of each number: zero where its sign is held."""
        free = torch.full_like(self.weights, -np.inf)
        return torch.where(self.held, torch.zeros_like(free), free if self.low is None else self.low.to(free))

    @property
    def most(self) -> Float[Tensor, " number"]:
        """The greatest value of each number."""
        free = torch.full_like(self.weights, np.inf)
        return free if self.high is None else self.high.to(free)

    def hold(self, theta: Float[Tensor, " number"]) -> bool:
        """Return whether theta is within them."""
        inside = bool(((theta >= self.least) & (theta <= self.most)).all())
        return inside and self.norm(theta) <= self.bound * (1 + 2 * _SLACK)

    def norm(self, theta: Float[Tensor, " number"]) -> float:
        """Return the root of sum_i weights_i theta_i^2."""
        return float((self.weights * theta.square()).sum().sqrt())

    def projected(self, theta: Float[Tensor, " number"]) -> Float[Tensor, " number"]:
        """Return theta with every number in its range, and the bounded ones shrunk onto the bound."""
        theta = theta.clamp(self.least.to(theta), self.most.to(theta))
        size = self.norm(theta)
        return torch.where(self.weights > 0, theta * (self.bound / size), theta) if size > self.bound else theta

    def minimum(
        self, curvature: Float[Tensor, "number number"], right: Float[Tensor, " number"], floor: float
    ) -> Float[Tensor, " number"] | None:
        """Return the minimum of x'H x - 2 c'x within the limits; None where rounding leaves none.

        The bound is met by a ridge l of the weights P, the least one from ``floor`` on for which the minimum of
        x'(H + l P) x - 2 c'x has a norm within it: the norm falls as l grows (Tikhonov regularisation with its
        multiplier chosen by the bound; Golub and von Matt 1991, doi:10.1007/BF01385796). Where rounding has left H
        negative eigenvalues below -``floor``, l grows until it is above them.
        """
        low, x = floor, self._least(curvature, right, floor)
        if x is not None and self.norm(x) <= self.bound:
            return x
        for _ in range(_MOST):
            high, too_long = low * _GROWTH, x is not None
            x = self._least(curvature, right, high)
            if x is not None and self.norm(x) <= self.bound:
                return self._between(curvature, right, low, high, x) if too_long else x
            low = high
        return None

    def _between(self, curvature: Tensor, right: Tensor, low: float, high: float, x: Tensor) -> Tensor:
        for _ in range(_HALVINGS):
            if self.norm(x) >= self.bound * (1 - _SLACK):
                break
            middle = (low * high) ** 0.5
            tried = self._least(curvature, right, middle)
            if tried is not None and self.norm(tried) <= self.bound:
                high, x = middle, tried
            else:
                low = middle
        return x

    def _least(self, curvature: Tensor, right: Tensor, ridge: float) -> Tensor | None:
        """Return the minimum at one ridge, signs and ranges held."""
        damped = curvature.clone()
        damped.diagonal().add_(ridge * self._safe)
        factor, failed = torch.linalg.cholesky_ex(damped)
        if failed:
            return None
        if self.low is not None or self.high is not None:
            return in_box(damped, right, self.least.to(right), self.most.to(right))
        if not bool(self.held.any()):
            return torch.cholesky_solve(right[:, None], factor)[:, 0]
        return _signed(factor, right, self.held)

    @property
    def _safe(self) -> Float[Tensor, " number"]:
        """The weights of the ridge: those of the norm, ones if nothing is bounded; none is zero."""
        largest = float(self.weights.max())
        return self.weights.clamp(min=_TINY * largest) if largest else torch.ones_like(self.weights)


def _signed(
    factor: Float[Tensor, "n n"], right: Float[Tensor, " n"], held: Bool[Tensor, " n"]
) -> Float[Tensor, " n"] | None:
    """Return the minimum of |L'x - L^-1 c|^2 with x >= 0 where held, by non-negative least squares.

    Source: Lawson and Hanson (1974), Solving Least Squares Problems, doi:10.1137/1.9781611971217.
    """
    from scipy.optimize import nnls

    target = torch.linalg.solve_triangular(factor, right[:, None], upper=False)[:, 0].numpy(force=True)
    rows, free = factor.T.numpy(force=True), ~held.numpy(force=True)
    try:
        found = nnls(np.concatenate([rows, -rows[:, free]], axis=1), target)[0]
    except RuntimeError:
        return None
    x = found[: len(rows)].copy()
    x[free] -= found[len(rows) :]
    return torch.as_tensor(x, dtype=right.dtype, device=right.device)
