"""Advancing the state of a network through the segments of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._names import shown
from .._numbers import real
from ..bank import Segment
from ..circuit import Circuit, Dynamics, Loop, LowRank, Stretch, circuit_of, driven, loop_of, placed
from ..network import Network
from ._inputs import Live, answered

_CHUNK = 2**21  # numbers of noise, or of states that are kept, that are held at once


@dataclass(frozen=True)
class Runner:
    """A run through some segments in steps of ``dt`` seconds; ``noise`` is the standard deviation of each unit's input.

    ``keeps`` says whether all rates are kept, and not outputs alone; ``live`` is asked for the inputs of each step.
    """

    circuit: Circuit
    segments: list[Segment]
    dt: float
    method: str
    noise: float
    rng: np.random.Generator
    keeps: bool = False
    live: Live | None = None

    def __post_init__(self) -> None:
        given_noise(self.noise)

    @cached_property
    def dynamics(self) -> list[Dynamics]:
        """The dynamics of each segment."""
        known = {id(s.entry): placed(self.circuit, s.entry.numbers) for s in self.segments}
        return [known[id(s.entry)] for s in self.segments]

    def stretches(
        self, start: Float[np.ndarray, "trial time component"], inputs: np.ndarray | None
    ) -> Iterator[Stretch]:
        """Yield the run piece by piece, the first state alone; at a switch the next task reads the output out."""
        loop = self._begin(start)
        yield self._seen(loop.state[:, None], self.dynamics[0])
        fluctuation, done = _Fluctuation(self, len(start)), 0
        for number, (segment, dynamics) in enumerate(zip(self.segments, self.dynamics, strict=True)):
            loop.under(dynamics)
            left = segment.steps(self.dt)
            while left:
                count = 1 if self.live else min(left, self._chunk(len(start)))
                here = slice(done, done + count)
                given = None if inputs is None else inputs[:, here]
                given = (
                    given
                    if self.live is None
                    else self._answered(self.live, done, segment, dynamics.output(loop.state))
                )
                u = None if given is None else given / segment.entry.scale
                held = None if u is None else self.circuit.tensor(u).transpose(0, 1)
                found = loop.advance(count, held, fluctuation.next(count))
                left, done = left - count, done + count
                switched = not left and number + 1 < len(self.segments)
                yield self._switched(found, loop, self.dynamics[number + 1]) if switched else found

    def _answered(self, live: Live, step: int, segment: Segment, z: Tensor) -> Float[np.ndarray, "trial 1 component"]:
        """Return the inputs of a step that are computed from the output at its start, all components of the network."""
        segment.entry.scaling.input_unit  # noqa: B018  (a map has none, which raises)
        d = segment.entry.dimension
        x = segment.entry.to_task(z.double().numpy(force=True))
        return answered(live(step * self.dt, x[:, :d]), (len(x), d), x.shape[1], step * self.dt)[:, None]

    def _seen(self, states: Float[Tensor, "trial step state"], dynamics: Dynamics) -> Stretch:
        output = torch.stack([dynamics.output(x) for x in states.unbind(1)], 1)
        return Stretch(output, states if self.keeps else None)

    def _switched(self, found: Stretch, loop: Loop, after: Dynamics) -> Stretch:
        """Return a stretch whose last sample is read out by the decoder of the next segment."""
        last = after.output(loop.state)[:, None]
        return Stretch(torch.cat([found.output[:, :-1], last], 1), found.states)

    def _chunk(self, trials: int) -> int:
        """Return how many steps are taken at once."""
        wide = self.noise or self.keeps or not isinstance(self.circuit, LowRank)
        return max(1, _CHUNK // (trials * (self.circuit.net.units if wide else 64)))

    def _begin(self, start: Float[np.ndarray, "trial time component"]) -> Loop:
        first, filter = self.dynamics[0], self.circuit.net.filter
        history = self.circuit.tensor(start)
        state = first.state(history[:, 0])
        if history.shape[1] > 1:
            rates = driven(self._as_rates(), history, self.dt / self.circuit.net.tau, self.method)
            state = first.circuit.collect(rates)
        return loop_of(first, state, filter=filter, h=self.dt / filter.lag, method=self.method, keeps=self.keeps)

    def _as_rates(self) -> Dynamics:
        """Return the first dynamics with all rates, which is what a history drives."""
        circuit = circuit_of(self.circuit.net, self.circuit.dtype, self.circuit.device, rates=True)
        return placed(circuit, self.segments[0].entry.numbers)


class _Fluctuation:
    """Coloured noise of correlation time tau, exact at any step."""

    def __init__(self, runner: Runner, trials: int) -> None:
        self._runner, self._shape = runner, (trials, runner.circuit.net.units)
        self._keep = math.exp(-runner.dt / runner.circuit.net.tau)
        self._value: np.ndarray | None = None

    def next(self, steps: int) -> Float[Tensor, "step trial unit"] | None:
        """Return the noise of the next steps; None where there is none."""
        size = self._runner.noise
        if not size:
            return None
        drawn = size * self._runner.rng.standard_normal((steps, *self._shape))
        for k in range(steps):
            if self._value is not None:
                drawn[k] = self._keep * self._value + math.sqrt(1 - self._keep**2) * drawn[k]
            self._value = drawn[k]
        return self._runner.circuit.tensor(drawn)


def given_noise(noise: float) -> float:
    """Return the standard deviation of an input noise; raise ValueError for what is none."""
    if not 0 <= real(noise) < math.inf:
        raise ValueError(f"noise is a standard deviation, zero or positive, got {shown(noise)}")
    return real(noise)


def circuit_for(net: Network, dtype: torch.dtype, segments: list[Segment], rates: bool, device: str = "cpu") -> Circuit:
    """Return the circuit that runs: of rates where these are kept, or where decoders differ from task to task.

    A latent D r does not say which rates it is made of, and so not what another decoder makes of them.
    """
    decoders = {id(s.entry): s.entry.numbers.get("decoder") for s in segments}.values()
    return circuit_of(net, dtype, device, rates=rates or (len(decoders) > 1 and any(d is not None for d in decoders)))
