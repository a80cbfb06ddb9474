"""The trials of an integration that are still under way, each with a time and a step of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass
class Lanes:
    """Trials that are still under way: their numbers, and where each stands."""

    row: np.ndarray
    t: np.ndarray
    x: np.ndarray
    f: np.ndarray
    h: np.ndarray  # the next step
    longest: np.ndarray  # accepted step
    tried: np.ndarray  # steps
    failed: np.ndarray  # error of the last step if it was rejected, else 0
    failed_h: np.ndarray  # its length
    refused: np.ndarray  # of these: few where the field is smooth
    held: np.ndarray  # steps below the floor since a longer one: few at a jump that is passed, all where it holds x
    hits: np.ndarray  # steps at the limit of stability
    misses: np.ndarray  # other steps since
    sample: np.ndarray  # the next time that is asked for

    @classmethod
    def at(cls, x: np.ndarray, f: np.ndarray, h: np.ndarray) -> Lanes:
        """Return all trials at time 0, with their first steps."""
        n = len(x)
        t, longest, failed, failed_h = np.zeros((4, n))
        counts = np.zeros((6, n), dtype=int)
        return cls(np.arange(n), t, x, f, h, longest, counts[0], failed, failed_h, *counts[1:])

    def only(self, kept: np.ndarray) -> None:
        """Drop all trials but those ``kept``."""
        if not kept.all():
            for name, values in vars(self).items():
                setattr(self, name, values[kept])
