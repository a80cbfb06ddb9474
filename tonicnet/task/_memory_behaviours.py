"""Behaviours that hold something in memory: the flip-flop and delayed match to sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from ._definition import LEAST, Definition, Delayed
from ._trials import Trials

_MOST_BITS = 64


@final
@dataclass(frozen=True)
class FlipFlop(Definition):
    """Each of ``bits`` outputs takes the sign of its last input pulse and keeps it: 2^bits memories.

    Pulses of height ``strength`` last ``pulse`` s; the output is free for ``free`` s from the start of each. The first
    comes ``first_low`` to ``first_high`` s after the start, and further ones in gaps of ``gap`` s on average
    (exponential) after the last one's free time. A trial starts at a random memory.

    Source: Sussillo and Barak 2013, doi:10.1162/NECO_a_00409.
    """

    response: ClassVar[str] = "levels"
    bits: int
    pulse: float
    strength: float
    free: float
    gap: float
    first_low: float
    first_high: float

    @property
    def components(self) -> tuple[str, ...]:
        """The bits: each is input and output."""
        return tuple(f"bit {k + 1}" for k in range(self.bits))

    def check(self) -> None:
        """Raise ValueError for pulses that do not fit into a trial."""
        if self.bits > _MOST_BITS:
            raise ValueError(f"bits may be {_MOST_BITS} at most, got {self.bits}")
        if self.free < self.pulse:
            raise ValueError(f"free must be at least pulse, got {self.free:g} and {self.pulse:g} s")
        self.rises("first_low", "first_high")
        self.fits(self.first_high + self.free, "the first pulse and the free time after it")

    def truth(self) -> dict[str, Any]:
        """Return how many memories there are, and how often guessing is right."""
        return {"stable_states": 2**self.bits, "chance": 0.5}

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other pulses for each seed."""
        trials = self.blank(count)
        trials.mask[:] = 1
        for n, k in np.ndindex(count, self.bits):
            self._fill(rng, *(part[n, :, k] for part in trials))
        return trials.done()

    def _fill(self, rng: np.random.Generator, inputs: np.ndarray, targets: np.ndarray, mask: np.ndarray) -> None:
        width, free = self.samples(self.pulse), self.samples(self.free)
        targets[:], at = rng.choice([-1.0, 1.0]), self.samples(rng.uniform(self.first_low, self.first_high))
        while at + width < self.steps:
            sign = rng.choice([-1.0, 1.0])
            inputs[at : at + width], targets[at:], mask[at : at + free] = self.strength * sign, sign, 0
            at += free + round(rng.exponential(self.gap) / self.dt)


@final
@dataclass(frozen=True)
class DelayedMatch(Delayed):
    """Two pulses of either sign with a delay between them; the output says whether they were equal (+1) or not (-1).

    The sample comes at ``onset`` s, each pulse has height ``strength`` and lasts ``pulse`` s, the delay is drawn from
    ``delay_low`` to ``delay_high`` s, and the answer counts from ``free`` s after the start of the test pulse to the
    end. Before the test the output has to stay at 0, with a fifth of the weight.

    Source: Miller, Erickson and Desimone 1996, doi:10.1523/JNEUROSCI.16-16-05154.1996.
    """

    parts: ClassVar[str] = "sample, delay, test and answer"

    @property
    def components(self) -> tuple[str, ...]:
        """The answer and the stimulus."""
        return "match", "stimulus"

    def check(self) -> None:
        """Raise ValueError for pulses that do not fit into a trial, or that the answer does not outlast."""
        if self.free < self.pulse:
            raise ValueError(f"free must be at least pulse, got {self.free:g} and {self.pulse:g} s")
        super().check()

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other pulses and delays for each seed."""
        trials, width, first = self.blank(count), self.samples(self.pulse), self.samples(self.onset)
        signs = rng.choice([-1.0, 1.0], (count, 2))
        for n, delay in enumerate(rng.uniform(self.delay_low, self.delay_high, count)):
            test = first + width + self.samples(delay)
            trials.inputs[n, first : first + width, 1] = self.strength * signs[n, 0]
            trials.inputs[n, test : test + width, 1] = self.strength * signs[n, 1]
            trials.targets[n, test + width :, 0] = signs[n].prod()
            trials.mask[n, :test, 0], trials.mask[n, test + self.samples(self.free) :, 0] = LEAST, 1
        return trials.done()
