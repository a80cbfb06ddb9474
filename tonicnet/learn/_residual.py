"""What is wrong: the contract of every residual a method can mend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor

GIB = 2**30


@dataclass(frozen=True)
class Block:
    """Some rows of a residual at one bias: errors e and Jacobian J = de/db, each times the root of its weight."""

    error: Float[Tensor, " row"]
    jacobian: Float[Tensor, "row unit"]

    def scaled(self, root: float) -> Block:
        """Return the rows times a number."""
        return Block(root * self.error, root * self.jacobian)


@dataclass(frozen=True)
class Normal:
    """The normal equations of a least-squares loss at one bias.

    loss = sum_s w_s |e_s|^2, ``gradient`` = sum_s w_s J_s' e_s (half the gradient of the loss) and ``curvature``
    = sum_s w_s J_s' J_s, so that the Gauss-Newton step solves curvature step = -gradient.
    """

    loss: float
    gradient: Float[Tensor, " unit"]
    curvature: Float[Tensor, "unit unit"]


@dataclass(frozen=True)
class Products:
    """The same equations without the N x N matrix: ``curvature(v)`` = J'J v, and its ``diagonal``."""

    loss: float
    gradient: Float[Tensor, " unit"]
    diagonal: Float[Tensor, " unit"]
    curvature: Callable[[Tensor], Tensor]


class Residual(ABC):
    """A weighted sum of squares in the biases; the weights of the residual's samples add up to about one.

    A residual says how many scalar ``rows`` it has and gives them in :meth:`blocks` of bounded memory; the rest
    follows, and is overridden where structure makes it cheaper.
    """

    @property
    @abstractmethod
    def rows(self) -> int:
        """Return the number of scalar errors."""

    @abstractmethod
    def loss(self, bias: Float[Tensor, " unit"]) -> float:
        """Return the sum of squares."""

    @abstractmethod
    def blocks(self, bias: Float[Tensor, " unit"]) -> Iterator[Block]:
        """Yield the rows, a bounded number at a time."""

    def gradient(self, bias: Float[Tensor, " unit"]) -> tuple[float, Float[Tensor, " unit"]]:
        """Return the loss and half its gradient, without the curvature where that is cheaper."""
        normal = self.normal(bias)
        return normal.loss, normal.gradient

    def normal(self, bias: Float[Tensor, " unit"]) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature; products are summed in the precision of the rows."""
        loss, curvature = 0.0, None
        gradient = torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        for block in self.blocks(bias):
            loss += float(block.error.double().square().sum())
            gradient += (block.error @ block.jacobian).double()
            if curvature is None:
                curvature = block.jacobian.new_zeros(len(bias), len(bias))
            curvature.addmm_(block.jacobian.T, block.jacobian)
        return Normal(loss, gradient, curvature)  # type: ignore[arg-type]

    def products(self, bias: Float[Tensor, " unit"]) -> Products:
        """Return the matrix-free form; here with all rows kept."""
        blocks = list(self.blocks(bias))
        error, jacobian = torch.cat([b.error for b in blocks]), torch.cat([b.jacobian for b in blocks])

        def curvature(v: Tensor) -> Tensor:
            return ((jacobian @ v.to(jacobian.dtype)) @ jacobian).to(v.dtype)

        return Products(
            loss=float(error.double().square().sum()),
            gradient=(error @ jacobian).double(),
            diagonal=jacobian.square().sum(0).double(),
            curvature=curvature,
        )

    def row_bytes(self, units: int) -> int:
        """Return the memory that all rows of the Jacobian take, for a network of so many units."""
        return 4 * self.rows * units


@dataclass(frozen=True)
class Sum(Residual):
    """A weighted sum of residuals: what one of them mends, the others must not break."""

    parts: Sequence[tuple[float, Residual]]

    @property
    def rows(self) -> int:
        """Return the rows of all parts."""
        return sum(part.rows for _, part in self.parts)

    def loss(self, bias: Tensor) -> float:
        """Return the weighted sum of the parts' losses."""
        return sum(weight * part.loss(bias) for weight, part in self.parts)

    def blocks(self, bias: Tensor) -> Iterator[Block]:
        """Yield the parts' rows, each times the root of its weight."""
        return chain.from_iterable((b.scaled(weight**0.5) for b in part.blocks(bias)) for weight, part in self.parts)

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the weighted sum of the parts' losses and gradients."""
        made = [(weight, *part.gradient(bias)) for weight, part in self.parts]
        return sum(w * loss for w, loss, _ in made), torch.stack([w * g for w, _, g in made]).sum(0)

    def normal(self, bias: Tensor) -> Normal:
        """Return the weighted sum of the parts' normal equations."""
        total: Normal | None = None
        for weight, part in self.parts:
            made = part.normal(bias)
            if total is None:
                total = replace(made, loss=0.0, gradient=0 * made.gradient, curvature=torch.zeros_like(made.curvature))
            total = Normal(
                total.loss + weight * made.loss,
                total.gradient + weight * made.gradient,
                total.curvature.add_(made.curvature, alpha=weight),
            )
        return total  # type: ignore[return-value]

    def products(self, bias: Tensor) -> Products:
        """Return the weighted sum of the parts' matrix-free forms."""
        made = [(weight, part.products(bias)) for weight, part in self.parts]
        return Products(
            loss=sum(w * p.loss for w, p in made),
            gradient=torch.stack([w * p.gradient for w, p in made]).sum(0),
            diagonal=torch.stack([w * p.diagonal for w, p in made]).sum(0),
            curvature=lambda v: torch.stack([w * p.curvature(v) for w, p in made]).sum(0),
        )

    def row_bytes(self, units: int) -> int:
        """Return the memory of all parts' rows."""
        return sum(part.row_bytes(units) for _, part in self.parts)
