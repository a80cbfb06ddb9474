"""The residual of a readout whose columns change places: offsets and scales of the outputs are always at their best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..solve import Block, Exchange, Linearisation, Residual
from ._readout_exchange import Moments, ReadoutExchange, left

_FLAT = 1e-3  # of the scale that outputs have, where an output against its target tells no direction
_LEAST = 1e-9  # scale of an output: a bank holds positive ones


class Affine(NamedTuple):
    """y = offset + scale o (C r), output by output."""

    offset: Float[np.ndarray, " component"]
    scale: Float[np.ndarray, " component"]


@dataclass(frozen=True)
class OrderedReadout(Residual):
    """min over a, g >= 0 of mean_s |a + g o (C r_s) - y_s|^2, as a function of C.

    A permutation keeps the numbers of C, and so their size: what is left to a and g is the unit of the outputs, two
    numbers each.

    Arguments: ``rates`` (sample, unit) and ``targets`` (sample, component), frozen.
    """

    rates: Float[Tensor, "sample unit"]
    targets: Float[Tensor, "sample component"]

    @property
    def rows(self) -> int:
        """Return samples times components."""
        return self.targets.numel()

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at C."""
        return _OrderedAt(self, theta)

    def exchange(self, theta: Tensor) -> Exchange:
        """Return exact swaps of columns."""
        return ReadoutExchange(self.moments, self.readout(theta), theta.device)

    def readout(self, theta: Tensor) -> Float[np.ndarray, "component unit"]:
        """Return C."""
        return theta.double().view(self.targets.shape[1], -1).numpy(force=True)

    def affine(self, theta: Tensor) -> Affine:
        """Return the best offset and scale of each output."""
        c, m = self.readout(theta), self.moments
        power = ((c @ m.gram) * c).sum(axis=1)
        scale = np.maximum((m.along * c).sum(axis=1) / np.where(power > 0, power, 1.0), _LEAST)
        mean = c @ self.rates.double().mean(0).numpy(force=True)
        return Affine(self.targets.double().mean(0).numpy(force=True) - scale * mean, scale)

    @cached_property
    def centred(self) -> tuple[Tensor, Tensor]:
        """Rates and targets without their means, in float64."""
        rates, targets = self.rates.double(), self.targets.double()
        return rates - rates.mean(0), targets - targets.mean(0)

    @cached_property
    def moments(self) -> Moments:
        """Second moments of rates and targets."""
        rates, targets = self.centred
        count = len(rates)
        found = (rates.T @ rates / count, targets.T @ rates / count, targets.square().mean(0))
        return Moments(*(one.numpy(force=True) for one in found))


class _OrderedAt(Linearisation):
    """The residual at one C: n_k = h_k c_k, q_k = c_k'G c_k, loss sum_k <y_k^2> - n_k^2 / q_k."""

    def __init__(self, residual: OrderedReadout, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._c, m = residual.readout(theta), residual.moments
        self._through = self._c @ m.gram
        self._covariance = (m.along * self._c).sum(axis=1)
        self._power = (self._through * self._c).sum(axis=1)

    @property
    def loss(self) -> float:
        """What is left."""
        return float(left(self._residual.moments, self._covariance, self._power))

    def gradient(self) -> Tensor:
        """Return half the gradient, -g h + g^2 G c with g = n / q.

        Where n <= 0 the loss is flat, and a small positive g leads to where the output follows its target.
        """
        power = np.where(self._power > 0, self._power, 1.0)
        g = np.maximum(self._scale(), _FLAT * np.sqrt(self._residual.moments.power / power))[:, None]
        half = g * (g * self._through - self._residual.moments.along)
        return torch.as_tensor(half, device=self.theta.device).flatten()

    def blocks(self) -> Iterator[Block]:
        """Yield the rows at the best offsets and scales, these held (Kaufman's approximation)."""
        rates, targets = self._residual.centred
        root, (g, c) = len(rates) ** -0.5, (torch.as_tensor(one).to(rates) for one in (self._scale(), self._c))
        error = g * (rates @ c.T) - targets
        for k in range(len(c)):
            jacobian = rates.new_zeros(len(rates), *c.shape)
            jacobian[:, k] = root * g[k] * rates
            yield Block(root * error[:, k], jacobian.flatten(1))

    def _scale(self) -> Float[np.ndarray, " component"]:
        return np.maximum(self._covariance, 0.0) / np.where(self._power > 0, self._power, 1.0)
