"""Windows of a continuous network, by an explicit Runge-Kutta method and its exact adjoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ..circuit import RK4, Dynamics, Recurrent, Tableau, combine
from ._rate_windows import Pass, RateWindows, Stages, respond
from ._sweep import Adjoint, Sweep
from ._windows import Windows


@dataclass(frozen=True)
class ContinuousWindows(RateWindows):
    """tau dr/dt = -r + response(x), x = (W + share E D) r + E u + b, stage by stage of a tableau.

    Back, with L the adjoint of r: kappa = h (weights L + ...), J += kappa o dr/dtheta, L += M'(kappa o dr/dh) - kappa.
    """

    columns: ClassVar[bool] = False
    tableau: Tableau = RK4

    @property
    def stages(self) -> int:
        """Return the number of stages of the tableau."""
        return len(self.tableau.stages)

    def step(
        self, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, stored: bool, known: list[Tensor]
    ) -> tuple[Tensor, Stages]:
        """Return the rates after step k, and its stages."""
        del known
        return advance(self.tableau, dynamics, r, windows, k, self.h, stored)

    def back(self, circuit: Recurrent, adjoint: Adjoint, made: Pass, k: int, swept: Sweep) -> Adjoint:
        """Return adjoints swept back over step k."""
        return (retreat(self.tableau, circuit, adjoint[0], made, k, self.h, swept),)


def advance(
    tableau: Tableau, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, h: float, stored: bool
) -> tuple[Tensor, Stages]:
    """Return the rates after step k, and the responses of its stages; their derivatives are rates unless ``stored``."""
    slopes: list[Tensor] = []
    responses: Stages = []
    for row in tableau.stages:
        y = combine(r, h, row, slopes)
        responses.append(respond(dynamics, y, windows, k, sum(row), stored))
        slopes.append(responses[-1][0].rate - y)
    return combine(r, h, tableau.weights, slopes), responses


def retreat(
    tableau: Tableau, circuit: Recurrent, rates: Tensor, made: Pass, k: int, h: float, swept: Sweep,
    also: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return adjoints of the rates swept back over step k; ``also`` is that of the response of its first stage."""
    closed = made.windows.closed(k)
    coupling = circuit.coupling(closed, rates.dtype)
    later: dict[int, Tensor] = {}
    for i in range(len(tableau.stages) - 1, -1, -1):
        kappa = rates * (h * tableau.weights[i])
        for j, known in later.items():
            if tableau.stages[j][i]:
                kappa.add_(known, alpha=h * tableau.stages[j][i])
        response = kappa if i or also is None else kappa + also
        local = response * made.through[k][i].to(rates.dtype)[:, None]
        swept.add(response, local, made.features[k][i], closed, 1.0)
        later[i] = coupling.backward(local.flatten(0, 1), kappa.flatten(0, 1), 1.0).view(local.shape)
    for known in later.values():
        rates = rates + known
    return rates
