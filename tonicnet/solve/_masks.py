"""Masks by gradients: theta in {0, 1} is a function of logits, which Adam moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from ._adam import Adam
from ._method import Memory, Method, Step
from ._residual import Block, Linearisation, Residual

_FIRST = 1.0  # size of the first logits
_STEEP = 50.0  # steepness of the annealed sigmoid at the end


@dataclass(frozen=True)
class Annealed(Method):
    """theta = sigmoid(beta x) with Adam on x, beta from 1 to 50 in equal ratios over ``epochs`` steps.

    The loss that is reported is that of the soft mask; theta is always the hard one, x > 0, and the two are one at the
    end.

    Source: continuous sparsification, Savarese, Silva and Maire (2020), arXiv 1912.04427.
    """

    epochs: int

    def begin(self, theta: Tensor) -> Memory:
        """Return logits on the side of the mask."""
        return _begun(Adam(epochs=self.epochs), theta)

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step:
        """Return the hard mask after a step."""
        del here
        x, beta = memory["logit"], _STEEP ** (float(memory["count"]) / max(1, self.epochs - 1))
        soft = torch.sigmoid(beta * x)
        made = _moved(
            Adam(epochs=self.epochs), residual, _OfLogits(x, residual.at(soft), beta * soft * (1 - soft)), memory
        )
        return Step(_hard(made.theta), made.loss, {**made.memory, "logit": made.theta})


@dataclass(frozen=True)
class StraightThrough(Method):
    """theta = 1 where x > 0, and the gradient by theta taken for that by x: Adam on x. The best mask is returned.

    Source: Bengio, Leonard and Courville (2013), arXiv 1308.3432.
    """

    epochs: int

    def begin(self, theta: Tensor) -> Memory:
        """Return logits on the side of the mask, and that no loss is known."""
        lowest = torch.tensor(torch.finfo(torch.float64).max, dtype=torch.float64)
        return {**_begun(Adam(epochs=self.epochs), theta), "best": theta, "lowest": lowest}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step:
        """Return the mask after a step; after the last one the best of all."""
        x = memory["logit"]
        made = _moved(Adam(epochs=self.epochs), residual, _OfLogits(x, here, torch.ones_like(x)), memory)
        better = here.loss < float(memory["lowest"])
        kept = {
            "best": here.theta if better else memory["best"],
            "lowest": torch.tensor(here.loss, dtype=torch.float64) if better else memory["lowest"],
        }
        last = float(made.memory["count"]) >= self.epochs
        theta = kept["best"] if last else _hard(made.theta)
        return Step(theta, float(kept["lowest"]) if last else here.loss, {**made.memory, "logit": made.theta, **kept})


def _begun(adam: Adam, theta: Tensor) -> Memory:
    return {**adam.begin(theta), "logit": _FIRST * (2 * theta - 1)}


def _hard(logit: Tensor) -> Tensor:
    return (logit > 0).to(logit.dtype)


def _moved(adam: Adam, residual: Residual, here: Linearisation, memory: Memory) -> Step:
    return adam.step(residual, here, {name: memory[name] for name in adam.begin(here.theta)})


@dataclass(frozen=True)
class _OfLogits(Linearisation):
    """A residual as a function of x, theta = theta(x) with the derivative ``slope`` number by number."""

    theta: Float[Tensor, " number"]
    here: Linearisation
    slope: Float[Tensor, " number"] = field(repr=False)

    @property
    def loss(self) -> float:
        return self.here.loss

    def gradient(self) -> Tensor:
        return self.slope * self.here.gradient()

    def blocks(self) -> Iterator[Block]:
        for block in self.here.blocks():
            yield Block(block.error, block.jacobian * self.slope.to(block.jacobian.dtype))
