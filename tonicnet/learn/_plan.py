"""The stages of learning: which residual, for how many steps, in which order."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ._residual import Residual


@dataclass(frozen=True)
class Draw:
    """Named streams of random numbers: a stage draws the same whether or not the ones before it were run here."""

    seed: int
    restart: int

    def __call__(self, name: str) -> np.random.Generator:
        """Return the stream of a name, from its beginning."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, self.restart, _number(name)])))


@dataclass(frozen=True)
class Stage:
    """One residual to be mended for at most ``steps`` steps; ``make`` draws it when its turn comes.

    The network is run alone after a ``scored`` stage. A stage ends early when ``patience`` steps have hardly
    lowered the loss.
    """

    name: str
    steps: int
    make: Callable[[Draw], Residual]
    scored: bool = True
    patience: int = 10


Plan = Iterator[Stage]


def _number(name: str) -> int:
    return zlib.crc32(name.encode())
