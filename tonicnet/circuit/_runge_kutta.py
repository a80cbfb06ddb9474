"""One step of dx/ds = F(x), s = t / tau: explicit Runge-Kutta tableaux, and exponential Euler.

States are torch tensors or numpy arrays: the arithmetic is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from torch import Tensor

from .._names import choose

State = TypeVar("State", Tensor, np.ndarray)


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge-Kutta method: y' = y + h sum_i weights_i k_i, k_i = F(y + h sum_j stages_ij k_j).

    It checks itself: as many weights as stages, strictly lower triangular, and the conditions of order 1
    and 2 where ``order`` claims them (Hairer, Noersett, Wanner 1993, doi:10.1007/978-3-540-78862-1).
    """

    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    order: int

    def __post_init__(self) -> None:
        if [len(row) for row in self.stages] != list(range(len(self.weights))):
            raise ValueError("stages must be strictly lower triangular with one row a weight")
        moments = [sum(w * c**p for w, c in zip(self.weights, self.nodes, strict=True)) for p in range(self.order)]
        if any(abs(m - 1 / (p + 1)) > 1e-12 for p, m in enumerate(moments)):
            raise ValueError(f"weights and stages do not make a method of order {self.order}")

    @property
    def nodes(self) -> list[float]:
        """When each stage is taken, as a share of the step."""
        return [sum(row) for row in self.stages]


EULER = Tableau(stages=((),), weights=(1.0,), order=1)
RK4 = Tableau(stages=((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), weights=(1 / 6, 1 / 3, 1 / 3, 1 / 6), order=4)
TABLEAUX = {"euler": EULER, "rk4": RK4}
METHODS = (*TABLEAUX, "exponential-euler")


def step(field: Callable[[State], State], state: State, h: float, method: str) -> State:
    """Advance ``state`` by ``h`` time constants.

    Exponential Euler, r' = r + (1 - exp(-h)) F(r), is exact for the leak at constant input.
    """
    if method == "exponential-euler":
        return state + -math.expm1(-h) * field(state)
    return runge_kutta(field, state, h, TABLEAUX[choose("method", method, METHODS)])


def runge_kutta(field: Callable[[State], State], state: State, h: float, tableau: Tableau) -> State:
    """Advance ``state`` by one explicit Runge-Kutta step."""
    slopes: list[State] = []
    for row in tableau.stages:
        slopes.append(field(combine(state, h, row, slopes)))
    return combine(state, h, tableau.weights, slopes)


def combine(state: State, h: float, weights: tuple[float, ...], slopes: list[State]) -> State:
    """Return state + h sum_j weights_j slopes_j."""
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            state = _added(state, slope, h * weight)
    return state


def _added(state: State, slope: State, factor: float) -> State:
    if isinstance(state, Tensor):
        return state.add(slope, alpha=factor)
    return state + factor * slope
