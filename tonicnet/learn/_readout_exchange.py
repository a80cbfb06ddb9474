"""Swaps of columns of a readout between units, its offsets and scales at their best: exact changes, pairs at once."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..solve import PairedExchange, Swaps

_LEAST = 1e-12  # of the power of an output: below it a readout says nothing


class Moments(NamedTuple):
    """Second moments over samples of rates and targets, both without their means."""

    gram: Float[np.ndarray, "unit other"]
    along: Float[np.ndarray, "component unit"]
    power: Float[np.ndarray, " component"]


class _Some(NamedTuple):
    """Some swaps: between which units, what each adds to an output's covariance and power, and the loss after it."""

    i: Int[np.ndarray, " swap"]
    j: Int[np.ndarray, " swap"]
    change: Float[np.ndarray, "component swap"]
    covariance: Float[np.ndarray, "component swap"]
    power: Float[np.ndarray, "component swap"]
    loss: Float[np.ndarray, " swap"]


def left(moments: Moments, covariance: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return the loss, sum_k P_k - max(covariance_k, 0)^2 / power_k, over the first axis, the components."""
    told = np.maximum(covariance, 0.0) ** 2 / np.maximum(power, _LEAST)
    return np.asarray(moments.power.sum() - told.sum(axis=0))


@final
class ReadoutExchange(PairedExchange):
    """min over a, g >= 0 of mean_s |a + g o (C r_s) - y_s|^2 when units i and j swap their columns of C.

    With G = <r r'> and h = <y r'> of rates and targets without their means, an output c has the covariance n = h c with
    its target and the power q = c'G c, and leaves <y^2> - n^2 / q. A swap, d = c_j - c_i, changes them by

        dn = d (h_i - h_j),    dq = 2 d ((G c)_i - (G c)_j) + d^2 (G_ii + G_jj - 2 G_ij),

    and a second one, of k and l by f, by the same and 2 d f (G_ik - G_il - G_jk + G_jl) more.
    """

    def __init__(
        self, moments: Moments, readout: Float[np.ndarray, "component unit"], device: torch.device | None = None
    ) -> None:
        self._m, self._c, self._device = moments, readout.copy(), device
        self.units = readout.shape[1]
        self._own = moments.gram.diagonal()
        self._through = self._c @ moments.gram
        self._pairs = np.triu_indices(self.units, 1)
        self._settle()

    def _settle(self) -> None:
        self._covariance = (self._m.along * self._c).sum(axis=1)
        self._power = (self._through * self._c).sum(axis=1)

    @property
    def theta(self) -> Tensor:
        """The readout as it is now."""
        return torch.tensor(self._c, device=self._device).flatten()

    @property
    def loss(self) -> float:
        """What is left."""
        return float(left(self._m, self._covariance, self._power))

    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return the change of the loss by a swap with each other unit."""
        gram, along, own = self._m.gram[unit], self._m.along, self._own
        d = self._c - self._c[:, unit, None]
        covariance = self._covariance[:, None] + d * (along[:, unit, None] - along)
        slope = self._through[:, unit, None] - self._through
        power = self._power[:, None] + d * (2 * slope + d * (own[unit] + own - 2 * gram))
        return left(self._m, covariance, power) - self.loss

    def swap(self, unit: int, other: int) -> None:
        """Let two units have each other's columns."""
        d = self._c[:, other] - self._c[:, unit]
        self._through += d[:, None] * (self._m.gram[unit] - self._m.gram[other])
        self._c[:, [unit, other]] = self._c[:, [other, unit]]
        self._settle()

    def best_two(self, count: int) -> Swaps:
        """Return the best swap, or the best two at once of the ``count`` that are best alone."""
        some = self._some(count)
        one = int(np.argmin(some.loss))
        both = self._both(some)
        a, b = divmod(int(np.argmin(both)), len(some.loss))
        which = (one,) if some.loss[one] <= both[a, b] else (a, b)
        least = min(float(some.loss[one]), float(both[a, b]))
        return Swaps(tuple((int(some.i[k]), int(some.j[k])) for k in which), least - self.loss)

    def _some(self, count: int) -> _Some:
        """Return the swaps that are best alone."""
        i, j = self._pairs
        d = self._c[:, j] - self._c[:, i]
        covariance = d * (self._m.along[:, i] - self._m.along[:, j])
        bend = self._own[i] + self._own[j] - 2 * self._m.gram[i, j]
        power = d * (2 * (self._through[:, i] - self._through[:, j]) + d * bend)
        loss = left(self._m, self._covariance[:, None] + covariance, self._power[:, None] + power)
        loss[(d == 0).all(axis=0)] = np.inf
        kept = np.argpartition(loss, min(count, len(loss)) - 1)[:count]
        return _Some(i[kept], j[kept], d[:, kept], covariance[:, kept], power[:, kept], loss[kept])

    def _both(self, some: _Some) -> Float[np.ndarray, "swap second"]:
        """Return the loss after each two of some swaps; infinite where they share a unit."""
        gram, i, j = self._m.gram, some.i, some.j
        across = gram[np.ix_(i, i)] - gram[np.ix_(i, j)] - gram[np.ix_(j, i)] + gram[np.ix_(j, j)]
        total = np.zeros(across.shape)
        for k in range(len(self._c)):  # one output at a time: arrays of two swaps are large
            covariance = self._covariance[k] + some.covariance[k][:, None] + some.covariance[k]
            power = self._power[k] + some.power[k][:, None] + some.power[k]
            power += 2 * across * np.multiply.outer(some.change[k], some.change[k])
            total += np.maximum(covariance, 0.0) ** 2 / np.maximum(power, _LEAST)
        loss = self._m.power.sum() - total
        loss[(i[:, None] == i) | (i[:, None] == j) | (j[:, None] == i) | (j[:, None] == j)] = np.inf
        return np.asarray(loss)
