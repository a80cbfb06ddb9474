"""Windows of a discrete network, at the speed of its matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..circuit import Dynamics, Recurrent
from ._rate_windows import Pass, RateWindows
from ._sweep import Adjoint, Sweep
from ._windows import Windows


@dataclass(frozen=True)
class DiscreteWindows(RateWindows):
    """r[k+1] = (1 - h) r[k] + h response(x[k]), x = (W + share E D) r + E u + b.

    Back: L[k] = (1 - h) L[k+1] + M'(h dr/dh o L[k+1]) + what is scored at k, one product a step.
    """

    @property
    def stages(self) -> int:
        """Return one."""
        return 1

    def run(self, dynamics: Dynamics, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows, their rates held as columns, which is how few rows are multiplied fastest."""
        r, states, through, features = start.T.contiguous().T, [], [], []
        scored = set(windows.scored)
        for k in range(windows.steps + 1):
            if k in scored:
                states.append(r)
            if k == windows.steps:
                break
            h = dynamics.drive(r, None, windows.fed(k, 0.0), windows.closed(k))
            if stored:
                response = dynamics.units.respond(h)
                through.append([response.through])
                features.append([self.learnable.set.feature_of_rates(response, r)])
                r = torch.lerp(r, response.rate, self.h)
            else:
                r = torch.lerp(r, dynamics.units.rate(h), self.h)
        outputs = torch.stack([dynamics.output(r) for r in states])
        return Pass(windows, states, windows.errors(outputs), through, features)

    def back(self, circuit: Recurrent, adjoint: Adjoint, made: Pass, k: int, swept: Sweep) -> Adjoint:
        """Return adjoints swept back over step k."""
        closed, rates = made.windows.closed(k), adjoint[0]
        local = rates * made.through[k][0].to(rates.dtype)[:, None]
        swept.add(rates, local, made.features[k][0], closed, self.h)
        coupling = circuit.coupling(closed, rates.dtype)
        if rates.shape[1] == 1:
            return (coupling.backward(local[:, 0], rates[:, 0], self.h - 1, self.h)[:, None],)
        before = coupling.backward(local.flatten(0, 1), rates.flatten(0, 1), self.h - 1, self.h)
        return (before.view(local.shape),)
