"""Windows of a continuous network, by a multistep method of two products a step and its exact adjoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..circuit import RK4, Dynamics, Recurrent
from ._continuous_windows import advance, retreat
from ._rate_windows import Pass, RateWindows, Stages, respond
from ._sweep import Adjoint, Sweep
from ._windows import Windows

_ORDER = 4
_FIRST = _ORDER - 1  # steps by Runge-Kutta before enough responses are known


@dataclass(frozen=True)
class AdamsWindows(RateWindows):
    """tau dr/dt = -r + N(r), N the response to (W + share E D) r + E u + b: Adams' predictor and corrector.

    The leak is exact, the response a polynomial through what is known of it (an exponential multistep method):

        p = e^-h r[k] + sum_j a_j N[k-j],   r[k+1] = e^-h r[k] + c_0 N(p) + sum_j c_j N[k-j+1],

    N[k] being the response at r[k], the latest four of them. A window begins with three steps of Runge-Kutta, and so
    does its closed loop, since what is fed jumps there. Targets are fed at the steps: nothing is assumed in between. A
    step takes two products, half of one of Runge-Kutta, and is more exact than one of Runge-Kutta of twice its length.

    Back, with L the adjoint of r[k+1] and Q_j that of N[k-j] from later steps: P = M'(c_0 L o dN/dx) is that of p,
    Q_j += a_j P + c_(j+1) L, and L <- e^-h (L + P) + M'(Q_0 o dN/dx).

    Source: exponential Adams methods, Hochbruck and Ostermann (2011), doi:10.1007/s10543-011-0332-6.
    """

    memory: ClassVar[int] = _ORDER - 1

    @property
    def stages(self) -> int:
        """Return two: at the state of a step, and at the one that is predicted."""
        return 2

    def step(
        self, dynamics: Dynamics, r: Tensor, windows: Windows, k: int, stored: bool, known: list[Tensor]
    ) -> tuple[Tensor, Stages]:
        """Return the rates after step k, and its two stages, or those of Runge-Kutta."""
        if _begins(windows, k):
            return advance(RK4, dynamics, r, windows, k, self.h, stored)
        ahead, corrected = weights(self.h)
        first = respond(dynamics, r, windows, k, 0.0, stored)
        kept, known = r * math.exp(-self.h), [first[0].rate, *known]
        predicted = _added(kept, known, ahead)
        second = respond(dynamics, predicted, windows, k, 1.0, stored)
        return _added(kept, [second[0].rate, *known], corrected), [first, second]

    def back(self, circuit: Recurrent, adjoint: Adjoint, made: Pass, k: int, swept: Sweep) -> Adjoint:
        """Return adjoints swept back over step k: of the rates, and of the responses of the three steps before."""
        rates, *earlier = adjoint
        if _begins(made.windows, k):
            first = retreat(RK4, circuit, rates, made, k, self.h, swept, also=earlier[0])
            return (first, *earlier[1:], torch.zeros_like(rates))
        ahead, corrected = weights(self.h)
        predicted = self._through(circuit, rates, made, (k, 1), swept, corrected[0])
        for j, one in enumerate(earlier):
            one.add_(predicted, alpha=ahead[j]).add_(rates, alpha=corrected[j + 1])
        earlier.append(predicted * ahead[-1])
        kept = predicted.add_(rates).mul_(math.exp(-self.h))
        return (self._through(circuit, earlier[0], made, (k, 0), swept, 1.0, kept), *earlier[1:])

    @staticmethod
    def _through(
        circuit: Recurrent, kappa: Tensor, made: Pass, at: tuple[int, int], swept: Sweep, share: float,
        onto: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return ``onto`` and what ``share`` of the adjoint of a response becomes at the state it was taken at."""
        k, stage = at
        closed = made.windows.closed(k)
        local = kappa * made.through[k][stage].to(kappa.dtype)[:, None]
        swept.add(kappa, local, made.features[k][stage], closed, share)
        kept, leak = (kappa, 0.0) if onto is None else (onto, -1.0)
        before = circuit.coupling(closed, kappa.dtype).backward(local.flatten(0, 1), kept.flatten(0, 1), leak, share)
        return before.view(local.shape)


def _begins(windows: Windows, k: int) -> bool:
    """Return whether too few responses are known at step k: what is fed jumped less than four steps ago."""
    return k < _FIRST or 0 <= k - windows.driven < _FIRST


@cache
def weights(h: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the weights of the predictor, latest response first, and of the corrector, the prediction's first.

    >>> ahead, corrected = weights(0.1)
    >>> [round(sum(w), 12) == round(1 - math.exp(-0.1), 12) for w in (ahead, corrected)]
    [True, True]
    """
    return _quadrature(range(0, -_ORDER, -1), h), _quadrature(range(1, 1 - _ORDER, -1), h)


def _quadrature(nodes: range, h: float) -> tuple[float, ...]:
    """Return w with sum_j w_j f(nodes_j) = h int_0^1 e^(-h (1 - s)) f(s) ds for polynomials f of least degree."""
    x, w = np.polynomial.legendre.leggauss(16)
    s, powers = (x + 1) / 2, range(len(nodes))
    moments = [float((w / 2 * h * np.exp(-h * (1 - s)) * s**p).sum()) for p in powers]
    return tuple(np.linalg.solve([[float(a) ** p for a in nodes] for p in powers], moments).tolist())


def _added(kept: Tensor, responses: list[Tensor], weights: tuple[float, ...]) -> Tensor:
    """Return ``kept`` and the weighted responses, as many as there are weights."""
    for response, weight in zip(responses, weights, strict=False):
        kept = kept.add(response, alpha=weight)
    return kept
