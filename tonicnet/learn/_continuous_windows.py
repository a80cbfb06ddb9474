"""Windows of a continuous network, by an explicit Runge-Kutta method and its exact adjoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..circuit import RK4, Dynamics, Recurrent, Tableau, combine
from ..parameters import Response
from ._rate_windows import Pass, RateWindows
from ._sweep import Adjoint, Sweep
from ._windows import Windows

Stages = list[tuple[Response, Tensor]]  # responses and the states they are taken at


@dataclass(frozen=True)
class ContinuousWindows(RateWindows):
    """tau dr/dt = -r + response(x), x = (W + share E D) r + E u + b, stage by stage of a tableau.

    Back, with L the adjoint of r: kappa = h (weights L + ...), J += kappa o dr/dtheta, L += M'(kappa o dr/dh) - kappa.
    """

    tableau: Tableau = RK4

    @property
    def stages(self) -> int:
        """Return the number of stages of the tableau."""
        return len(self.tableau.stages)

    def run(self, dynamics: Dynamics, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows; keep the derivatives of every stage if ``stored``."""
        r, states, through, features = start, [], [], []
        scored = set(windows.scored)
        for k in range(windows.steps + 1):
            if k in scored:
                states.append(r)
            if k < windows.steps:
                r, responses = advance(self.tableau, dynamics, r, windows, k, self.h, stored)
                through.append([response.through for response, _ in responses if stored])
                features.append(self.kept_features(responses if stored else []))
        outputs = torch.stack([dynamics.output(r) for r in states])
        return Pass(windows, states, windows.errors(outputs), through, features)

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
        responses.append((respond(dynamics, y, windows, k, sum(row), stored), y))
        slopes.append(responses[-1][0].rate - y)
    return combine(r, h, tableau.weights, slopes), responses


def respond(dynamics: Dynamics, r: Tensor, windows: Windows, k: int, node: float, stored: bool) -> Response:
    """Return the response to rates and to what is fed in step k; its derivatives are rates unless ``stored``."""
    h = dynamics.drive(r, None, windows.fed(k, node), windows.closed(k))
    return dynamics.units.respond(h) if stored else Response(rate := dynamics.units.rate(h), rate)


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
