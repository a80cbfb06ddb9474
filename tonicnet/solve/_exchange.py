"""The contracts of exact swaps and moves: what they change the loss by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor


class Swaps(NamedTuple):
    """Swaps one behind the other, and by how much all of them together change the loss."""

    pairs: tuple[tuple[int, int], ...]
    change: float


class Exchange(ABC):
    """Swaps under way: what each would change the loss by, exactly, and those that were made."""

    @property
    @abstractmethod
    def theta(self) -> Float[Tensor, " number"]:
        """The numbers as they are now."""

    @abstractmethod
    def changes(self, unit: int) -> Float[np.ndarray, " unit"]:
        """Return by how much a swap with each other unit would change the loss."""

    @abstractmethod
    def swap(self, unit: int, other: int) -> None:
        """Let two units have each other's numbers."""

    def best(self, unit: int) -> Swaps:
        """Return the swap of a unit that lowers the loss most, of those that are looked at."""
        changes = self.changes(unit)
        other = int(np.argmin(changes))
        return Swaps(((unit, other),), float(changes[other]))

    def sweep(self, rng: np.random.Generator, units: int, fall: float) -> None:
        """Go over all units in random order, and make the best swap of each that brings the loss down by ``fall``."""
        self.improve(rng.permutation(units), fall)

    def improve(self, order: Int[np.ndarray, " unit"], fall: float) -> int:
        """Make the best swap of one unit after another where it brings ``fall``; return how many were made."""
        made = 0
        for unit in order:
            found = self.best(int(unit))
            if found.change < -fall:
                self.swap(*found.pairs[0])
                made += 1
        return made


class PairedExchange(Exchange):
    """Swaps of which two at a time can be judged: their changes do not just add up."""

    units: int

    @property
    @abstractmethod
    def loss(self) -> float:
        """The loss as it is now."""

    @abstractmethod
    def best_two(self, count: int) -> Swaps:
        """Return the best swap of all, or the best two at once of the ``count`` that are best alone."""


class Moves(ABC):
    """Moves under way: what another number of one unit would change the loss by, exactly."""

    @property
    @abstractmethod
    def theta(self) -> Float[Tensor, " number"]:
        """The numbers as they are now."""

    @abstractmethod
    def changes(self, unit: int, values: Float[np.ndarray, " value"]) -> Float[np.ndarray, " value"]:
        """Return by how much each of some values of a unit's number would change the loss."""

    @abstractmethod
    def move(self, unit: int, value: float) -> None:
        """Give a unit this number."""
