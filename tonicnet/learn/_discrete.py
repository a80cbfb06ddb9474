"""The trajectory residual of a discrete network, at the speed of its matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._sweep import Pass, RateRollout
from ._windows import Windows


@dataclass(frozen=True)
class DiscreteRollout(RateRollout):
    """r[k+1] = (1 - h) r[k] + h phi(x[k]), x = (W + share E D) r + E u + b.

    Back: L[k] = (1 - h) L[k+1] + M'(h phi'(x[k]) o L[k+1]) + what is scored at k, one product a step.
    """

    @property
    def stages(self) -> int:
        """Return one."""
        return 1

    def run(self, b: Tensor, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows; keep phi' of every step if ``stored``. Small arrays, one a step, stay in the cache."""
        r, gains, outputs = start, [], []
        scored = set(windows.scored)
        for k in range(windows.steps + 1):
            if k in scored:
                outputs.append(r @ self.circuit.out)
            if k == windows.steps:
                break
            x = self._outside(b, windows.fed(k, 0.0), len(r))
            self.circuit.coupling(windows.closed(k)).add_to(x, r)
            rate, gain = self.circuit.phi.both(x) if stored else (self.circuit.phi.value(x), x)
            if stored:
                gains.append(gain)
            r = torch.lerp(r, rate, self.h)
        return Pass(windows, windows.errors(torch.stack(outputs)), gains)

    def _outside(self, b: Tensor, fed: Tensor | None, windows: int) -> Tensor:
        return b.repeat(windows, 1) if fed is None else torch.addmm(b, fed, self.circuit.into)

    def swept(self, made: Pass) -> Tensor:
        """Return J'e; the gains are used up."""
        errors, at = made.windows.roots() * made.errors, made.at()
        adjoint = torch.zeros_like(made.gains[0])
        total = torch.zeros_like(adjoint)
        for k in range(made.windows.steps, 0, -1):
            if k in at:
                adjoint.addmm_(errors[at[k]], self.circuit.out.T)
            local = made.gains[k - 1].mul_(adjoint)
            total.add_(local)
            adjoint = self.circuit.coupling(made.windows.closed(k - 1)).backward(local, adjoint, self.h - 1, self.h)
        return self.h * total.sum(0)

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
            local = adjoint * (self.h * made.gains[k - 1]).to(dtype)[:, None]
            jacobian[:, : local.shape[1]] += local
            coupling = self.circuit.coupling(made.windows.closed(k - 1), dtype)
            swept = coupling.backward(local.flatten(0, 1), adjoint.flatten(0, 1), self.h - 1)
            adjoint = swept.view(local.shape)
        return jacobian
