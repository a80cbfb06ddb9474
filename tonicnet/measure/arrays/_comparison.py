"""One trial beside the truth, on plain arrays: what several measures need is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ._divergence import outside_of, state_space_divergence_of
from ._hellinger import spectral_hellinger_of
from ._limit_cycle import SAMPLES, Cycle, cycle_errors, limit_cycle_of, no_cycle
from ._orbit import orbit_distance_of


@dataclass(frozen=True)
class Comparison:
    """A trial beside the truth, of one length and step. A measure that does not apply is NaN."""

    truth: Float[np.ndarray, "time component"]
    run: Float[np.ndarray, "time component"]
    dt: float

    @cached_property
    def cycles(self) -> tuple[Cycle, Cycle]:
        """The cycle of the truth and that of the trial."""
        return _cycle(self.truth, self.dt), _cycle(self.run, self.dt)

    @cached_property
    def _errors(self) -> tuple[float, np.ndarray]:
        truth, run = self.cycles
        return cycle_errors(run, truth)

    def divergence(self) -> float:
        """Return D_stsp."""
        return state_space_divergence_of(self.truth, self.run)

    def hellinger(self) -> float:
        """Return D_H."""
        return spectral_hellinger_of(self.truth, self.run) if np.isfinite(self.run).all() else np.nan

    def outside(self) -> float:
        """Return the share of samples outside the truth's box."""
        return outside_of(self.truth, self.run)

    def period(self) -> float:
        """Return the period of the trial."""
        return self.cycles[1].period

    def period_cv(self) -> float:
        """Return the coefficient of variation of the trial's period."""
        return self.cycles[1].variation

    def period_error(self) -> float:
        """Return the relative error of the period, signed."""
        return self._errors[0]

    def amplitude_error(self) -> float:
        """Return the relative error of the worst component's amplitude, signed."""
        errors = self._errors[1]
        return float(errors[np.argmax(np.abs(errors))])

    def orbit_distance(self) -> float:
        """Return the distance of the two mean orbits."""
        if not all(c.cycles for c in self.cycles):
            return np.nan
        return orbit_distance_of(self.truth, self.run, self.dt).distance


def _cycle(x: Float[np.ndarray, "time component"], dt: float) -> Cycle:
    """Return the cycle of a series, of one too short as well."""
    if len(x) < SAMPLES:
        return no_cycle(x, f"too short: {len(x)} samples, a cycle needs {SAMPLES}")
    return limit_cycle_of(x, dt)
