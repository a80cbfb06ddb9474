"""Advancing the state of a network through the segments of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..bank import Entry, Segment
from ..circuit import Circuit, Dynamics, Motion, circuit_of, driven, motion, placed
from ..network import Network


@dataclass(frozen=True)
class Runner:
    """A run through some segments in steps of ``h`` tau; ``noise`` is the standard deviation of each unit's input."""

    circuit: Circuit
    segments: list[Segment]
    h: float
    method: str
    noise: float
    rng: np.random.Generator

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise) and self.noise >= 0):
            raise ValueError(f"noise is a standard deviation, zero or positive, got {self.noise}")

    @cached_property
    def dynamics(self) -> list[Dynamics]:
        """The dynamics of each segment."""
        known = {id(s.entry): placed(self.circuit, s.entry.numbers) for s in self.segments}
        return [known[id(s.entry)] for s in self.segments]

    def states(self, start: np.ndarray, inputs: np.ndarray | None, dt: float) -> Iterator[Tensor]:
        """Yield the state at every sample, the first one included."""
        moving, fluctuation, done = self._begin(start, dt), self._fluctuation(len(start)), 0
        yield moving.state
        for segment, dynamics in zip(self.segments, self.dynamics, strict=True):
            moving.flow = dynamics.flow
            for _ in range(segment.steps(dt)):
                onto = self._onto(dynamics, inputs, done, segment.entry)
                moving.advance(onto + next(fluctuation) if self.noise else onto)
                done += 1
                yield moving.state

    def _begin(self, start: np.ndarray, dt: float) -> Motion:
        first, filter = self.dynamics[0], self.circuit.net.filter
        history = self.circuit.tensor(start)
        state = first.state(history[:, 0])
        if history.shape[1] > 1:
            state = first.circuit.collect(driven(self._as_rates(), history, self.h, self.method))
        return motion(first.flow, state, first.tonic, filter=filter, h=dt / filter.lag, method=self.method)

    def _as_rates(self) -> Dynamics:
        """Return the first dynamics with all rates, which is what a history drives."""
        circuit = circuit_of(self.circuit.net, self.circuit.dtype, rates=True)
        return placed(circuit, self.segments[0].entry.numbers)

    def _onto(self, dynamics: Dynamics, inputs: np.ndarray | None, k: int, entry: Entry) -> Tensor:
        if inputs is None:
            return dynamics.tonic
        return self.circuit.fed(self.circuit.tensor(inputs[:, k] / entry.scale), dynamics.tonic)

    def _fluctuation(self, trials: int) -> Iterator[Tensor]:
        """Coloured noise of correlation time tau, exact at any step."""
        if not self.noise:
            return
        keep = math.exp(-self.h)
        value = self.noise * self._normal(trials)
        while True:
            yield value
            value = keep * value + self.noise * math.sqrt(1 - keep**2) * self._normal(trials)

    def _normal(self, trials: int) -> Tensor:
        return self.circuit.tensor(self.rng.standard_normal((trials, self.circuit.net.units)))


def circuit_for(net: Network, dtype: torch.dtype, segments: list[Segment], rates: bool) -> Circuit:
    """Return the circuit that runs: of rates where these are kept, or where decoders differ from task to task.

    A latent D r does not say which rates it is made of, and so not what another decoder makes of them.
    """
    decoders = {id(s.entry): s.entry.numbers.get("decoder") for s in segments}.values()
    return circuit_of(net, dtype, rates=rates or (len(decoders) > 1 and any(d is not None for d in decoders)))
