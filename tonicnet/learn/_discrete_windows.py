"""Windows of a discrete network, at the speed of its matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..circuit import Dynamics, Recurrent
from ._rate_windows import Pass, RateWindows, Stages, respond
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

    def step(
        self, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, stored: bool, known: list[Tensor]
    ) -> tuple[Tensor, Stages]:
        """Return the rates after step k, and its one stage."""
        del known
        stage = respond(dynamics, r, windows, k, 0.0, stored)
        return torch.lerp(r, stage[0].rate, self.h), [stage]

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
