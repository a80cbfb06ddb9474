"""The score of one theta, in closed loop or on samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

_TOLD = (
    "accuracy", "valid_time", "divergence", "period_error", "amplitude_error", "attractor_distance", "r_squared",
    "traps", "lost",
)  # fmt: skip
_WORDS = {"traps": "spurious fixed points"}


class Standing(IntEnum):
    """How far a theta is from what is good, which says how many rounds it is worth."""

    FAR = 0  # from where none was seen to come back
    OFF = 1
    NEAR = 2
    FAIR = 3  # good enough once half of the rounds are used up, where no longer runs have to confirm it
    GOOD = 4


@dataclass(frozen=True)
class Score:
    """Measures of one theta, in closed loop or on samples (NaN where a measure does not apply).

    ``rank`` orders thetas, the best first, by its entries in turn: see the judges, who say what comes first.
    """

    values: dict[str, float] = field(default_factory=dict)
    rank: tuple[float, ...] = (np.inf,)
    standing: Standing = Standing.NEAR

    @property
    def good(self) -> bool:
        """Whether there is no need to learn on."""
        return self.standing == Standing.GOOD

    @property
    def lost(self) -> bool:
        """Whether some starts were lost."""
        return bool(self.values.get("lost", 0.0) > 0)

    def sentence(self) -> str:
        """Return the measures that were taken, in words."""
        words = {name: _WORDS.get(name, name.replace("_", " ")) for name in _TOLD}
        return ", ".join(f"{words[n]} {self.values[n]:.3g}" for n in _TOLD if n in self.values)


def reached(good: bool) -> Standing:
    """Return the standing where nothing else is known than whether it is good."""
    return Standing.GOOD if good else Standing.NEAR
