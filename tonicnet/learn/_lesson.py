"""What a teacher shows and wants, moment by moment: a field where the network is, or a target in time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import final

import numpy as np
from jaxtyping import Float

from ._target import Target

_EPISODE, _SHORTEST = 40.0, 6.0  # tau that a flow is followed from one start: on average beyond the shortest
_FAR = 4.0  # in scales of the task: a network that went so far is taken back
_MOST = 6.0  # of what is wanted, in scales
_TRIALS = 200  # of a behaviour that are drawn at once
_ASTRAY = 0.7  # in scales: a network so far from where the teacher is has another memory than the trial

Latent = Float[np.ndarray, " component"]


class Lesson(ABC):
    """Episodes of one task: ``shown`` is the teacher's own state, ``put_in`` the input of the task."""

    shown: Latent
    put_in: Latent

    def __init__(self, target: Target, tube: float, rng: np.random.Generator) -> None:
        self.target, self.tube, self.rng = target, tube, rng
        self.put_in = np.zeros(target.net.components)
        self.begin()

    @abstractmethod
    def begin(self) -> None:
        """Begin an episode, with ``shown`` where the network is to start."""

    @abstractmethod
    def wanted(self, own: Latent) -> Latent:
        """Return what the units should send, D r, when they are fed this state."""

    @abstractmethod
    def over(self, output: Latent) -> bool:
        """Return whether the episode is over, with the network there."""

    @abstractmethod
    def advance(self, kept: float, wanted: Latent) -> None:
        """Go on by one tick, over which a filter keeps ``kept``."""
        self.shown = kept * self.shown + (1 - kept) * wanted

    def _near(self, state: Latent) -> Latent:
        return state + self.tube * self.rng.standard_normal(len(state))


@final
class FlowLesson(Lesson):
    """A vector field: wanted is z + F(z), wherever z is; what is shown is a path of the field from near its states."""

    def begin(self) -> None:
        """Begin near a state of the task."""
        self.shown = self._near(self.target.known[self.rng.integers(len(self.target.known))])
        self._left = _SHORTEST + self.rng.exponential(_EPISODE)

    def wanted(self, own: Latent) -> Latent:
        """Return z + F(z), bounded."""
        return np.clip(own + self.target.flow(own[None])[0], -_MOST, _MOST)

    def over(self, output: Latent) -> bool:
        """Return whether the time is over, or the network is far away."""
        return bool(self._left < 0 or np.abs(output).max() > _FAR)

    def advance(self, kept: float, wanted: Latent) -> None:
        """Follow the field."""
        super().advance(kept, wanted)
        self._left += math.log(kept)


@final
class TrialLesson(Lesson):
    """Trials of a behaviour: wanted is the target itself, so that the output relaxes to it within a tau.

    The path is shown and wanted where the output is free as well. A network that is elsewhere, such as in another
    memory, would be told what is right in this one: its trial ends.
    """

    def __init__(self, target: Target, tube: float, rng: np.random.Generator) -> None:
        trials = target.task.trials(_TRIALS, seed=int(rng.integers(2**31)))
        self._inputs = target.embed(trials["input"].values) / target.scaling.scale
        self._targets = target.scaled(trials["target"].values)
        self._last = (self._targets.shape[1] - 1) * target.task.dt
        super().__init__(target, tube, rng)

    def begin(self) -> None:
        """Begin a trial."""
        self._trial, self._time = int(self.rng.integers(len(self._targets))), 0.0
        self.shown = self._near(self.wanted(self.put_in))
        self.put_in = self._inputs[self._trial, 0]

    def wanted(self, own: Latent) -> Latent:
        """Return the target of this moment."""
        del own
        return self._targets[self._trial, self._sample]

    def over(self, output: Latent) -> bool:
        """Return whether the trial is over, or the network went astray."""
        return bool(self._time >= self._last or np.abs(output - self.shown).max() > _ASTRAY)

    def advance(self, kept: float, wanted: Latent) -> None:
        """Go on in the trial."""
        super().advance(kept, wanted)
        self._time = min(self._time - math.log(kept) * self.target.unit, self._last)
        self.put_in = self._inputs[self._trial, self._sample]

    @property
    def _sample(self) -> int:
        return int(self._time / self.target.task.dt)


def lesson_of(target: Target, tube: float, rng: np.random.Generator) -> Lesson:
    """Return the lesson that suits the kind of task."""
    return (TrialLesson if target.task.kind == "behaviour" else FlowLesson)(target, tube, rng)
