"""Grouping units by what they do: k-means with the number of groups chosen by the silhouette."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._numbers import whole
from ..._random import generator
from ._door import axes, door

_TRIES = 4  # of k-means for each number
_SEEN = 2000  # units at most on which silhouettes are taken


class Clusters(NamedTuple):
    """The cluster of each unit, the number of clusters, and the mean silhouette at each number tried (from 2)."""

    cluster: Int[np.ndarray, " unit"]
    number: int
    silhouettes: Float[np.ndarray, " number"]


@door(x=axes("unit feature"), most=whole)
def clusters_of(x: Float[np.ndarray, "unit feature"], *, most: int = 12, seed: int = 0) -> Clusters:
    """Return the k-means clusters of units, their number the one from 2 to ``most`` with the largest silhouette.

        s = mean_i (b_i - a_i) / max(a_i, b_i)

    a_i is the mean distance of unit i to its own cluster, b_i that to the nearest other. Clusters are numbered by
    the feature that is largest in their centre, so that equal numbers mean much the same from run to run.
    Raises ValueError for fewer than 4 units. Units that are all alike are one cluster, of silhouette 0.
    Source: Rousseeuw (1987), doi:10.1016/0377-0427(87)90125-7; as applied to task variances: Yang et al. (2019),
    doi:10.1038/s41593-018-0310-2.

    >>> import numpy as np
    >>> found = clusters_of(np.repeat(np.eye(3), 5, axis=0) + 0.01 * np.arange(15)[:, None])
    >>> found.number, found.cluster.tolist()
    (3, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    """
    if len(x) < 4:
        raise ValueError(f"clusters need at least 4 units that do something, got {len(x)}")
    rng = generator(seed)
    numbers = range(2, min(most, len(x) - 1, len(np.unique(x, axis=0))) + 1)
    if not numbers:
        return Clusters(np.zeros(len(x), dtype=np.int64), 1, np.zeros(1))
    found = [_kmeans(x, number, rng) for number in numbers]
    seen = np.sort(rng.permutation(len(x))[:_SEEN])
    distances = _between(x[seen], x[seen])
    scores = np.array([_silhouette(distances, labels[seen]) for labels in found])
    best = found[int(scores.argmax())]
    return Clusters(_ordered(x, best), len(np.unique(best)), scores)


def _kmeans(x: Float[np.ndarray, "unit feature"], number: int, rng: np.random.Generator) -> Int[np.ndarray, " unit"]:
    from scipy.cluster.vq import kmeans2

    def attempt() -> tuple[float, np.ndarray]:
        with warnings.catch_warnings():  # a cluster may run empty: then there is one fewer
            warnings.simplefilter("ignore", UserWarning)
            centres, labels = kmeans2(x, _spread_out(x, number, rng), minit="matrix")
        return float(((x - centres[labels]) ** 2).sum()), labels.astype(np.int64)

    return min((attempt() for _ in range(_TRIES)), key=lambda attempted: attempted[0])[1]


def _spread_out(x: Float[np.ndarray, "unit feature"], number: int, rng: np.random.Generator) -> np.ndarray:
    """Return first centres, each drawn with probability as the squared distance to those before (k-means++)."""
    centres = x[[rng.integers(len(x))]]
    while len(centres) < number:
        gap = _between(x, centres).min(axis=1) ** 2
        p = gap / gap.sum() if gap.sum() > 0 else None
        centres = np.concatenate([centres, x[[rng.choice(len(x), p=p)]]])
    return centres


def _between(x: Float[np.ndarray, "a feature"], y: Float[np.ndarray, "b feature"]) -> Float[np.ndarray, "a b"]:
    from scipy.spatial.distance import cdist

    return cdist(x, y)


def _silhouette(distances: Float[np.ndarray, "unit unit"], labels: Int[np.ndarray, " unit"]) -> float:
    names, member = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        return -1.0
    belongs = np.eye(len(names))[member]
    size = belongs.sum(axis=0)
    total = distances @ belongs
    own = total[np.arange(len(member)), member]
    a = own / np.maximum(size[member] - 1, 1)
    other = np.where(belongs > 0, np.inf, total / size).min(axis=1)
    with np.errstate(invalid="ignore"):
        s = np.where(size[member] > 1, (other - a) / np.maximum(np.maximum(a, other), 1e-300), 0.0)
    return float(s.mean())


def _ordered(x: Float[np.ndarray, "unit feature"], labels: Int[np.ndarray, " unit"]) -> Int[np.ndarray, " unit"]:
    """Renumber clusters by the largest feature of their centres, then from the purest to the most mixed."""
    names = np.unique(labels)
    centres = np.array([x[labels == n].mean(axis=0) for n in names])
    largest = np.maximum(centres.max(axis=1), 1e-300)
    mixed = centres.sum(axis=1) / largest
    order = np.lexsort((mixed, centres.argmax(axis=1)))
    rank = {int(names[n]): place for place, n in enumerate(order)}
    return np.array([rank[int(label)] for label in labels])
