"""The quadratic model of a residual at one theta, and three ways to minimise it: primal, dual, matrix-free."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ._factor import factor_of
from ._residual import GIB, Linearisation, Residual

_EXACT = 4096  # unknowns up to which normal equations are kept in float64
_RIDGED = 1e-5  # ridge, in units of the mean diagonal, above which a factor in float32 is good for refinement
_ITERATIONS = 150  # of conjugate gradients at most
_FALL = 1e-2  # of the residual of conjugate gradients: an inexact step is completed by the next one
_RATE, _THIN = 1.5e11, 6e9  # operations a second of square and of thin products; only their ratio matters


class Solution(NamedTuple):
    """The step s of (H + ridge) s = -g, and a function that returns it for another g where the factor is kept."""

    step: Float[Tensor, " number"]
    again: Callable[[Tensor], Tensor] | None = None


class Quadratic(ABC):
    """loss + 2 g's + s'H s for a step s, with H = J'J."""

    loss: float
    gradient: Float[Tensor, " number"]

    @abstractmethod
    def __init__(self, here: Linearisation) -> None:
        """Take the model of a residual at a theta."""

    @abstractmethod
    def mean_diagonal(self) -> float:
        """Return the mean of the diagonal of H."""

    @abstractmethod
    def solve(self, ridge: float) -> Solution | None:
        """Return the step that solves (H + ridge) s = -g, or None if the factorisation failed."""

    @abstractmethod
    def times(self, step: Float[Tensor, " number"]) -> Float[Tensor, " number"]:
        """Return H s."""

    def promise(self, step: Float[Tensor, " number"]) -> float:
        """Return by how much the model falls over a step."""
        return -float((2 * self.gradient + self.times(step)) @ step)


class Primal(Quadratic):
    """The normal equations, a row for each number, by Cholesky factorisation."""

    def __init__(self, here: Linearisation) -> None:
        normal = here.normal()
        self.loss = here.loss
        exact = torch.float64 if len(here.theta) <= _EXACT else torch.float32
        self.gradient, self._curvature = normal.gradient, normal.curvature.to(exact)
        self._rounded = normal.curvature.dtype == torch.float32

    def mean_diagonal(self) -> float:
        """Return the mean of the diagonal of H."""
        return float(self._curvature.diagonal().mean())

    def solve(self, ridge: float) -> Solution | None:
        """Factor H + ridge and solve; an H that was summed in float32 is factored in it, which takes half the time, and
        the step is refined, unless the ridge is too small for that."""
        short = self._rounded and ridge > _RIDGED * self.mean_diagonal()
        factor = factor_of(self._curvature, ridge, torch.float32 if short else None)
        if factor is None:
            return None

        def again(gradient: Tensor) -> Tensor:
            step = -_back(factor, gradient)
            return step - _back(factor, gradient + self.times(step) + ridge * step)

        return Solution(again(self.gradient), again)

    def times(self, step: Tensor) -> Tensor:
        """Return H s."""
        return (self._curvature @ step.to(self._curvature.dtype)).double()


def _back(factor: Float[Tensor, "n n"], right: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Return the solution of L L' x = right in float64."""
    return torch.cholesky_solve(right.to(factor.dtype)[:, None], factor)[:, 0].double()


class Dual(Quadratic):
    """s = -J'(J J' + ridge)^-1 e: as many equations as rows, for fewer rows than numbers."""

    def __init__(self, here: Linearisation) -> None:
        blocks = list(here.blocks())
        self._error, self._jacobian = torch.cat([b.error for b in blocks]), torch.cat([b.jacobian for b in blocks])
        self.loss = float(self._error.double().square().sum())
        self.gradient = (self._error @ self._jacobian).double()
        exact = torch.float64 if len(self._error) <= _EXACT else torch.float32
        self._gram = (self._jacobian @ self._jacobian.T).to(exact)

    def mean_diagonal(self) -> float:
        """Return the mean of the diagonal of H, from the trace that J J' shares."""
        return float(self._gram.diagonal().sum()) / self._jacobian.shape[1]

    def solve(self, ridge: float) -> Solution | None:
        """Factor J J' + ridge and solve."""
        factor = factor_of(self._gram, ridge)
        if factor is None:
            return None
        weights = _back(factor, self._error)
        return Solution(-(weights.to(self._jacobian.dtype) @ self._jacobian).double())

    def times(self, step: Tensor) -> Tensor:
        """Return H s."""
        return ((self._jacobian @ step.to(self._jacobian.dtype)) @ self._jacobian).double()


class MatrixFree(Quadratic):
    """Conjugate gradients on products with H, preconditioned by its diagonal; no matrix of it.

    The step is inexact (truncated Newton: Steihaug 1983, doi:10.1137/0720042); the next one brings what it lacks.
    """

    def __init__(self, here: Linearisation) -> None:
        self._products = here.products()
        self.loss, self.gradient = here.loss, self._products.gradient

    def mean_diagonal(self) -> float:
        """Return the mean of the diagonal of H."""
        return float(self._products.diagonal.mean())

    def solve(self, ridge: float) -> Solution | None:
        """Iterate until the equations hold to one part in a hundred."""
        scale = 1 / (self._products.diagonal + ridge)
        step = torch.zeros_like(self.gradient)
        rest = -self.gradient
        direction = towards = scale * rest
        energy, first = float(rest @ towards), float(rest.norm())
        for _ in range(_ITERATIONS):
            curved = self._products.curvature(direction) + ridge * direction
            bend = float(direction @ curved)
            if not bend > 0:  # rounding of products in low precision
                break
            step = step + (energy / bend) * direction
            rest = rest - (energy / bend) * curved
            if float(rest.norm()) < _FALL * first:
                break
            towards = scale * rest
            before, energy = energy, float(rest @ towards)
            direction = towards + (energy / before) * direction
        return Solution(step) if bool(step.any()) else None

    def times(self, step: Tensor) -> Tensor:
        """Return H s."""
        return self._products.curvature(step)


SOLVERS: dict[str, type[Quadratic]] = {"primal": Primal, "dual": Dual, "matrix-free": MatrixFree}


@dataclass(frozen=True)
class Cost:
    """What one step of a solver takes: an estimate in seconds of these machines, good for comparison, and bytes."""

    solver: str
    seconds: float
    bytes: int

    def sentence(self) -> str:
        """Return the solver and its memory in words."""
        return f"{self.solver} Gauss-Newton steps, {self.bytes / GIB:.2g} GiB"


def costs(residual: Residual, size: int) -> list[Cost]:
    """Return what a step of each solver takes on a residual in ``size`` numbers.

    Primal: R N^2 to form and N^3/3 to factor; dual: R^2 N and R^3/3; matrix-free: two thin products with all
    rows an iteration. R are the rows that are multiplied out (samples, for the flow's structured form).
    """
    n, total = size, residual.row_bytes(size)
    r = total / (4 * n)
    exact = 8 if n <= _EXACT else 4
    dual = residual.rows
    return [
        Cost("primal", (2 * r * n**2 + 2 * n**3 / 3) / _RATE, n * n * (4 + 2 * exact)),
        Cost("dual", (2 * dual**2 * n + 2 * dual**3 / 3) / _RATE, 8 * dual * n + 12 * dual * dual),
        Cost("matrix-free", 4 * _ITERATIONS * r * n / _THIN, 2 * total),
    ]


def choose_solver(residual: Residual, size: int, room: int, solver: str = "auto") -> Cost:
    """Return the cheapest solver that fits in ``room`` bytes, or the one asked for if it fits.

    Raises MemoryError if none does, naming the argument to change.
    """
    known = [c for c in costs(residual, size) if solver in ("auto", c.solver)]
    fitting = [c for c in known if c.bytes <= room]
    if not fitting:
        least = min(known, key=lambda c: c.bytes)
        raise MemoryError(
            f"a step needs {least.bytes / GIB:.2g} GiB ({least.solver}) beside its temporaries, "
            f'{room / GIB:.2g} GiB are allowed for it; raise memory=, lower units=, or take method="adam"'
        )
    return min(fitting, key=lambda c: c.seconds)
