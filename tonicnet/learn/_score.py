"""The score of one theta in closed loop."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

NAMES = {
    "field_error": ("1", "rms error of tau dz/dt over rms of tau dz/dt"),
    "valid_time": ("task", "median time to a normalised error of 0.4"),
    "valid_time_low": ("task", "lower quartile of valid time over starts"),
    "valid_time_high": ("task", "upper quartile of valid time over starts"),
    "divergence": ("1", "D_stsp, state-space divergence"),
    "divergence_floor": ("1", "D_stsp of one true run against another of the same T"),
    "divergence_samples": ("1", "T, samples behind D_stsp and its floor"),
    "period_error": ("1", "relative error of the period"),
    "amplitude_error": ("1", "largest relative error of an amplitude"),
    "orbit_distance": ("1", "distance of phase-aligned orbits in standard deviations"),
    "r_squared": ("1", "share of the targets' variance that the network alone explains"),
    "attractor_distance": ("1", "mean distance to the nearest true state in standard deviations"),
    "traps": ("1", "stable fixed points of the network beside an attractor that has none"),
    "lost": ("1", "share of starts that ended off the attractor or stuck"),
}
_TOLD = (
    "valid_time", "divergence", "period_error", "amplitude_error", "attractor_distance", "r_squared", "traps", "lost",
)  # fmt: skip
_WORDS = {"traps": "spurious fixed points"}


@dataclass(frozen=True)
class Score:
    """Measures of one theta in closed loop (NaN where a measure does not apply).

    ``rank`` orders thetas, the best first, by its entries in turn: see the judges, who say what comes first.
    """

    values: dict[str, float] = field(default_factory=dict)
    rank: tuple[float, ...] = (np.inf,)
    good: bool = False

    @property
    def lost(self) -> bool:
        """Whether some starts were lost."""
        return bool(self.values.get("lost", 0.0) > 0)

    def sentence(self) -> str:
        """Return the measures that were taken, in words."""
        words = {name: _WORDS.get(name, name.replace("_", " ")) for name in _TOLD}
        return ", ".join(f"{words[n]} {self.values[n]:.3g}" for n in _TOLD if n in self.values)
