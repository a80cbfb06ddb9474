"""The catalogue behind compare: every measure of one stretch against the truth, and where it applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._cycle import SAMPLES, Cycle, limit_cycle_of, no_cycle
from ._histogram import outside_of, state_space_divergence_of, too_many_cells
from ._limit_cycle import cycle_errors
from ._orbit import orbit_distance_of
from ._power import spectral_hellinger_of

BINS = 30


@dataclass(frozen=True)
class Sides:
    """A stretch beside the truth, of one length and step; what several measures need is found once."""

    truth: Float[np.ndarray, "time component"]
    made: Float[np.ndarray, "time component"]
    dt: float

    @cached_property
    def cycles(self) -> tuple[Cycle, Cycle]:
        """The cycle of the truth and that of the stretch."""
        return _cycle(self.truth, self.dt), _cycle(self.made, self.dt)

    @cached_property
    def errors(self) -> tuple[float, float]:
        """The relative errors of period and of the worst component's amplitude, signed."""
        truth, made = self.cycles
        period, amplitude = cycle_errors(made, truth)
        return period, float(amplitude[np.argmax(np.abs(amplitude))])


def _cycle(x: Float[np.ndarray, "time component"], dt: float) -> Cycle:
    if len(x) < SAMPLES:
        return no_cycle(x, f"too short: {len(x)} samples, a cycle needs {SAMPLES}")
    return limit_cycle_of(x, dt)


def _divergence(sides: Sides) -> float:
    if too_many_cells(sides.truth, BINS):
        return np.nan
    return state_space_divergence_of(sides.truth, sides.made, bins=BINS)


def _hellinger(sides: Sides) -> float:
    return spectral_hellinger_of(sides.truth, sides.made) if np.isfinite(sides.made).all() else np.nan


def _orbit(sides: Sides) -> float:
    if not all(c.cycles for c in sides.cycles):
        return np.nan
    return orbit_distance_of(sides.truth, sides.made, sides.dt).distance


class Measure(NamedTuple):
    """One measure: the kinds of task it applies to, and whether truth against truth is a floor for it.

    ``same_length``: the floor depends on the length, so it is taken at the length compared or not at all.
    """

    score: Callable[[Sides], float]
    units: str
    long_name: str
    kinds: tuple[str, ...]
    floored: bool = True
    same_length: bool = False


_EVERY = ("chaos", "cycle", "memory", "recording", "behaviour")
_FLOW = ("chaos", "recording")
_CYCLE = ("cycle", "recording")

MEASURES = {
    "state_space_divergence": Measure(_divergence, "nat", "state-space divergence D_stsp", _FLOW, same_length=True),
    "spectral_hellinger": Measure(_hellinger, "1", "spectral Hellinger distance D_H", _FLOW, same_length=True),
    "outside": Measure(
        lambda s: outside_of(s.truth, s.made), "1", "share of samples outside the truth's box", _EVERY, False
    ),
    "period": Measure(lambda s: s.cycles[1].period, "1", "period in task time", _CYCLE, False),
    "period_cv": Measure(lambda s: s.cycles[1].variation, "1", "coefficient of variation of the period", _CYCLE, False),
    "period_error": Measure(lambda s: s.errors[0], "1", "relative error of the period", _CYCLE),
    "amplitude_error": Measure(lambda s: s.errors[1], "1", "relative error of the amplitude, worst component", _CYCLE),
    "orbit_distance": Measure(_orbit, "1", "distance of phase-aligned mean orbits in sd", _CYCLE),
}
