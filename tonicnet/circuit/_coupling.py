"""What the rates of one step feed to the next: frozen synapses and a share of the feedback, as one product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Coupling:
    """r -> drive + (W + share E D) r and its transpose.

    For dense synapses ``matrix`` holds the sum, so that a step is one matrix product whatever its share of
    feedback; else ``synapses`` (sparse, or None) and the two thin products with E and D are kept apart.
    Few rows are multiplied fastest as columns, (W + share E D) R with R (unit, row), so arrays of few rows are
    best kept as the transpose of such an R.
    """

    matrix: Float[Tensor, "unit unit"] | None
    synapses: Tensor | None
    transposed: Tensor | None
    into: Float[Tensor, "component unit"]
    out: Float[Tensor, "unit component"]
    share: float

    @classmethod
    def of(
        cls, w: Tensor | None, transposed: Tensor | None, into: Tensor, out: Tensor, share: float,
        thin: tuple[Tensor, Tensor] | None = None,
    ) -> Coupling:  # fmt: skip
        """Return the coupling of frozen arrays at one share of feedback, and two ``thin`` factors beside E' and D'."""
        if thin is not None:
            wide, tall = torch.cat([share * into, thin[0]]), torch.cat([out, thin[1]], 1)
            return cls(None, w, transposed, wide, tall, 1.0)
        if w is None or w.is_sparse:
            return cls(None, w, transposed, into, out, share)
        matrix = torch.addmm(w, into.T, out.T, alpha=share) if share else w
        return cls(matrix, None, None, into, out, share)

    def forward(self, r: Float[Tensor, "row unit"], drive: Tensor) -> Float[Tensor, "row unit"]:
        """Return drive + (W + share E D) r for each row r."""
        if self.matrix is not None:
            column = drive[:, None] if drive.dim() == 1 else drive.T
            return torch.addmm(column, self.matrix, r.T).T
        if self.share:
            drive = torch.addmm(drive, r @ self.out, self.into, alpha=self.share)
        if self.synapses is None:
            return drive.expand(r.shape) if drive.shape != r.shape else drive
        return drive + (self.synapses @ r.T).T

    def backward(
        self, adjoint: Float[Tensor, "row unit"], kept: Float[Tensor, "row unit"], leak: float, scale: float = 1.0
    ) -> Float[Tensor, "row unit"]:
        """Return scale (W + share E D)' applied to each row of ``adjoint``, less ``leak`` times ``kept``."""
        if self.turned is not None and adjoint.shape[0] > 1 and adjoint.T.is_contiguous():
            return torch.addmm(kept.T, self.turned, adjoint.T, beta=-leak, alpha=scale).T
        if self.matrix is not None:
            return torch.addmm(kept, adjoint, self.matrix, beta=-leak, alpha=scale)
        made = torch.addmm(kept, adjoint @ self.into.T, self.out.T, beta=-leak, alpha=scale * self.share)
        return made if self.transposed is None else made.add((self.transposed @ adjoint.T).T, alpha=scale)

    @cached_property
    def turned(self) -> Float[Tensor, "unit unit"] | None:
        """The transpose of ``matrix``, laid out anew."""
        return None if self.matrix is None else self.matrix.T.contiguous()

    def to(self, dtype: torch.dtype) -> Coupling:
        """Return the same coupling in another precision."""
        cast = {name: None if (x := getattr(self, name)) is None else x.to(dtype) for name in _ARRAYS}
        return Coupling(**cast, share=self.share)  # type: ignore[arg-type]


_ARRAYS = ("matrix", "synapses", "transposed", "into", "out")
