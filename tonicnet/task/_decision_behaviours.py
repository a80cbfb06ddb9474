"""Behaviours that decide: context-dependent integration and go / no-go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from ._definition import LEAST, Definition, Delayed
from ._trials import Trials


@final
@dataclass(frozen=True)
class ContextIntegration(Definition):
    """Noisy evidence of two kinds, and a context that says of which the sign of the mean is asked.

    Evidence of mean +-``evidence`` and standard deviation ``noise`` a sample comes from ``onset`` s on for ``shown`` s;
    the context is +-``context`` throughout. The answer, +1 or -1, counts after the evidence has ended.

    Source: Mante, Sussillo, Shenoy and Newsome 2013, doi:10.1038/nature12742.
    """

    response: ClassVar[str] = "levels"
    onset: float
    shown: float
    evidence: float
    noise: float
    context: float

    @property
    def components(self) -> tuple[str, ...]:
        """The choice, both kinds of evidence, and the context."""
        return "choice", "motion", "colour", "context"

    def check(self) -> None:
        """Raise ValueError for evidence that does not fit into a trial."""
        self.fits(self.onset + self.shown + self.dt, "evidence and answer")

    def truth(self) -> dict[str, Any]:
        """Return how often guessing is right."""
        return {"chance": 0.5}

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other evidence for each seed."""
        trials, first = self.blank(count), self.samples(self.onset)
        end = first + self.samples(self.shown)
        sides, asked = rng.choice([-1.0, 1.0], (count, 2)), rng.integers(2, size=count)
        spread = self.noise * rng.standard_normal((count, end - first, 2))
        trials.inputs[:, first:end, 1:3] = self.evidence * sides[:, None] + spread
        trials.inputs[:, :, 3] = self.context * (2 * asked - 1)[:, None]
        trials.targets[:, end:, 0] = sides[np.arange(count), asked][:, None]
        trials.mask[:, :first, 0], trials.mask[:, end:, 0] = LEAST, 1
        return trials.done()


@final
@dataclass(frozen=True)
class GoNoGo(Delayed):
    """A pulse that says go (+``strength``) or no go (-``strength``), a delay, a cue: the output goes to 1 or stays 0.

    The pulse comes at ``onset`` s and lasts ``pulse`` s, as the cue does, which comes ``delay_low`` to ``delay_high`` s
    after the pulse. The output must wait at 0 until the cue; the answer counts from ``free`` s after its start.

    Source: Donders 1868, translated in doi:10.1016/0001-6918(69)90065-1.
    """

    parts: ClassVar[str] = "stimulus, delay, cue and answer"

    @property
    def components(self) -> tuple[str, ...]:
        """The movement, the stimulus and the cue."""
        return "movement", "stimulus", "cue"

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other stimuli and delays for each seed."""
        trials, width, first = self.blank(count), self.samples(self.pulse), self.samples(self.onset)
        goes = rng.integers(2, size=count)
        trials.inputs[:, first : first + width, 1] = (self.strength * (2 * goes - 1))[:, None]
        for n, delay in enumerate(rng.uniform(self.delay_low, self.delay_high, count)):
            cue = first + width + self.samples(delay)
            answer = cue + self.samples(self.free)
            trials.inputs[n, cue : cue + width, 2] = self.strength
            trials.targets[n, cue:, 0] = goes[n]
            trials.mask[n, :cue, 0], trials.mask[n, answer:, 0] = LEAST, 1
        return trials.done()
