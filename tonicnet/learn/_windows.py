"""Stretches of the target that a network must follow: driven by it first, then more and more alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

ROWS_A_NUMBER = 6  # of a residual: with fewer rows for each number learned, new windows are not what was learned


@dataclass(frozen=True)
class Windows:
    """Windows in network coordinates: what is fed back at every step, and at which steps the output is scored.

    During the first ``driven`` steps the target is fed back; after them the share ``forcing`` of it, and the
    network's own output for the rest, u = forcing target + (1 - forcing) D r: 0 is the closed loop, what lies
    between is generalised teacher forcing (Hess et al. 2023, arXiv 2306.04406). ``path`` (window, step,
    component) is the target at every step, the start included; ``inputs``, of the same shape, is added to what is fed
    back, held during each step; ``mask`` weighs the squared errors, and ``counted`` are the components of which some
    error counts: others of a behaviour are inputs alone. Scored steps count from 1 to the last. Windows of a latent
    begin at ``begin``, or where the target does.
    """

    path: Float[Tensor, "window step component"]
    driven: int
    scored: tuple[int, ...]
    forcing: float = 0.0
    inputs: Float[Tensor, "window step component"] | None = None
    mask: Float[Tensor, "window step component"] | None = None
    total: float = 0.0
    counted: tuple[int, ...] = ()
    begin: Float[Tensor, "window component"] | None = None

    def __post_init__(self) -> None:
        last = self.path.shape[1] - 1
        if not self.scored or min(self.scored) < 0 or max(self.scored) > last or self.driven > last:
            raise ValueError(f"scored steps {self.scored} and {self.driven} driven steps must lie in 0 .. {last}")
        if not self.total:
            object.__setattr__(self, "total", self._total())
            object.__setattr__(self, "counted", self._some_count())

    def _total(self) -> float:
        """Return the summed weight of one component: the number of scored samples, if nothing is masked."""
        if self.mask is None:
            return float(len(self.path) * len(self.scored))
        return float(self.mask[:, list(self.scored)].sum()) / self.path.shape[2]

    @property
    def start(self) -> Float[Tensor, "window component"]:
        """The output at which each window begins."""
        return self.path[:, 0] if self.begin is None else self.begin

    @property
    def steps(self) -> int:
        """Return how many steps a window lasts up to its last scored one."""
        return max(self.scored)

    @property
    def rows(self) -> int:
        """Return the number of scalar errors."""
        return self.path.shape[0] * len(self.scored) * self.path.shape[2]

    def _some_count(self) -> tuple[int, ...]:
        if self.mask is None:
            return tuple(range(self.path.shape[2]))
        return tuple(int(k) for k in self.mask[:, list(self.scored)].amax((0, 1)).nonzero()[:, 0])

    def closed(self, step: int) -> float:
        """Return the share of its own output that the network gets in a step."""
        return 0.0 if step < self.driven else 1.0 - self.forcing

    def fed(self, step: int, node: float) -> Float[Tensor, "window component"] | None:
        """Return what comes from outside at ``step + node``: forcing, linear between samples, and inputs."""
        share = 1.0 - self.closed(step)
        outside = None if self.inputs is None else self.inputs[:, step]
        if not share:
            return outside
        target = self.path[:, step]
        target = torch.lerp(target, self.path[:, step + 1], node) if node else target
        forced = target if share == 1 else share * target
        return forced if outside is None else forced + outside

    def fed_stages(self, nodes: Sequence[float]) -> np.ndarray | None:
        """Return :meth:`fed` at the stages of all steps, (window, step, stage, component); None if nothing is fed."""
        found = [[self.fed(k, node) for node in nodes] for k in range(self.steps)]
        if all(u is None for stages in found for u in stages):
            return None
        zero = torch.zeros_like(self.path[:, 0])
        return torch.stack([torch.stack([zero if u is None else u for u in stages], 1) for stages in found], 1).numpy()

    def weighted(self, weights: Float[Tensor, "*any component"]) -> Windows:
        """Return the windows with further weights of squared errors, which broadcast over (window, step, component)."""
        mask = weights.expand_as(self.path) if self.mask is None else weights * self.mask
        return replace(self, mask=mask, total=0.0)

    def discounted(self, weights: Float[Tensor, "*any 1"]) -> Windows:
        """Return the windows with further weights of whole states; what components weigh beside each other stays."""
        made = self.weighted(weights)
        return replace(made, total=self.total * made.total / self._total())

    def roots(self) -> Tensor:
        """Return the roots of the weights of the errors, (scored, window or 1, component or 1)."""
        if self.mask is None:
            return self.path.new_full((len(self.scored), 1, 1), self.total**-0.5)
        return (self.mask[:, list(self.scored)].transpose(0, 1) / self.total).sqrt()

    def errors(self, outputs: Float[Tensor, "scored window component"]) -> Float[Tensor, "scored window component"]:
        """Return outputs minus target at the scored steps, times the roots of their weights."""
        return self.roots() * (outputs - self.path[:, list(self.scored)].transpose(0, 1))

    def tiles(self, count: int) -> Iterator[tuple[slice, Windows]]:
        """Yield ``count`` windows at a time, weighted as parts of the whole."""
        for first in range(0, len(self.path), count):
            part = slice(first, first + count)
            yield part, self._part(part)

    def thinned(self, every: int) -> Windows:
        """Return one of so many windows, weighted as a part of the whole."""
        return self._part(slice(None, None, every))

    def _part(self, part: slice) -> Windows:
        inputs, mask, begin = (None if x is None else x[part] for x in (self.inputs, self.mask, self.begin))
        return replace(self, path=self.path[part], inputs=inputs, mask=mask, begin=begin)
