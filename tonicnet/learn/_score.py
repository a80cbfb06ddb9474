"""The score of one theta, in closed loop or on samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_TOLD = (
    "accuracy", "valid_time", "divergence", "period_error", "amplitude_error", "attractor_distance", "r_squared",
    "traps", "lost",
)  # fmt: skip
_WORDS = {"traps": "spurious fixed points"}


@dataclass(frozen=True)
class Score:
    """Measures of one theta, in closed loop or on samples (NaN where a measure does not apply).

    ``rank`` orders thetas, the best first, by its entries in turn: see the judges, who say what comes first. ``near``
    says that it is good, or nearly, so that a longer look tells more; ``far`` that further rounds have little hope.
    """

    values: dict[str, float] = field(default_factory=dict)
    rank: tuple[float, ...] = (np.inf,)
    good: bool = False
    near: bool = False
    far: bool = False

    @property
    def lost(self) -> bool:
        """Whether some starts were lost."""
        return bool(self.values.get("lost", 0.0) > 0)

    def sentence(self) -> str:
        """Return the measures that were taken, in words."""
        words = {name: _WORDS.get(name, name.replace("_", " ")) for name in _TOLD}
        return ", ".join(f"{words[n]} {self.values[n]:.3g}" for n in _TOLD if n in self.values)
