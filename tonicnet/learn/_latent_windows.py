"""The trajectory residual of a low-rank network: windows of its latent, with a K-dimensional adjoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import RK4, Dynamics, Learnable, Tableau, combine, compiled_units, kernel, window_response
from ..parameters import Factors, Here
from ..solve import GIB, Block, Linearisation, Normal, Residual, add_gram, mirrored, piece
from ._window_run import FEW, Kept, Run, Steps, propagated, without
from ._windows import ROWS_A_NUMBER, Windows

_RIDGE = 1e-6  # of the search for free starts, relative to the trace
_SEARCH = 2  # Gauss-Newton steps towards the best start of each window
_LOST, _BOUND = 0.1, 5.0  # from this error and from so many times the median on errors weigh less
_MORE_ROWS = 2000  # of the curvature of noisy windows, beside those for each number


@dataclass(frozen=True)
class LatentWindows(Residual):
    """e = z(t_m) - target(t_m) of tau dz/dt = -z + D r(E u), u = z or what the windows feed in its place.

    The closed loop lives in K dimensions, and so does its derivative: with A_i = closed D diag(dr/dh) E - 1 at stage i
    each step is dz' = P dz + sum_i kappa_i d(D r)_i with K x K matrices, exact for the discrete rollout. A row of the
    Jacobian is the sum over steps and stages of (the row's adjoint) kappa_i times the derivative of D r by theta: one
    product of (row, step and stage) and (step and stage, unit) for all rows of a window.

    With ``free`` starts the recording is noisy: each window begins at whatever z(0) suits theta best
    (multiple shooting), found by Gauss-Newton steps on dz/dz(0), and those K unknowns a window are
    projected out of its rows (variable projection: Golub and Pereyra 1973, doi:10.1137/0710036).
    ``h`` is the step in units of tau; ``room``: bytes that temporaries may take; ``summed``: the precision in which
    products of rows are summed, that of the runs if not given. With ``lines`` derivatives are taken at the first and
    the third stage of a step of RK4 alone, and a line in time through them stands for the others: half of the work, and
    an error of second order in h. Errors and loss are exact all the same.
    """

    learnable: Learnable
    windows: Windows
    h: float
    tableau: Tableau = RK4
    free: bool = False
    room: int = GIB
    summed: torch.dtype | None = None
    lines: bool = False

    @property
    def stride(self) -> int:
        """Of how many stages of a step the derivatives of one are taken."""
        return 2 if self.lines and self.tableau == RK4 else 1

    @property
    def rows(self) -> int:
        """Return windows times scored steps times components."""
        return self.windows.rows

    def every(self, size: int) -> int:
        """Return of how many windows with free starts one goes into the curvature in so many numbers.

        These score all samples, and many windows, so that noise is averaged. The gradient needs that. A curvature is as
        good from some rows a number (subsampled Newton methods: Byrd et al. 2011, doi:10.1137/10079923X).
        """
        return max(1, self.rows // (ROWS_A_NUMBER * size + _MORE_ROWS)) if self.free else 1

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at theta."""
        return _WindowsAt(self, theta)

    def loss(self, theta: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        if self.free:
            return self.at(theta).loss
        dynamics = self.learnable.at(theta)
        runs = (self.run(dynamics, tile, tile.start, Kept.OUTPUTS) for tile in self.tiles(kept=False))
        return sum(float(run.errors().double().square().sum()) for run in runs)

    def bounded(self, theta: Tensor) -> LatentWindows:
        """Return the residual with less weight on errors that are large at ``theta``, and larger than others of a step.

            w = 1 / (1 + |e|^2 / max(0.1, 5 median |e|)^2)

        In a few windows the network may have lost the target. Their errors are too large for a linear step to reduce,
        and yet they would be most of the loss. (Cauchy's weights: Holland and Welsch 1977,
        doi:10.1080/03610927708827533.)
        """
        dynamics, at = self.learnable.at(theta), list(self.windows.scored)
        runs = [self.run(dynamics, tile, tile.start, Kept.OUTPUTS).outputs for tile in self.tiles(kept=False)]
        squared = (torch.cat(runs, 1) - self.windows.path[:, at].transpose(0, 1)).square().sum(2)
        bound = (_BOUND**2 * squared.median(1, keepdim=True).values).clamp_min(_LOST**2)
        weights = torch.ones_like(self.windows.path[:, :, :1])
        weights[:, at, 0] = (1 / (1 + squared / bound)).T
        return replace(self, windows=self.windows.discounted(weights))

    def tiles(self, *, kept: bool) -> Iterator[Windows]:
        """Yield windows as many at a time as the room allows; ``kept``: with all that the adjoint needs.

        Where rows are swept back, arrays stay within a piece. To carry them forward is many small steps for any number
        of windows.
        """
        count = self.room // self._each(kept=kept)
        if kept and len(self.windows.scored) <= FEW:
            count = min(count, piece(self.windows.path, self.room) // (max(self._stages, self._rows) * self._wide))
        return (tile for _, tile in self.windows.tiles(max(1, count)))

    @property
    def fits(self) -> bool:
        """Whether all that the adjoint needs stays within the room."""
        return len(self.windows.path) * self._each(kept=True) <= self.room

    def _each(self, *, kept: bool) -> int:
        """Return the bytes that a window takes."""
        carried = self._stages + 2 * self._rows * self.windows.path.shape[2]
        return self._wide * ((carried if kept else 2 * len(self.tableau.stages) // self.stride) + 2)

    @property
    def _stages(self) -> int:
        """The stages of a window at which derivatives are taken."""
        return len(self.tableau.stages) // self.stride * self.windows.steps

    @property
    def _rows(self) -> int:
        """The scalar errors of a window."""
        return len(self.windows.scored) * self.windows.path.shape[2]

    @property
    def _wide(self) -> int:
        """The bytes of a row in all columns."""
        return self.learnable.factor_columns * self.windows.path.element_size()

    def run(self, dynamics: Dynamics, tile: Windows, start: Tensor, kept: Kept = Kept.FEATURES) -> Run:
        """Run a tile of windows from some starts."""
        return self._compiled(dynamics, tile, start, kept) or self._stepped(dynamics, tile, start, kept)

    def _compiled(self, dynamics: Dynamics, tile: Windows, start: Tensor, kept: Kept) -> Run | None:
        """Return the run by compiled code, where it gives what the learned numbers need."""
        numbers, features = self.learnable.set, kept == Kept.FEATURES
        code = kernel() if start.device.type == "cpu" and tile.steps and (numbers.reads or not features) else None
        units = None if code is None else compiled_units(dynamics)
        if code is None or units is None:
            return None
        closed = np.array([tile.closed(k) for k in range(tile.steps)])
        run = code.windows(
            units, dynamics.tonic.numpy(), start.numpy(), tableau=self.tableau, h=self.h, closed=closed,
            fed=tile.fed_stages(self.tableau.nodes), jacobian=kept > Kept.OUTPUTS,
            wide=numbers.reads if features else (), every=self.stride,
        )  # fmt: skip
        outputs = torch.from_numpy(run.states)[:, list(tile.scored)].transpose(0, 1)
        if run.jacobian is None:
            return Run(tile, outputs, None, None)
        share, identity = torch.as_tensor(closed, dtype=start.dtype)[:, None, None], torch.eye(start.shape[1])
        linear = [share * torch.from_numpy(a) - identity.to(start.dtype) for a in np.moveaxis(run.jacobian, 2, 0)]
        steps = self._propagated(linear)
        if run.received is None:
            return Run(tile, outputs, steps, None)
        here = Here(torch.from_numpy(run.received))
        factors = numbers.factored(window_response(dynamics, run), here, dynamics.circuit)
        return Run(tile, outputs, steps, tuple(one.map(lambda f: f.flatten(1, 2)) for one in factors))

    def _propagated(self, linear: list[Tensor]) -> Steps:
        """Return the derivatives of all steps from A at the stages where it is known."""
        if self.stride == 1:
            return propagated(linear, self.h, self.tableau)
        first, middle = linear
        return propagated([first, middle, middle, 2 * middle - first], self.h, self.tableau).through_two()

    def _stepped(self, dynamics: Dynamics, tile: Windows, start: Tensor, kept: Kept) -> Run:
        """Return the run step by step."""
        z, outputs, scored = start, [], set(tile.scored)
        linear: list[list[Tensor]] = [[] for _ in self.tableau.stages]
        features: list[tuple[Factors, ...]] | None = [] if kept == Kept.FEATURES else None
        for k in range(tile.steps + 1):
            if k in scored:
                outputs.append(z)
            if k < tile.steps:
                moved = self._moved(dynamics, z, k, tile) if kept == Kept.OUTPUTS else None
                z = self._step(dynamics, z, k, tile, linear, features) if moved is None else moved
        steps = self._propagated([torch.stack(a, 1) for a in linear[:: self.stride]]) if linear[0] else None
        kept_features = None if features is None else features[:: self.stride]
        factors = tuple(_stacked(list(one)) for one in zip(*kept_features, strict=True)) if kept_features else None
        return Run(tile, torch.stack(outputs), steps, factors)

    def _step(
        self, dynamics: Dynamics, z: Tensor, k: int, tile: Windows, linear: list[list[Tensor]],
        features: list[tuple[Factors, ...]] | None,
    ) -> Tensor:  # fmt: skip
        """Return z one step later; add A and the features of each stage to what is known (None: no features)."""
        slopes: list[Tensor] = []
        closed, identity = tile.closed(k), torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        for row, known in zip(self.tableau.stages, linear, strict=True):
            y = combine(z, self.h, row, slopes)
            here = Here(y, tile.fed(k, sum(row)), closed)
            response = dynamics.respond(*here)
            slopes.append(dynamics.circuit.collect(response.rate) - y)
            known.append(closed * dynamics.circuit.linear(response.through) - identity)
            if features is not None:
                features.append(self.learnable.set.factored(response, here, dynamics.circuit))
        return combine(z, self.h, self.tableau.weights, slopes)

    def _moved(self, dynamics: Dynamics, z: Tensor, k: int, tile: Windows) -> Tensor:
        """Return z one step later, nothing kept."""
        slopes: list[Tensor] = []
        for row in self.tableau.stages:
            y = combine(z, self.h, row, slopes)
            slopes.append(dynamics.flow(y, None, tile.fed(k, sum(row)), tile.closed(k)))
        return combine(z, self.h, self.tableau.weights, slopes)


class _WindowsAt(Linearisation):
    """The windows at one theta; their runs are kept where all of them fit into the room."""

    def __init__(self, residual: LatentWindows, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._dynamics = residual.learnable.at(theta)
        self._tiles = list(residual.tiles(kept=True))
        self._kept: list[Run] = []

    @cached_property
    def loss(self) -> float:
        """The sum of squares; of free starts no more is run than finds the best of them."""
        errors = (e for _, e in self._best) if self._residual.free else (run.errors() for run in self._runs())
        return sum(float(error.double().square().sum()) for error in errors)

    def gradient(self) -> Tensor:
        """Return half the gradient, by one adjoint a window."""
        return torch.stack([self._pull(run) for run in self._runs()]).sum(0)

    def normal(self) -> Normal:
        """Return the gradient of all windows, and the curvature of as many as tell it."""
        every = self._residual.every(len(self.theta))
        if every == 1:
            return super().normal()
        size, dtype = len(self.theta), self._dynamics.circuit.out.dtype
        gradient = torch.zeros_like(self.theta, dtype=torch.float64)
        curvature = self.theta.new_zeros(size, size, dtype=dtype)
        for run in self._runs():
            gradient += self._pull(run)
            few = run.thinned(every)
            add_gram(curvature, self._block(few).jacobian.mul_((run.count / few.count) ** 0.5))
        return Normal(gradient, mirrored(curvature))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of a tile of windows at a time."""
        return (self._block(run) for run in self._runs())

    def _block(self, run: Run) -> Block:
        error, jacobian = run.errors(), run.jacobian(self._residual.learnable.set, self._dynamics.circuit)
        if self._residual.free:
            basis = run.start_basis()
            error, jacobian = without(basis, error[..., None])[..., 0], without(basis, jacobian)
        summed = self._residual.summed or jacobian.dtype
        return Block(error.reshape(-1).to(summed), jacobian.flatten(0, 1).to(summed))

    def _pull(self, run: Run) -> Float[Tensor, " number"]:
        """Return half the gradient of a run; what free starts take from the errors, they take from no derivative."""
        error = run.errors()
        if self._residual.free:
            error = without(run.start_basis(), error[..., None])[..., 0]
        scored = error.unflatten(1, (len(run.outputs), -1)).transpose(0, 1)
        adjoint = run.swept((run.windows.roots() * scored)[:, :, None])[:, 0]
        factors = tuple(one.map(lambda f: f.flatten(0, 1)) for one in run.known_features)
        left = adjoint.flatten(0, 1).T[None]
        return self._residual.learnable.set.pulled(left, factors, self._dynamics.circuit)[0].double()

    def _runs(self) -> Iterator[Run]:
        starts = (s for s, _ in self._best) if self._residual.free else (tile.start for tile in self._tiles)
        runs = (self._residual.run(self._dynamics, *given) for given in zip(self._tiles, starts, strict=True))
        if not self._residual.fits:
            return runs
        self._kept = self._kept or list(runs)
        return iter(self._kept)

    @cached_property
    def _best(self) -> list[tuple[Tensor, Tensor]]:
        """The best starts of each tile, and the errors from there."""
        return [self._searched(tile) for tile in self._tiles]

    def _searched(self, tile: Windows) -> tuple[Tensor, Tensor]:
        """Return the best starts and their errors: damped steps from where the samples begin."""
        start = tile.start
        run = self._residual.run(self._dynamics, tile, start, Kept.STEPS)
        error, phi = run.errors(), run.by_start()
        ridge = start.new_full((len(start), 1, 1), _RIDGE)
        for left in reversed(range(_SEARCH)):
            tried = start - _towards(error, phi, ridge)
            run = self._residual.run(self._dynamics, tile, tried, Kept.STEPS if left else Kept.OUTPUTS)
            new_error = run.errors()
            better = new_error.square().sum(1) < error.square().sum(1)  # a window that got worse stays, more damped
            start, error = torch.where(better[:, None], tried, start), torch.where(better[:, None], new_error, error)
            if left:
                phi = torch.where(better[:, None, None], run.by_start(), phi)
                ridge = torch.where(better[:, None, None], ridge, 0.3)
        return start, error


def _stacked(stages: list[Factors]) -> Factors:
    """Return the factors of all stages."""
    sources = [one.sources for one in stages if one.sources is not None]
    return Factors(torch.stack([one.units for one in stages], 1), torch.stack(sources, 1) if sources else None)


def _towards(error: Tensor, phi: Tensor, ridge: Tensor) -> Tensor:
    """Return the damped Gauss-Newton step of the starts."""
    gram = phi.mT @ phi
    identity = torch.eye(phi.shape[2], dtype=phi.dtype, device=phi.device)
    damped = gram + ridge * gram.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None] * identity
    return torch.linalg.solve(damped, phi.mT @ error[..., None])[..., 0]
