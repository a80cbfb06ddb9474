"""The field residual of a low-rank network: its vector field against the target's at sampled states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Circuit, Dynamics, Learnable
from ..parameters import Here, Response
from ..solve import (
    CACHED,
    GIB,
    Block,
    Exchange,
    Linearisation,
    Moves,
    Normal,
    Products,
    Residual,
    add_gram,
    mirrored,
    piece,
)
from ._field_exchange import ROWS, FieldExchange, swappable
from ._field_moves import FieldMoves


@dataclass(frozen=True)
class FieldResidual(Residual):
    """e_s = D r(z_s) - y_s,  where y_s = z_s + tau f(z_s) makes tau dz/dt = tau f(z).

    With T = dr/dtheta, S x N, and weights w: curvature = (T' diag(w) T) o (D'D) and gradient = sum_s w_s T_s o (D' e_s)
    for numbers of units (``PerUnit``; R = r in the blocks of the components for the decoder); no Jacobian of S K
    rows is ever formed. Matrix-free, J v and J'u are two thin products. A discrete network of step h = dt / tau has
    y_s = (z_s(t + dt) - (1 - h) z_s) / h instead.

    Arguments: ``states`` z and ``targets`` y (sample, component) in network coordinates, ``weights``
    (sample), at the circuit's precision; ``room``, bytes that temporaries may take; ``curved``, the precision
    in which curvature is multiplied (loss and gradient keep the circuit's); ``bent``, one sample in so many enters the
    curvature of the normal equations, whose rows are many more than their numbers; ``roots`` (component), the roots of
    weights of squared errors, 1 where not given, for numbers of units alone.
    """

    learnable: Learnable
    states: Float[Tensor, "sample state"]
    targets: Float[Tensor, "sample component"]
    weights: Float[Tensor, " sample"]
    room: int = GIB
    curved: torch.dtype | None = None
    bent: int = 1
    roots: Float[Tensor, " component"] | None = None

    @property
    def bends(self) -> bool:
        """Whether errors at another theta are cheap beside the curvature."""
        return True

    @property
    def rows(self) -> int:
        """Return samples times components."""
        return self.targets.numel()

    @property
    def linear(self) -> bool:
        """Whether the numbers are linear in D r, and all samples enter the curvature in full precision."""
        return self.learnable.set.linear and self.bent == 1 and self.curved is None

    def exchange(self, theta: Tensor) -> Exchange | None:
        """Return exact swaps of tonic inputs or encoders; those of decoders are exact in the normal equations."""
        learned = self.learnable.learned
        if not swappable(learned, tuple(self.learnable.numbers)):
            return None
        return FieldExchange(*self._outright(theta), encoders=learned[0] in ROWS)

    def moves(self, theta: Tensor) -> Moves | None:
        """Return exact moves of tonic inputs where nothing else acts."""
        if self.learnable.learned != ("bias",) or set(self.learnable.numbers) != {"bias"}:
            return None
        return FieldMoves(*self._outright(theta))

    def _outright(self, theta: Tensor) -> tuple[Dynamics, Tensor, Tensor, Tensor]:
        """Return dynamics, states, targets and weights of squared errors, all components alike."""
        dynamics = self.learnable.at(theta)
        wanted = self.targets if self.roots is None else self.targets * self.roots
        return replace(dynamics, circuit=self.outward(dynamics.circuit)), self.states, wanted, self.weights

    def row_bytes(self, size: int) -> int:
        """Return the memory of the features, which stand for the rows."""
        del size
        return self.states.element_size() * len(self.states) * self.learnable.columns

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at theta."""
        return _FieldAt(self, theta)

    def loss(self, theta: Tensor) -> float:
        """Return sum_s w_s |e_s|^2."""
        dynamics = self.learnable.at(theta)
        parts = ((part, self.rate(dynamics, part)) for part in self.tiles())
        out = self.outward(dynamics.circuit).out
        return sum(_squares(self.weights[part], self.error(out, rate, part)) for part, rate in parts)

    def rate(self, dynamics: Dynamics, part: slice) -> Float[Tensor, "sample unit"]:
        """Return the rates at a part of the samples."""
        return dynamics.rate(self.states[part])

    def response(self, dynamics: Dynamics, part: slice) -> Response:
        """Return rates and derivatives at a part of the samples."""
        return dynamics.respond(self.states[part])

    def thinned(self, every: int) -> FieldResidual:
        """Return the residual at one state in ``every``: cheap first steps see the same landscape."""
        kept = slice(None, None, every)
        weights = self.weights[kept] / self.weights[kept].sum()
        return replace(self, states=self.states[kept], targets=self.targets[kept], weights=weights)

    def tiles(self, copies: int = 4) -> Iterator[slice]:
        """Yield parts of the samples whose temporaries, ``copies`` of S x N, stay within the room, each in a piece."""
        count = max(1, piece(self.states, self.room // copies) // self._wide)
        for first in range(0, len(self.states), count):
            yield slice(first, first + count)

    def fits(self, copies: int) -> bool:
        """Return whether so many copies of S x N stay within the room."""
        return copies * len(self.states) * self._wide <= self.room

    @property
    def _wide(self) -> int:
        """The bytes of one sample in all columns."""
        return self.learnable.columns * self.states.element_size()

    @property
    def few(self) -> int:
        """The samples whose responses stay in a processor's cache; all of them on a card."""
        return max(1, CACHED // self._wide) if self.states.device.type == "cpu" else len(self.states)

    def outward(self, circuit: Circuit) -> Circuit:
        """Return the circuit whose decoder carries the weights of the components."""
        return circuit if self.roots is None else circuit.with_decoder((circuit.out * self.roots).T)

    def error(self, out: Tensor, rate: Tensor, part: slice) -> Float[Tensor, "sample component"]:
        """Return e of a part of the samples, weighted by component."""
        wanted = self.targets[part] if self.roots is None else self.targets[part] * self.roots
        return rate @ out - wanted


class _Tile(NamedTuple):
    """Weights, errors and features of some samples."""

    weights: Float[Tensor, " sample"]
    error: Float[Tensor, "sample component"]
    feature: Float[Tensor, "sample column"]


class _FieldAt(Linearisation):
    """The field residual at one theta; what was evaluated is kept where all of it fits into the room."""

    def __init__(self, residual: FieldResidual, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._dynamics = residual.learnable.at(theta)
        self._circuit, self._set = residual.outward(self._dynamics.circuit), residual.learnable.set
        self._kept: list[_Tile] = []

    @cached_property
    def loss(self) -> float:
        """The sum of squares."""
        return sum(_squares(tile.weights, tile.error) for tile in self._tiles())

    def gradient(self) -> Tensor:
        """Return half the gradient."""
        return torch.stack([self._back(tile) for tile in self._tiles()]).sum(0)

    def changed(self, step: Tensor) -> Tensor | None:
        """Return J'(e(theta + step) - e(theta)) of the samples that enter the curvature; None where it is not cheap."""
        if not self._residual.bends:
            return None
        there, found = self._residual.learnable.at(self.theta + step), torch.zeros_like(self.theta)
        out = self._residual.outward(there.circuit).out
        for tile, part in zip(self._tiles(), self._residual.tiles(), strict=True):
            few, kept = self._few(tile), slice(part.start, part.stop, self._residual.bent)
            error = self._residual.error(out, self._residual.rate(there, kept), kept)
            found += self._back(few._replace(error=error - few.error))
        return found

    def normal(self) -> Normal:
        """Return gradient and Gauss-Newton curvature."""
        gradient, gram = torch.zeros_like(self.theta, dtype=torch.float64), None
        for tile in self._tiles():
            gradient += self._back(tile)
            few = self._few(tile)
            gram = self._gram(gram, few.weights.sqrt()[:, None] * few.feature)
        assert gram is not None
        return Normal(gradient, self._set.curvature(mirrored(gram), self._circuit))

    def products(self) -> Products:
        """Return the matrix-free form, with features kept in bfloat16 where curvature is."""
        gradient, kept = torch.zeros_like(self.theta, dtype=torch.float64), []
        diagonal = torch.zeros_like(self.theta, dtype=self._circuit.dtype)
        for tile in self._tiles():
            gradient += self._back(tile)
            feature = tile.weights.sqrt()[:, None] * tile.feature
            diagonal += self._set.diagonal(feature, self._circuit)
            kept.append(feature.to(self._residual.curved or feature.dtype))
        p, circuit, chosen = torch.cat(kept), self._circuit, self._set

        def curvature(v: Tensor) -> Tensor:
            along = p @ chosen.scatter(v.to(circuit.dtype), circuit).T.to(p.dtype)
            return chosen.gather((along.T @ p).to(circuit.dtype), circuit).to(v.dtype)

        return Products(gradient, diagonal.double(), curvature)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, a tile of samples at a time."""
        for tile in self._tiles(copies=3 + self._residual.targets.shape[1]):
            root = tile.weights.sqrt()[:, None]
            jacobian = self._set.rows(root * tile.feature, self._circuit)
            yield Block((root * tile.error).reshape(-1), jacobian.reshape(-1, len(self.theta)))

    def _tiles(self, copies: int = 4) -> Iterator[_Tile]:
        made = map(self._tile, self._residual.tiles(copies))
        if not self._residual.fits(copies):
            return made
        self._kept = self._kept or list(made)
        return iter(self._kept)

    def _tile(self, part: slice) -> _Tile:
        """Return the samples of a part, evaluated so few at a time that what is not kept stays in the cache."""
        weights = self._residual.weights[part]
        errors: list[Tensor] = []
        features: Tensor | None = None
        for first in range(0, len(weights), self._residual.few):
            some = slice(part.start + first, min(part.stop, part.start + first + self._residual.few))
            response = self._residual.response(self._dynamics, some)
            errors.append(self._residual.error(self._circuit.out, response.rate, some))
            feature = self._set.feature(response, Here(self._residual.states[some]), self._circuit)
            features = feature.new_empty(len(weights), feature.shape[1]) if features is None else features
            features[first : first + len(feature)] = feature
        assert features is not None
        return _Tile(weights, torch.cat(errors), features)

    def _few(self, tile: _Tile) -> _Tile:
        """Return the samples that enter the curvature, weighted as all of them."""
        few = _Tile(*(part[:: self._residual.bent] for part in tile))
        return few._replace(weights=few.weights * (tile.weights.sum() / few.weights.sum()))

    def _back(self, tile: _Tile) -> Float[Tensor, " number"]:
        weighted = tile.weights[:, None] * tile.error
        return self._set.gather(weighted.T @ tile.feature, self._circuit).double()

    def _gram(self, gram: Tensor | None, feature: Tensor) -> Tensor:
        gram = feature.new_zeros(feature.shape[1], feature.shape[1]) if gram is None else gram
        if self._residual.curved is None:
            add_gram(gram, feature)
            return gram
        low = feature.to(self._residual.curved)
        return gram.add_(low.T @ low)


def _squares(weights: Tensor, error: Tensor) -> float:
    return float((weights.double() * error.double().square().sum(1)).sum())
