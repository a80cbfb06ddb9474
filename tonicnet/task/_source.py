"""Where a task's states come from: a vector field, or a recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float


class Source(ABC):
    """States of the target, in the task's own units and time."""

    dimension: int
    has_flow: bool
    duration: float  # the longest run there is, in task time

    @abstractmethod
    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Return dx/dt at x."""

    @abstractmethod
    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return random states of the long run."""

    @abstractmethod
    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return states where the field matters."""

    @abstractmethod
    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Return runs at ``times``, from ``start`` or from random states of the long run."""

    @abstractmethod
    def reference(self) -> tuple[Float[np.ndarray, "count component"], Float[np.ndarray, "count component"]]:
        """Return states of the reference run and dx/dt there: what scaling and time scale are made of."""

    @abstractmethod
    def data(self) -> dict[str, Any]:
        """Return the plain tables that the spec alone does not hold."""


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a seed. Raises ValueError unless it is a whole number >= 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}")
    return np.random.Generator(np.random.Philox(int(seed)))


def count_of(value: int, *, what: str) -> int:
    """Return ``value`` if it is a whole number of at least one; raise ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{what} must be a whole number >= 1, got {value!r}")
    return int(value)
