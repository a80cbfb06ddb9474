"""The state-space divergence on plain arrays: histograms of where a trajectory spends its time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._moving import moving, sizes
from ..._numbers import whole
from ._door import axes, door

MARGIN = 0.1
PSEUDO_COUNT = 1e-5
BINS, _FULL = 30, 0.1  # of a component where none are given; pseudo-counts of all cells, at most, a sample
_DENSE_CELLS = 2_000_000


class Box(NamedTuple):
    """The cells that a truth spans: lower corner, extent, and the number of bins per component."""

    low: Float[np.ndarray, " component"]
    extent: Float[np.ndarray, " component"]
    bins: int

    @property
    def cells(self) -> float:
        """How many cells there are."""
        return float(self.bins) ** len(self.low)


def bins_or_none(name: str, value: Any) -> int | None:
    """Return a whole number of bins, or None where the samples decide."""
    return None if value is None else whole(name, value)


def bins_for(samples: int, dimension: int) -> int:
    """Return the bins a component: 30, or as many as leave the cells' pseudo-counts a tenth of the samples.

    >>> bins_for(100_000, 3), bins_for(100_000, 10)
    (30, 7)
    """
    return max(1, min(BINS, int((_FULL * samples / PSEUDO_COUNT) ** (1 / dimension))))


@door(truth=axes("time component"), run=axes("time2 component"), bins=bins_or_none)
def state_space_divergence_of(
    truth: Float[np.ndarray, "time component"], run: Float[np.ndarray, "time2 component"], *, bins: int | None = None
) -> float:
    """Return D_stsp, the divergence KL(truth || run) of the two histograms.

        D = sum_c p_c log(p_c / q_c),   p_c = (n_c + 1e-5) / (S + 1e-5 C)

    ``n_c`` counts the samples in cell c of C = bins^d; the cells span [min - 0.1 sd, max + 0.1 sd] of the
    truth, edges included. ``q`` is computed alike from all samples of ``run``: those outside the box or not
    finite fall in no cell but stay in the total S, so leaving the box always costs.

    Arguments: ``truth`` (S, d) and ``run`` (S', d) in the same units; ``bins`` per component: 30 if not given, or as
    many as leave the pseudo-counts of all cells a tenth of the samples, which are fewer from about six components on.
    Raises ValueError when the cells are so many that the pseudo-counts outweigh the samples.
    Source: Koppe et al. (2019), doi:10.1371/journal.pcbi.1007263; Hess et al. (2023), arXiv:2306.04406.

    >>> import numpy as np
    >>> from tonicnet.measure import state_space_divergence_of
    >>> circle = np.stack([np.cos(np.arange(5000)), np.sin(np.arange(5000))], axis=1)
    >>> state_space_divergence_of(circle, circle)
    0.0
    >>> state_space_divergence_of(circle, 0 * circle) > 10
    True
    """
    if bins is not None:
        _refuse_too_many_cells(truth, bins)
    return Visited.of(truth, bins).divergence(run)


class Visited(NamedTuple):
    """The cells of a truth: see :func:`state_space_divergence_of`."""

    box: Box
    cells: Int[np.ndarray, " inside"]
    size: int

    @classmethod
    def of(cls, truth: Float[np.ndarray, "time component"], bins: int | None = None) -> Visited:
        """Return the cells of all samples."""
        box = _box(truth, bins_for(*truth.shape) if bins is None else bins)
        return cls(box, _cells(truth, box), len(truth))

    def divergence(self, run: Float[np.ndarray, "time component"]) -> float:
        """Return the divergence of a run from it."""
        return _divergence(self.cells, _cells(run, self.box), self.size, len(run), self.box)


@door(truth=axes("time component"), run=axes("time2 component"))
def outside_of(truth: Float[np.ndarray, "time component"], run: Float[np.ndarray, "time2 component"]) -> float:
    """Return the share of samples of ``run`` that lie outside the truth's box or are not finite.

    >>> truth = np.linspace(0, 1, 50)[:, None]
    >>> round(outside_of(truth, 2 * truth), 2)
    0.48
    """
    return 1.0 - len(_cells(run, _box(truth, 1))) / len(run)


def _box(truth: Float[np.ndarray, "time component"], bins: int) -> Box:
    spread = truth.std(axis=0)
    moves = moving(spread, sizes(truth))
    spread = np.where(moves, spread, float(spread.max()) if moves.any() else 1.0)
    low = truth.min(axis=0) - MARGIN * spread
    return Box(low, truth.max(axis=0) + MARGIN * spread - low, bins)


def _refuse_too_many_cells(truth: Float[np.ndarray, "time component"], bins: int) -> None:
    size, d = truth.shape
    if PSEUDO_COUNT * float(bins) ** d > size:
        raise ValueError(
            f"{bins} bins in {d} components make {float(bins) ** d:.2g} cells, too many for {size} samples; "
            f"take at most {int((size / PSEUDO_COUNT) ** (1 / d))} bins, or fewer components"
        )


def _cells(x: Float[np.ndarray, "time component"], box: Box) -> Int[np.ndarray, " inside"]:
    """Return the cell number of each sample inside the box."""
    position = (x - box.low) / box.extent
    inside = ((position >= 0) & (position <= 1)).all(axis=1)
    index = np.minimum((position[inside] * box.bins).astype(np.int64), box.bins - 1)
    return index @ box.bins ** np.arange(len(box.low), dtype=np.int64)


def _divergence(truth: Int[np.ndarray, " a"], run: Int[np.ndarray, " b"], size: int, size_run: int, box: Box) -> float:
    p, q = _counts(truth, run, box)
    pseudo = PSEUDO_COUNT * box.cells
    p, q = (p + PSEUDO_COUNT) / (size + pseudo), (q + PSEUDO_COUNT) / (size_run + pseudo)
    empty = (box.cells - len(p)) * PSEUDO_COUNT / (size + pseudo)
    shift = np.log((size_run + pseudo) / (size + pseudo))
    return max(0.0, float(np.sum(p * np.log(p / q)) + empty * shift))


def _counts(
    truth: Int[np.ndarray, " a"], run: Int[np.ndarray, " b"], box: Box
) -> tuple[Float[np.ndarray, " cell"], Float[np.ndarray, " cell"]]:
    """Count both over all cells, or over those that either visits where all would not fit in memory."""
    if box.cells > _DENSE_CELLS:
        visited, where = np.unique(np.concatenate([truth, run]), return_inverse=True)
        truth, run, cells = where[: len(truth)], where[len(truth) :], len(visited)
    else:
        cells = int(box.cells)
    first, second = (np.bincount(x, minlength=cells).astype(np.float64) for x in (truth, run))
    return first, second
