"""Whether many small fits pay as one batch of products: `python benchmarks/batched.py [row ...]`, on one thread.

Two worker processes of one thread each are the alternative, so that what counts is CPU time a job on one thread: a step
of each job by itself, as tonicnet takes it, against one step of all of them as products of three-dimensional arrays
(``torch.bmm``, batched Cholesky). "shares" says which part of a whole job such steps are, and so what is left of their
gain; it is an upper bound, since jobs of a batch would also wait for the slowest of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from records import Figure, figure
from rows import measured
from torch import Tensor

import tonicnet as tn
from tonicnet.circuit import RK4, combine
from tonicnet.learn import Job, Settings
from tonicnet.learn import _learner as learner
from tonicnet.learn._course import Draw
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._latent_windows import LatentWindows
from tonicnet.learn._window_run import Run, propagated
from tonicnet.parameters import Factors
from tonicnet.solve import SOLVERS

TASKS, SIZES, BATCHES = ("cosine", "van-der-pol"), (32, 64, 128), (4, 16, 64)
RANK, DAMPING, REPEATS, SEEDS = 2, 0.1, 5, range(5)
FIELD, CLOSED = "field", "polish 1"  # stages
KINDS = {FIELD: "fields", CLOSED: "closed loops"}


class Steps(NamedTuple):
    """One damped step of several jobs: the thetas it leads to, and their losses."""

    thetas: Tensor
    losses: Tensor


def job(task: str, units: int, seed: int) -> Job:
    """Return a small job, as studies have them: the field, and one closed-loop round."""
    net = tn.Network(units, seed=seed, components=RANK, transfer="tanh")
    return Job(net.spec, tn.task(task), Settings(rounds=1, restarts=0, threads=1, seed=seed))


def residual_of(given: Job, stage: str) -> FieldResidual | LatentWindows:
    """Return the residual of a stage; of a closed-loop round its windows alone, without the field beside them."""
    problem = given.problem
    first = problem.learnable().first
    for one in learner.course_for(problem).stages(problem):
        if one.name == stage:
            made = one.make(Draw(given.settings.seed, 0), lambda: first)
            if isinstance(made, FieldResidual):
                return made
            return replace(made.parts[0][1], lines=False)  # type: ignore[attr-defined]  # the batch takes all stages
    raise ValueError(f"there is no stage {stage!r}")


def one_by_one(residuals: list[Any], thetas: Tensor) -> Steps:
    """Take a step of each job, with the products of tonicnet."""
    made = [_step(residual, theta) for residual, theta in zip(residuals, thetas, strict=True)]
    return Steps(
        torch.stack([theta for theta, _ in made]), torch.tensor([loss for _, loss in made], dtype=torch.float64)
    )


def _step(residual: Any, theta: Tensor) -> tuple[Tensor, float]:
    model = SOLVERS["primal"](residual.at(theta))
    solved = model.solve(DAMPING * model.mean_diagonal())
    assert solved is not None
    return theta + solved.step, residual.at(theta + solved.step).loss


class Batch(NamedTuple):
    """The networks of several jobs, a job along the first dim."""

    into: Tensor  # job, component, unit
    out: Tensor  # job, unit, component

    @classmethod
    def of(cls, residuals: list[Any]) -> Batch:
        """Stack what the circuits have."""
        circuits = [residual.learnable.circuit for residual in residuals]
        return cls(torch.stack([c.into for c in circuits]), torch.stack([c.out for c in circuits]))

    def rate(self, states: Tensor, thetas: Tensor) -> Tensor:
        """Return the rates of all units at some states of each job."""
        return torch.tanh(torch.baddbmm(thetas[:, None], states, self.into))


class Fields(NamedTuple):
    """Field residuals of several jobs."""

    batch: Batch
    states: Tensor
    targets: Tensor
    weights: Tensor
    bent: int

    @classmethod
    def of(cls, residuals: list[FieldResidual]) -> Fields:
        """Stack states, targets and weights; all jobs have as many."""
        arrays = [torch.stack([getattr(r, name) for r in residuals]) for name in ("states", "targets", "weights")]
        return cls(Batch.of(residuals), *arrays, residuals[0].bent)

    def step(self, thetas: Tensor) -> Steps:
        """Take the step of every job at once."""
        rate = self.batch.rate(self.states, thetas)
        through, error = torch.rsub(rate * rate, 1), torch.bmm(rate, self.batch.out) - self.targets
        back = torch.bmm((self.weights[..., None] * error).mT, through)
        gradient = (back * self.batch.out.mT).sum(1)
        kept = slice(None, None, self.bent)
        share = self.weights[:, kept] * (self.weights.sum(1) / self.weights[:, kept].sum(1))[:, None]
        feature = share.sqrt()[..., None] * through[:, kept]
        gram = torch.bmm(feature.mT, feature) * torch.bmm(self.batch.out, self.batch.out.mT)
        return _solved(thetas, gradient, gram, self.losses)

    def losses(self, thetas: Tensor) -> Tensor:
        """Return the loss of every job."""
        error = torch.bmm(self.batch.rate(self.states, thetas), self.batch.out) - self.targets
        return (self.weights * error.square().sum(2)).sum(1)


class Loops(NamedTuple):
    """Closed-loop windows of several jobs: their latents run in one batch, or each in compiled code."""

    batch: Batch
    residuals: list[LatentWindows]
    compiled: bool

    @classmethod
    def of(cls, residuals: list[LatentWindows], *, compiled: bool) -> Loops:
        """Stack what the circuits have."""
        return cls(Batch.of(residuals), residuals, compiled)

    def step(self, thetas: Tensor) -> Steps:
        """Take the step of every job at once: the adjoints of all windows of all jobs are one batch."""
        run, jobs = self._run(thetas), len(thetas)
        error = run.errors().view(jobs, -1)
        adjoint = run.swept(run._seeds())
        windows, rows, stages, k = adjoint.shape
        sums = adjoint.transpose(2, 3).reshape(windows, rows * k, stages) @ run.known_features[0].units
        sums = sums.view(jobs, -1, k, thetas.shape[1])
        jacobian = torch.einsum("jrkn,jnk->jrn", sums, self.batch.out)
        gradient, gram = torch.bmm(error[:, None], jacobian)[:, 0], torch.bmm(jacobian.mT, jacobian)
        return _solved(thetas, gradient, gram, self.losses)

    def losses(self, thetas: Tensor) -> Tensor:
        """Return the loss of every job."""
        if self.compiled:
            each = [r.loss(theta) for r, theta in zip(self.residuals, thetas, strict=True)]
            return torch.tensor(each, dtype=torch.float64)
        return self._stepped(thetas, kept=False).errors().view(len(thetas), -1).square().sum(1)

    def _run(self, thetas: Tensor) -> Run:
        if not self.compiled:
            return self._stepped(thetas, kept=True)
        runs = [self._alone(residual, theta) for residual, theta in zip(self.residuals, thetas, strict=True)]
        steps = type(runs[0]._known)(*(torch.cat(part) for part in zip(*(run._known for run in runs), strict=True)))
        features = torch.cat([run.known_features[0].units for run in runs])
        return Run(self._windows, torch.cat([run.outputs for run in runs], 1), steps, (Factors(features),))

    @staticmethod
    def _alone(residual: LatentWindows, theta: Tensor) -> Run:
        return residual.run(residual.learnable.at(theta), residual.windows, residual.windows.path[:, 0])

    @property
    def _windows(self) -> Any:
        """All windows, each with the weight it has in its own job."""
        held = [residual.windows for residual in self.residuals]
        mask = None if held[0].mask is None else torch.cat([one.mask.expand_as(one.path) for one in held])
        return replace(held[0], path=torch.cat([one.path for one in held]), mask=mask)

    def _stepped(self, thetas: Tensor, *, kept: bool) -> Run:
        """Run all windows of all jobs as products of three-dimensional arrays."""
        windows, h, jobs = self._windows, self.residuals[0].h, len(thetas)
        z = windows.path[:, 0].view(jobs, -1, RANK)
        outputs, features = [], list[Tensor]()
        linear: list[list[Tensor]] = [[] for _ in RK4.stages]
        pairs = (self.batch.out[..., None] * self.batch.into.mT[:, :, None]).flatten(2)
        for number in range(windows.steps):
            slopes: list[Tensor] = []
            for row, known in zip(RK4.stages, linear, strict=True):
                y = combine(z, h, row, slopes)
                rate = self.batch.rate(y, thetas)
                slopes.append(torch.bmm(rate, self.batch.out) - y)
                if kept:
                    features.append(torch.rsub(rate * rate, 1))
                    known.append(torch.bmm(features[-1], pairs).view(-1, RANK, RANK) - torch.eye(RANK).double())
            z = combine(z, h, RK4.weights, slopes)
            if number + 1 in windows.scored:
                outputs.append(z.flatten(0, 1))
        if not kept:
            return Run(windows, torch.stack(outputs), None, None)
        steps = propagated([torch.stack(one, 1) for one in linear], h, RK4)
        return Run(windows, torch.stack(outputs), steps, (Factors(torch.stack(features, 2).flatten(0, 1)),))


def _solved(thetas: Tensor, gradient: Tensor, gram: Tensor, losses: Callable[[Tensor], Tensor]) -> Steps:
    """Solve all damped normal equations by one batched factorisation."""
    diagonal = gram.diagonal(dim1=1, dim2=2)
    diagonal += DAMPING * diagonal.mean(1, keepdim=True)
    factor, failed = torch.linalg.cholesky_ex(gram)
    assert not failed.any()
    found = thetas - torch.cholesky_solve(gradient[..., None], factor)[..., 0]
    return Steps(found, losses(found))


def steps() -> Iterator[Figure]:
    """Yield the CPU time of a step one by one, and how many times less of it a batch takes."""
    for task in TASKS:
        for units in SIZES:
            for stage, kind in KINDS.items():
                for count in BATCHES:
                    times = timed(task, units, stage, count)
                    where = {"task": task, "N": units, "steps of": kind, "jobs in a batch": count}
                    yield figure(where, "a step of one job by itself, CPU", "ms", 1e3 * times[0] / count)
                    yield figure(where, "gain of a batch", "x", times[0] / min(times[1:]))


def timed(task: str, units: int, stage: str, count: int, repeats: int = REPEATS) -> list[float]:
    """Return the least CPU time of a step of so many jobs: one by one, and in each form of a batch."""
    residuals = [residual_of(job(task, units, seed), stage) for seed in range(count)]
    thetas = torch.stack([residual.learnable.first for residual in residuals])
    ways: list[Callable[[Tensor], Steps]] = [lambda theta: one_by_one(residuals, theta)]
    if stage == FIELD:
        ways.append(Fields.of(residuals).step)  # type: ignore[arg-type]
    else:
        ways += [Loops.of(residuals, compiled=one).step for one in (True, False)]  # type: ignore[arg-type]
    wanted = ways[0](thetas)
    for way in ways[1:]:
        for ours, theirs in zip(wanted, way(thetas), strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-6)
    spent = np.array([[_spent(way, thetas) for way in ways] for _ in range(repeats)])
    return [float(one) for one in spent.min(0)]


def _spent(way: Callable[[Tensor], Steps], thetas: Tensor) -> float:
    began = time.thread_time()
    way(thetas)
    return time.thread_time() - began


def shares() -> Iterator[Figure]:
    """Yield which parts of whole jobs are steps, and the most that batches of 16 jobs can gain for all of a job."""
    for task in TASKS:
        for units in SIZES:
            parts = [spent_in(job(task, units, seed)) for seed in SEEDS]
            where = {"task": task, "N": units, "what": "fit of a field with one closed-loop round"}
            yield figure(where, "CPU time of a job", "s", [sum(one.values()) for one in parts])
            share = {kind: [one[kind] / sum(one.values()) for one in parts] for kind in KINDS.values()}
            for kind, values in share.items():
                yield figure(where, f"share of steps of {kind}", "%", [100 * one for one in values])
            gains = {kind: _gain(task, units, stage) for stage, kind in KINDS.items()}
            whole = [_whole({kind: share[kind][k] for kind in share}, gains) for k in range(len(parts))]
            yield figure(where, "gain of a whole job in batches of 16, at most", "x", whole)


def _gain(task: str, units: int, stage: str) -> float:
    """Return the gain of a batch; one that is slower is not taken."""
    times = timed(task, units, stage, 16)
    return max(1.0, times[0] / min(times[1:]))


def _whole(share: dict[str, float], gains: dict[str, float]) -> float:
    return 1 / (1 - sum(share.values()) + sum(share[kind] / gains[kind] for kind in share))


def spent_in(given: Job) -> dict[str, float]:
    """Return the CPU time of a job's steps by what they are of, and of all else: targets, judging, scores."""
    spent = dict.fromkeys((*KINDS.values(), "else"), 0.0)
    lower = learner.Learner._lower

    def timed_lower(self: learner.Learner, stage: Any, residual: Any) -> None:
        began = time.thread_time()
        lower(self, stage, residual)
        spent[KINDS[CLOSED if stage.name.startswith("polish") else FIELD]] += time.thread_time() - began

    learner.Learner._lower = timed_lower  # type: ignore[method-assign]
    began = time.thread_time()
    try:
        given.check()
        given.run()
    finally:
        learner.Learner._lower = lower  # type: ignore[method-assign]
    spent["else"] = time.thread_time() - began - sum(spent.values())
    return spent


ROWS = {"steps": steps, "shares": shares}

if __name__ == "__main__":
    torch.set_num_threads(1)
    spent_in(job(TASKS[0], SIZES[0], 99))  # what is built at the first call
    measured("batched", ROWS)
