"""The contract of every residual: a weighted sum of squares in theta, and its linearisation at one theta."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ._exchange import Exchange, Moves
from ._gram import add_gram, mirrored

GIB = 2**30
CACHED = 1 << 21  # bytes of products that a processor's cache holds
_PIECE = 1 << 24  # bytes of an array


def piece(like: Tensor, room: int) -> int:
    """Return how many bytes an array is best made of, where one is made for each theta: ``room`` at most.

    In a processor's memory the C library gives arrays of more than 32 MiB back to the system when they are freed, and
    each page of a new one has to be fetched from it: that takes several times as long as the arithmetic. On a card
    there is no such bound.
    """
    return min(room, _PIECE) if like.device.type == "cpu" else room


@dataclass(frozen=True)
class Block:
    """Some rows of a residual: errors e and Jacobian J = de/dtheta, each times the root of its weight."""

    error: Float[Tensor, " row"]
    jacobian: Float[Tensor, "row number"]

    def scaled(self, root: float) -> Block:
        """Return the rows times a number."""
        return Block(root * self.error, root * self.jacobian)


@dataclass(frozen=True)
class Normal:
    """The normal equations of a least-squares loss at one theta.

    ``gradient`` = sum_s w_s J_s' e_s (half the gradient of the loss) and ``curvature`` = sum_s w_s J_s' J_s, so that
    the Gauss-Newton step solves curvature step = -gradient.
    """

    gradient: Float[Tensor, " number"]
    curvature: Float[Tensor, "number number"]


@dataclass(frozen=True)
class Products:
    """The same equations without the matrix: ``curvature(v)`` = J'J v, and its ``diagonal``."""

    gradient: Float[Tensor, " number"]
    diagonal: Float[Tensor, " number"]
    curvature: Callable[[Tensor], Tensor]


class Linearisation(ABC):
    """A residual at one theta: its loss, and what its derivatives give; nothing is evaluated twice.

    A residual gives its rows in :meth:`blocks` of bounded memory; the rest follows, and is overridden where structure
    makes it cheaper.
    """

    theta: Float[Tensor, " number"]

    @property
    @abstractmethod
    def loss(self) -> float:
        """The sum of squares."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield the rows, a bounded number at a time."""

    def gradient(self) -> Float[Tensor, " number"]:
        """Return half the gradient of the loss, without the curvature where that is cheaper."""
        return self.normal().gradient

    def changed(self, step: Float[Tensor, " number"]) -> Float[Tensor, " number"] | None:
        """Return J'(e(theta + step) - e(theta)) with the J of theta, of the rows that the curvature is made of.

        None where it costs more than it saves.
        """
        del step
        return None

    def normal(self) -> Normal:
        """Return gradient and Gauss-Newton curvature; products are summed in the precision of the rows."""
        size = len(self.theta)
        curvature = None
        gradient = torch.zeros(size, dtype=torch.float64, device=self.theta.device)
        for block in self.blocks():
            gradient += (block.error @ block.jacobian).double()
            if curvature is None:
                curvature = block.jacobian.new_zeros(size, size)
            add_gram(curvature, block.jacobian)
        assert curvature is not None
        return Normal(gradient, mirrored(curvature))

    def products(self) -> Products:
        """Return the matrix-free form; here with all rows kept."""
        blocks = list(self.blocks())
        error, jacobian = torch.cat([b.error for b in blocks]), torch.cat([b.jacobian for b in blocks])

        def curvature(v: Tensor) -> Tensor:
            return ((jacobian @ v.to(jacobian.dtype)) @ jacobian).to(v.dtype)

        return Products((error @ jacobian).double(), jacobian.square().sum(0).double(), curvature)


class Residual(ABC):
    """A weighted sum of squares in theta; the weights of the residual's samples add up to about one.

    ``linear`` says that its errors are linear in theta, and that :meth:`Linearisation.normal` is exact.
    """

    @property
    def linear(self) -> bool:
        """Whether one solution of the normal equations is the minimum."""
        return False

    @property
    @abstractmethod
    def rows(self) -> int:
        """Return the number of scalar errors."""

    @abstractmethod
    def at(self, theta: Float[Tensor, " number"]) -> Linearisation:
        """Return the residual linearised at theta."""

    def exchange(self, theta: Float[Tensor, " number"]) -> Exchange | None:
        """Return swaps of numbers between units whose change of the loss is known exactly; None where it is not."""
        del theta
        return None

    def moves(self, theta: Float[Tensor, " number"]) -> Moves | None:
        """Return moves of one unit's number whose change of the loss is known exactly; None where it is not."""
        del theta
        return None

    def loss(self, theta: Float[Tensor, " number"]) -> float:
        """Return the sum of squares alone."""
        return self.at(theta).loss

    def row_bytes(self, size: int) -> int:
        """Return the memory that all rows of the Jacobian take, for so many numbers."""
        return 4 * self.rows * size


@dataclass(frozen=True)
class Sum(Residual):
    """A weighted sum of residuals: what a step gains in one of them, it must not lose in the others."""

    parts: tuple[tuple[float, Residual], ...]

    @property
    def rows(self) -> int:
        """Return the rows of all parts."""
        return sum(part.rows for _, part in self.parts)

    def at(self, theta: Tensor) -> Linearisation:
        """Return all parts linearised."""
        return _SumAt(theta, tuple((weight, part.at(theta)) for weight, part in self.parts))

    def loss(self, theta: Tensor) -> float:
        """Return the weighted sum of the parts' losses."""
        return sum(weight * part.loss(theta) for weight, part in self.parts)

    def row_bytes(self, size: int) -> int:
        """Return the memory of all parts' rows."""
        return sum(part.row_bytes(size) for _, part in self.parts)


@dataclass(frozen=True)
class _SumAt(Linearisation):
    theta: Tensor
    parts: tuple[tuple[float, Linearisation], ...]

    @property
    def loss(self) -> float:
        return sum(weight * part.loss for weight, part in self.parts)

    def blocks(self) -> Iterator[Block]:
        for weight, part in self.parts:
            for block in part.blocks():
                yield block.scaled(weight**0.5)

    def gradient(self) -> Tensor:
        return torch.stack([weight * part.gradient() for weight, part in self.parts]).sum(0)

    def changed(self, step: Tensor) -> Tensor | None:
        total = torch.zeros_like(self.theta, dtype=torch.float64)
        for weight, part in self.parts:
            found = part.changed(step)
            if found is None:
                return None
            total += weight * found
        return total

    def normal(self) -> Normal:
        found = [(weight, part.normal()) for weight, part in self.parts]
        curvature = torch.zeros_like(found[0][1].curvature)
        for weight, normal in found:
            curvature.add_(normal.curvature, alpha=weight)
        return Normal(torch.stack([weight * normal.gradient for weight, normal in found]).sum(0), curvature)

    def products(self) -> Products:
        found = [(weight, part.products()) for weight, part in self.parts]
        return Products(
            gradient=torch.stack([w * p.gradient for w, p in found]).sum(0),
            diagonal=torch.stack([w * p.diagonal for w, p in found]).sum(0),
            curvature=lambda v: torch.stack([w * p.curvature(v) for w, p in found]).sum(0),
        )


@dataclass(frozen=True)
class FrozenCurvature(Residual):
    """A residual whose curvature is taken once, at ``start()``, and whose loss and gradient are those of every theta.

    For a part that changes little over some steps this saves the most expensive product of each.
    """

    part: Residual
    start: Callable[[], Float[Tensor, " number"]]

    @property
    def rows(self) -> int:
        """Return the rows of the part."""
        return self.part.rows

    def at(self, theta: Tensor) -> Linearisation:
        """Return the part linearised at theta, its curvature that of ``start()``."""
        return _FrozenAt(theta, self.part.at(theta), self)

    def loss(self, theta: Tensor) -> float:
        """Return the loss of the part."""
        return self.part.loss(theta)

    def row_bytes(self, size: int) -> int:
        """Return the memory of the part's rows."""
        return self.part.row_bytes(size)

    @cached_property
    def curvature(self) -> Float[Tensor, "number number"]:
        """The curvature at ``start()``."""
        return self.part.at(self.start()).normal().curvature


@dataclass(frozen=True)
class _FrozenAt(Linearisation):
    theta: Tensor
    here: Linearisation
    residual: FrozenCurvature

    @property
    def loss(self) -> float:
        return self.here.loss

    def blocks(self) -> Iterator[Block]:
        return self.here.blocks()

    def gradient(self) -> Tensor:
        return self.here.gradient()

    def normal(self) -> Normal:
        return Normal(self.here.gradient(), self.residual.curvature)

    def products(self) -> Products:
        return self.here.products()
