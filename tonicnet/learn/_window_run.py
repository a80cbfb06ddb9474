"""One run of windows of a latent: what each step does to small changes, and the Jacobian that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Circuit, Tableau
from ..parameters import Factors, Learned
from ..solve import CACHED
from ._windows import Windows

FEW = 8  # scored steps up to which rows are swept back; more are carried forward


class Kept(IntEnum):
    """How much of a run is kept: outputs; what each step does to small changes; the features of every stage too."""

    OUTPUTS = 0
    STEPS = 1
    FEATURES = 2


class Steps(NamedTuple):
    """What each step does to small changes: dz' = ``whole`` dz + sum_i ``stages``_i (change of D r at stage i)."""

    whole: Float[Tensor, "window step component component"]
    stages: Float[Tensor, "window step stage component component"]

    def through_two(self) -> Steps:
        """Return them for changes of D r at the first and third stage of RK4, between and after which they are linear.

        The second and third stage are at the middle of a step, and the fourth is at its end.
        """
        first, second, third, fourth = self.stages.unbind(2)
        return Steps(self.whole, torch.stack([first - fourth, second + third + 2 * fourth], 2))


def propagated(linear: list[Float[Tensor, "window step component component"]], h: float, tableau: Tableau) -> Steps:
    """Return the derivatives of all steps from A at each of their stages, by the adjoint of the Runge-Kutta method.

    kappa_i = h (weights_i + sum_{j>i} stages_ji kappa_j A_j),    dz'/dz = 1 + sum_i kappa_i A_i.
    """
    identity = torch.eye(linear[0].shape[-1], dtype=linear[0].dtype, device=linear[0].device)
    kappas: dict[int, Tensor] = {}
    through: dict[int, Tensor] = {}
    for i in range(len(linear) - 1, -1, -1):
        kappa = (h * tableau.weights[i]) * identity.expand_as(linear[i])
        for j, later in through.items():
            if tableau.stages[j][i]:
                kappa = kappa.add(later, alpha=h * tableau.stages[j][i])
        kappas[i], through[i] = kappa, kappa @ linear[i]
    return Steps(sum(through.values(), identity), torch.stack([kappas[i] for i in range(len(linear))], 2))


@dataclass(frozen=True)
class Run:
    """One run of a tile of windows: z at the scored steps, the derivatives of every step, and the features."""

    windows: Windows
    outputs: Float[Tensor, "scored window component"]
    steps: Steps | None
    features: tuple[Factors, ...] | None

    @property
    def count(self) -> int:
        """Return the number of windows."""
        return int(self.outputs.shape[1])

    def errors(self) -> Float[Tensor, "window row"]:
        """Return weighted errors, rows by scored step, then component."""
        return self.windows.errors(self.outputs).transpose(0, 1).flatten(1, 2)

    def by_start(self) -> Float[Tensor, "window row component"]:
        """Return the derivative of the weighted errors by the starts."""
        k = self.outputs.shape[2]
        moved = torch.eye(k, dtype=self.outputs.dtype, device=self.outputs.device).expand(self.outputs.shape[1], k, k)
        return _weighted(self.windows, self._carried(moved))

    def start_basis(self) -> Float[Tensor, "window row component"]:
        """Return an orthonormal basis of what changes of the starts do to the errors."""
        return torch.linalg.qr(self.by_start())[0]

    def thinned(self, every: int) -> Run:
        """Return one of so many windows."""
        steps = None if self.steps is None else Steps(*(part[::every] for part in self.steps))
        features = None if self.features is None else _taken(self.features, (slice(None, None, every),))
        return Run(self.windows.thinned(every), self.outputs[:, ::every], steps, features)

    def _carried(self, moved: Tensor) -> Iterator[Float[Tensor, "window component component"]]:
        """Yield what becomes of changes of the start at the scored steps."""
        at = set(self.windows.scored)
        for number in range(self.windows.steps + 1):
            if number in at:
                yield moved
            if number < self.windows.steps:
                moved = self._known.whole[:, number] @ moved

    def swept(self, seeds: Float[Tensor, "scored window row component"]) -> Float[Tensor, "window row stage component"]:
        """Return what rows are, to first order, of changes of D r at every stage; they begin with ``seeds``."""
        at = {step: i for i, step in enumerate(self.windows.scored)}
        adjoint, kappas = torch.zeros_like(seeds[0]), []
        for number in range(self.windows.steps, 0, -1):
            if number in at:
                adjoint = adjoint + seeds[at[number]]
            kappas.append(torch.einsum("wra,wiac->wric", adjoint, self._known.stages[:, number - 1]))
            adjoint = adjoint @ self._known.whole[:, number - 1]
        return torch.cat(kappas[::-1], 2)

    def jacobian(self, numbers: Learned, circuit: Circuit) -> Float[Tensor, "window row number"]:
        """Return the derivative of the weighted errors by theta.

        By adjoints where few steps are scored, each of which goes over all stages; where many are, forward: step by
        step what all stages of it do to z.
        """
        if len(self.windows.scored) <= FEW:
            return torch.cat(list(self._backward(numbers, circuit)))
        return _weighted(self.windows, self._forward(numbers, circuit))

    def _backward(self, numbers: Learned, circuit: Circuit) -> Iterator[Float[Tensor, "window row number"]]:
        """Yield the Jacobian of some windows at a time, few enough for their products to stay in the cache.

        Stages are taken from one scored step to the next, by the rows that have not ended before.
        """
        left, k = self.swept(self._seeds()).mT, self.outputs.shape[2]
        ends = [left.shape[3] // self.windows.steps * step for step in self.windows.scored]
        parts = [(i * k, slice(*part)) for i, part in enumerate(pairwise([0, *ends]))]
        each = left[0, ..., 0].numel() * numbers.factor_columns(circuit) * left.element_size()
        count = max(1, CACHED // each)
        for first in range(0, len(left), count):
            some = slice(first, first + count)
            made, *later = (
                numbers.pulled(left[some, row:, :, stages], _taken(self.known_features, (some, stages)), circuit)
                for row, stages in parts
            )
            for (row, _), more in zip(parts[1:], later, strict=True):
                made[:, row:] += more
            yield made

    def _forward(self, numbers: Learned, circuit: Circuit) -> Iterator[Float[Tensor, "window component number"]]:
        """Yield dz/dtheta at the scored steps."""
        at = set(self.windows.scored)
        moved: Tensor | None = None
        for number in range(self.windows.steps + 1):
            if number in at:
                yield torch.zeros_like(self._change(numbers, circuit, 0)) if moved is None else moved
            if number < self.windows.steps:
                change = self._change(numbers, circuit, number)
                moved = change if moved is None else torch.baddbmm(change, self._known.whole[:, number], moved)

    def _change(self, numbers: Learned, circuit: Circuit, number: int) -> Float[Tensor, "window component number"]:
        """Return what theta does to z within one step."""
        stages = self._known.stages[:, number]
        width = stages.shape[1]
        here = slice(number * width, (number + 1) * width)
        return numbers.pulled(stages.permute(0, 2, 3, 1), _taken(self.known_features, (slice(None), here)), circuit)

    @property
    def _known(self) -> Steps:
        if self.steps is None:
            raise ValueError("windows without a step have no derivatives of a step")
        return self.steps

    @property
    def known_features(self) -> tuple[Factors, ...]:
        """The features; ValueError where none were kept."""
        if self.features is None:
            raise ValueError("windows without a step have no derivative by theta")
        return self.features

    def _seeds(self) -> Float[Tensor, "scored window row component"]:
        """Return what begins a row for each scored step and component: the root of its weight, at its own step."""
        m, n, k = self.outputs.shape
        roots = self.windows.roots().expand(m, n, k)
        seeds = roots.new_zeros(m, n, m, k, k)
        seeds[range(m), :, range(m)] = torch.diag_embed(roots)
        return seeds.flatten(2, 3)


def _taken(features: tuple[Factors, ...], at: tuple[slice, ...]) -> tuple[Factors, ...]:
    """Return the features of some windows and stages."""
    return tuple(one.map(lambda f: f[at]) for one in features)


def without(
    basis: Float[Tensor, "window row component"], rows: Float[Tensor, "window row any"]
) -> Float[Tensor, "window row any"]:
    """Return rows less their projection onto a basis, in their place."""
    return rows.baddbmm_(basis, basis.mT @ rows, alpha=-1)


def _weighted(
    windows: Windows, scored: Iterable[Float[Tensor, "window component any"]]
) -> Float[Tensor, "window row any"]:
    """Return derivatives of the scored steps as rows, times the roots of their weights."""
    roots, rows = windows.roots()[..., None], None
    for i, moved in enumerate(scored):
        if rows is None:
            rows = moved.new_empty(len(moved), len(windows.scored), *moved.shape[1:])
        torch.mul(moved, roots[i], out=rows[:, i])
    assert rows is not None
    return rows.flatten(1, 2)
