"""Chaos that is found good, or nearly, is looked at again for much longer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from ..circuit import Learnable
from ._course import Judge, Problem
from ._judge import AttractorJudge
from ._score import Score, Standing

_SEED = 211  # of the longer true runs; the shorter ones have another


@dataclass(frozen=True)
class ConfirmingJudge:
    """A judge whose good scores, and those near them, are confirmed by runs ``times`` as long, from other starts.

    An attractor may leak, or drift, so slowly that it is good for a while. What was looked at twice stands and ranks as
    the worse of the two looks. Where the true system itself does not last so long, runs are half as long, and half
    again if need be.
    """

    judge: AttractorJudge
    problem: Problem
    times: int

    def score(self, learnable: Learnable, theta: Tensor, fine: int = 1, best: Score | None = None) -> Score:
        """Return the score of a theta, by longer runs too if it is good or near it, and may be the best so far."""
        first = self.judge.score(learnable, theta, fine)
        beaten = best is not None and first.rank >= best.rank
        if first.standing < Standing.NEAR or beaten or self._longer is None:
            return first
        again = self._longer.score(learnable, theta, fine)
        seen = {name: again.values[name] for name in ("divergence", "divergence_floor", "lost") if name in again.values}
        return replace(
            first,
            values=first.values | seen,
            rank=tuple(map(max, first.rank, again.rank)),
            standing=min(first.standing, again.standing),
        )

    @cached_property
    def _longer(self) -> AttractorJudge | None:
        times = self.times
        while times > 1:
            try:
                return AttractorJudge.of(self.problem, times, seed=_SEED)
            except ValueError:  # true runs leave, or come to rest, before that
                times //= 2
        return None


def attractor_judge(problem: Problem) -> Judge:
    """Return the judge of a task's attractor: a confirming one where the settings ask for it and runs have no end."""
    judge, times, task = AttractorJudge.of(problem), problem.settings.confirm, problem.target.task
    return ConfirmingJudge(judge, problem, times) if times > 1 and task.kind == "chaos" and task.has_flow else judge
