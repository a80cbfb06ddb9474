"""Windows of a discrete network, at the speed of its matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..circuit import Dynamics, Recurrent
from ._rate_windows import Pass, RateWindows, Sweep
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
                through.append(response.through)
                features.append(self.learnable.set.feature_of_rates(response, r))
                r = torch.lerp(r, response.rate, self.h)
            else:
                r = torch.lerp(r, dynamics.units.rate(h), self.h)
        outputs = torch.stack([dynamics.output(r) for r in states])
        return Pass(windows, states, windows.errors(outputs), through, features)

    def back(self, circuit: Recurrent, adjoint: Tensor, made: Pass, k: int, swept: Sweep) -> Tensor:
        """Return adjoints swept back over step k."""
        closed = made.windows.closed(k)
        local = adjoint * made.through[k].to(adjoint.dtype)[:, None]
        swept.add(adjoint, local, made.features[k], closed, self.h)
        coupling = circuit.coupling(closed, adjoint.dtype)
        if adjoint.shape[1] == 1:
            return coupling.backward(local[:, 0], adjoint[:, 0], self.h - 1, self.h)[:, None]
        return coupling.backward(local.flatten(0, 1), adjoint.flatten(0, 1), self.h - 1, self.h).view(local.shape)
