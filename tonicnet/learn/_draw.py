"""Named streams of random numbers."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Draw:
    """Named streams of random numbers: a stage draws the same whether or not the ones before it were run here."""

    seed: int
    restart: int

    def __call__(self, name: str) -> np.random.Generator:
        """Return the stream of a name, from its beginning."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, self.restart, _number(name)])))


def _number(name: str) -> int:
    return zlib.crc32(name.encode())
