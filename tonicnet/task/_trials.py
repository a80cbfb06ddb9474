"""Trials of an input/output behaviour: what goes in, what should come out, and where that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ._arguments import picks


@final
@dataclass(frozen=True)
class Trials:
    """Inputs u, targets x* and the weights m of squared errors, m (x - x*)^2."""

    inputs: Float[np.ndarray, "trial time component"]
    targets: Float[np.ndarray, "trial time component"]
    mask: Float[np.ndarray, "trial time component"]

    def chosen(self, at: np.ndarray) -> Trials:
        """Return the trials of these numbers."""
        return Trials(self.inputs[at], self.targets[at], self.mask[at])

    def drawn(self, count: int, *, seed: int) -> Trials:
        """Return random trials, none of them twice while they last; a seed always draws the same."""
        return self.chosen(picks(len(self.targets), count, seed=seed))

    def tables(self) -> dict[str, Any]:
        """Return nested lists; the mask has length 1 along what it does not depend on."""
        return {
            "inputs": self.inputs.tolist(),
            "targets": self.targets.tolist(),
            "mask": compact(self.mask).tolist(),
        }

    @property
    def size(self) -> int:
        """How many numbers :meth:`tables` holds."""
        return self.inputs.size + self.targets.size + compact(self.mask).size


def compact(values: Float[np.ndarray, "trial time component"]) -> Float[np.ndarray, "#trial #time #component"]:
    """Return what broadcasts back to ``values``: length 1 along every axis on which they do not change."""
    for axis in range(values.ndim):
        first = values.take([0], axis)
        values = first if (values == first).all() else values
    return values
