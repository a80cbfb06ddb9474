"""The flow of a network under one bias, with its exact derivative: what exponents and fixed points are taken of."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float

from ._network import Network

Rows = Float[np.ndarray, "row state"]


class Dynamics(ABC):
    """dx/ds = F(x), s = t / tau, of a network left alone under one bias, in float64.

    A discrete network is the map x' = x + (dt / tau) F(x). ``size`` is the number of state variables.
    """

    size: int

    def __init__(self, net: Network, bias: Float[np.ndarray, " unit"]) -> None:
        self.net = net
        self.bias = np.asarray(bias, dtype=np.float64)
        self.encoder = net.encoder.astype(np.float64)
        self.decoder = net.decoder.astype(np.float64)

    @abstractmethod
    def drive(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return the total input of each unit, the argument of phi."""

    @abstractmethod
    def flow(self, x: Rows) -> Rows:
        """Return F(x)."""

    @abstractmethod
    def linear(self, gain: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row state state"]:
        """Return dF/dx where the units have these gains phi'; of their mean along a run, the mean of dF/dx."""

    @abstractmethod
    def tangent(self, x: Rows, v: Float[np.ndarray, "row mode state"]) -> tuple[Rows, np.ndarray]:
        """Return F(x), and dF/dx applied to each of the vectors v."""

    @abstractmethod
    def output(self, x: Rows) -> Float[np.ndarray, "row component"]:
        """Return D r in the network's coordinates."""

    @abstractmethod
    def state(self, z: Float[np.ndarray, "row component"]) -> Rows:
        """Return a state whose output is z."""

    def jacobian(self, x: Rows) -> Float[np.ndarray, "row state state"]:
        """Return dF/dx."""
        return self.linear(self.gain(x))

    def gain(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return phi' of each unit."""
        return self.both(self.drive(x))[1]

    def both(self, drive: Float[np.ndarray, "row unit"]) -> tuple[np.ndarray, np.ndarray]:
        """Return phi and phi' of total inputs."""
        rate, slope = self.net.transfer.both(torch.from_numpy(drive))
        return rate.numpy(), slope.numpy()

    def value(self, drive: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row unit"]:
        """Return phi of total inputs."""
        return self.net.transfer.value(torch.from_numpy(drive)).numpy()


class Latent(Dynamics):
    """F(z) = -z + D phi(E z + b), dF/dz = -1 + D diag(phi') E: the closed output z = D r of a low-rank network.

    The rates around it only decay: the other N - K exponents of the network are exactly -1 / tau.
    """

    def __init__(self, net: Network, bias: Float[np.ndarray, " unit"]) -> None:
        super().__init__(net, bias)
        self.size = net.components
        pairs = self.decoder.T[:, :, None] * self.encoder[:, None, :]
        self._pairs = pairs.reshape(net.units, self.size**2)  # D_in E_nj, so that D diag(phi') E is one product

    def drive(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return E z + b."""
        return x @ self.encoder.T + self.bias

    def flow(self, x: Rows) -> Rows:
        """Return -z + D phi(E z + b)."""
        return self.value(self.drive(x)) @ self.decoder.T - x

    def linear(self, gain: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row state state"]:
        """Return -1 + D diag(phi') E."""
        return (gain @ self._pairs).reshape(-1, self.size, self.size) - np.eye(self.size)

    def tangent(self, x: Rows, v: Float[np.ndarray, "row mode state"]) -> tuple[Rows, np.ndarray]:
        """Return F(z), and its derivative applied to each of the vectors v."""
        rate, gain = self.both(self.drive(x))
        return rate @ self.decoder.T - x, v @ self.linear(gain).transpose(0, 2, 1)

    def output(self, x: Rows) -> Float[np.ndarray, "row component"]:
        """Return z itself."""
        return x

    def state(self, z: Float[np.ndarray, "row component"]) -> Rows:
        """Return z itself."""
        return z


class Rates(Dynamics):
    """F(r) = -r + phi(M r + b), dF/dr = -1 + diag(phi') M, M = W + E D (W alone without feedback)."""

    def __init__(self, net: Network, bias: Float[np.ndarray, " unit"]) -> None:
        super().__init__(net, bias)
        self.size = net.units
        own = net.recurrent if isinstance(net.recurrent, sp.csr_array) else np.asarray(net.recurrent)
        self._sparse = own.astype(np.float64) if sp.issparse(own) else None
        if self._sparse is None:
            feedback = self.encoder @ self.decoder if net.spec.feedback else 0.0
            self._matrix = own.astype(np.float64) + feedback

    def drive(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return M r + b."""
        return self._coupled(x) + self.bias

    def flow(self, x: Rows) -> Rows:
        """Return -r + phi(M r + b)."""
        return self.value(self.drive(x)) - x

    def linear(self, gain: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row state state"]:
        """Return -1 + diag(phi') M, N x N for each row."""
        return gain[:, :, None] * self._coupled(np.eye(self.size)).T - np.eye(self.size)

    def tangent(self, x: Rows, v: Float[np.ndarray, "row mode state"]) -> tuple[Rows, np.ndarray]:
        """Return F(r), and its derivative applied to each of the vectors v, without forming it."""
        rate, gain = self.both(self.drive(x))
        pushed = self._coupled(v.reshape(v.shape[0] * v.shape[1], self.size)).reshape(v.shape)
        return rate - x, gain[:, None, :] * pushed - v

    def output(self, x: Rows) -> Float[np.ndarray, "row component"]:
        """Return D r."""
        return x @ self.decoder.T

    def state(self, z: Float[np.ndarray, "row component"]) -> Rows:
        """Return rates with output z: with feedback those at rest while z is fed back, else those of least norm."""
        r = np.zeros((len(z), self.size))
        if self.net.spec.feedback:
            drive = z @ self.encoder.T + self.bias
            for _ in range(50):
                own = drive + self._coupled(r) - (r @ self.decoder.T) @ self.encoder.T
                r = 0.8 * r + 0.2 * self.value(own)
        missing = z - r @ self.decoder.T
        return r + np.linalg.solve(self.decoder @ self.decoder.T, missing.T).T @ self.decoder

    def _coupled(self, r: Rows) -> Rows:
        """Return M r for each row."""
        if self._sparse is None:
            return r @ self._matrix.T
        made = (self._sparse @ r.T).T
        return made + (r @ self.decoder.T) @ self.encoder.T if self.net.spec.feedback else made


def dynamics_of(net: Network, bias: Float[np.ndarray, " unit"]) -> Dynamics:
    """Return the dynamics of a network under one bias: of its K outputs where these are closed, else of its N rates.

    >>> net = Network(units=50, seed=0)
    >>> alone = dynamics_of(net, np.zeros(50))
    >>> alone.size, alone.jacobian(np.zeros((4, 3))).shape
    (3, (4, 3, 3))
    """
    return Latent(net, bias) if net.low_rank else Rates(net, bias)
