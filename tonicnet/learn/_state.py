"""Where the learning of one task stands: all that is needed to go on, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..solve import Memory
from ._score import Score


@dataclass(frozen=True)
class Best:
    """The best theta by its score in closed loop, and the restart it came from."""

    theta: Tensor
    score: Score
    restart: int = 0


@dataclass(frozen=True)
class State:
    """Restart, stage and step; theta there, and where the stage began; what the method remembers; the best so far.

    ``memory`` is None before the first step of a stage. ``mean`` is that of the thetas at the ends of the rounds, the
    later ones weighing more; None before the first. ``history`` holds the stage's losses, ``losses`` all of them,
    ``begins`` at which of these a stage began; ``scored`` counts closed-loop rounds since the restart, and
    ``nearest`` is the last entry of the rank of the best after each of them; ``ending`` is a sentence once learning is
    over.
    """

    theta: Tensor
    begun: Tensor
    restart: int = 0
    stage: int = 0
    step: int = 0
    scored: int = 0
    memory: Memory | None = None
    mean: Tensor | None = None
    history: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    begins: tuple[int, ...] = ()
    nearest: tuple[float, ...] = ()
    best: Best | None = None
    seconds: float = 0.0
    ending: str = ""
    picked: tuple[str, ...] = ()
