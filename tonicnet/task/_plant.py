"""What a network moves: a plant whose state comes back as input, step by step."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Float


class Plant(ABC):
    """Trials side by side of what the output moves. A plant has a state: one run uses up one plant."""

    @abstractmethod
    def __call__(
        self, time: float, output: Float[np.ndarray, "trial component"]
    ) -> Float[np.ndarray, "trial component"]:
        """Return the inputs of the step that begins at ``time`` (s), and move on by that step under ``output``."""

    @property
    @abstractmethod
    def path(self) -> Float[np.ndarray, "trial time axis"]:
        """Where it was at the start and after each step."""

    @property
    @abstractmethod
    def goal(self) -> Float[np.ndarray, "trial axis"]:
        """Where it should end."""
