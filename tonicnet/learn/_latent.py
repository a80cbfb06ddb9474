"""The trajectory residual of a low-rank network: K-dimensional rollouts with forward sensitivities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..simulate import RK4, Circuit, Tableau, combine
from ._residual import GIB, Block, Residual
from ._windows import Windows

_RIDGE = 1e-6  # of the search for free starts, relative to the trace
_SEARCH = 2  # Gauss-Newton steps towards the best start of each window


@dataclass(frozen=True)
class LatentRollout(Residual):
    """e = z(t_m) - target(t_m) of tau dz/dt = -z + D phi(E u + b), u = z or what the windows feed in its place.

    The closed loop lives in K dimensions, so S = dz/db (window, K, N) is carried forward through every
    stage of the integrator, tau dS/dt = -S + D diag(phi') E S + D o phi', and the Jacobian is exact for
    the discrete rollout. ``h`` is the step in units of tau.

    With ``free`` starts the recording is noisy: each window begins at whatever z(0) suits the biases best
    (multiple shooting), found by Gauss-Newton steps on Phi = dz/dz(0), and those K unknowns a window are
    projected out of its rows (variable projection: Golub and Pereyra 1973, doi:10.1137/0710036).
    ``room``: bytes that temporaries may take.
    """

    circuit: Circuit
    windows: Windows
    h: float
    tableau: Tableau = RK4
    free: bool = False
    room: int = GIB

    @property
    def rows(self) -> int:
        """Return windows times scored steps times components."""
        return self.windows.rows

    def loss(self, bias: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        return sum(self._squares(bias, tile) for tile in self._tiles(len(bias), sensitive=False))

    def blocks(self, bias: Tensor) -> Iterator[Block]:
        """Yield the rows of a tile of windows at a time."""
        for tile in self._tiles(len(bias), sensitive=True):
            start = self._start(bias, tile)
            error, jacobian = self._linear(bias, tile, start, "bias")
            if self.free:
                error, jacobian = self._project(error, jacobian, self._linear(bias, tile, start, "start")[1])
            yield Block(error.reshape(-1), jacobian.reshape(-1, len(bias)))

    def _squares(self, bias: Tensor, tile: Windows) -> float:
        outputs = [z for z, _ in self._rollout(bias, tile, self._start(bias, tile), None)]
        return float(tile.errors(torch.stack(outputs)).double().square().sum())

    def _linear(self, bias: Tensor, tile: Windows, start: Tensor, by: str) -> tuple[Tensor, Tensor]:
        """Return a tile's errors (window, row) and their derivative (window, row, unknown), weighted alike."""
        outputs, changes = zip(*self._rollout(bias, tile, start, by), strict=True)
        error = tile.errors(torch.stack(outputs))
        change = torch.stack(changes) * tile.roots()[..., None]
        return error.transpose(0, 1).flatten(1, 2), change.transpose(0, 1).flatten(1, 2)

    def _tiles(self, units: int, *, sensitive: bool) -> Iterator[Windows]:
        k = self.windows.path.shape[2] if sensitive else 1
        copies = 2 * len(self.tableau.stages) + (2 * len(self.windows.scored) if sensitive else 2)
        count = max(1, self.room // (copies * k * units * self.windows.path.element_size()))
        return (tile for _, tile in self.windows.tiles(count))

    def _start(self, bias: Tensor, tile: Windows) -> Float[Tensor, "window component"]:
        """Return where each window begins: where the target does, or after damped steps towards the best start."""
        start = tile.path[:, 0]
        if not self.free:
            return start
        error, phi = self._linear(bias, tile, start, "start")
        ridge = start.new_full((len(start), 1, 1), _RIDGE)
        for _ in range(_SEARCH):
            tried = start - self._towards(error, phi, ridge)
            new_error, new_phi = self._linear(bias, tile, tried, "start")
            better = new_error.square().sum(1) < error.square().sum(1)  # a window that got worse stays, more damped
            start, error = torch.where(better[:, None], tried, start), torch.where(better[:, None], new_error, error)
            phi, ridge = (
                torch.where(better[:, None, None], new_phi, phi),
                torch.where(better[:, None, None], ridge, 0.3),
            )
        return start

    def _towards(self, error: Tensor, phi: Tensor, ridge: Tensor) -> Tensor:
        gram = phi.mT @ phi
        damped = gram + ridge * gram.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None] * self._identity(phi.mT)
        return torch.linalg.solve(damped, phi.mT @ error[..., None])[..., 0]

    def _project(self, error: Tensor, jacobian: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows without what a change of the starts could mend."""
        basis = torch.linalg.qr(phi)[0]
        error = error - (basis @ (basis.mT @ error[..., None]))[..., 0]
        return error, torch.baddbmm(jacobian, basis, basis.mT @ jacobian, alpha=-1)

    def _rollout(self, bias: Tensor, tile: Windows, start: Tensor, by: str | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield z and dz/db (``by`` "bias") or dz/dz(0) (``by`` "start") at the scored steps."""
        b, z, k_out = bias.to(self.circuit.dtype), start, start.shape[1]
        s = z.new_zeros(*z.shape, len(b) if by == "bias" else 0)
        if by == "start":
            s = torch.eye(k_out, dtype=z.dtype, device=z.device).expand(len(z), -1, -1)
        scored = set(tile.scored)
        for k in range(tile.steps + 1):
            if k in scored:
                yield z, s
            if k < tile.steps:
                z, s = self._step(z, s, b, k, tile, by)

    def _step(self, z: Tensor, s: Tensor, b: Tensor, k: int, tile: Windows, by: str | None) -> tuple[Tensor, Tensor]:
        slopes: list[Tensor] = []
        changes: list[Tensor] = []
        closed = tile.closed(k)
        change = self._by_bias if by == "bias" else self._by_start
        for row in self.tableau.stages:
            y = combine(z, self.h, row, slopes)
            rate, gain = self._rate(y, b, tile.fed(k, sum(row)), closed, by is not None)
            slopes.append(rate @ self.circuit.out - y)
            if by is not None:
                changes.append(change(combine(s, self.h, row, changes), gain, closed))
        after = s if by is None else combine(s, self.h, self.tableau.weights, changes)
        return combine(z, self.h, self.tableau.weights, slopes), after

    def _rate(self, y: Tensor, b: Tensor, fed: Tensor | None, closed: float, gain: bool) -> tuple[Tensor, Tensor]:
        u = closed * y if fed is None else torch.add(fed, y, alpha=closed)
        x = torch.addmm(b, u, self.circuit.into)
        return self.circuit.phi.both(x) if gain else (self.circuit.phi.value(x), x)

    def _by_bias(self, s: Tensor, gain: Tensor, closed: float) -> Tensor:
        """Return dS/dt = (closed D diag(phi') E - 1) S + D o phi'."""
        local = gain[:, None, :] * self.circuit.out.T
        if not closed:
            return local - s
        return torch.baddbmm(local, closed * (local @ self.circuit.into.T) - self._identity(s), s)

    def _by_start(self, s: Tensor, gain: Tensor, closed: float) -> Tensor:
        """Return dPhi/dt = (closed D diag(phi') E - 1) Phi, with no (window, K, N) array."""
        k = s.shape[1]
        pairs = (self.circuit.out[:, :, None] * self.circuit.into.T[:, None, :]).flatten(1)
        return (closed * (gain @ pairs).view(-1, k, k) - self._identity(s)) @ s

    def _identity(self, s: Tensor) -> Tensor:
        return torch.eye(s.shape[1], dtype=s.dtype, device=s.device)
