"""The Gram matrix of many rows, at little more than half of the multiplications of a general product."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import fast_products

_BLOCK = 256  # columns of a block: smaller ones save more and multiply slower
_SHORT = 512  # rows whose products are summed in float32 before they are added in float64


def add_gram(total: Float[Tensor, "n n"], rows: Float[Tensor, "row n"]) -> None:
    """Add A'A to the lower triangle of ``total``, in blocks of columns; what lies above the diagonal blocks is not
    written (see :func:`mirrored`). Float32 rows are added to a float64 total some hundreds at a time: products are as
    exact as the rows, and long sums do not lose digits.

    >>> import torch
    >>> rows, total = torch.arange(6.0).view(2, 3), torch.zeros(3, 3)
    >>> add_gram(total, rows)
    >>> bool((mirrored(total) == rows.T @ rows).all())
    True
    """
    alike = rows.dtype == total.dtype
    with fast_products(rows.device.type == "cpu" and rows.dtype == torch.float32):
        for part in [rows] if alike else rows.split(_SHORT):
            for first in range(0, rows.shape[1], _BLOCK):
                left, right = part[:, first:].T, part[:, first : first + _BLOCK]
                block = total[first:, first : first + _BLOCK]
                if alike:
                    block.addmm_(left, right)
                else:
                    block += left @ right


def mirrored(total: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """Return the symmetric matrix of which the lower triangle is given, in place."""
    n = len(total)
    for first in range(0, n, _BLOCK):
        stop = min(first + _BLOCK, n)
        total[first:stop, stop:] = total[stop:, first:stop].T
    return total
