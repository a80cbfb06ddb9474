"""The contract of exact swaps: what two units exchange, and what that changes the loss by."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Float
from torch import Tensor


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
