"""Where a task's states come from: a vector field, a recording, or trials of a behaviour."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float

from ._chart import Chart
from ._trials import Trials


class Source(ABC):
    """States of the target, in the task's own units and time."""

    dimension: int
    has_flow: bool
    duration: float  # the longest run there is, in task time
    chart: Chart | None = None  # to the system's own state, where the task has other coordinates

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
    def trials(self) -> Trials:
        """Return all trials. Raises TypeError where there are no inputs."""

    def drawn(self, count: int, *, seed: int, held_out: bool = False) -> Trials:  # noqa: ARG002
        """Return random trials. Raises TypeError where there are no inputs."""
        return self.trials().drawn(count, seed=seed)

    @abstractmethod
    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return the centre and the scale that fit the states, unless others are given."""

    @abstractmethod
    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return the time, in task time, in which a component moves by one ``scale``."""

    @abstractmethod
    def data(self) -> dict[str, Any]:
        """Return the plain tables that the spec alone does not hold."""


def no_trials(what: str) -> TypeError:
    """Return the error of a source without inputs, which ``what`` names."""
    return TypeError(
        f"{what} has no trials of inputs and targets; take runs with task.trajectory(), or make an "
        "input/output task with Task.from_trials()"
    )
