"""The online loop: a network runs, a teacher watches, and every unit changes its own bias as it goes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._lesson import Lesson
from ._local_rule import LocalRule
from ._online_units import Latent, OnlineUnits, PerUnit

UPDATE = 1.0  # tau between changes of the biases
_DRIVEN, _ALONE = 0.2, 0.6  # shares of the duration: up to the first all episodes are driven, after the second few are
_CLOSED = 0.8  # share of episodes that run alone then


class OnlineLearner:
    """Runs units through the episodes of a lesson, which has begun, and keeps ``bias`` and the mean |e|^2 by update.

    Units are fed E u + b: u = z in episodes that run alone, and the teacher's own state in driven ones, with the task's
    input beside it. z is the output, y* what the wanted one would have come to through the synapses,

        tau dy*/dt = -y* + (what the lesson wants at u),    e = z - y*,

    both at the teacher's state when an episode begins. Every :data:`UPDATE` tau the biases change so that the share
    ``rate`` of e would be gone, were the network where it has just been; the share falls to zero as time goes on.
    """

    def __init__(
        self, units: OnlineUnits, lesson: Lesson, rule: LocalRule, bias: PerUnit, rate: float, rng: np.random.Generator
    ) -> None:
        self.units, self.lesson, self.rule, self.rate, self._rng = units, lesson, rule, rate, rng
        self.bias, self.losses = bias.copy(), list[float]()
        self._closed, self._output, self._wanted = 0.0, lesson.shown, lesson.shown

    def learn(self, duration: float, told: Any) -> str:
        """Learn for so many seconds of the network's time, told to a bar; return how it ended."""
        every = max(1, round(UPDATE * self.units.net.tau / self.units.tick))
        updates = max(1, round(duration / (every * self.units.tick)))
        try:
            for n in range(updates):
                self._update(every, n / updates)
                told.update(every * self.units.tick)
        except KeyboardInterrupt:
            return f"interrupted after {len(self.losses)} of {updates} updates"
        return f"learned in {updates} updates"

    def gradient(self, ticks: int, done: float = 0.0) -> PerUnit:
        """Run so many ticks and return the mean of the rule's estimates; the biases stay as they are."""
        total, losses = np.zeros_like(self.bias), []
        for _ in range(ticks):
            error = self._tick()
            total += self.rule.gradient(error)
            losses.append(float(error @ error))
            if self.lesson.over(self._output):
                self._begin(done)
        self.losses.append(float(np.mean(losses)))
        return total / ticks

    def _update(self, ticks: int, done: float) -> None:
        gradient = self.gradient(ticks, done)
        self.bias = self.bias - self.rate * (1 - done) * gradient / self.rule.power()

    def _begin(self, done: float) -> None:
        """Begin an episode, the network where the teacher is; the later, the more likely it runs alone."""
        share = _CLOSED * float(np.clip((done - _DRIVEN) / (_ALONE - _DRIVEN), 0, 1))
        self._closed = float(self._rng.random() < share)
        self.lesson.begin()
        self.rule.begin()
        self._output = self._wanted = self.lesson.shown

    def _tick(self) -> Latent:
        """Run one tick and return the error after it."""
        lesson, kept, tonic = self.lesson, self.units.kept, self.bias + self.rule.perturbation()
        wanted = lesson.wanted(self._output if self._closed else lesson.shown)
        fed = (1 - self._closed) * lesson.shown + lesson.put_in
        self._output, slope = self.units.advance(tonic, self._output, fed, self._closed)
        self.rule.read(slope)
        self._wanted = kept * self._wanted + (1 - kept) * wanted
        lesson.advance(kept, wanted)
        return self._output - self._wanted
