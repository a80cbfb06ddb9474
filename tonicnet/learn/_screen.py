"""Which draw is promising: scores of networks, or of first tonic inputs, before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from .._labels import Variable, dataset
from .._names import name_of, shown
from .._numbers import whole
from ..circuit import circuit_of
from ..network import Network, check_network
from ..parameters import SETS
from ..solve import SOLVERS, GaussNewton, Linearisation, Residual, choose_solver
from ..task import Task
from ..task import task as named_task
from ._corrected_field import check_field
from ._course import Draw, Problem
from ._courses import course_for
from ._field_residual import FieldResidual
from ._first_bias import first_bias
from ._learn import check_learned, check_screened, summed
from ._prior_kernel import left_by_prior_kernel
from ._sample_target import circuit_for, target_of
from ._settings import Settings

STEPS = 3  # of Gauss-Newton, after which the loss tells draws apart
_MOST = 4096  # numbers whose curvature is formed for a linear fit
_RIDGE = 1e-3  # of linear fits, in units of the mean diagonal of their curvature


class Early(NamedTuple):
    """What is known of a draw before it has learned: losses of its first stage."""

    loss: float
    after: float
    kernel: float
    readout: float
    rates: Float[np.ndarray, "state unit"] | None
    wanted: Float[np.ndarray, "state component"] | None


def screen(
    task: str | Task,
    draws: Sequence[Network] | Mapping[str, Network],
    *,
    steps: int = STEPS,
    learn: str | Sequence[str] = "bias",
    noise: float = 0.1,
    seed: int = 0,
) -> xr.Dataset:
    """Score draws of a network for a task before they learn it, the most promising first.

    Four losses of the first stage of :func:`fit`, e the errors at its first tonic inputs, J their derivative:

        loss              |e|^2
        loss_after_steps  the loss after a few Gauss-Newton steps: the order of the Dataset
        kernel_residual   min |e + J v|^2 + ridge |v|^2 over v: what a fit in the tangent kernel J J' leaves
        readout_residual  the same for the decoder with the tonic inputs frozen, where a vector field is learned

    The ridge is a thousandth of the mean diagonal of J'J. With a vector field and networks of one size,
    ``prior_kernel_residual(redraw)`` is the relative error, at states that were not used, of a ridge regression of
    the field on the kernel of the rates at the first tonic inputs, averaged over the first 1, 2, 4, ... draws: a
    property of the recipe, not of a draw; it has converged where more draws change nothing.

    Arguments: ``task``, a shelf name or Task; ``draws``, networks, or a dict of networks by name; ``steps``, how many;
    ``learn``, ``noise`` and ``seed`` as in :func:`fit`. Returns a Dataset over ``draw`` (names, or positions in
    ``draws``) in the order of the loss after the steps, with each network's hash. Which of the scores predict the
    error that is learned in the end is measured in the documentation ("Choose a draw"). Raises TypeError for draws that
    are no networks, ValueError for none, and what :func:`fit` raises for tasks that a network cannot learn.

    Source: features of untrained networks, Amid et al. (2022), arXiv 2202.06438; tangent kernels, Jacot, Gabriel and
    Hongler (2018), arXiv 1806.07572.

    >>> from tonicnet.learn import screen
    >>> from tonicnet.network import Network
    >>> found = screen("hopf", [Network(units=40, seed=seed) for seed in range(3)])
    >>> found.sizes["draw"], bool((found["loss_after_steps"].diff("draw") >= 0).all())
    (3, True)
    """
    chosen = named_task(name_of(task)) if isinstance(name_of(task), str) else task
    if not isinstance(chosen, Task):
        raise TypeError(f"task is a name or a tonicnet.Task, got {shown(task)}")
    networks = _named(draws)
    settings = Settings(learn=summed(learn), noise=noise, seed=seed)
    check_screened(settings.learn)
    count = whole("steps", steps, 1)
    found = {}
    for name, net in networks.items():
        check_learned(settings.learn, net, chosen, settings.rank)
        check_field(net, chosen, settings.objective)
        found[name] = early(problem_of(net, chosen, settings), count)
    return _dataset(chosen, networks, found, count)


def promising(problem: Problem, count: int) -> tuple[int, ...]:
    """Return which of ``count`` first tonic inputs to begin with: by the loss after a few steps, the least first."""
    plain, losses = replace(problem.settings, screen=1), []
    for restart in range(count):
        bias = first_bias(problem.net, seed=plain.seed, restart=restart)
        losses.append(_losses(replace(problem, settings=plain, start={"bias": bias}), STEPS)[1])
    return tuple(int(i) for i in np.argsort(losses, kind="stable"))


def problem_of(net: Network, task: Task, settings: Settings) -> Problem:
    """Return what is to be learned of a task on a network."""
    circuit = circuit_of(net, settings.dtype(net), settings.device)
    return Problem(target_of(task, net, settings.coordinates), circuit_for(task, circuit), settings)


def early(problem: Problem, steps: int) -> Early:
    """Return the early losses of a problem."""
    first, after, here = _losses(problem, steps)
    residual, theta = _first(problem)
    kernel = _linear(here)
    if not isinstance(residual, FieldResidual):
        return Early(first, after, kernel, np.nan, None, None)
    frozen = {"bias": np.asarray(problem.learnable().numbers["bias"]), "decoder": SETS["decoder"].neutral(problem.net)}
    reading, decoder = _first(replace(problem, settings=replace(problem.settings, learn="decoder"), start=frozen))
    rates = residual.learnable.at(theta).rate(residual.states).double().numpy(force=True)
    wanted = residual.targets.double().numpy(force=True)
    return Early(first, after, kernel, _linear(reading.at(decoder)), rates, wanted)


def _first(problem: Problem) -> tuple[Residual, Tensor]:
    """Return the residual of the first stage, and the theta at which it begins."""
    theta = problem.learnable().first
    stage = next(course_for(problem).stages(problem))
    return stage.make(Draw(problem.settings.seed, 0), lambda: theta), theta


def _losses(problem: Problem, steps: int) -> tuple[float, float, Linearisation]:
    """Return the loss at first and after some Gauss-Newton steps, and the linearisation at first."""
    residual, theta = _first(problem)
    room = problem.settings.solver_room(problem.circuit)
    method = GaussNewton(choose_solver(residual, len(theta), room, problem.settings.solver).solver)
    memory, first = method.begin(theta), residual.at(theta)
    here = first
    for _ in range(steps):
        made = method.step(residual, here, memory)
        if made is None:
            break
        here, memory = made.at or residual.at(made.theta), made.memory
    return first.loss, here.loss, first


def _linear(here: Linearisation) -> float:
    """Return min |e + J v|^2 + ridge |v|^2 over v."""
    size = len(here.theta)
    solver = "primal" if size <= _MOST else "matrix-free"
    model = SOLVERS[solver](here)
    ridge = _RIDGE * model.mean_diagonal()
    solved = model.solve(ridge)
    if solved is None:
        return here.loss
    return here.loss - model.promise(solved.step) + ridge * float(solved.step @ solved.step)


def _named(draws: Sequence[Network] | Mapping[str, Network]) -> dict[str | int, Network]:
    if isinstance(draws, Network):
        raise TypeError("draws is a list of networks, or a dict of them by name; got one tonicnet.Network")
    named: dict[str | int, Network] = {}
    named.update(draws.items() if isinstance(draws, Mapping) else enumerate(draws))
    if not named:
        raise ValueError("no draw given; pass at least one tonicnet.Network")
    for net in named.values():
        check_network(net)
    return named


def _dataset(
    task: Task, networks: Mapping[str | int, Network], found: Mapping[str | int, Early], steps: int
) -> xr.Dataset:
    names = sorted(found, key=lambda name: found[name].after)
    scores = {
        "loss": ([found[n].loss for n in names], "loss at the first tonic inputs"),
        "loss_after_steps": ([found[n].after for n in names], f"loss after {steps} Gauss-Newton steps"),
        "kernel_residual": ([found[n].kernel for n in names], "loss that the tangent kernel leaves"),
        "readout_residual": ([found[n].readout for n in names], "loss that a readout leaves"),
    }
    variables = {name: Variable(("draw",), values, "1", words) for name, (values, words) in scores.items()}
    coords = {
        "draw": Variable(("draw",), names, "1", "draw of the synapses"),
        "network_sha256": Variable(("draw",), [networks[n].sha256 for n in names], "1", "SHA-256 of the synapses"),
    }
    prior = _prior([found[name] for name in networks])
    if prior:
        words = "relative error of the kernel of untrained networks, averaged over draws"
        variables["prior_kernel_residual"] = Variable(("redraw",), list(prior.values()), "1", words)
        coords["redraw"] = Variable(("redraw",), list(prior), "1", "draws that are averaged over")
    return dataset(variables, coords, kind="screening", task=task.name, steps=steps)


def _prior(found: Sequence[Early]) -> dict[int, float]:
    """Return the error of the prior kernel by the number of draws; empty where draws have no states in common."""
    first = found[0]
    if first.rates is None or first.wanted is None:
        return {}
    same = [one.wanted is not None and np.array_equal(one.wanted, first.wanted) for one in found]
    rates = [one.rates for one in found if one.rates is not None]
    return left_by_prior_kernel(rates, first.wanted) if all(same) else {}
