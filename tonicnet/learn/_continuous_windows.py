"""Windows of a continuous network, by an explicit Runge-Kutta method and its exact adjoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..circuit import RK4, Dynamics, Recurrent, Tableau, combine
from ..parameters import Response
from ._rate_windows import Pass, RateWindows, Sweep
from ._windows import Windows


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
                r, responses = self._step(dynamics, r, windows, k, stored)
                through += [response.through for response, _ in responses]
                features += [self.learnable.set.feature_of_rates(*at_stage) for at_stage in responses]
        outputs = torch.stack([dynamics.output(r) for r in states])
        return Pass(windows, states, windows.errors(outputs), through, features)

    def _step(
        self, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, stored: bool
    ) -> tuple[Tensor, list[tuple[Response, Tensor]]]:
        slopes: list[Tensor] = []
        responses: list[tuple[Response, Tensor]] = []
        closed = windows.closed(k)
        for row in self.tableau.stages:
            y, fed = combine(r, self.h, row, slopes), windows.fed(k, sum(row))
            if stored:
                responses.append((dynamics.respond(y, fed, closed), y))
                slopes.append(responses[-1][0].rate - y)
            else:
                slopes.append(dynamics.flow(y, None, fed, closed))
        return combine(r, self.h, self.tableau.weights, slopes), responses

    def back(self, circuit: Recurrent, adjoint: Tensor, made: Pass, k: int, swept: Sweep) -> Tensor:
        """Return adjoints swept back over step k."""
        stages, weights, closed = self.tableau.stages, self.tableau.weights, made.windows.closed(k)
        coupling = circuit.coupling(closed, adjoint.dtype)
        later: dict[int, Tensor] = {}
        for i in range(len(stages) - 1, -1, -1):
            kappa = (self.h * weights[i]) * adjoint
            for j, known in later.items():
                if stages[j][i]:
                    kappa = kappa.add(known, alpha=self.h * stages[j][i])
            at = k * len(stages) + i
            local = kappa * made.through[at].to(adjoint.dtype)[:, None]
            swept.add(kappa, local, made.features[at], closed, 1.0)
            later[i] = coupling.backward(local.flatten(0, 1), kappa.flatten(0, 1), 1.0).view(local.shape)
        for known in later.values():
            adjoint = adjoint + known
        return adjoint
