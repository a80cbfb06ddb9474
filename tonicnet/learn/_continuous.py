"""The trajectory residual of a continuous network, by an explicit Runge-Kutta method and its exact adjoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..simulate import RK4, Tableau, combine
from ._sweep import Pass, RateRollout
from ._windows import Windows


@dataclass(frozen=True)
class ContinuousRollout(RateRollout):
    """tau dr/dt = -r + phi(x), x = (W + share E D) r + E u + b, stage by stage of a tableau.

    Back, with L the adjoint of r: k = h (weights L + ...), J += k o phi', L += M'(k o phi') - k.
    """

    tableau: Tableau = RK4

    @property
    def stages(self) -> int:
        """Return the number of stages of the tableau."""
        return len(self.tableau.stages)

    def run(self, b: Tensor, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows; keep phi' of every stage if ``stored``."""
        r, gains, outputs = start, [], []
        scored = set(windows.scored)
        for k in range(windows.steps + 1):
            if k in scored:
                outputs.append(r @ self.circuit.out)
            if k < windows.steps:
                r, slopes = self._step(r, b, windows, k, stored)
                gains += slopes
        return Pass(windows, windows.errors(torch.stack(outputs)), gains)

    def _step(self, r: Tensor, b: Tensor, windows: Windows, k: int, stored: bool) -> tuple[Tensor, list[Tensor]]:
        coupling = self.circuit.coupling(windows.closed(k))
        slopes: list[Tensor] = []
        gains: list[Tensor] = []
        for row in self.tableau.stages:
            y, fed = combine(r, self.h, row, slopes), windows.fed(k, sum(row))
            drive = b if fed is None else torch.addmm(b, fed, self.circuit.into)
            x = coupling.forward(y, drive)
            rate, gain = self.circuit.phi.both(x) if stored else (self.circuit.phi.value(x), x)
            slopes.append(rate - y)
            if stored:
                gains.append(gain)
        return combine(r, self.h, self.tableau.weights, slopes), gains

    def swept(self, made: Pass) -> Tensor:
        """Return J'e."""
        errors, at = made.windows.roots() * made.errors, made.at()
        adjoint = torch.zeros_like(made.gains[0])
        total = torch.zeros_like(adjoint)
        for k in range(made.windows.steps, 0, -1):
            if k in at:
                adjoint = torch.addmm(adjoint, errors[at[k]], self.circuit.out.T)
            swept, touched = self._back(adjoint[:, None], made, k - 1)
            adjoint, total = swept[:, 0], total + touched[:, 0]
        return total.sum(0)

    def swept_rows(self, made: Pass) -> Tensor:
        """Return J, swept in the precision of the curvature."""
        dtype = self.curved or self.circuit.dtype
        roots, at = made.windows.roots(), made.at()
        windows, n = made.gains[0].shape
        k_out = self.circuit.out.shape[1]
        jacobian = made.errors.new_zeros(windows, len(at) * k_out, n)
        adjoint = jacobian.new_zeros(windows, 0, n, dtype=dtype)
        for k in range(made.windows.steps, 0, -1):
            if k in at:
                seed = (roots[at[k]][..., None] * self.circuit.out.T).expand(windows, k_out, n)
                adjoint = torch.cat([adjoint, seed.to(dtype)], dim=1)
            adjoint, touched = self._back(adjoint, made, k - 1)
            jacobian[:, : touched.shape[1]] += touched
        return jacobian

    def _back(self, adjoint: Tensor, made: Pass, k: int) -> tuple[Tensor, Tensor]:
        """Sweep (window, row, unit) adjoints back over step k; return them and their share of the Jacobian."""
        stages, weights = self.tableau.stages, self.tableau.weights
        coupling = self.circuit.coupling(made.windows.closed(k), adjoint.dtype)
        through: dict[int, Tensor] = {}
        touched = torch.zeros_like(adjoint)
        for i in range(len(stages) - 1, -1, -1):
            kappa = (self.h * weights[i]) * adjoint
            for j, later in through.items():
                if stages[j][i]:
                    kappa = kappa.add(later, alpha=self.h * stages[j][i])
            local = kappa * made.gains[k * len(stages) + i].to(adjoint.dtype)[:, None]
            touched += local
            through[i] = coupling.backward(local.flatten(0, 1), kappa.flatten(0, 1), 1.0).view(local.shape)
        for later in through.values():
            adjoint = adjoint + later
        return adjoint, touched
