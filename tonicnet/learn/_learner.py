"""The learning of one task: stage after stage, the best closed-loop score kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..simulate import Circuit
from ._adam import Adam
from ._gauss_newton import GaussNewton
from ._plan import Stage, flow_plan, trajectory_plan
from ._progress import Report
from ._score import Examiner, Score
from ._target import Target

METHODS = ("auto", "flow", "trajectory", "adam")
_STALL = 0.03  # a stage ends when ten steps lower the loss by less than this share
_LOOK_BACK = 10
_EXACT_BELOW = 256  # units up to which everything is computed in float64; curvature is float32 above
_ADAM_STEPS = 50  # of Adam for each Gauss-Newton step asked for


@dataclass(frozen=True)
class Learned:
    """The end of one task's learning."""

    target: Target
    bias: Float[np.ndarray, " unit"]
    losses: list[float]
    score: Score
    outcome: str
    seconds: float


class Learner:
    """Learns one task; :meth:`learn` returns the best bias found, also when it is interrupted."""

    def __init__(
        self, target: Target, method: str, *, noise: float, steps: int, rounds: int, report: Report, seed: int
    ) -> None:
        self.target, self.noise, self.steps = target, noise, steps
        self.method = self._resolve(method)
        self.first_order = method == "adam"
        self.rounds = 0 if self.first_order else rounds
        dtype = torch.float64 if target.net.units <= _EXACT_BELOW else torch.float32
        self.circuit = Circuit(target.net, dtype)
        self.rng = np.random.Generator(np.random.Philox(seed))
        self.interrupted = False
        self._report = report
        self._losses: list[float] = []
        self._best: tuple[Score, Tensor] | None = None
        self._latest = self._first_bias()

    def learn(self) -> Learned:
        """Run the stages until the network alone is good, the rounds are used up, or the user stops it."""
        began = time.perf_counter()
        try:
            ending = self._stages()
        except KeyboardInterrupt:
            self.interrupted, ending = True, "interrupted; the best so far is kept"
        score, bias = self._best or (Score(), self._latest)
        outcome = f"{ending}: {score.sentence()}" if score.values else ending
        return Learned(self.target, bias.numpy(), self._losses, score, outcome, time.perf_counter() - began)

    def _resolve(self, method: str) -> str:
        flows = self.target.net.low_rank and self.target.task.has_flow
        if method == "flow" and not flows:
            missing = "a vector field" if self.target.net.low_rank else "a low-rank network"
            raise ValueError(f'method "flow" needs {missing} for task {self.target.task.name!r}; use "trajectory"')
        return method if method in ("flow", "trajectory") else "flow" if flows else "trajectory"

    def _first_bias(self) -> Float[Tensor, " unit"]:
        mean, spread = self.target.net.transfer.spread
        return torch.tensor(mean + spread * self.rng.standard_normal(self.target.net.units))

    def _stages(self) -> str:
        examiner: Examiner | None = None
        scored = 0
        for stage in self._plan():
            self._mend(stage)
            if not stage.scored:
                continue
            examiner = examiner or Examiner.of(self.target, self.circuit)
            score = examiner.score(self._latest)
            if self._best is None or score.rank < self._best[0].rank:
                self._best = score, self._latest
            scored += 1
            if score.good:
                return "as good as its floor"
            if scored > self.rounds:
                break
        return f"stopped after {scored} closed-loop round{'s' * (scored != 1)}"

    def _plan(self) -> Iterator[Stage]:
        make = flow_plan if self.method == "flow" else trajectory_plan
        plan = make(self.target, self.circuit, noise=self.noise, steps=self.steps)
        scale = _ADAM_STEPS if self.first_order else 1
        return (replace(stage, steps=scale * stage.steps) for stage in plan)

    def _mend(self, stage: Stage) -> None:
        residual = stage.make(self.rng)
        method = Adam(epochs=stage.steps) if self.first_order else GaussNewton()
        history: list[float] = []
        for bias, loss in islice(method.steps(residual, self._latest), stage.steps):
            self._latest = bias
            history.append(loss)
            self._tell(stage, loss)
            if not self.first_order and _stalled(history):
                return

    def _tell(self, stage: Stage, loss: float) -> None:
        self._losses.append(loss)
        score = self._best[0].sentence() if self._best else ""
        event = {"task": self.target.task.name, "stage": stage.name, "step": len(self._losses), "loss": loss}
        self._report(event | {"score": score})


def _stalled(history: list[float]) -> bool:
    return len(history) > _LOOK_BACK and history[-1] > (1 - _STALL) * history[-1 - _LOOK_BACK]
