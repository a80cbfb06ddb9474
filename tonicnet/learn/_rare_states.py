"""Choosing states where data are thin: near unstable fixed points, at turning points, in rare regions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

_NEIGHBOURS = 16
_SAMPLE = 20_000  # states among which densities are compared
_EVEN = 0.5  # share that is drawn as if states were spread evenly


def half_rare(
    states: Float[np.ndarray, "state component"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, " count"]:
    """Return ``count`` indices: half drawn as states come, half with a chance inverse to their density.

    The density at a state is taken from the distance to its 16th neighbour, 1 / d^K, so that a region visited
    once in a while (the inside of a wing of Lorenz) is seen as often as one visited all the time.
    """
    from scipy.spatial import cKDTree

    pool = rng.choice(len(states), min(len(states), _SAMPLE), replace=False)
    even = round(_EVEN * count)
    reach = min(_NEIGHBOURS, len(pool))
    distance = cKDTree(states[pool]).query(states[pool], k=[reach])[0][:, 0]
    chance = distance ** np.linalg.matrix_rank(states[pool] - states[pool].mean(0))
    chance = np.minimum(chance, np.quantile(chance, 0.99))  # no single stray state takes all
    rare = rng.choice(pool, even, p=chance / chance.sum()) if chance.sum() > 0 else rng.choice(pool, even)
    return np.concatenate([rng.choice(len(states), count - even), rare])
