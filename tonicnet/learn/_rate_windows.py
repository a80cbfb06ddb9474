"""The trajectory residual of rates: tiles of windows, and Jacobian rows by one reverse sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics, Learnable, Recurrent
from ..parameters import Here, Response
from ..solve import GIB, Block, Linearisation, Normal, Residual, add_gram, mirrored
from ._sweep import Adjoint, Sweep, begun
from ._windows import Windows

Stages = list[tuple[Response, Here]]  # responses and where they are taken


@dataclass(frozen=True)
class Pass:
    """What one run of a tile of windows leaves for the sweep back.

    ``through`` is dr/dh at the stages of each step and ``features`` what the learned numbers multiply there (the same
    tensors, where tonic inputs are learned); ``states`` are the rates at the scored steps.
    """

    windows: Windows
    states: list[Float[Tensor, "window unit"]]
    errors: Float[Tensor, "scored window component"]
    through: list[list[Float[Tensor, "window unit"]]]
    features: list[list[Any]]

    def at(self) -> dict[int, int]:
        """Return where among the scored steps a step stands."""
        return {step: i for i, step in enumerate(self.windows.scored)}


@dataclass(frozen=True)
class RateWindows(Residual):
    """e = D r(t_m) - target(t_m) of tau dr/dt = -r + response(W r + E u), u = D r or what the windows feed.

    All rows of the Jacobian (one for each scored step, window and component that counts) are swept back together, so
    that every product is one large matrix product; a row joins the sweep at its own step. Rates begin at
    ``start`` (window, unit) and advance by ``h`` tau a step. ``room``: bytes that temporaries may take.
    Loss and gradient are exact; curvature may be had for less: ``curved`` is the precision in which its rows are swept,
    ``rough`` the share of them that may be lost where rows of a window are joined (see :class:`Sweep`).
    """

    learnable: Learnable
    windows: Windows
    start: Float[Tensor, "window unit"]
    h: float
    room: int = GIB
    curved: torch.dtype | None = None
    rough: float = 0.0
    memory: ClassVar[int] = 0  # arrays that a step takes from earlier ones, beside the rates
    columns: ClassVar[bool] = True  # rates of a run are held so: few rows are multiplied fastest

    @property
    @abstractmethod
    def stages(self) -> int:
        """Return the number of stages of a step."""

    @abstractmethod
    def step(
        self, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, stored: bool, known: list[Tensor]
    ) -> tuple[Tensor, Stages]:
        """Return the rates after step k, and its stages, the first of them at ``r``.

        ``known`` are the responses at the starts of the ``memory`` steps before, latest first. Derivatives of the
        responses are needed only if they are ``stored``.
        """

    @abstractmethod
    def back(self, circuit: Recurrent, adjoint: Adjoint, made: Pass, k: int, swept: Sweep) -> Adjoint:
        """Return adjoints swept back over step k; their share of the Jacobian is added to ``swept``.

        The first is that of the rates; those behind it, ``memory`` in number, belong to what a step takes from earlier
        ones. They may be used up.
        """

    @property
    def rows(self) -> int:
        """Return windows times scored steps times components that count."""
        return len(self.windows.path) * len(self.windows.scored) * len(self.windows.counted)

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at theta."""
        return _RatesAt(self, theta)

    def loss(self, theta: Tensor) -> float:
        """Return the mean squared error over the scored steps."""
        dynamics = self.learnable.at(theta)
        return sum(_squares(self.run(dynamics, *tile, stored=False)) for tile in self.tiles(0))

    def run(self, dynamics: Dynamics, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows from ``start``; the derivatives of every stage are kept if ``stored``."""
        r = start.T.contiguous().T if self.columns else start
        scored, feature = set(windows.scored), self.learnable.set.feature_of_rates
        states, through, features, known = [], [], [], list[Tensor]()
        for k in range(windows.steps + 1):
            if k in scored:
                states.append(r)
            if k < windows.steps:
                r, stages = self.step(dynamics, r, windows, k, stored, known)
                known = [stages[0][0].rate, *known][: self.memory]
                kept = stages if stored else []
                through.append([response.through for response, _ in kept])
                features.append([feature(response, here, dynamics.circuit) for response, here in kept])
        outputs = torch.stack([dynamics.output(r) for r in states])
        return Pass(windows, states, windows.errors(outputs), through, features)

    def tiles(self, rows: int) -> Iterator[tuple[Windows, Tensor]]:
        """Yield windows and their starts, as many as the room allows for ``rows`` of the Jacobian of each."""
        units, width = self.start.shape[1], self.learnable.size
        each = 2 * self.stages * self.windows.steps * units + (4 + self.stages) * max(1, rows) * max(units, width)
        count = max(1, self.room // (each * self.start.element_size()))
        for part, windows in self.windows.tiles(count):
            yield windows, self.start[part]


class _RatesAt(Linearisation):
    """The windows at one theta; a run is kept where all windows fit into one tile."""

    def __init__(self, residual: RateWindows, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._dynamics = residual.learnable.at(theta)
        circuit = self._dynamics.circuit
        assert isinstance(circuit, Recurrent)
        self._circuit = circuit
        self._kept: list[Pass] = []

    @cached_property
    def loss(self) -> float:
        """The mean squared error over the scored steps."""
        return sum(map(_squares, self._passes(0)))

    def gradient(self) -> Tensor:
        """Return half the gradient by one sweep of a single adjoint a window."""
        total = torch.zeros_like(self.theta, dtype=torch.float64)
        for made in self._passes(0):
            total += self._back(made, made.windows.roots() * made.errors).double()
        return total

    def normal(self) -> Normal:
        """Return gradient and curvature; a Jacobian that is not exact leaves the gradient exact."""
        if self._residual.curved is None and not self._residual.rough:
            return super().normal()
        gradient, size = torch.zeros_like(self.theta, dtype=torch.float64), len(self.theta)
        curvature = self._residual.start.new_zeros(size, size)
        for made in self._passes(self._rows):
            rows = self._swept(made, self._residual.rough).flatten(0, 1)
            add_gram(curvature, rows)
            gradient += self._back(made, made.windows.roots() * made.errors).double()
        return Normal(gradient, mirrored(curvature))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of a tile of windows at a time."""
        for made in self._passes(self._rows):
            errors = made.errors.flip(0).transpose(0, 1)[..., list(made.windows.counted)].reshape(-1)
            yield Block(errors, self._swept(made).flatten(0, 1))

    @property
    def _rows(self) -> int:
        windows = self._residual.windows
        return len(windows.scored) * len(windows.counted)

    def _passes(self, rows: int) -> Iterator[Pass]:
        tiles = list(self._residual.tiles(rows))
        if len(tiles) > 1:
            return (self._residual.run(self._dynamics, *tile, stored=True) for tile in tiles)
        self._kept = self._kept or [self._residual.run(self._dynamics, *tiles[0], stored=True)]
        return iter(self._kept)

    def _back(self, made: Pass, errors: Float[Tensor, "scored window component"]) -> Float[Tensor, " number"]:
        """Return J'e of a run, by one adjoint a window."""
        at, out = made.at(), self._circuit.out
        windows, n = made.states[0].shape
        adjoint = tuple(self._columns(windows, n) for _ in range(1 + self._residual.memory))
        sweep = Sweep(self._residual.learnable, self._circuit, self._columns(windows, len(self.theta)))
        for k in range(made.windows.steps, -1, -1):
            if k in at:
                seed = errors[at[k]]
                adjoint = (torch.addmm(adjoint[0][:, 0].T, out, seed.T).T[:, None], *adjoint[1:])
                sweep.score(seed[:, None], made.states[at[k]], 0)
            if k:
                adjoint = self._residual.back(self._circuit, adjoint, made, k - 1, sweep)
        return sweep.rows.sum((0, 1))

    def _columns(self, windows: int, width: int) -> Float[Tensor, "window 1 width"]:
        """Return zeros, one row a window, held as columns: few rows are multiplied fastest so."""
        return self._circuit.out.new_zeros(width, windows).T[:, None]

    def _swept(self, made: Pass, rough: float = 0.0) -> Float[Tensor, "window row number"]:
        """Return J of a run, rows by scored step from last to first, then component."""
        dtype = self._residual.curved or self._circuit.dtype
        roots, at, out = made.windows.roots(), made.at(), self._circuit.out
        (windows, n), counted = made.states[0].shape, list(made.windows.counted)
        k_out = out.shape[1]
        sweep = Sweep.over(self._residual.learnable, self._circuit, windows, len(at) * len(counted), rough)
        adjoint = (torch.zeros(windows, 0, n, dtype=dtype, device=out.device),) * (1 + self._residual.memory)
        for k in range(made.windows.steps, -1, -1):
            if k in at:
                seed = torch.diag_embed(roots[at[k]].expand(windows, k_out))[:, counted]
                sweep.score(seed, made.states[at[k]], adjoint[0].shape[1])
                adjoint = begun(adjoint, (seed @ out.T).to(dtype))
            sweep, adjoint = sweep.joined(adjoint)
            if k and adjoint[0].shape[1]:
                adjoint = self._residual.back(self._circuit, adjoint, made, k - 1, sweep)
        return sweep.total()


def respond(
    dynamics: Dynamics, r: Tensor, windows: Windows, k: int, node: float, stored: bool
) -> tuple[Response, Here]:
    """Return the response to rates and to what is fed in step k; its derivatives are rates unless ``stored``."""
    here = Here(r, windows.fed(k, node), windows.closed(k))
    h = dynamics.drive(here.state, None, here.fed, here.closed)
    return dynamics.units.respond(h) if stored else Response(rate := dynamics.units.rate(h), rate), here


def _squares(made: Pass) -> float:
    return float(made.errors.double().square().sum())
