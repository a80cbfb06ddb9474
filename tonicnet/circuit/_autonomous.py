"""The dynamics of a network left alone, as functions of numpy arrays: what measures are taken of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._dynamics import Dynamics, Numbers, circuit_of, placed
from ._low_rank import LowRank

Rows = Float[np.ndarray, "row state"]


@dataclass(frozen=True)
class Autonomous:
    """dx/ds = F(x), s = t / tau, in float64; a discrete network is the map x' = x + (dt / tau) F(x)."""

    dynamics: Dynamics

    @property
    def net(self) -> Network:
        """The network."""
        return self.dynamics.circuit.net

    @property
    def size(self) -> int:
        """The number of state variables."""
        return self.dynamics.circuit.size

    @property
    def latent(self) -> bool:
        """Whether the state is the output itself, of a low-rank network."""
        return isinstance(self.dynamics.circuit, LowRank)

    def drive(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return the total input of each unit."""
        return _numpy(self.dynamics.drive, x)

    def flow(self, x: Rows) -> Rows:
        """Return F(x)."""
        return _numpy(self.dynamics.flow, x)

    def jacobian(self, x: Rows) -> Float[np.ndarray, "row state state"]:
        """Return dF/dx."""
        return _numpy(self.dynamics.jacobian, x)

    def linear(self, gain: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row state state"]:
        """Return dF/dx where the units have these gains."""
        return _numpy(self.dynamics.linear, gain)

    def gain(self, x: Rows) -> Float[np.ndarray, "row unit"]:
        """Return dr/dh of each unit."""
        return self.dynamics.respond(torch.tensor(x)).through.numpy()

    def value(self, drive: Float[np.ndarray, "row unit"]) -> Float[np.ndarray, "row unit"]:
        """Return the rates at total inputs."""
        return _numpy(self.dynamics.units.rate, drive)

    def tangent(self, x: Rows, v: Float[np.ndarray, "row mode state"]) -> tuple[Rows, np.ndarray]:
        """Return F(x), and dF/dx applied to each of the vectors v."""
        flow, pushed = self.dynamics.tangent(torch.tensor(x), torch.tensor(v))
        return flow.numpy(), pushed.numpy()

    def output(self, x: Rows) -> Float[np.ndarray, "row component"]:
        """Return D r in the network's coordinates."""
        return _numpy(self.dynamics.output, x)

    def state(self, z: Float[np.ndarray, "row component"]) -> Rows:
        """Return a state whose output is z."""
        return _numpy(self.dynamics.state, z)


def autonomous(net: Network, numbers: Numbers) -> Autonomous:
    """Return the dynamics of a network under one row of numbers: of its K outputs where these are closed.

    >>> net = Network(units=50, seed=0)
    >>> alone = autonomous(net, {"bias": np.zeros(50)})
    >>> alone.size, alone.jacobian(np.zeros((4, 3))).shape
    (3, (4, 3, 3))
    """
    return Autonomous(placed(circuit_of(net), numbers))


def _numpy(function: Callable[[Tensor], Tensor], x: np.ndarray) -> np.ndarray:
    return function(torch.tensor(x)).numpy()
