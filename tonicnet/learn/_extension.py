"""An extension of a network in which plain gradient descent makes Gauss-Newton steps: a demonstration, after Welper."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._names import shown
from ..circuit import circuit_of
from ..network import Network, Transfer

_GRID = 2.0**-48  # of the values of closed stages, in which they are constant almost everywhere
_HALF = 0.5  # of the clock is left after each step of gradient descent


@final
class Extension(torch.nn.Module):
    """y(z) = D phi(E z + b(theta)), with added parameters theta_0, ..., theta_(T-1) and a clock c:

        b_(t+1) = b_t + V(b_t) latch_t(theta_t),    V V' = (J'J + ridge)^-1,    J = dy/db at b_t

    Stage s = -log2 c is open: latch(theta_s) = theta_s. Stages before it are closed: latch rounds to a grid of 2^-48,
    so that they keep their value and have no slope. Later ones are shut: latch = 0. The clock begins at 1, and weight
    decay of gradient descent halves it each step, which closes one stage and opens the next.

    The slope of a loss |y - target|^2 / 2 by theta_s is V'J'e. One step of gradient descent at rate 1 from theta_s = 0
    therefore gives theta_s = -V'J'e, and the bias moves by -(J'J + ridge)^-1 J'e: a Gauss-Newton step. Targets enter
    through the loss alone. After T steps ``bias()`` is what T such steps of Gauss-Newton find.

    Arguments: ``drive``, E z of every sample; ``readout`` D'; the ``transfer`` function; the ``first`` bias;
    ``stages`` T; ``ridge``, the damping; ``weights`` of the samples in the loss (equal, of sum one, if not given).

    Source: after Welper (2020), arXiv 2007.13664, who extends networks so that gradient descent reproduces given
    weights. His construction was not used: this one is our own.

    >>> import numpy as np, tonicnet as tn
    >>> net, z = tn.Network(units=20, seed=0, transfer="tanh"), np.random.default_rng(0).standard_normal((50, 3))
    >>> extended = Extension.of_field(net, z, np.zeros(20), stages=3, ridge=0.1)
    >>> bias = descended(extended, z)
    >>> bias.shape, extended.stage
    ((20,), 3)
    """

    def __init__(
        self,
        drive: Float[np.ndarray, "sample unit"],
        readout: Float[np.ndarray, "unit component"],
        transfer: Transfer,
        first: Float[np.ndarray, " unit"],
        *,
        stages: int,
        ridge: float,
        weights: Float[np.ndarray, " sample"] | None = None,
    ) -> None:
        super().__init__()
        if not ridge > 0:
            raise ValueError(f"ridge is the damping of Gauss-Newton steps, a positive number, got {shown(ridge)}")
        share = np.full(len(drive), 1 / len(drive)) if weights is None else weights
        self._transfer, self._ridge, self._stages = transfer, ridge, stages
        self._drive, self._readout, self._first = (
            torch.tensor(x, dtype=torch.float64) for x in (drive, readout, first)
        )
        self._root = torch.tensor(share, dtype=torch.float64).sqrt()[:, None]
        self.theta = torch.nn.Parameter(torch.zeros(stages, len(self._first), dtype=torch.float64))
        self.clock = torch.nn.Parameter(torch.ones((), dtype=torch.float64))

    @classmethod
    def of_field(
        cls,
        net: Network,
        states: Float[np.ndarray, "sample component"],
        first: Float[np.ndarray, " unit"],
        *,
        stages: int,
        ridge: float,
        weights: Float[np.ndarray, " sample"] | None = None,
    ) -> Self:
        """Return the extension of a low-rank network at some states, whose y is z + tau dz/dt."""
        circuit = circuit_of(net)
        drive = states @ circuit.into.numpy()
        return cls(drive, circuit.out.numpy(), net.transfer, first, stages=stages, ridge=ridge, weights=weights)

    @property
    def stage(self) -> int:
        """The stage that is open."""
        return int(self._now().detach())

    def bias(self) -> Float[Tensor, " unit"]:
        """Return b(theta)."""
        b, now = self._first, self._now()
        for t in range(min(self.stage + 1, self._stages)):
            b = b + self._spread(b) @ _latch(self.theta[t], now - t)
        return b

    def forward(self) -> Float[Tensor, "sample component"]:
        """Return y of all samples, each times the root of its weight in the loss."""
        return self._root * (self._transfer.value(self._drive + self.bias()) @ self._readout)

    def loss(self, targets: Float[np.ndarray, "sample component"]) -> Tensor:
        """Return half the weighted mean of |y - target|^2: the only place where targets enter."""
        return 0.5 * (self() - self._root * torch.tensor(targets, dtype=torch.float64)).square().sum()

    def _now(self) -> Tensor:
        return torch.round(-torch.log2(self.clock))

    def _spread(self, b: Tensor) -> Float[Tensor, "unit unit"]:
        """Return V at a bias: V V' = (J'J + ridge)^-1, from the inputs alone."""
        slope = self._root * self._transfer.both(self._drive + b)[1]
        curvature = (slope.T @ slope) * (self._readout @ self._readout.T)
        ridge = self._ridge * torch.eye(len(b), dtype=torch.float64)
        factor = torch.linalg.cholesky(curvature + ridge)
        return torch.linalg.solve_triangular(factor, torch.eye(len(b), dtype=torch.float64), upper=False).T


def _latch(theta: Tensor, age: Tensor) -> Tensor:
    """Return theta in an open stage (age 0), and theta on a grid, without slope, in a closed one."""
    closed = age.clamp(0, 1)
    return (1 - closed) * theta + closed * (_GRID * torch.round(theta / _GRID))


def descended(extended: Extension, targets: Float[np.ndarray, "sample component"]) -> Float[np.ndarray, " unit"]:
    """Run ``torch.optim.SGD`` at rate 1, one step a stage, and return the bias that it ends at."""
    groups: list[dict[str, Any]] = [
        {"params": [extended.theta]}, {"params": [extended.clock], "weight_decay": _HALF}
    ]  # fmt: skip
    optimiser = torch.optim.SGD(groups, lr=1.0)
    for _ in range(len(extended.theta)):
        optimiser.zero_grad()
        extended.loss(targets).backward()
        optimiser.step()
    return extended.bias().detach().numpy()
