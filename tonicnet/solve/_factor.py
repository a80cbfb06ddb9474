"""The Cholesky factor of a matrix and a ridge, in the memory of one matrix."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def factor_of(
    matrix: Float[Tensor, "n n"], ridge: float | Float[Tensor, " n"], dtype: torch.dtype | None = None
) -> Float[Tensor, "n n"] | None:
    """Return L with L L' = M + ridge, in this precision if one is given; None where rounding leaves no positive M.

    One copy of M is made, and becomes the factor. LAPACK works by columns, as the transpose of the copy has them.

    >>> factor_of(torch.eye(2), 3.0)
    tensor([[2., 0.],
            [0., 2.]])
    >>> factor_of(-torch.eye(2), 0.5) is None
    True
    """
    factor = matrix.to(dtype or matrix.dtype, copy=True, memory_format=torch.contiguous_format).mT
    factor.diagonal().add_(ridge)
    failed = torch.empty((), dtype=torch.int32, device=matrix.device)
    torch.linalg.cholesky_ex(factor, out=(factor, failed))
    return None if failed else factor
