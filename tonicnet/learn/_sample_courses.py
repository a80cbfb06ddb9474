"""Learning samples: the cross-entropy of classes by minibatches, squares by Gauss-Newton, both stopped early."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, cast, final

import numpy as np
import torch
from torch import Tensor

from ..bank import Scaling
from ..circuit import Learnable
from ..parameters import MASK, PERMUTATIONS
from ..solve import Residual
from ._choice import SWEEPS
from ._course import Begun, Course, Draw, Judge, Problem, Stage
from ._field_residual import FieldResidual
from ._ordered_readout import OrderedReadout
from ._sample_residual import CrossEntropy, Squares
from ._sample_target import SampleTarget
from ._score import Score

_RATE, _SEEN = 0.2, 200
BATCH = 100  # samples of a step of Adam
_EPOCHS = 2  # for each step asked for
_GRID = 200  # values of tonic inputs, from the least first one to the largest
_DESCENTS = 100  # of so many moves each, after annealed swaps
_PATIENCE = {"epochs": 15, "steps": 5}  # without a gain on the validation part


class SampleCourse(Course):
    """One stage, stopped on the validation part, and scored once on the test part."""

    judged: ClassVar[str] = ""

    def check(self, problem: Problem) -> None:
        """Refuse permutations among several layers; raise ValueError."""
        learn, layers = problem.settings.learn, len(problem.net.spec.layers)
        if learn in PERMUTATIONS and layers > 1:
            raise ValueError(
                f'learn="{learn}" changes places within one hidden layer, and this network has {layers}; draw one with '
                'one number of units, or learn "bias"'
            )

    def judge(self, problem: Problem) -> Judge:
        """Return a judge of samples."""
        return SampleJudge(problem, self.scaling)

    def _stage(self, problem: Problem, name: str, steps: int, batch: int = 0) -> Stage:
        learnable, held = problem.learnable(), _target(problem).held
        watched, patience = None, steps + 1  # the validation part says when to stop, or a search its own end
        if (held.part == 1).any() and not _searched(problem):
            watched = self.residual(problem, learnable, "validation").loss

        def make(draw: Draw, _: Begun) -> Residual:
            return self.residual(problem, problem.learnable(draw.restart), "train")

        return Stage(
            name, steps, make, polish=False, patience=patience, last=True, batch=batch, held_out=watched,
            waits=_PATIENCE[name], rate=_rate(problem),
        )  # fmt: skip

    @abstractmethod
    def residual(self, problem: Problem, learnable: Learnable, part: str) -> Residual:
        """Return the loss of one part of the samples."""


@final
class CrossEntropyCourse(SampleCourse):
    """The cross-entropy of classes: Adam on minibatches; second order does not pay where its rows are so many."""

    objective: ClassVar[str] = "cross-entropy"

    def suits(self, problem: Problem) -> bool:
        """Return whether this is a classification by methods that need no exact change of squares."""
        exact = problem.settings.learn in PERMUTATIONS or problem.settings.method == "grid"
        return problem.target.task.kind == "classification" and not exact

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the one stage."""
        whole = problem.settings.method == "gauss-newton" or _searched(problem)
        steps = problem.settings.steps * (1 if whole else _EPOCHS)
        yield self._stage(problem, "steps" if whole else "epochs", steps, 0 if whole else BATCH)

    def residual(self, problem: Problem, learnable: Learnable, part: str) -> Residual:
        """Return the cross-entropy of a part."""
        target, circuit = _target(problem), problem.circuit
        inputs = circuit.tensor(target.inputs(part))
        labels = torch.as_tensor(target.held.of(part).labels, device=circuit.device)
        shift = target.held.shift if part == "train" else 0
        scaling = target.scaling
        assert scaling.input_center is not None
        blank = circuit.tensor(scaling.inputs_to_network(np.zeros((1, len(scaling.input_center))))[0])
        made = CrossEntropy(learnable, inputs, problem.settings.room, labels, target.held.shape, shift, blank)
        return made.with_drives()


@final
class SquaresCourse(SampleCourse):
    """Squared errors by Gauss-Newton, in its structured form (T'T) o (C'C) where there is one hidden layer."""

    objective: ClassVar[str] = "squares"

    def suits(self, problem: Problem) -> bool:
        """Return whether this is a task of samples; pictures that are moved have no fixed squares."""
        return isinstance(problem.target, SampleTarget) and not problem.target.held.shift

    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield the one stage: of swaps so many sweeps, and then all that still lower the loss."""
        steps = problem.settings.steps
        if problem.settings.method == "grid":
            first = problem.learnable().first
            grid = torch.linspace(float(first.min()), float(first.max()), _GRID).tolist()
            yield replace(
                self._stage(problem, "steps", steps), name="sweeps", scored=False, held_out=None, grid=tuple(grid)
            )
        yield self._stage(
            problem, "steps", SWEEPS * steps + _DESCENTS if problem.settings.learn in PERMUTATIONS else steps
        )

    def scaling(self, problem: Problem, learnable: Learnable, theta: Tensor) -> Scaling:
        """Return the map of the target; where a readout is permuted, with the best offset and scale of each output."""
        plain, d = problem.target.scaling, problem.target.task.dimension
        if not _readout_moves(problem):
            return plain
        found = _ordered(problem, learnable, "train").affine(theta)
        center, scale = plain.center.copy(), plain.scale.copy()
        center[:d] += scale[:d] * found.offset[:d]
        scale[:d] *= found.scale[:d]
        return replace(plain, center=center, scale=scale)

    def residual(self, problem: Problem, learnable: Learnable, part: str) -> Residual:
        """Return the squares of a part."""
        if _readout_moves(problem):
            return _ordered(problem, learnable, part)
        circuit, target, settings = problem.circuit, _target(problem), problem.settings
        inputs, targets = (circuit.tensor(held) for held in (target.inputs(part), target.targets(part)))
        if len(problem.net.spec.layers) > 1:
            return Squares(learnable, inputs, settings.room, targets)
        weights = circuit.tensor(np.full(len(inputs), 1 / len(inputs)))
        return FieldResidual(learnable, inputs, targets, weights, settings.room, settings.curved(problem.net))


@dataclass(frozen=True)
class SampleJudge:
    """Says how many samples of each part are right, or how much of their variance is explained."""

    problem: Problem
    scaling: Callable[[Problem, Learnable, Tensor], Scaling]

    def score(self, learnable: Learnable, theta: Tensor, fine: int = 1, best: Score | None = None) -> Score:
        """Return accuracy, or R^2, of the test part (else of the next there is), and of the others beside it."""
        del fine, best  # nothing runs
        target = _target(self.problem)
        parts = [p for p in ("test", "validation", "train") if (target.held.part == _NUMBER[p]).any()]
        name = "accuracy" if target.held.classes else "r_squared"
        found = {part: self._of(learnable, theta, part) for part in parts}
        if not all(np.isfinite(v) for v in found.values()):
            return Score({"lost": 1.0})
        values = {name: found[parts[0]]} | {_LONG[p] + name: v for p, v in found.items() if p != "test"}
        return Score(values, rank=(1 - found["validation" if "validation" in found else "train"],))

    def _of(self, learnable: Learnable, theta: Tensor, part: str) -> float:
        target = _target(self.problem)
        d = target.task.dimension
        y = Squares(learnable, learnable.circuit.tensor(target.inputs(part)), self.problem.settings.room).outputs(theta)
        scaling, true = self.scaling(self.problem, learnable, theta), target.held.of(part).targets
        made = scaling.to_task(y.double().numpy(force=True))[:, :d]
        if not np.isfinite(made).all():
            return np.nan
        if target.held.classes:
            return float((made.argmax(axis=1) == true.argmax(axis=1)).mean())
        return _explained(made, true)


def _explained(made: np.ndarray, true: np.ndarray) -> float:
    spread = float(((true - true.mean(axis=0)) ** 2).sum())
    return 1 - float(((made - true) ** 2).sum()) / (spread or 1.0)


_NUMBER = {"train": 0, "validation": 1, "test": 2}
_LONG = {"train": "training_", "validation": "validation_"}


def _target(problem: Problem) -> SampleTarget:
    return cast(SampleTarget, problem.target)


def _searched(problem: Problem) -> bool:
    """Return whether numbers are found by a search or by masks that harden, which end by themselves."""
    return problem.settings.learned[0] in (MASK, *PERMUTATIONS)


def _readout_moves(problem: Problem) -> bool:
    return problem.settings.learn == "decoder-permutation"


def _ordered(problem: Problem, learnable: Learnable, part: str) -> OrderedReadout:
    """Return the squares of a part as a function of the order of the readout."""
    circuit, target = problem.circuit, _target(problem)
    rates = learnable.at(learnable.first).rate(circuit.tensor(target.inputs(part)))
    return OrderedReadout(rates, circuit.tensor(target.targets(part)))


def _rate(problem: Problem) -> float:
    """Return the rate of Adam: a share of the spread of the units' inputs, or of the size of other numbers."""
    learnable = problem.learnable()
    if "bias" not in learnable.learned:
        first = learnable.first
        return _RATE * float(first[first != 0].square().mean().sqrt())
    x = problem.circuit.tensor(_target(problem).inputs("train")[:_SEEN])
    return _RATE * float(problem.circuit.through_synapses(x)[:, : problem.net.spec.layers[0]].std())
