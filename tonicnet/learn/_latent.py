"""The trajectory residual of a low-rank network: K-dimensional rollouts with forward sensitivities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..simulate import RK4, Circuit, Tableau, combine
from ._residual import Normal, Residual
from ._windows import Windows


@dataclass(frozen=True)
class LatentRollout(Residual):
    """e = z(t_m) - target(t_m) of tau dz/dt = -z + D phi(E z + b), with z replaced by the target while driven.

    The closed loop lives in K dimensions, so S = dz/db (window, K, N) is carried forward through every
    stage of the integrator, tau dS/dt = -S + D diag(phi') E S + D o phi', and the Jacobian is exact for
    the discrete rollout. ``h`` is the step in units of tau.
    """

    circuit: Circuit
    windows: Windows
    h: float
    tableau: Tableau = RK4

    def loss(self, bias: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        errors = (self.windows.error(k, z) for k, z, _ in self._rollout(bias, False))
        return sum(self.windows.weight * float(e.double().square().sum()) for e in errors)

    def normal(self, bias: Tensor) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature over the scored steps."""
        n = len(bias)
        loss = 0.0
        gradient = torch.zeros(n, dtype=torch.float64, device=bias.device)
        curvature = torch.zeros(n, n, dtype=self.circuit.dtype, device=bias.device)
        for k, z, sensitivity in self._rollout(bias, True):
            error, rows = self.windows.error(k, z), sensitivity.reshape(-1, n)
            loss += float(error.double().square().sum())
            gradient += (rows.T @ error.reshape(-1)).double()
            curvature.addmm_(rows.T, rows)
        weight = self.windows.weight
        return Normal(weight * loss, weight * gradient, weight * curvature.double())

    def _rollout(self, bias: Tensor, sensitive: bool) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield step, z and S at the scored steps; S is empty unless ``sensitive``."""
        b = bias.to(self.circuit.dtype)
        z = self.windows.path[:, 0]
        s = z.new_zeros(*z.shape, len(b)) if sensitive else z.new_zeros(0)
        scored = set(self.windows.scored)
        for k in range(self.windows.steps):
            z, s = self._step(z, s, b, k, sensitive)
            if k + 1 in scored:
                yield k + 1, z, s

    def _step(self, z: Tensor, s: Tensor, b: Tensor, k: int, sensitive: bool) -> tuple[Tensor, Tensor]:
        slopes: list[Tensor] = []
        changes: list[Tensor] = []
        for row in self.tableau.stages:
            fed = self.windows.fed(k, sum(row))
            y = combine(z, self.h, row, slopes)
            rate, gain = self.circuit.phi.both(torch.addmm(b, y if fed is None else fed, self.circuit.into))
            slopes.append(rate @ self.circuit.out - y)
            if sensitive:
                changes.append(self._change(combine(s, self.h, row, changes), gain, fed is None))
        after = combine(s, self.h, self.tableau.weights, changes) if sensitive else s
        return combine(z, self.h, self.tableau.weights, slopes), after

    def _change(self, s: Tensor, gain: Tensor, closed: bool) -> Tensor:
        """Return dS = D o phi' + (D diag(phi') E - 1) S, without the middle term when driven."""
        local = gain[:, None, :] * self.circuit.out.T
        if not closed:
            return local - s
        inner = local @ self.circuit.into.T - torch.eye(s.shape[1], dtype=s.dtype, device=s.device)
        return torch.baddbmm(local, inner, s)
