"""A sweep back through windows of rates: the sums that become the Jacobian, and rows that are joined on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Learnable, Recurrent

_APART = 3  # steps, or new rows, between two looks at whether rows can be joined

Adjoint = tuple[Float[Tensor, "window row unit"], ...]  # of the rates, and of what a step takes from earlier ones


def begun(adjoint: Adjoint, seed: Float[Tensor, "window new unit"]) -> Adjoint:
    """Return adjoints with further rows, which begin at the rates."""
    still = torch.zeros_like(seed)
    return tuple(torch.cat([one, seed if i == 0 else still], dim=1) for i, one in enumerate(adjoint))


@dataclass(frozen=True)
class Sweep:
    """The sums over a sweep back: J, or J'e where a window has one row, by the numbers that are learned.

    The rows of one window (an adjoint for each scored step and component) soon differ in a few directions only: a step
    back multiplies all of them by the same matrix, which shrinks most directions. Rows A are then replaced by
    V'A, fewer rows, with A = V V'A up to what may be lost: V holds the leading eigenvectors of A A', of all windows
    alike in number. What lies further back is summed for the joined rows, and J = outer sums + V (inner sums). A sweep
    ends by itself where all that is left of the rows may be lost.

    ``rough`` is the lost share of the size (root of the summed squares) that the rows had at most; 0 joins nothing.
    """

    learnable: Learnable
    circuit: Recurrent
    rows: Float[Tensor, "window row number"]
    rough: float = 0.0
    largest: float = 0.0
    due: int = _APART
    age: int = 0
    outer: Sweep | None = None
    basis: Float[Tensor, "window row joined"] | None = None

    @classmethod
    def over(cls, learnable: Learnable, circuit: Recurrent, windows: int, rows: int, rough: float) -> Sweep:
        """Return the sweep of so many rows a window, all sums zero."""
        return cls(learnable, circuit, circuit.out.new_zeros(windows, rows, learnable.size), rough)

    def add(self, kappa: Tensor, local: Tensor, feature: Any, closed: float, share: float) -> None:
        """Add ``share`` times what a stage contributes: ``kappa`` is the adjoint of the response, ``local`` that of its
        input."""
        touched = self.learnable.set.touched(kappa, local, feature, self.circuit, closed)
        self.rows[:, : touched.shape[1]].add_(touched, alpha=share)

    def score(self, seed: Float[Tensor, "window row component"], state: Tensor, first: int) -> None:
        """Add what the readout D r of a scored step contributes to the rows that begin there."""
        direct = self.learnable.set.read_out(seed, state, self.circuit)
        if direct is not None:
            self.rows[:, first : first + direct.shape[1]] += direct

    def joined(self, adjoint: Adjoint) -> tuple[Sweep, Adjoint]:
        """Return the sweep and the adjoints with which to go on: joined, if it is time and fewer do."""
        windows, rows = adjoint[0].shape[:2]
        if not self.rough:
            return self, adjoint
        if self.age < _APART and rows < self.due:
            return replace(self, age=self.age + 1), adjoint
        squares, directions = _principal(adjoint)
        largest = max(self.largest, float(squares.sum()))
        count = int((squares.cumsum(0) > self.rough**2 * largest).sum())
        looked = replace(self, largest=largest, age=0, due=count + _APART)
        if count == rows:
            return looked, adjoint
        basis = directions[:, :, rows - count :].to(self.rows.dtype)
        inner = self.rows.new_zeros(windows, self.rows.shape[1] - rows + count, self.rows.shape[2])
        fewer = tuple((basis.transpose(1, 2) @ one.to(basis.dtype)).to(one.dtype) for one in adjoint)
        return replace(looked, rows=inner, outer=looked, basis=basis), fewer

    def total(self) -> Float[Tensor, "window row number"]:
        """Return the sums of all rows that were asked for."""
        sweep, rows = self, self.rows
        while sweep.outer is not None and sweep.basis is not None:
            whole, count = sweep.outer.rows, sweep.basis.shape[2]
            split = sweep.basis.shape[1]
            whole[:, :split] += sweep.basis @ rows[:, :count]
            whole[:, split:] += rows[:, count:]
            sweep, rows = sweep.outer, whole
        return rows


def _principal(adjoint: Adjoint) -> tuple[Float[Tensor, " row"], Float[Tensor, "window row row"]]:
    """Return the squares along the principal directions of the rows, summed over windows, rising; and the directions.

    Squares below 1e-6 of the largest drown in rounding where the rows are float32: no more than 1e-3 of their size.
    """
    gram = sum(wide @ wide.transpose(1, 2) for one in adjoint for wide in [_wide(one)])
    squares, directions = torch.linalg.eigh(gram.double())  # type: ignore[union-attr]
    return squares.clamp_min(0).sum(0), directions


def _wide(rows: Tensor) -> Tensor:
    """Return rows in a precision in which they may be summed."""
    return rows.float() if rows.dtype == torch.bfloat16 else rows
