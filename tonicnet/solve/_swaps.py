"""Permutations by search: swaps of what two units have, of which the change of the loss is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ._exchange import Exchange
from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_FALL = 1e-7  # of the loss, which a swap must bring: above rounding
_CURVED = 8192  # numbers up to which the curvature of swaps is looked at


@dataclass(frozen=True)
class SwapSearch(Method):
    """Numbers stay what they are, and only change places among units: swaps that lower the loss, until none is found.

    Where the residual tells the exact change of every swap (:meth:`Residual.exchange`), a step goes over all units in
    random order and gives each the partner that lowers the loss most. Elsewhere swaps are those of steepest descent
    on the Gauss-Newton model, with D = v_j - v_i for numbers v_i of unit i,

        change_ij = 2 (g_i - g_j)'D + D'(H_ii + H_jj - H_ij - H_ji) D,

    exact where the residual is linear; else a unit is swapped once at most, the loss of all is evaluated, and half
    as many are taken until it falls.

    Arguments: ``shape`` of the numbers, ``axis`` of it that is the units.

    Source: learning by permutation of given weights, Cai, Chen and Qiao (2024), arXiv 2407.01033.
    """

    shape: tuple[int, ...]
    axis: int = 0

    def begin(self, theta: Tensor) -> Memory:
        """Return that no sweep was made."""
        del theta
        return {"sweep": torch.zeros((), dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the same numbers in other places, at a lower loss; None where no swap lowers it."""
        exchange = residual.exchange(here.theta)
        kept = {"sweep": memory["sweep"] + 1}
        if exchange is not None:
            self._sweep(exchange, int(memory["sweep"]), _FALL * here.loss)
            there = residual.at(exchange.theta)
            return Step(there.theta, there.loss, kept, there) if there.loss < here.loss else None
        swaps = self._descent(residual, here)
        while swaps:
            there = residual.at(self._swapped(here.theta, swaps))
            if there.loss < here.loss:
                return Step(there.theta, there.loss, kept, there)
            swaps = swaps[: len(swaps) // 2]
        return None

    def _sweep(self, exchange: Exchange, number: int, fall: float) -> None:
        """Go over all units, in an order of this sweep."""
        for unit in np.random.default_rng(number).permutation(self.shape[self.axis]):
            found = exchange.best(int(unit))
            if found.change < -fall:
                exchange.swap(*found.pairs[0])

    def _descent(self, residual: Residual, here: Linearisation) -> list[tuple[int, int]]:
        """Return swaps of steepest descent on the model, one behind the other."""
        model = _Model(self, here, curved=here.theta.numel() <= _CURVED)
        count, swaps = self.shape[self.axis], list[tuple[int, int]]()
        open_ = np.ones(count, dtype=bool)
        fall = _FALL * here.loss
        while len(swaps) < (10 * count if residual.linear else count // 2):
            changes = np.where(open_[:, None] & open_, model.changes(), np.inf)
            i, j = divmod(int(np.argmin(changes)), count)
            if not changes[i, j] < -fall:
                break
            model.swap(i, j)
            swaps.append((i, j))
            if not residual.linear:
                open_[[i, j]] = False
        return swaps

    def _swapped(self, theta: Tensor, swaps: list[tuple[int, int]]) -> Tensor:
        values = theta.view(self.shape).movedim(self.axis, 0).clone()
        for i, j in swaps:
            values[[i, j]] = values[[j, i]]
        return values.movedim(0, self.axis).reshape(-1)


class _Model:
    """The Gauss-Newton model under swaps: numbers (unit, own), gradient and, if ``curved``, curvature."""

    def __init__(self, search: SwapSearch, here: Linearisation, *, curved: bool) -> None:
        shape, axis = search.shape, search.axis
        order = torch.arange(here.theta.numel()).view(shape).movedim(axis, 0).reshape(shape[axis], -1)
        self._order = order.numpy()
        self._values = here.theta.numpy(force=True)[self._order]
        normal = here.normal() if curved else None
        gradient = here.gradient() if normal is None else normal.gradient
        self._gradient = gradient.numpy(force=True)[self._order].copy()
        self._curvature = None if normal is None else normal.curvature.double().numpy(force=True)
        units = range(len(self._values))
        self._bent = np.stack([self._bends(i) for i in units]) if curved else np.zeros((len(units),) * 2)

    def changes(self) -> Float[np.ndarray, "unit other"]:
        """Return the change of the model by every swap."""
        along = self._gradient @ self._values.T
        own = along.diagonal()
        return 2 * (along + along.T - own[:, None] - own) + self._bent

    def swap(self, i: int, j: int) -> None:
        """Swap, and bring gradient and curvatures up to date."""
        change = self._values[j] - self._values[i]
        self._values[[i, j]] = self._values[[j, i]]
        if self._curvature is None:
            return
        moved = change @ (self._curvature[self._order[i]] - self._curvature[self._order[j]])
        self._gradient += moved[self._order]
        for unit in (i, j):
            self._bent[unit] = self._bent[:, unit] = self._bends(unit)

    def _bends(self, i: int) -> Float[np.ndarray, " other"]:
        """Return D'(H_ii + H_jj - H_ij - H_ji) D for every j."""
        h, own = self._curvature, self._order[i]
        assert h is not None
        change = self._values - self._values[i]
        each = h[self._order[:, :, None], self._order[:, None, :]]
        across = h[own[None, :, None], self._order[:, None, :]]
        block = h[np.ix_(own, own)] + each - across - across.swapaxes(1, 2)
        return np.einsum("ja,jab,jb->j", change, block, change)
