"""What every trajectory residual of rates shares: tiles of windows, and Jacobian rows by one reverse sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..simulate import Circuit
from ._residual import GIB, Block, Normal, Residual
from ._windows import Windows


@dataclass(frozen=True)
class Pass:
    """What one run of a tile of windows leaves for the sweep back: weighted errors and phi' of every stage."""

    windows: Windows
    errors: Float[Tensor, "scored window component"]
    gains: list[Tensor]  # in the order of the steps, as the rollout lays them out

    def at(self) -> dict[int, int]:
        """Return where among the scored steps a step stands."""
        return {step: i for i, step in enumerate(self.windows.scored)}


@dataclass(frozen=True)
class RateRollout(Residual):
    """e = D r(t_m) - target(t_m) of tau dr/dt = -r + phi(W r + E u + b), u = D r or what the windows feed.

    All rows of the Jacobian (one for each scored step, window and component) are swept back together, so
    that every product is one large matrix product; a row joins the sweep at its own step. Rates begin at
    ``start`` (window, unit) and advance by ``h`` tau a step. ``room``: bytes that temporaries may take;
    ``curved``: the precision in which the Jacobian is swept (loss and gradient keep the circuit's).
    """

    circuit: Circuit
    windows: Windows
    start: Float[Tensor, "window unit"]
    h: float
    room: int = GIB
    curved: torch.dtype | None = None

    @property
    @abstractmethod
    def stages(self) -> int:
        """Return the number of stages of the integrator."""

    @abstractmethod
    def run(self, b: Tensor, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows from ``start``; gains may be left empty unless ``stored``."""

    @abstractmethod
    def swept(self, made: Pass) -> Float[Tensor, " unit"]:
        """Return J'e of a run, by one adjoint a window; the run's gains may be used up."""

    @abstractmethod
    def swept_rows(self, made: Pass) -> Float[Tensor, "window row unit"]:
        """Return J of a run, rows by scored step from last to first, then component."""

    @property
    def rows(self) -> int:
        """Return windows times scored steps times components."""
        return self.windows.rows

    def loss(self, bias: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        return sum(_squares(made) for made in self._passes(bias, stored=False))

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the loss and half its gradient by one sweep of a single adjoint a window."""
        loss, gradient = 0.0, torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        for made in self._passes(bias, rows=False):
            loss += _squares(made)
            gradient += self.swept(made).double()
        return loss, gradient

    def normal(self, bias: Tensor) -> Normal:
        """Return loss, gradient and curvature; a Jacobian of low precision leaves the gradient exact."""
        if self.curved is None:
            return super().normal(bias)
        loss, gradient = 0.0, torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        curvature = self.start.new_zeros(len(bias), len(bias))
        for made in self._passes(bias):
            rows = self.swept_rows(made).flatten(0, 1)
            curvature.addmm_(rows.T, rows)
            loss += _squares(made)
            gradient += self.swept(made).double()
        return Normal(loss, gradient, curvature)

    def blocks(self, bias: Tensor) -> Iterator[Block]:
        """Yield the rows of a tile of windows at a time."""
        for made in self._passes(bias):
            errors = made.errors.flip(0).transpose(0, 1).reshape(-1)
            yield Block(errors, self.swept_rows(made).flatten(0, 1))

    def _passes(self, bias: Tensor, *, stored: bool = True, rows: bool = True) -> Iterator[Pass]:
        scored = len(self.windows.scored) * self.windows.path.shape[2] if stored and rows else 1
        each = 2 * self.stages * self.windows.steps + (4 + self.stages) * scored
        count = max(1, self.room // (each * len(bias) * self.start.element_size()))
        for part, windows in self.windows.tiles(count):
            yield self.run(bias.to(self.circuit.dtype), windows, self.start[part], stored=stored)


def _squares(made: Pass) -> float:
    return float(made.errors.double().square().sum())
