"""Permutations by annealing: swaps drawn at a falling temperature, then pairs of swaps of steepest descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ._exchange import PairedExchange
from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_HOT, _COLD = 0.3, 0.03  # temperature of the logarithm of the loss, at the first sweep and at the last
_LOOKED_AT = 1000  # swaps of which two are tried at once
_AT_ONCE = 50  # moves of a step
_FALL = 1e-4  # of the loss, which a move must bring
_TINY = 1e-300


@dataclass(frozen=True)
class AnnealedSwaps(Method):
    """Swaps among units whose changes of the loss L are exact (:class:`PairedExchange`).

    In each of ``sweeps`` every unit draws a partner j with the probability of a Boltzmann law of log L,

        p_j ~ L_j^(-1/T),    T from 0.3 to 0.03 in equal ratios,

    by the largest of -log L_j + T G_j with Gumbel numbers G. Since the law knows ratios of losses alone, it suits any
    unit of them. ``draw`` gives the numbers of a sweep by its name. Then the best swap, or the best two at once, is
    made until none lowers the loss: two swaps may do what neither does alone.

    Source: Kirkpatrick, Gelatt and Vecchi (1983), doi:10.1126/science.220.4598.671.
    """

    sweeps: int
    draw: Callable[[str], np.random.Generator]

    def begin(self, theta: Tensor) -> Memory:
        """Return that no sweep was made."""
        del theta
        return {"sweep": torch.zeros((), dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the numbers after a sweep, or after some moves downhill; None where no move is left."""
        exchange, number = residual.exchange(here.theta), int(memory["sweep"])
        assert isinstance(exchange, PairedExchange)
        if number < self.sweeps:
            self._sweep(exchange, number)
        elif not _descended(exchange):
            return None
        there = residual.at(exchange.theta)
        return Step(there.theta, there.loss, {"sweep": memory["sweep"] + 1}, there)

    def _sweep(self, exchange: PairedExchange, number: int) -> None:
        rng = self.draw(f"sweep {number}")
        temperature = _HOT * (_COLD / _HOT) ** (number / max(1, self.sweeps - 1))
        for unit in rng.permutation(exchange.units):
            losses = np.maximum(exchange.loss + exchange.changes(int(unit)), _TINY)
            partner = int(np.argmin(np.log(losses) - temperature * rng.gumbel(size=len(losses))))
            if partner != unit:
                exchange.swap(int(unit), partner)


def _descended(exchange: PairedExchange) -> bool:
    """Make the best moves until none lowers the loss, or there were many; return whether there was one."""
    for number in range(_AT_ONCE):
        found = exchange.best_two(_LOOKED_AT)
        if not found.change < -_FALL * exchange.loss:
            return number > 0
        for pair in found.pairs:
            exchange.swap(*pair)
    return True
