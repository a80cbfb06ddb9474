"""What is wrong: the contract of every residual a method can mend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Normal:
    """The normal equations of a least-squares loss at one bias.

    loss = sum_s w_s |e_s|^2, ``gradient`` = sum_s w_s J_s' e_s (half the gradient of the loss) and ``curvature``
    = sum_s w_s J_s' J_s, so that the Gauss-Newton step solves curvature step = -gradient.
    """

    loss: float
    gradient: Float[Tensor, " unit"]
    curvature: Float[Tensor, "unit unit"]


class Residual(ABC):
    """A weighted sum of squares in the biases; the weights of the residual's rows add up to about one."""

    @abstractmethod
    def loss(self, bias: Float[Tensor, " unit"]) -> float:
        """Return the sum of squares."""

    @abstractmethod
    def normal(self, bias: Float[Tensor, " unit"]) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature."""

    def gradient(self, bias: Float[Tensor, " unit"]) -> tuple[float, Float[Tensor, " unit"]]:
        """Return the loss and half its gradient, without the curvature where that is cheaper."""
        normal = self.normal(bias)
        return normal.loss, normal.gradient


@dataclass(frozen=True)
class Sum(Residual):
    """A weighted sum of residuals: what one of them mends, the others must not break."""

    parts: Sequence[tuple[float, Residual]]

    def loss(self, bias: Tensor) -> float:
        """Return the weighted sum of the parts' losses."""
        return sum(weight * part.loss(bias) for weight, part in self.parts)

    def normal(self, bias: Tensor) -> Normal:
        """Return the weighted sum of the parts' normal equations."""
        made = [(weight, part.normal(bias)) for weight, part in self.parts]
        return Normal(
            loss=sum(w * n.loss for w, n in made),
            gradient=torch.stack([w * n.gradient for w, n in made]).sum(0),
            curvature=torch.stack([w * n.curvature for w, n in made]).sum(0),
        )
