"""Permutations by search: swaps of what two units have, of which the change of the loss is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ._exchange import Exchange
from ._method import Memory, Method, Step
from ._residual import Linearisation, Residual

_FALL = 1e-7  # of the loss, which a swap must bring: above rounding
_FIRST, _TRIALS = 1.0, 12  # damping of the first swaps, and how many dampings a step tries
_GOOD, _FAIR = 0.5, 0.25  # of what the model promises: damping falls above, rises below
_LESS, _MORE = 0.25, 4.0
_CURVED = 8192  # numbers up to which the curvature of swaps is looked at


@dataclass(frozen=True)
class SwapSearch(Method):
    """Numbers stay what they are, and only change places among units: swaps that lower the loss, until none is found.

    A step goes over all units in random order and gives each the partner that lowers the loss most, where the exact
    change of every swap is known: the residual tells it (:meth:`Residual.exchange`), or is linear. Elsewhere partners
    are those of the Gauss-Newton model, with D = v_j - v_i for numbers v_i of unit i,

        change_ij = 2 (g_i - g_j)'D + D'(H_ii + H_jj - H_ij - H_ji) D,

    which of a linear residual is the change itself. The model does not hold for numbers that are far apart: each change
    is raised by a damping times |D|^2, a unit is swapped once at most, and the damping rises until the loss falls, as
    that of a Levenberg-Marquardt step does. Where a unit has one number and exact changes are known, both ways
    take turns: a sweep sees the loss itself, the model all partners.

    Arguments: ``shape`` of the numbers, ``axis`` of it that is the units.

    Source: learning by permutation of given weights, Cai, Chen and Qiao (2024), arXiv 2407.01033.
    """

    shape: tuple[int, ...]
    axis: int = 0

    stall: ClassVar[float] = 0.5  # each sweep costs as much, and brings less

    def begin(self, theta: Tensor) -> Memory:
        """Return that no sweep was made."""
        del theta
        return {"sweep": torch.zeros((), dtype=torch.float64), "damping": torch.tensor(_FIRST, dtype=torch.float64)}

    def step(self, residual: Residual, here: Linearisation, memory: Memory) -> Step | None:
        """Return the same numbers in other places, at a lower loss; None where no swap lowers it."""
        number, fall = int(memory["sweep"]), _FALL * here.loss
        rng, kept = np.random.default_rng(number), memory | {"sweep": memory["sweep"] + 1}
        exchange = residual.exchange(here.theta)
        if exchange is None and residual.linear:
            exchange = self._model(here)
        if exchange is None or (number % 2 and here.theta.numel() == self.shape[self.axis] <= _CURVED):
            made = self._damped(residual, here, rng, fall, float(memory["damping"]))
            if made is not None:
                there, damping = made
                return Step(
                    there.theta, there.loss, kept | {"damping": torch.tensor(damping, dtype=torch.float64)}, there
                )
        if exchange is None:
            return None
        exchange.sweep(rng, self.shape[self.axis], fall)
        there = residual.at(exchange.theta)
        return Step(there.theta, there.loss, kept, there) if there.loss < here.loss else None

    def _damped(
        self, residual: Residual, here: Linearisation, rng: np.random.Generator, fall: float, damping: float
    ) -> tuple[Linearisation, float] | None:
        """Return the residual after swaps of the model that lower the loss, and the damping of the next ones."""
        model, failed = self._model(here), False
        for _ in range(_TRIALS):
            pairs, promised = model.proposed(rng, fall, damping)
            if len(pairs):
                theta = self._swapped(here.theta, pairs)
                share = (residual.loss(theta) - here.loss) / promised
                damping *= _LESS if share > _GOOD else 1.0 if share > _FAIR else _MORE
                if share > 0:
                    return residual.at(theta), damping
                failed = True
            elif failed:
                break
            else:
                damping *= _LESS
        return None

    def _model(self, here: Linearisation) -> Model:
        return Model(self, here, curved=here.theta.numel() <= _CURVED)

    def _swapped(self, theta: Tensor, pairs: Int[np.ndarray, "swap 2"]) -> Tensor:
        values = theta.view(self.shape).movedim(self.axis, 0).clone()
        values[pairs.ravel()] = values[pairs[:, ::-1].ravel()]
        return values.movedim(0, self.axis).reshape(-1)


class Model(Exchange):
    """The Gauss-Newton model under swaps: numbers (unit, own), gradient and, if ``curved``, curvature."""

    def __init__(self, search: SwapSearch, here: Linearisation, *, curved: bool) -> None:
        shape, axis = search.shape, search.axis
        order = torch.arange(here.theta.numel()).view(shape).movedim(axis, 0).reshape(shape[axis], -1)
        self._order, self._first = order.numpy(), here.theta
        self._values = here.theta.numpy(force=True)[self._order]
        normal = here.normal() if curved else None
        gradient = here.gradient() if normal is None else normal.gradient
        self._gradient = gradient.numpy(force=True)[self._order].copy()
        self._curvature = None if normal is None else normal.curvature.double().numpy(force=True)
        self._scale = self._steepness()

    def _steepness(self) -> float:
        """Return the mean curvature by a number; without curvatures, what steps as large as the numbers would need."""
        if self._curvature is not None:
            return float(self._curvature.diagonal().mean())
        return float(np.sqrt(np.square(self._gradient).mean() / np.square(self._values).mean()))

    @property
    def theta(self) -> Tensor:
        """The numbers as they are now."""
        moved = np.empty(self._order.size)
        moved[self._order] = self._values
        return torch.as_tensor(moved).to(self._first)

    def changes(self, unit: int) -> Float[np.ndarray, " other"]:
        """Return the change of the model by a swap with each other unit."""
        change = self._values - self._values[unit]
        linear = 2 * ((self._gradient[unit] - self._gradient) * change).sum(1)
        return linear if self._curvature is None else linear + self._bends(unit, change)

    def swap(self, unit: int, other: int) -> None:
        """Swap, and bring the gradient up to date."""
        change = self._values[other] - self._values[unit]
        self._values[[unit, other]] = self._values[[other, unit]]
        if self._curvature is None:
            return
        moved = change @ (self._curvature[self._order[unit]] - self._curvature[self._order[other]])
        self._gradient += moved[self._order]

    def sweep(self, rng: np.random.Generator, units: int, fall: float) -> None:
        """Go over all units until no swap is made: the model stays what it is."""
        while self.improve(rng.permutation(units), fall):
            pass

    def proposed(
        self, rng: np.random.Generator, fall: float, damping: float
    ) -> tuple[Int[np.ndarray, "swap 2"], float]:
        """Return swaps of different units, the best of each in random order, and by how much they change the model.

        ``damping``, in units of the mean curvature, keeps swaps among numbers that are close.
        """
        gradient, values = self._gradient.copy(), self._values.copy()
        free, pairs, promised = np.ones(len(values), dtype=bool), list[tuple[int, int]](), 0.0
        held = damping * self._scale
        for unit in rng.permutation(len(free)):
            if not free[unit]:
                continue
            told = self.changes(unit)
            damped = np.where(free, told + held * np.square(values - self._values[unit]).sum(1), np.inf)
            other = int(np.argmin(damped))
            if damped[other] < -fall:
                self.swap(unit, other)
                free[[unit, other]] = False
                pairs.append((int(unit), other))
                promised += told[other]
        self._gradient, self._values = gradient, values
        return np.array(pairs, dtype=int).reshape(-1, 2), promised

    def _bends(self, i: int, change: Float[np.ndarray, "other own"]) -> Float[np.ndarray, " other"]:
        """Return D'(H_ii + H_jj - H_ij - H_ji) D for every j."""
        h, own = self._curvature, self._order[i]
        assert h is not None
        each = h[self._order[:, :, None], self._order[:, None, :]]
        across = h[own[None, :, None], self._order[:, None, :]]
        block = h[np.ix_(own, own)] + each - across - across.swapaxes(1, 2)
        return np.einsum("ja,jab,jb->j", change, block, change)
