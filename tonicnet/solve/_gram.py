"""The Gram matrix of many rows, at little more than half of the multiplications of a general product."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import fast_products

_BLOCK = 256  # columns of a block: smaller ones save more and multiply slower


def add_gram(total: Float[Tensor, "n n"], rows: Float[Tensor, "row n"]) -> None:
    """Add A'A to the lower triangle of ``total``, in blocks of columns; what lies above the diagonal blocks is not
    written (see :func:`mirrored`).

    >>> import torch
    >>> rows, total = torch.arange(6.0).view(2, 3), torch.zeros(3, 3)
    >>> add_gram(total, rows)
    >>> bool((mirrored(total) == rows.T @ rows).all())
    True
    """
    n = rows.shape[1]
    with fast_products(rows.device.type == "cpu" and rows.dtype == torch.float32):
        for first in range(0, n, _BLOCK):
            stop = min(first + _BLOCK, n)
            total[first:, first:stop].addmm_(rows[:, first:].T, rows[:, first:stop])


def mirrored(total: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """Return the symmetric matrix of which the lower triangle is given, in place."""
    n = len(total)
    for first in range(0, n, _BLOCK):
        stop = min(first + _BLOCK, n)
        total[first:stop, stop:] = total[stop:, first:stop].T
    return total
