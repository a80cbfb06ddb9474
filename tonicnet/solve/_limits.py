"""Limits of theta: signs, ranges and a bound on a weighted norm; the minimum of a quadratic model in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ._box import in_box
from ._factor import factor_of

_GROWTH = 10.0  # of the ridge, until a curvature is definite
_MOST = 60  # ridges tried
_TINY = 1e-9  # weight of numbers that are not bounded, in units of the largest
_SLACK = 1e-6  # of the bound, within which it is met


class Minimum(NamedTuple):
    """A minimum within limits, and the ridge that holds it within the bound: zero where the bound holds nothing."""

    theta: Float[Tensor, " number"]
    ridge: float


class _Least(NamedTuple):
    """The minimum x at one ridge, and the Cholesky factor of H + l P."""

    x: Float[Tensor, " number"]
    factor: Float[Tensor, "number number"]


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
        self, curvature: Float[Tensor, "number number"], right: Float[Tensor, " number"], floor: float,
        guess: float = 0.0,
    ) -> Minimum | None:  # fmt: skip
        """Return the minimum of x'H x - 2 c'x within the limits; None where rounding leaves none.

        The bound is met by a ridge l of the weights P, the least one from ``floor`` on for which the minimum of
        x'(H + l P) x - 2 c'x has a norm within it: the norm falls as l grows (Tikhonov regularisation with its
        multiplier chosen by the bound; Golub and von Matt 1991, doi:10.1007/BF01385796). Newton steps on 1/norm, which
        is nearly a line in l, find it in a few factorisations (More and Sorensen 1983, doi:10.1137/0904038), in one or
        two from a ``guess`` that is near. Where rounding has left H negative eigenvalues below -``floor``, l grows
        until it is above them.
        """
        ridge, low, high = max(floor, guess), 0.0, np.inf
        within, too_long = None, False
        for _ in range(_MOST):
            found = self._least(curvature, right, ridge)
            size = np.inf if found is None else self.norm(found.x)
            if found is not None and size <= self.bound:
                if not too_long and ridge <= max(floor, low * _GROWTH):
                    return Minimum(found.x, 0.0)
                within, high = Minimum(found.x, ridge), ridge
                if size >= self.bound * (1 - _SLACK):
                    return within
            else:
                low, too_long = ridge, too_long or found is not None
            aim = np.nan if found is None else ridge + self._newton(found, size)
            ridge = aim if max(low, floor) < aim < high else _between(low, high, floor)
        return within

    def _newton(self, found: _Least, size: float) -> float:
        """Return by how much l must grow for a norm just within the bound.

        With f(l) = 1/norm is f' = x'P (H + l P)^-1 P x / norm^3, over the numbers that are between their limits.
        """
        weighted = self._safe * found.x
        free = (found.x > self.least) & (found.x < self.most)
        factor, pull = found.factor, weighted[free]
        if len(pull) < len(weighted):
            factor = torch.linalg.cholesky(factor[free] @ factor[free].T)
        fall = float(pull @ torch.cholesky_solve(pull[:, None], factor)[:, 0])
        return (size / (self.bound * (1 - _SLACK / 2)) - 1) * size**2 / fall if fall > 0 else np.nan

    def _least(self, curvature: Tensor, right: Tensor, ridge: float) -> _Least | None:
        """Return the minimum at one ridge, signs and ranges held; None where rounding leaves none."""
        factor = factor_of(curvature, ridge * self._safe)
        if factor is None:
            return None
        x: Tensor | None
        if self.low is not None or self.high is not None:
            damped = curvature + torch.diag(ridge * self._safe)
            x = in_box(damped, right, self.least.to(right), self.most.to(right))
        elif bool(self.held.any()):
            x = _signed(factor, right, self.held)
        else:
            x = torch.cholesky_solve(right[:, None], factor)[:, 0]
        return None if x is None else _Least(x, factor)

    @property
    def _safe(self) -> Float[Tensor, " number"]:
        """The weights of the ridge: those of the norm, ones if nothing is bounded; none is zero."""
        largest = float(self.weights.max())
        return self.weights.clamp(min=_TINY * largest) if largest else torch.ones_like(self.weights)


def _between(low: float, high: float, floor: float) -> float:
    """Return the next ridge where no Newton step shows one."""
    if high == np.inf:
        return low * _GROWTH
    return (low * high) ** 0.5 if low else floor


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
