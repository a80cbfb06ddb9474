"""The learning of one task: stage after stage, the best closed-loop score kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..simulate import Circuit
from ._adam import Adam
from ._autonomous_plan import autonomous_plan
from ._behaviour_plan import behaviour_plan
from ._first_bias import first_bias
from ._flow_plan import flow_plan
from ._gauss_newton import GaussNewton
from ._horizon import rollout_step
from ._method import Method
from ._model import choose_solver
from ._plan import Draw, Plan, Stage
from ._progress import Pace, Report
from ._recording_plan import recording_plan
from ._residual import Residual
from ._sample import trial_windows, whole_trials
from ._score import Examiner, Score
from ._score_trials import TrialExaminer
from ._setup import Setup
from ._spike_noise import quieted
from ._state import Best, State
from ._target import Target
from ._trajectory_plan import rollout, trajectory_plan

_STALL = 0.03  # a stage ends when its patience of steps lowers the loss by less than this share
_EXAMINED = 100  # trials of a behaviour on which the network alone is judged
_ADAM_STEPS = 50  # of Adam for each Gauss-Newton step asked for


@dataclass(frozen=True)
class Learned:
    """The end of one task's learning."""

    target: Target
    bias: Float[np.ndarray, " unit"]
    losses: tuple[float, ...]
    score: Score
    outcome: str
    method: str
    seconds: float


class Learner:
    """Learns one task; ``state`` is all that changes, and :meth:`result` what has come of it so far."""

    def __init__(
        self,
        target: Target,
        circuit: Circuit,
        setup: Setup,
        *,
        report: Report,
        keep: Callable[[State], None] = lambda _: None,
        state: State | None = None,
    ) -> None:
        self.target, self.circuit, self.setup = target, circuit, setup
        self.kind = self._resolve(setup.method)
        self.state = state or State(self._first_bias(0))
        self._report, self._keep = report, keep
        self._pace = Pace()
        self._examiner: Examiner | TrialExaminer | None = None

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
        """Return the best bias so far, or the latest if none was scored."""
        s = self.state
        best = s.best or Best(s.bias, Score())
        ending = s.ending or "interrupted; the best so far is kept"
        outcome = f"{ending}: {best.score.sentence()}" if best.score.values else ending
        count = self.setup.neurons_per_unit
        spikes = "" if count is None else f", for spikes of {count} neurons a unit"
        method = f"{self.kind}{spikes}, {'; '.join(s.picked) or 'no step taken'}"
        return Learned(self.target, best.bias.cpu().numpy(), s.losses, best.score, outcome, method, s.seconds)

    def _resolve(self, method: str) -> str:
        flows = self.target.net.low_rank and self.target.task.has_flow
        if method == "flow" and not flows:
            missing = "a vector field" if self.target.net.low_rank else "a low-rank network"
            raise ValueError(f'method "flow" needs {missing} for task {self.target.task.name!r}; use "trajectory"')
        return method if method in ("flow", "trajectory") else "flow" if flows else "trajectory"

    def _first_bias(self, restart: int) -> Float[Tensor, " unit"]:
        drawn = first_bias(self.target.net, seed=self.setup.seed, restart=restart)
        return torch.tensor(drawn, device=self.circuit.device)

    def _attempt(self) -> None:
        """Run the stages that are left of this restart, and decide whether to end or to start again."""
        for stage, residual in self._stages():
            self._mend(stage, residual)
            score = self._examine() if stage.scored else None
            self.state = self._after(score)
            if self.state.ending or self.state.stage == 0:
                return
            self._keep(self.state)

    def _stages(self) -> Iterator[tuple[Stage, Residual]]:
        """Yield the stages that are left; the memory of all up to the first scored one is weighed before any step."""
        plan, draw, ahead = self._plan(), Draw(self.setup.seed, self.state.restart), []
        left = ((index, stage) for index, stage in enumerate(plan) if index >= self.state.stage)
        for index, stage in left:
            ahead.append((index, stage, stage.make(draw)))
            self._method(*ahead[-1][1:])
            if stage.scored:
                break
        for index, stage, residual in chain(ahead, ((i, stage, stage.make(draw)) for i, stage in left)):
            self._pace.enter(index, stage)
            yield stage, residual

    def _plan(self) -> Plan:
        scale = _ADAM_STEPS if self.setup.first_order else 1
        for stage in _planner(self.target, self.kind)(self.target, self.circuit, self.setup):
            longer = replace(stage, steps=scale * stage.steps)
            count = self.setup.neurons_per_unit
            yield longer if count is None else quieted(longer, self.target, self.circuit, count)

    def _mend(self, stage: Stage, residual: Residual) -> None:
        method, name = self._method(stage, residual)
        if name not in self.state.picked:
            self.state = replace(self.state, picked=(*self.state.picked, name))
        while self.state.step < stage.steps and not self._stalled(stage):
            began = time.perf_counter()
            s = self.state
            made = method.step(residual, s.bias, method.begin(s.bias) if s.memory is None else s.memory)
            took = time.perf_counter() - began
            if made is None or not np.isfinite(made.loss):
                return
            self.state = replace(
                s, bias=made.bias, memory=made.memory, step=s.step + 1, seconds=s.seconds + took,
                history=(*s.history, made.loss), losses=(*s.losses, made.loss),
            )  # fmt: skip
            self._tell(stage, made.loss, took)
            self._keep(self.state)

    def _method(self, stage: Stage, residual: Residual) -> tuple[Method, str]:
        if self.setup.first_order:
            maximum = self.setup.method == "amsgrad"
            return Adam(epochs=stage.steps, maximum=maximum), "AMSGrad" if maximum else "Adam"
        net = self.target.net
        cost = choose_solver(residual, net.units, self.setup.solver_room(net), self.setup.solver)
        return GaussNewton(cost.solver), cost.sentence()

    def _stalled(self, stage: Stage) -> bool:
        history = self.state.history
        if self.setup.first_order or len(history) <= stage.patience:
            return False
        return history[-1] > (1 - _STALL) * history[-1 - stage.patience]

    def _examine(self) -> Score:
        began = time.perf_counter()
        self._examiner = self._examiner or _examiner(self.target, self.circuit, self.setup)
        score = self._examiner.score(self.state.bias)
        self.state = replace(self.state, seconds=self.state.seconds + time.perf_counter() - began)
        return score

    def _after(self, score: Score | None) -> State:
        """Return the state after a stage: the next stage, another restart, or the end."""
        s = replace(self.state, stage=self.state.stage + 1, step=0, memory=None, history=())
        if score is None:
            return s
        best = Best(s.bias, score) if s.best is None or score.rank < s.best.score.rank else s.best
        s = replace(s, best=best, scored=s.scored + 1)
        if score.good:
            return replace(s, ending="as good as its floor")
        if s.scored <= (0 if self.setup.first_order else self.setup.rounds):
            return s
        if best.score.lost and s.restart < self.setup.restarts and not self.setup.first_order:
            return replace(s, bias=self._first_bias(s.restart + 1), restart=s.restart + 1, stage=0, scored=0)
        return replace(s, ending=_ending(s))

    def _tell(self, stage: Stage, loss: float, took: float) -> None:
        s = self.state
        score = s.best.score.sentence() if s.best else ""
        left = self._pace.left(s.step, took, rounds=self.setup.rounds - s.scored)
        event = {"task": self.target.task.name, "stage": stage.name, "step": len(s.losses), "loss": loss}
        self._report(event | {"score": score, "left": left, "restart": s.restart, "bias": s.bias.numpy(force=True)})


def _planner(target: Target, kind: str) -> Callable[[Target, Circuit, Setup], Plan]:
    """Return the stages that suit the task and the network."""
    if kind == "flow":
        return flow_plan
    if target.task.kind == "behaviour":
        return behaviour_plan
    if not target.net.spec.feedback:
        return autonomous_plan
    return recording_plan if target.net.low_rank and target.task.kind == "recording" else trajectory_plan


def _examiner(target: Target, circuit: Circuit, setup: Setup) -> Examiner | TrialExaminer:
    """Return who judges the network alone: on trials if it answers inputs or has one start, else on its attractor."""
    net, h = target.net, rollout_step(target)
    if target.task.kind == "behaviour":
        windows = trial_windows(
            target, circuit, Draw(setup.seed, 0)("examined"), count=_EXAMINED, forcing=0.0, h=h, thinned=False
        )
    elif not net.spec.feedback:
        steps = int(target.task.duration / (h * target.unit) + 1e-6)
        windows = whole_trials(target, circuit, Draw(setup.seed, 0)("examined"), steps, h)
    else:
        return Examiner.of(target, circuit)
    return TrialExaminer(rollout(target, circuit, windows, h, setup), windows)


def _ending(s: State) -> str:
    rounds = f"stopped after {s.scored} closed-loop round{'s' * (s.scored != 1)}"
    return rounds + (f" of restart {s.restart}" if s.restart else "")
