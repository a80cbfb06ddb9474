"""The trajectory residual of any network: rollouts of the rates, Jacobian rows by one reverse sweep."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..simulate import RK4, Circuit, Tableau, combine
from ._residual import Normal, Residual
from ._windows import Windows


@dataclass(frozen=True)
class RateRollout(Residual):
    """e = D r(t_m) - target(t_m) of tau dr/dt = -r + phi(W r + E u + b), u = target while driven, u = D r after.

    All rows of the Jacobian (one for each scored step, window and component) are swept back together, so
    that every product is one large matrix product; a row joins the sweep at its own step. With L the
    adjoint of r, stage by stage of the integrator: k = h (weights L + ...), J += k o phi',
    L += W' (k o phi') + E' D' ... - k. Rates begin at ``start`` (window, unit).
    """

    circuit: Circuit
    windows: Windows
    start: Tensor
    h: float
    tableau: Tableau = RK4

    def loss(self, bias: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        return self._weigh(self._forward(bias, None))

    def normal(self, bias: Tensor) -> Normal:
        """Return loss, gradient and Gauss-Newton curvature over the scored steps."""
        gains: list[list[Tensor]] = []
        errors = self._forward(bias, gains)
        rows = self._rows(gains)
        weight = self.windows.weight
        stacked = torch.stack([errors[k] for k in sorted(errors, reverse=True)], dim=1).reshape(-1)
        gradient = weight * (rows.T @ stacked).double()
        return Normal(self._weigh(errors), gradient, weight * (rows.T @ rows).double())

    def gradient(self, bias: Tensor) -> tuple[float, Tensor]:
        """Return the loss and half its gradient by one sweep of a single adjoint a window."""
        gains: list[list[Tensor]] = []
        errors = self._forward(bias, gains)
        adjoint = torch.zeros_like(self.start)[:, None]
        total = torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
        for k in range(self.windows.steps, 0, -1):
            if k in errors:
                adjoint = adjoint + (errors[k] @ self.circuit.out.T)[:, None]
            adjoint, touched = self._back(adjoint, gains[k - 1], k - 1)
            total += touched.double().sum((0, 1))
        return self._weigh(errors), self.windows.weight * total

    def _weigh(self, errors: dict[int, Tensor]) -> float:
        return self.windows.weight * sum(float(e.double().square().sum()) for e in errors.values())

    def _forward(self, bias: Tensor, gains: list[list[Tensor]] | None) -> dict[int, Tensor]:
        """Return the errors at the scored steps; keep phi' of every stage in ``gains`` if given."""
        b, r = bias.to(self.circuit.dtype), self.start
        scored = set(self.windows.scored)
        errors: dict[int, Tensor] = {}
        for k in range(self.windows.steps):
            slopes: list[Tensor] = []
            kept: list[Tensor] = []
            for row in self.tableau.stages:
                y = combine(r, self.h, row, slopes)
                rate, gain = self.circuit.phi.both(self._input(y, b, k, sum(row)))
                slopes.append(rate - y)
                kept.append(gain)
            r = combine(r, self.h, self.tableau.weights, slopes)
            if gains is not None:
                gains.append(kept)
            if k + 1 in scored:
                errors[k + 1] = self.windows.error(k + 1, r @ self.circuit.out)
        return errors

    def _input(self, r: Tensor, b: Tensor, k: int, node: float) -> Tensor:
        drive = b
        if self.circuit.feedback:
            fed = self.windows.fed(k, node)
            drive = torch.addmm(b, r @ self.circuit.out if fed is None else fed, self.circuit.into)
        return self.circuit.recur(r, drive)

    def _rows(self, gains: list[list[Tensor]]) -> Tensor:
        """Return the Jacobian (window x scored step from last to first x component, unit)."""
        windows, n = self.start.shape
        seed = self.circuit.out.T.expand(windows, -1, -1)
        scored = set(self.windows.scored)
        adjoint = self.start.new_zeros(windows, 0, n)
        jacobian = self.start.new_zeros(windows, len(scored) * seed.shape[1], n)
        for k in range(self.windows.steps, 0, -1):
            if k in scored:
                adjoint = torch.cat([adjoint, seed], dim=1)
            adjoint, touched = self._back(adjoint, gains[k - 1], k - 1)
            jacobian[:, : adjoint.shape[1]] += touched
        return jacobian.reshape(-1, n)

    def _back(self, adjoint: Tensor, gains: list[Tensor], k: int) -> tuple[Tensor, Tensor]:
        """Sweep (window, row, unit) adjoints back over step k; return them and their share of the Jacobian."""
        stages, weights = self.tableau.stages, self.tableau.weights
        closed = k >= self.windows.driven
        through: dict[int, Tensor] = {}
        touched = torch.zeros_like(adjoint)
        for i in range(len(stages) - 1, -1, -1):
            kappa = (self.h * weights[i]) * adjoint
            for j, later in through.items():
                if stages[j][i]:
                    kappa = kappa.add(later, alpha=self.h * stages[j][i])
            local = kappa * gains[i][:, None, :]
            touched += local
            through[i] = self._transpose(local, closed) - kappa
        return adjoint + torch.stack(list(through.values())).sum(0), touched

    def _transpose(self, local: Tensor, closed: bool) -> Tensor:
        """Return local (W + E D) for rows of adjoints, with W alone when driven."""
        flat = local.reshape(-1, local.shape[-1])
        made = self.circuit.recur_back(flat)
        if closed and self.circuit.feedback:
            made = torch.addmm(made, flat @ self.circuit.into.T, self.circuit.out.T)
        return made.reshape(local.shape)
