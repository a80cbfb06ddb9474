"""The trajectory residual of a discrete network, at the speed of its matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ._sweep import Pass, RateRollout
from ._windows import Windows

_CACHE = 2**19  # bytes of one array over a block of steps


@dataclass(frozen=True)
class DiscreteRollout(RateRollout):
    """r[k+1] = (1 - h) r[k] + h phi(x[k]), x = (W + share E D) r + E u + b.

    Back: L[k] = (1 - h) L[k+1] + M'(h phi'(x[k]) o L[k+1]) + what is scored at k, one product a step.
    """

    @property
    def stages(self) -> int:
        """Return one."""
        return 1

    def run(self, b: Tensor, windows: Windows, start: Tensor, *, stored: bool) -> Pass:
        """Run windows, held as columns; what needs no recursion is one operation for a block of steps."""
        r, gains, outputs = start.T.contiguous().T, [], []
        if 0 in windows.scored:
            outputs.append((r @ self.circuit.out)[None])
        for block, inputs in self._outside(b, windows):
            rates, columns = [], []
            for k, x in zip(block, inputs.mT.unbind(0), strict=True):
                self.circuit.coupling(windows.closed(k)).add_to(x, r)
                rates.append(self.circuit.phi.value(x))
                r = torch.lerp(r, rates[-1], self.h)
                columns.append(r.T)
            kept = [r for k, r in zip(block, columns, strict=True) if k + 1 in windows.scored]
            outputs += [(self.circuit.out.T @ torch.stack(kept)).mT] if kept else []
            gains += [self._gains(inputs, rates)] if stored else []
        return Pass(windows, windows.errors(torch.cat(outputs)), gains)

    def _gains(self, inputs: Tensor, rates: list[Tensor]) -> Float[Tensor, "step unit window"]:
        return self.circuit.phi.slope_beside(inputs, torch.stack([rate.T for rate in rates]))

    def _outside(self, b: Tensor, windows: Windows) -> Iterator[tuple[range, Float[Tensor, "step unit window"]]]:
        """Yield as many steps as stay in the processor's cache, and b + E u in them."""
        fed, column, count = windows.forced(), b[None, :, None], len(windows.path)
        length = max(1, _CACHE // (count * len(b) * b.element_size()))
        for first in range(0, windows.steps, length):
            block = range(first, min(first + length, windows.steps))
            if fed is None:
                yield block, column.repeat(len(block), 1, count)
            else:
                into = self.circuit.into.T.expand(len(block), -1, -1)
                yield block, torch.baddbmm(column, into, fed[block.start : block.stop].mT)

    def swept(self, made: Pass) -> Tensor:
        """Return J'e; the gains are used up."""
        seeds = self.circuit.out @ (made.windows.roots() * made.errors).mT
        at, adjoint, last = made.at(), torch.zeros_like(made.gains[0][0].T), made.windows.steps
        total = adjoint.new_zeros(adjoint.shape[1])
        for gains in reversed(made.gains):
            for gain in reversed(gains.mT.unbind(0)):
                if last in at:
                    adjoint.add_(seeds[at[last]].T)
                last -= 1
                gain.mul_(adjoint)
                self.circuit.coupling(made.windows.closed(last)).turn_back(adjoint, gain, self.h - 1, self.h)
            total += gains.sum((0, 2))
        return self.h * total

    def swept_rows(self, made: Pass) -> Tensor:
        """Return J, swept in the precision of the curvature."""
        dtype = self.curved or self.circuit.dtype
        roots, at = made.windows.roots(), made.at()
        gains = [gain for block in made.gains for gain in block.mT.contiguous()]
        windows, n = gains[0].shape
        k_out = self.circuit.out.shape[1]
        jacobian = made.errors.new_zeros(windows, len(at) * k_out, n)
        adjoint = jacobian.new_zeros(windows, 0, n, dtype=dtype)
        for k in range(made.windows.steps, 0, -1):
            if k in at:
                seed = (roots[at[k]][..., None] * self.circuit.out.T).expand(windows, k_out, n)
                adjoint = torch.cat([adjoint, seed.to(dtype)], dim=1)
            local = adjoint * (self.h * gains[k - 1]).to(dtype)[:, None]
            jacobian[:, : local.shape[1]] += local
            coupling = self.circuit.coupling(made.windows.closed(k - 1), dtype)
            swept = coupling.backward(local.flatten(0, 1), adjoint.flatten(0, 1), self.h - 1)
            adjoint = swept.view(local.shape)
        return jacobian
