"""Behaviours in which time is what counts: intervals that are told, intervals that are shown, and rhythms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float

from ._definition import LEAST, Definition
from ._trials import Trials

END = 1.0  # height of the ramp at the end of an interval
_BEYOND = 1.2  # up to which the ramp goes on, so that it crosses the end at full speed


@dataclass(frozen=True)
class _Interval(Definition):
    """An interval from ``shortest`` to ``longest`` s that the output produces by a ramp from 0 to 1."""

    response: ClassVar[str] = "interval"
    onset: float
    pulse: float
    strength: float
    shortest: float
    longest: float

    def truth(self) -> dict[str, Any]:
        """Return the range of intervals."""
        return {"interval": [self.shortest, self.longest]}

    def _ramps(
        self, set_at: Float[np.ndarray, " trial"], interval: Float[np.ndarray, " trial"]
    ) -> tuple[Float[np.ndarray, "trial time"], Float[np.ndarray, "trial time"]]:
        """Return ramps that begin at steps ``set_at``, and the weights of their errors: none once they have ended."""
        since = self.dt * (np.arange(self.steps) - set_at[:, None])
        ramp = np.clip(since / interval[:, None], 0.0, _BEYOND)
        return ramp, np.where(since < 0, LEAST, 1.0) * (ramp < _BEYOND)

    def _cases(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " trial"]:
        return rng.uniform(self.shortest, self.longest, count)


@final
@dataclass(frozen=True)
class IntervalTiming(_Interval):
    """A level tells the interval, a pulse starts it: the output is to ramp from 0 to 1 in exactly that time.

    The level is -``level`` for ``shortest`` s and +``level`` for ``longest`` s, linear between them, and stays for the
    whole trial; the pulse of height ``strength`` comes ``onset`` s after the start, up to ``jitter`` s later, and lasts
    ``pulse`` s. The interval is counted from the pulse's start.

    Source: Wang, Narain, Hosseini and Jazayeri 2018, doi:10.1038/s41593-017-0028-6.
    """

    level: float
    jitter: float

    @property
    def components(self) -> tuple[str, ...]:
        """The ramp, the level and the pulse."""
        return "ramp", "level", "set"

    def check(self) -> None:
        """Raise ValueError for intervals that do not fit into a trial."""
        self.rises("shortest", "longest")
        self.fits(self.onset + self.jitter + _BEYOND * self.longest, "the wait and the longest ramp")

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other intervals for each seed."""
        trials, interval = self.blank(count), self._cases(rng, count)
        set_at = np.rint(rng.uniform(self.onset, self.onset + self.jitter, count) / self.dt)
        told = 2 * (interval - self.shortest) / (self.longest - self.shortest) - 1
        trials.inputs[:, :, 1] = self.level * told[:, None]
        since = np.arange(self.steps) - set_at[:, None]
        trials.inputs[:, :, 2] = self.strength * ((since >= 0) & (since < self.samples(self.pulse)))
        trials.targets[:, :, 0], trials.mask[:, :, 0] = self._ramps(set_at, interval)
        return trials.done()


@final
@dataclass(frozen=True)
class ReadySetGo(_Interval):
    """Two pulses, ready and set, show an interval; the output is to ramp from 0 to 1 in the same time after set.

    Ready comes ``onset`` s after the start, up to ``jitter`` s later; pulses have height ``strength`` and last
    ``pulse`` s. Intervals are counted from the starts of pulses.

    Source: Jazayeri and Shadlen 2010, doi:10.1038/nn.2590.
    """

    jitter: float

    @property
    def components(self) -> tuple[str, ...]:
        """The ramp and the pulses."""
        return "ramp", "ready and set"

    def check(self) -> None:
        """Raise ValueError for intervals that do not fit into a trial."""
        self.rises("shortest", "longest")
        if self.pulse >= self.shortest:
            raise ValueError(f"pulse must be below shortest, got {self.pulse:g} and {self.shortest:g} s")
        self.fits(
            self.onset + self.jitter + (1 + _BEYOND) * self.longest, "the wait, the longest interval and its ramp"
        )

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other intervals for each seed; they are whole numbers of steps."""
        trials, width = self.blank(count), self.samples(self.pulse)
        shown = np.rint(self._cases(rng, count) / self.dt)
        ready = np.rint(rng.uniform(self.onset, self.onset + self.jitter, count) / self.dt)
        for begin in (ready, ready + shown):
            since = np.arange(self.steps) - begin[:, None]
            trials.inputs[:, :, 1] += self.strength * ((since >= 0) & (since < width))
        trials.targets[:, :, 0], trials.mask[:, :, 0] = self._ramps(ready + shown, self.dt * shown)
        return trials.done()


@final
@dataclass(frozen=True)
class Sine(Definition):
    """A sine and a cosine of ``frequency`` Hz and unit amplitude; no input tells the frequency, only the bias does.

    A trial starts at a random phase of the circle; ``scatter`` of the trials start at random radii, up to twice and
    down to half the circle's, and have to come to it within ``settle`` s.

    Source: Sussillo and Barak 2013, doi:10.1162/NECO_a_00409, whose network is told the frequency by an input.
    """

    response: ClassVar[str] = "frequency"
    frequency: float
    scatter: float
    settle: float

    @property
    def components(self) -> tuple[str, ...]:
        """Sine and cosine."""
        return "sine", "cosine"

    def check(self) -> None:
        """Raise ValueError for a period that is too short for the steps, or too long for a trial."""
        if 8 * self.dt * self.frequency > 1:
            raise ValueError(
                f"frequency must be at most 1 / (8 dt) = {1 / (8 * self.dt):g} Hz, got {self.frequency:g}; lower it, "
                "or lower dt"
            )
        if self.scatter > 1:
            raise ValueError(f"scatter is a share of the trials, at most 1, got {self.scatter:g}")
        self.fits(1 / self.frequency, "one period")

    def truth(self) -> dict[str, Any]:
        """Return the period and the amplitude."""
        return {"period": 1 / self.frequency, "amplitude": [1.0, 1.0]}

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:  # noqa: ARG002
        """Return trials with other phases and radii for each seed."""
        trials = self.blank(count)
        time = self.dt * np.arange(self.steps)
        phase = 2 * np.pi * (rng.uniform(size=count)[:, None] + self.frequency * time)
        away = np.where(rng.uniform(size=count) < self.scatter, rng.uniform(-1, 1, count), 0.0)[:, None]
        radius = 2.0 ** (away * np.exp(-4 * time / self.settle))
        trials.targets[:] = np.stack([radius * np.sin(phase), radius * np.cos(phase)], axis=-1)
        trials.mask[:] = 1
        return trials.done()
