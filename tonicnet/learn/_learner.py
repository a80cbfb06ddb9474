"""The learning of one task: stage after stage, the best closed-loop score kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
from torch import Tensor

from ..bank import Entry
from ..network import fast_products
from ..solve import Linearisation, Method, Residual
from ._choice import by_newton, chosen, newton_cost
from ._course import Draw, Judge, Problem, Stage
from ._courses import course_for
from ._forecast import Ahead, Forecast, forecast_of
from ._permuted import permutation_of
from ._progress import Pace, Report
from ._score import Score, Standing
from ._spike_noise import quieted
from ._state import Best, State

_ADAM_STEPS = 50  # of Adam for each Gauss-Newton step asked for
_GOOD = "as good as its floor"
_FEW = 2  # closed-loop rounds of what is far
_WAITS, _NEARER = 3, 0.1  # rounds that must bring what is off or fair nearer by such a share
_LATER = 3  # of the mean of rounds: the greater, the more the later ones weigh


@dataclass(frozen=True)
class Learned:
    """The end of one task's learning."""

    entry: Entry
    losses: tuple[float, ...]
    begins: tuple[int, ...]
    score: Score
    outcome: str
    objective: str
    method: str
    seconds: float
    order: np.ndarray | None = None  # of a permutation: whose numbers each unit has


class Learner:
    """Learns one problem; ``state`` is all that changes, and :meth:`result` what has come of it so far."""

    def __init__(
        self,
        problem: Problem,
        *,
        report: Report,
        keep: Callable[[State], None] = lambda _: None,
        state: State | None = None,
        forecast: Callable[[Forecast], None] | None = None,
    ) -> None:
        self.problem, self.settings = problem, problem.settings
        self.course = course_for(problem)
        first = problem.learnable().first
        self.state = state or State(first, first)
        self._report, self._keep, self._forecast = report, keep, forecast
        self._pace = Pace()

    def learn(self) -> None:
        """Run the stages until the network alone is good, or rounds and restarts are used up."""
        while not self.state.ending:
            try:
                self._attempt()
            except MemoryError as error:
                if self.state.best is None:
                    raise
                self.state = replace(self.state, ending=f"stopped, since {error}")
            self._keep(self.state)

    def result(self) -> Learned:
        """Return the best theta so far, or the latest if none was scored."""
        s = self.state
        best = s.best or Best(s.theta, Score(), s.restart)
        ending = s.ending or "interrupted; the best so far is kept"
        outcome = f"{ending}: {best.score.sentence()}" if best.score.values else ending
        count = self.settings.neurons_per_unit
        spikes = "" if count is None else f", for spikes of {count} neurons a unit"
        order = self.problem.order
        which = f", first bias {order[best.restart] + 1} of {len(order)}" if best.restart < len(order) else ""
        method = f"{self.course.objective}{spikes}{which}, {'; '.join(s.picked) or 'no step taken'}"
        learnable = self.problem.learnable(best.restart)
        numbers = {name: np.asarray(values) for name, values in learnable.numbers.items()}
        numbers |= {name: found.cpu().numpy() for name, found in learnable.values(best.theta).items()}
        entry = Entry(self.course.scaling(self.problem, learnable, best.theta), numbers)
        places = permutation_of(self.settings.learned, learnable, best.theta)
        return Learned(entry, s.losses, s.begins, best.score, outcome, self.course.objective, method, s.seconds, places)

    def _attempt(self) -> None:
        """Run the stages that are left of this restart, and decide whether to end or to start again."""
        for stage, residual in self._stages():
            self._lower(stage, residual)
            score = self._ended(stage) if stage.scored else None
            self.state = self._after(stage, score)
            if self.state.ending or self.state.stage == 0:
                return
            self._keep(self.state)

    def _stages(self) -> Iterator[tuple[Stage, Residual]]:
        """Yield the stages that are left, each drawn when its turn comes."""
        draw = Draw(self.settings.seed, self.state.restart)
        left = ((index, stage) for index, stage in enumerate(self._plan()) if index >= self.state.stage)
        for index, stage in chain(self._weighed(draw, left), left):
            self._pace.enter(index, stage)
            yield stage, stage.make(draw, lambda: self.state.begun)

    def _weighed(self, draw: Draw, left: Iterator[tuple[int, Stage]]) -> list[tuple[int, Stage]]:
        """Return the stages up to the first scored one, their memory weighed and their time told before any step."""
        found, ahead = [], []
        for index, stage in left:
            found.append((index, stage))
            ahead.append((stage, stage.make(draw, lambda: self.state.begun)))
            chosen(self.problem, *ahead[-1])
            if stage.scored:
                break
        self._announce(ahead)
        return found

    def _announce(self, ahead: list[tuple[Stage, Residual]]) -> None:
        """Tell what learning will take, before its first step and to who wants to know."""
        if self._forecast is None or self.state.losses:
            return
        known = [Ahead(*one, newton_cost(self.problem, *one)) for one in ahead]
        self._forecast(forecast_of(known, self.state.theta, rounds=self.settings.rounds))

    def _plan(self) -> Iterator[Stage]:
        scale, count = _ADAM_STEPS if self.settings.first_order else 1, self.settings.neurons_per_unit
        for stage in self.course.stages(self.problem):
            longer = stage if stage.batch else replace(stage, steps=scale * stage.steps, looks=scale * stage.looks)
            yield longer if count is None else quieted(longer, self.problem, count)

    def _lower(self, stage: Stage, residual: Residual) -> None:
        """Take the steps of a stage."""
        method, name = chosen(self.problem, stage, residual, self.state.restart)
        if name not in self.state.picked:
            self.state = replace(self.state, picked=(*self.state.picked, name))
        here: Linearisation | None = None
        while self.state.step < stage.steps and not self._stalled(stage, method) and not self._found(stage):
            began, s = time.perf_counter(), self.state
            memory = method.begin(s.theta) if s.memory is None else s.memory
            with fast_products(not self.problem.latent):  # products of low-rank networks are thin, but for their Gram
                made = method.step(residual, here or residual.at(s.theta), memory)
            took = time.perf_counter() - began
            if made is None or not np.isfinite(made.loss):
                return
            here = made.at
            self.state = replace(
                s, theta=made.theta, memory=made.memory, step=s.step + 1, seconds=s.seconds + took,
                history=(*s.history, made.loss), losses=(*s.losses, made.loss),
                begins=s.begins if s.step else (*s.begins, len(s.losses)),
            )  # fmt: skip
            if stage.looks and self.state.step % stage.looks == 0 and self.state.step < stage.steps:
                score = self._judged(self.state.theta, stage)
                self.state = replace(self.state, best=_better(self.state, self.state.theta, score))
            self._tell(stage, made.loss, time.perf_counter() - began)
            self._keep(self.state)

    def _stalled(self, stage: Stage, method: Method) -> bool:
        history = self.state.history
        if history and history[-1] <= stage.enough:
            return True
        if self.settings.first_order or len(history) <= stage.patience:
            return False
        return history[-1] > (1 - method.stall) * history[-1 - stage.patience]

    def _found(self, stage: Stage) -> bool:
        """Return whether a look within the stage found what is sought."""
        return bool(stage.looks and self.state.best and self.state.best.score.good)

    @cached_property
    def _judge(self) -> Judge:
        return self.course.judge(self.problem)

    def _ended(self, stage: Stage) -> Score:
        """Return the score at the end of a stage, which a look may have found already."""
        best, theta = self.state.best, self.state.theta
        return best.score if best is not None and best.theta is theta else self._judged(theta, stage)

    def _judged(self, theta: Tensor, stage: Stage) -> Score:
        began = time.perf_counter()
        best = None if self.state.best is None else self.state.best.score
        score = self._judge.score(self.problem.learnable(self.state.restart), theta, stage.fine, best)
        self.state = replace(self.state, seconds=self.state.seconds + time.perf_counter() - began)
        return score

    def _after(self, stage: Stage, score: Score | None) -> State:
        """Return the state after a stage: the next stage, another restart, or the end."""
        s = replace(self.state, stage=self.state.stage + 1, step=0, memory=None, history=(), begun=self.state.theta)
        if score is None:
            return s
        best = _better(s, s.theta, score)
        s = replace(s, best=best, scored=s.scored + stage.polish, mean=self._mean(stage))
        if stage.last:
            count = len(self.state.history)
            return replace(s, ending=f"stopped after {count} {stage.name.removesuffix('s')}{'s' * (count != 1)}")
        if best.score.good:
            return replace(s, ending=_GOOD)
        if stage.polish:
            s = replace(s, nearest=(*s.nearest, best.score.rank[-1]))
        if not self._enough(s, best.score.standing):
            return s
        if best.score.standing != Standing.FAR:
            s = self._with_mean(s, stage)
        best = s.best or best
        if best.score.lost and s.restart < self.settings.restarts and not self.settings.first_order:
            first = self.problem.learnable(s.restart + 1).first
            return replace(s, theta=first, begun=first, restart=s.restart + 1, stage=0, scored=0, mean=None, nearest=())
        return replace(s, ending=_GOOD if best.score.good else _ending(s))

    def _enough(self, s: State, standing: Standing) -> bool:
        """Return whether no more rounds are worth it where the best so far stands there."""
        if s.scored >= (0 if self.settings.first_order else self.settings.rounds):
            return True
        if standing == Standing.FAR:
            return s.scored >= _FEW
        half = 2 * s.scored >= max(self.settings.rounds, 2 * _FEW)
        if standing == Standing.FAIR and half and not self.settings.confirm:
            return True
        known = standing in (Standing.OFF, Standing.FAIR) and len(s.nearest) > _WAITS
        return known and s.nearest[-1] > (1 - _NEARER) * s.nearest[-1 - _WAITS]

    def _mean(self, stage: Stage) -> Tensor | None:
        """Return the mean of theta at the ends of the rounds so far, the later ones weighing more.

        m_k = m_{k-1} + 4 / (k + 3) (theta_k - m_{k-1}): the n-th weighs about as n^3, wherever the rounds end.
        (Polynomial-decay averaging: Shamir and Zhang 2013, arXiv 1212.1824.)
        """
        s, number = self.state, self.state.scored + 1
        if not stage.polish or not by_newton(self.problem, stage):
            return s.mean
        return s.theta if s.mean is None else s.mean + (_LATER + 1) / (number + _LATER) * (s.theta - s.mean)

    def _with_mean(self, s: State, stage: Stage) -> State:
        """Return the state with the mean of the rounds for its best, if the network alone is better by it.

        Each round is fitted to windows of its own, and ends beside the theta that would suit all of them. Two rounds
        are no mean yet: by theirs the network was never better.
        """
        if s.mean is None or s.scored <= _FEW:
            return s
        best = _better(s, s.mean, self._judged(s.mean, stage))
        picked = s.picked if best is s.best else (*s.picked, f"mean of {s.scored} rounds")
        return replace(s, best=best, picked=picked, seconds=self.state.seconds)

    def _tell(self, stage: Stage, loss: float, took: float) -> None:
        s, task = self.state, self.problem.target.task.name
        score = s.best.score.sentence() if s.best else ""
        more = 0.0 if stage.last else stage.rounds(s.scored + 1, self.settings.rounds) - 1
        left = self._pace.left(s.step, took, rounds=more)
        event = {"task": task, "stage": stage.name, "step": len(s.losses), "loss": loss, "score": score, "left": left}
        values = self.problem.learnable(s.restart).values(s.theta)
        now = {name: found.numpy(force=True) for name, found in values.items()}
        self._report(event | {"restart": s.restart, "judged": self.course.judged} | now)


def _better(s: State, theta: Tensor, score: Score) -> Best:
    """Return a theta with its score, or the best before it where that is as good."""
    return Best(theta, score, s.restart) if s.best is None or score.rank < s.best.score.rank else s.best


def _ending(s: State) -> str:
    rounds = f"stopped after {s.scored} closed-loop round{'s' * (s.scored != 1)}" if s.scored else "not polished"
    return rounds + (f" of restart {s.restart}" if s.restart else "")
