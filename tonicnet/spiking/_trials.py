"""Trials of one spiking network through one schedule, whichever code runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..bank import Segment
from ._external import External
from ._lif_network import LIFNetwork

_NEXT_SEED = 7919


@dataclass(frozen=True)
class Trial:
    """Where one trial begins (network coordinates), what it receives, and the seed of its noise."""

    start: Float[np.ndarray, " component"]
    external: External
    seed: int


@dataclass(frozen=True)
class Trials:
    """A network in one form, the segments of its runs, their sampling ``step`` (s), and what each begins with."""

    model: LIFNetwork
    segments: list[Segment]
    form: str
    step: float
    starts: Float[np.ndarray, "trial component"]
    external: list[External]
    seed: int

    def __iter__(self) -> Iterator[Trial]:
        """Yield the trials."""
        for k, (start, external) in enumerate(zip(self.starts, self.external, strict=True)):
            yield Trial(start, external, self.seed + _NEXT_SEED * k)
