"""Whose numbers each unit has after a permutation."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ..circuit import Learnable
from ..parameters import PERMUTATIONS, SETS


def permutation_of(
    names: tuple[str, ...], learnable: Learnable, theta: Float[Tensor, " number"]
) -> Int[np.ndarray, " unit"] | None:
    """Return p with numbers[n] = first[p[n]] for every unit n; None where no permutation was learned.

    Where several units began with the same numbers, the first of them that is left is named.
    """
    if names[0] not in PERMUTATIONS:
        return None
    (name,) = learnable.learned
    axis = SETS[name].dims.index("unit")
    now = learnable.values(theta)[name].numpy(force=True)
    first, now = (_rows(values, axis) for values in (np.asarray(learnable.numbers[name]), now))
    order = np.empty(len(first), dtype=np.int64)
    order[np.lexsort(now.T)] = np.lexsort(first.T)
    return order


def _rows(values: np.ndarray, axis: int) -> Float[np.ndarray, "unit own"]:
    return np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
