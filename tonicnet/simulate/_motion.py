"""The state of a run and how it moves: rates or latents behind the synaptic filter, one step of ``dt`` at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Filter
from ._method import RK4, runge_kutta, step

Flow = Callable[..., Tensor]  # F(r, drive=...) = -r + phi(W r + drive), or the same of the latents


class Motion(ABC):
    """A run under way; ``state`` is what the filter puts out, r (trial, unit) or z (trial, component)."""

    state: Tensor

    @abstractmethod
    def advance(self, drive: Tensor) -> None:
        """Move on by one step under a drive b + E u + noise that is held during it."""

    @abstractmethod
    def kick(self, change: Tensor) -> None:
        """Add to what spikes add to: the stage of the filter that they enter."""


class Exponential(Motion):
    """tau dr/dt = F(r), by any method."""

    def __init__(self, flow: Flow, state: Tensor, h: float, method: str) -> None:
        self.state, self._flow, self._h, self._method = state, flow, h, method

    def advance(self, drive: Tensor) -> None:
        """Move on by ``h`` tau."""
        self.state = step(partial(self._flow, drive=drive), self.state, self._h, self._method)

    def kick(self, change: Tensor) -> None:
        """Add to the state."""
        self.state = self.state + change


class Cascade(Motion):
    """rise ds/dt = -s + p(t - delay),  tau dr/dt = -r + s,  p = r + F(r), by Runge-Kutta steps of order 4.

    A step is cut so that it resolves the filter and the delay is a whole number of parts. What arrives during a part
    was then sent during another, in the middle of which r is interpolated by its cubic Hermite polynomial: the
    method of steps, still of order 4.

    The run begins as if it had moved as the first-order network of the same lag would at its first state,
    dr/dt = F(r) / (tau + rise + delay): s and the delayed past follow from that.

    Source: Bellen and Zennaro (2003), Numerical Methods for Delay Differential Equations,
    doi:10.1093/acprof:oso/9780198506546.001.0001.
    """

    def __init__(self, flow: Flow, state: Tensor, drive: Tensor, filter: Filter, dt: float) -> None:
        self._flow, self._rise, self._parts = flow, filter.rise / filter.tau, filter.cuts(dt)
        self._h = dt / self._parts / filter.tau
        pace = pace_of(flow(state, drive=drive), filter)
        self._stages = torch.stack([state, state + pace] if filter.rise else [state])
        ago = self._h * pace
        self._sent = deque(
            self._send([state - (k - c) * ago for c in (0.0, 0.5, 1.0)], drive)
            for k in range(round(filter.delay * self._parts / dt), 0, -1)
        )

    @property
    def state(self) -> Tensor:  # type: ignore[override]
        """What the filter puts out."""
        return self._stages[0]

    def advance(self, drive: Tensor) -> None:
        """Move on by ``dt`` seconds."""
        for _ in range(self._parts):
            if self._sent:
                self._late_part(drive)
            else:
                self._stages = runge_kutta(
                    lambda now: self._slope(now, now[0] + self._flow(now[0], drive=drive)), self._stages, self._h, RK4
                )

    def kick(self, change: Tensor) -> None:
        """Add to the stage that spikes enter."""
        self._stages = torch.cat([self._stages[:-1], self._stages[-1:] + change])

    def _late_part(self, drive: Tensor) -> None:
        """Move on by one part, on what was sent a delay ago, and send what will arrive a delay later."""
        begin, middle, end = self._sent.popleft()
        arriving, before = iter((begin, middle, middle, end)), self._stages  # at the four stages of RK4
        self._stages = runge_kutta(lambda now: self._slope(now, next(arriving)), before, self._h, RK4)
        bend = self._slope(before, begin)[0] - self._slope(self._stages, end)[0]
        halfway = (before[0] + self._stages[0]) / 2 + self._h / 8 * bend
        self._sent.append(self._send([before[0], halfway, self._stages[0]], drive))

    def _send(self, states: list[Tensor], drive: Tensor) -> list[Tensor]:
        return [r + self._flow(r, drive=drive) for r in states]

    def _slope(
        self, stages: Float[Tensor, "stage trial state"], arriving: Float[Tensor, "trial state"]
    ) -> Float[Tensor, "stage trial state"]:
        """Return d(r, s)/dt per tau while ``arriving`` comes in."""
        if not self._rise:
            return arriving[None] - stages
        r, s = stages
        return torch.stack([s - r, (arriving - s) / self._rise])


def pace_of(flow: Float[Tensor, "trial state"], filter: Filter) -> Float[Tensor, "trial state"]:
    """Return dr/dt per tau of the first-order network of the same lag, for F(r): where a run is taken to come from."""
    return filter.tau / filter.lag * flow


def motion(flow: Flow, state: Tensor, drive: Tensor, *, filter: Filter, h: float, method: str = "rk4") -> Motion:
    """Return the motion from a state in steps of ``h`` lags of the filter; ``drive`` is the one up to the start."""
    if filter.first_order:
        return Exponential(flow, state, h, method)
    return Cascade(flow, state, drive, filter, h * filter.lag)
