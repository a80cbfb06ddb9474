"""The trajectory residual of a low-rank network: windows of its latent, with a K-dimensional adjoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import RK4, Dynamics, Learnable, Tableau, combine
from ..parameters import ParameterSet
from ..solve import GIB, Block, Linearisation, Residual
from ._windows import Windows

_RIDGE = 1e-6  # of the search for free starts, relative to the trace
_SEARCH = 2  # Gauss-Newton steps towards the best start of each window


@dataclass(frozen=True)
class LatentWindows(Residual):
    """e = z(t_m) - target(t_m) of tau dz/dt = -z + D r(E u), u = z or what the windows feed in its place.

    The closed loop lives in K dimensions, and so does its adjoint: with A_i = closed D diag(dr/dh) E - 1 at stage i
    and L the adjoint of z behind a step of h,

        kappa_i = h (weights_i L + sum_{j>i} stages_ji A_j' kappa_j),      L <- L + sum_i A_i' kappa_i,

    exact for the discrete rollout. A row of the Jacobian is sum over steps and stages of kappa_i times the derivative
    of D r by theta, one product of (row, step and stage) and (step and stage, unit) for all rows of a window.

    With ``free`` starts the recording is noisy: each window begins at whatever z(0) suits theta best
    (multiple shooting), found by Gauss-Newton steps on dz/dz(0), and those K unknowns a window are
    projected out of its rows (variable projection: Golub and Pereyra 1973, doi:10.1137/0710036).
    ``h`` is the step in units of tau; ``room``: bytes that temporaries may take.
    """

    learnable: Learnable
    windows: Windows
    h: float
    tableau: Tableau = RK4
    free: bool = False
    room: int = GIB

    @property
    def rows(self) -> int:
        """Return windows times scored steps times components."""
        return self.windows.rows

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at theta."""
        return _WindowsAt(self, theta)

    def loss(self, theta: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        if self.free:
            return self.at(theta).loss
        dynamics = self.learnable.at(theta)
        paths = ((tile, self._path(dynamics, tile)) for tile in self.tiles(kept=False))
        return sum(float(tile.errors(path).double().square().sum()) for tile, path in paths)

    def tiles(self, *, kept: bool) -> Iterator[Windows]:
        """Yield windows as many at a time as the room allows; ``kept``: with all that the adjoint needs."""
        k, units = self.windows.path.shape[2], self.learnable.circuit.net.units
        stages, rows = len(self.tableau.stages), len(self.windows.scored) * k
        each = (stages * self.windows.steps + 2 * rows * k if kept else 2 * stages) + 2
        count = max(1, self.room // (each * units * self.windows.path.element_size()))
        return (tile for _, tile in self.windows.tiles(count))

    def run(self, dynamics: Dynamics, tile: Windows, start: Tensor) -> Run:
        """Run a tile of windows from some starts and keep what the adjoint needs."""
        z, outputs, slopes, features = start, [], [], []
        scored = set(tile.scored)
        for k in range(tile.steps + 1):
            if k in scored:
                outputs.append(z)
            if k < tile.steps:
                z, linear, feature = self._step(dynamics, z, k, tile)
                slopes.append(linear)
                features += feature
        return Run(tile, torch.stack(outputs), slopes, torch.stack(features, 1) if features else None)

    def _step(self, dynamics: Dynamics, z: Tensor, k: int, tile: Windows) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return z one step later, and A and the features of each stage."""
        closed, slopes, linear, features = tile.closed(k), [], [], []
        identity = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        for row in self.tableau.stages:
            y = combine(z, self.h, row, slopes)
            response = dynamics.respond(y, tile.fed(k, sum(row)), closed)
            slopes.append(dynamics.circuit.collect(response.rate) - y)
            linear.append(closed * dynamics.circuit.linear(response.through) - identity)
            features.append(self.learnable.set.feature(response))
        return combine(z, self.h, self.tableau.weights, slopes), linear, features

    def _path(self, dynamics: Dynamics, tile: Windows) -> Float[Tensor, "scored window component"]:
        """Return z at the scored steps, nothing kept."""
        z, outputs, scored = tile.path[:, 0], [], set(tile.scored)
        for k in range(tile.steps + 1):
            if k in scored:
                outputs.append(z)
            if k < tile.steps:
                slopes: list[Tensor] = []
                for row in self.tableau.stages:
                    y = combine(z, self.h, row, slopes)
                    slopes.append(dynamics.flow(y, None, tile.fed(k, sum(row)), tile.closed(k)))
                z = combine(z, self.h, self.tableau.weights, slopes)
        return torch.stack(outputs)


class Adjoint(NamedTuple):
    """What rows of the error are, to first order, of a change at each stage, and of the start."""

    stages: Float[Tensor, "window row stage component"]
    start: Float[Tensor, "window row component"]


@dataclass(frozen=True)
class Run:
    """One run of a tile of windows: z at the scored steps, A of every stage of every step, and the features there."""

    windows: Windows
    outputs: Float[Tensor, "scored window component"]
    linear: list[list[Tensor]]
    features: Float[Tensor, "window stage unit"] | None

    def errors(self) -> Float[Tensor, "window row"]:
        """Return weighted errors, rows by scored step, then component."""
        return self.windows.errors(self.outputs).transpose(0, 1).flatten(1, 2)

    def swept(self, h: float, tableau: Tableau, seeds: Float[Tensor, "scored window row component"]) -> Adjoint:
        """Return the adjoint of rows, which begin with ``seeds`` at the scored steps."""
        at = {step: i for i, step in enumerate(self.windows.scored)}
        adjoint, kappas = torch.zeros_like(seeds[0]), []
        for k in range(self.windows.steps, -1, -1):
            if k in at:
                adjoint = adjoint + seeds[at[k]]
            if k:
                adjoint, kappa = _back(adjoint, self.linear[k - 1], h, tableau)
                kappas = kappa + kappas
        return Adjoint(torch.stack(kappas, 2) if kappas else adjoint[:, :, None][:, :, :0], adjoint)

    def seeds(self) -> Float[Tensor, "scored window row component"]:
        """Return what begins a row for each scored step and component: the root of its weight, at its own step."""
        m, n, k = self.outputs.shape
        roots = self.windows.roots().expand(m, n, k)
        seeds = roots.new_zeros(m, n, m, k, k)
        seeds[range(m), :, range(m)] = torch.diag_embed(roots)
        return seeds.flatten(2, 3)


def _back(adjoint: Tensor, linear: list[Tensor], h: float, tableau: Tableau) -> tuple[Tensor, list[Tensor]]:
    """Return the adjoint before a step from that behind it, and kappa of each stage."""
    kappas: dict[int, Tensor] = {}
    through: dict[int, Tensor] = {}
    for i in range(len(tableau.stages) - 1, -1, -1):
        kappa = (h * tableau.weights[i]) * adjoint
        for j, later in through.items():
            if tableau.stages[j][i]:
                kappa = kappa.add(later, alpha=h * tableau.stages[j][i])
        kappas[i], through[i] = kappa, kappa @ linear[i]
    return sum(through.values(), adjoint), [kappas[i] for i in range(len(kappas))]


class _WindowsAt(Linearisation):
    """The windows at one theta; their runs are kept where all of them fit into one tile."""

    def __init__(self, residual: LatentWindows, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._dynamics = residual.learnable.at(theta)
        self._kept: list[Run] = []

    @cached_property
    def loss(self) -> float:  # type: ignore[override]
        """The mean squared error over the scored steps."""
        return sum(float(run.errors().double().square().sum()) for run in self._runs())

    def gradient(self) -> Tensor:
        """Return half the gradient, by one adjoint a window; of free starts from the projected rows."""
        if self._residual.free:
            return self.normal().gradient
        total = torch.zeros_like(self.theta, dtype=torch.float64)
        for run in self._runs():
            residual = self._residual
            weighted = run.windows.roots() * run.windows.errors(run.outputs)
            adjoint = run.swept(residual.h, residual.tableau, weighted[:, :, None]).stages
            sums = torch.einsum("wrsk,wsn->kn", adjoint, run.features)
            total += residual.learnable.set.gather(sums, self._dynamics.circuit.out).double()
        return total

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of a tile of windows at a time."""
        residual = self._residual
        for run in self._runs():
            adjoint, error = run.swept(residual.h, residual.tableau, run.seeds()), run.errors()
            jacobian = _jacobian(residual.learnable.set, adjoint, run, self._dynamics.circuit.out)
            if residual.free:
                error, jacobian = _project(error, jacobian, adjoint.start)
            yield Block(error.reshape(-1), jacobian.flatten(0, 1))

    def _runs(self) -> Iterator[Run]:
        tiles = list(self._residual.tiles(kept=True))
        if len(tiles) > 1:
            return map(self._run, tiles)
        self._kept = self._kept or [self._run(tiles[0])]
        return iter(self._kept)

    def _run(self, tile: Windows) -> Run:
        run = self._residual.run(self._dynamics, tile, tile.path[:, 0])
        return self._best(run, tile) if self._residual.free else run

    def _best(self, run: Run, tile: Windows) -> Run:
        """Return the run from the best starts: damped steps from where the samples begin."""
        residual, start = self._residual, tile.path[:, 0]
        error, phi = run.errors(), self._by_start(run)
        ridge = start.new_full((len(start), 1, 1), _RIDGE)
        for _ in range(_SEARCH):
            tried = start - _towards(error, phi, ridge)
            run = residual.run(self._dynamics, tile, tried)
            new_error, new_phi = run.errors(), self._by_start(run)
            better = new_error.square().sum(1) < error.square().sum(1)  # a window that got worse stays, more damped
            start, error = torch.where(better[:, None], tried, start), torch.where(better[:, None], new_error, error)
            phi = torch.where(better[:, None, None], new_phi, phi)
            ridge = torch.where(better[:, None, None], ridge, 0.3)
        return run if bool(better.all()) else residual.run(self._dynamics, tile, start)

    def _by_start(self, run: Run) -> Float[Tensor, "window row component"]:
        """Return the derivative of the errors by the starts."""
        return run.swept(self._residual.h, self._residual.tableau, run.seeds()).start


def _jacobian(
    numbers: ParameterSet, adjoint: Adjoint, run: Run, out: Float[Tensor, "unit component"]
) -> Float[Tensor, "window row number"]:
    windows, rows, stages, k = adjoint.stages.shape
    if run.features is None:
        raise ValueError("windows without a step have no derivative by theta")
    sums = adjoint.stages.transpose(2, 3).reshape(windows, rows * k, stages) @ run.features
    return numbers.gather(sums.view(windows, rows, k, -1), out)


def _towards(error: Tensor, phi: Tensor, ridge: Tensor) -> Tensor:
    """Return the damped Gauss-Newton step of the starts."""
    gram = phi.mT @ phi
    identity = torch.eye(phi.shape[2], dtype=phi.dtype, device=phi.device)
    damped = gram + ridge * gram.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None] * identity
    return torch.linalg.solve(damped, phi.mT @ error[..., None])[..., 0]


def _project(error: Tensor, jacobian: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows without what a change of the starts could take away."""
    basis = torch.linalg.qr(phi)[0]
    error = error - (basis @ (basis.mT @ error[..., None]))[..., 0]
    return error, torch.baddbmm(jacobian, basis, basis.mT @ jacobian, alpha=-1)
