"""The state of a run and how it moves: rates or latents behind the synaptic filter, one step of ``dt`` at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Filter
from ._dynamics import Dynamics
from ._runge_kutta import RK4, runge_kutta, step

Flow = Callable[[Tensor, Tensor], Tensor]  # F(x, onto), onto = b + E u + noise


class Motion(ABC):
    """A run under way; ``state`` is what the filter puts out, r (trial, unit) or z (trial, component)."""

    state: Tensor
    flow: Flow

    @abstractmethod
    def advance(self, onto: Tensor) -> None:
        """Move on by one step under an input b + E u + noise that is held during it."""

    def under(self, dynamics: Dynamics) -> None:
        """Go on under other numbers; the state runs on."""
        self.flow = dynamics.flow

    @abstractmethod
    def kick(self, change: Tensor) -> None:
        """Add to what spikes add to: the stage of the filter that they enter."""


class Exponential(Motion):
    """tau dr/dt = F(r), by any method."""

    def __init__(self, flow: Flow, state: Tensor, h: float, method: str) -> None:
        self.state, self.flow, self._h, self._method = state, flow, h, method

    def advance(self, onto: Tensor) -> None:
        """Move on by ``h`` tau."""
        self.state = step(lambda x: self.flow(x, onto), self.state, self._h, self._method)

    def kick(self, change: Tensor) -> None:
        """Add to the state."""
        self.state = self.state + change


class Cascade(Motion):
    """rise ds/dt = -s + p(t - delay),  tau dr/dt = -r + s,  p = r + F(r), in steps of order 4.

    A step is cut into parts that resolve the filter and of which the delay is a whole number. Without a delay a part
    is a Runge-Kutta step. With one, all that arrives during a part was sent before: r and s are then exact for p that
    is a parabola through its values at the beginning, in the middle and at the end (the method of steps).

    The run begins as if it had moved as the first-order network of the same lag would at its first state,
    dr/dt = F(r) / (tau + rise + delay): s and what is under way follow from that.

    Source: Bellen and Zennaro (2003), Numerical Methods for Delay Differential Equations,
    doi:10.1093/acprof:oso/9780198506546.001.0001.
    """

    def __init__(self, flow: Flow, state: Tensor, onto: Tensor, filter: Filter, dt: float) -> None:
        self.flow, self._rise, self._parts = flow, filter.rise / filter.tau, filter.cuts(dt)
        self._h = dt / self._parts / filter.tau
        self._ahead = torch.as_tensor(_propagator(self._rise, self._h), dtype=state.dtype, device=state.device)
        pace = pace_of(flow(state, onto), filter)
        self._stages = torch.stack([state, state + pace] if filter.rise else [state])
        self._sent = deque(
            self._send(torch.stack([state - (k - c) * self._h * pace for c in (0.0, 0.5, 1.0)]), onto)
            for k in range(round(filter.delay * self._parts / dt), 0, -1)
        )

    @property
    def state(self) -> Tensor:  # type: ignore[override]
        """What the filter puts out."""
        return self._stages[0]

    def advance(self, onto: Tensor) -> None:
        """Move on by ``dt`` seconds."""
        for _ in range(self._parts):
            if self._sent:
                self._late_part(onto)
            else:
                self._stages = runge_kutta(partial(self._slope, onto=onto), self._stages, self._h, RK4)

    def kick(self, change: Tensor) -> None:
        """Add to the stage that spikes enter."""
        self._stages = torch.cat([self._stages[:-1], self._stages[-1:] + change])

    def _late_part(self, onto: Tensor) -> None:
        """Move on by one part, on what was sent a delay ago, and send what will arrive a delay later."""
        begin = self._stages[0]
        made = torch.tensordot(self._ahead, torch.cat([self._stages, self._sent.popleft()]), 1)
        self._stages, middle = made[:-1], made[-1]
        self._sent.append(self._send(torch.stack([begin, middle, made[0]]), onto))

    def _send(self, states: Float[Tensor, "node trial state"], onto: Tensor) -> Float[Tensor, "node trial state"]:
        """Return p at some states."""
        onto = onto if onto.dim() == 1 else onto.repeat(len(states), 1)
        return states + self.flow(states.flatten(0, 1), onto).view(states.shape)

    def _slope(self, stages: Float[Tensor, "stage trial state"], onto: Tensor) -> Float[Tensor, "stage trial state"]:
        """Return d(r, s)/dt per tau where nothing is late."""
        r, s = stages
        return torch.stack([s - r, (r + self.flow(r, onto) - s) / self._rise])


def _propagator(rise: float, h: float) -> Float[np.ndarray, "stage known"]:
    """Return the stages after ``h`` tau, and r in the middle, from the stages and p at the three nodes, row by row.

    p, p' and p'' are variables beside the stages, p''' = 0, and what they all become is a matrix exponential.
    """
    from scipy.linalg import block_diag, expm

    decays = [1.0, 1 / rise] if rise else [1.0]
    rates = np.diag([*(-d for d in decays), 0, 0, 0]) + np.diag([*decays, 1, 1], 1)
    parabola = [[1, 0, 0], [-3 / h, 4 / h, -1 / h], [4 / h**2, -8 / h**2, 4 / h**2]]
    known = block_diag(np.eye(len(decays)), parabola)
    return np.concatenate([(expm(h * rates) @ known)[: len(decays)], (expm(h / 2 * rates) @ known)[:1]])


def pace_of(flow: Float[Tensor, "trial state"], filter: Filter) -> Float[Tensor, "trial state"]:
    """Return dr/dt per tau of the first-order network of the same lag, for F(r): where a run is taken to come from."""
    return filter.tau / filter.lag * flow


def motion(flow: Flow, state: Tensor, onto: Tensor, *, filter: Filter, h: float, method: str = "rk4") -> Motion:
    """Return the motion from a state in steps of ``h`` lags of the filter; ``onto`` is the input up to the start."""
    if filter.first_order:
        return Exponential(flow, state, h, method)
    return Cascade(flow, state, onto, filter, h * filter.lag)


def driven(
    dynamics: Dynamics, history: Float[Tensor, "trial time component"], h: float, method: str
) -> Float[Tensor, "trial unit"]:
    """Return the rates of a network that rested at the first state of a history and was then driven through it.

    The output is not fed back: the history is, step by step of ``h`` tau, up to its last state.
    """
    r = dynamics.state(history[:, 0])
    for k in range(history.shape[1] - 1):
        onto = dynamics.circuit.fed(history[:, k], dynamics.tonic)
        r = step(lambda x, onto=onto: dynamics.flow(x, onto, closed=0.0), r, h, method)  # type: ignore[misc]
    return r
