"""By what method a stage lowers its residual."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from ..parameters import MASK, PERMUTATIONS, SETS
from ..solve import (
    Adam,
    Annealed,
    AnnealedSwaps,
    Batched,
    ClosedForm,
    Cost,
    EarlyStopping,
    Epochs,
    FlipSearch,
    GaussNewton,
    GridMoves,
    LimitedGaussNewton,
    Limits,
    Method,
    Projected,
    RankReplacement,
    Residual,
    StraightThrough,
    SwapSearch,
    choose_solver,
)
from ._course import Draw, Problem, Stage
from ._ordered_readout import OrderedReadout

_RANKED, _EVERY = 0.1, 50  # rate of Adam in units of the numbers, and its steps between two replacements by rank
SWEEPS = 5  # of annealed swaps for each step asked for
_NORM = 32.0  # times the norm of the drawn decoder, at most, where a linear problem is solved and no bound is given


class Chosen(NamedTuple):
    """A method, and what it is called in a bank."""

    method: Method
    sentence: str


def chosen(problem: Problem, stage: Stage, residual: Residual, restart: int = 0) -> Chosen:
    """Return the method that suits what is learned, what is asked for and the residual, watched where it can be."""
    found = _in_batches(problem, stage, residual, restart) if stage.batch else _plain(problem, stage, residual)
    if stage.held_out is None:
        return found
    return found._replace(method=EarlyStopping(found.method, stage.held_out, stage.steps, stage.waits))


def _in_batches(problem: Problem, stage: Stage, residual: Residual, restart: int) -> Chosen:
    """Return Adam on some samples at a time, an epoch a step."""
    assert isinstance(residual, Batched)
    plain = Adam(
        stage.rate, stage.steps * math.ceil(residual.samples / stage.batch), problem.settings.method == "amsgrad"
    )
    draw = Draw(problem.settings.seed, restart)
    name = f"{'AMSGrad' if plain.maximum else 'Adam'}, {stage.batch} samples a step"
    limits = limits_of(problem)
    adam: Method = Projected(plain, limits) if _limited(problem) else plain
    return Chosen(Epochs(adam, stage.batch, lambda epoch: draw(f"epoch {epoch}")), name)


def _limited(problem: Problem) -> bool:
    settings = problem.settings
    return settings.nonnegative or settings.decoder_norm is not None or settings.bias_range is not None


def _plain(problem: Problem, stage: Stage, residual: Residual) -> Chosen:
    """Return a method that takes all samples in each step."""
    settings = problem.settings
    if settings.learned[0] in (MASK, *PERMUTATIONS):
        return _searched(problem, stage, residual)
    if stage.grid:
        return Chosen(GridMoves(stage.grid, Draw(settings.seed, 0)), f"moves on a grid of {len(stage.grid)} values")
    limited = _limited(problem)
    if settings.first_order:
        plain = Adam(epochs=stage.steps, maximum=settings.method == "amsgrad")
        name = "AMSGrad" if plain.maximum else "Adam"
        return Chosen(Projected(plain, limits_of(problem)), f"{name}, projected") if limited else Chosen(plain, name)
    cost = cost_of(problem, residual, "primal" if limited else "")
    if residual.linear and settings.solver == "auto" and cost.solver == "primal":
        return Chosen(ClosedForm(limits_of(problem, _NORM)), "closed form of a linear problem")
    if limited:
        return Chosen(LimitedGaussNewton(limits_of(problem)), f"{cost.sentence()}, within limits")
    return Chosen(GaussNewton(cost.solver, stage.damping), cost.sentence())


def _searched(problem: Problem, stage: Stage, residual: Residual) -> Chosen:
    """Return the method of masks and permutations."""
    settings, (name,) = problem.settings, problem.learnable().learned
    if settings.method == "annealed":
        return Chosen(Annealed(epochs=stage.steps), "annealed masks")
    if settings.method == "straight-through":
        return Chosen(StraightThrough(epochs=stage.steps), "straight-through masks")
    if settings.learned[0] == MASK:
        return Chosen(FlipSearch(), "search by flips")
    if settings.method == "ranks":
        adam = Adam(_RANKED, _EVERY * stage.steps)
        return Chosen(RankReplacement(adam, _EVERY), f"ranks of Adam, every {_EVERY} steps")
    if isinstance(residual, OrderedReadout):
        sweeps = AnnealedSwaps(settings.steps * SWEEPS, Draw(settings.seed, 0))
        return Chosen(sweeps, "annealed swaps, then the best two at once")
    shape = tuple(problem.learnable().numbers[name].shape)
    return Chosen(SwapSearch(shape, SETS[name].dims.index("unit")), "search by swaps")


def newton_cost(problem: Problem, stage: Stage, residual: Residual) -> Cost | None:
    """Return what a Gauss-Newton step takes; None where none is taken."""
    return cost_of(problem, residual) if by_newton(problem, stage) else None


def by_newton(problem: Problem, stage: Stage) -> bool:
    """Return whether a stage takes Gauss-Newton steps, or the closed form of one."""
    settings = problem.settings
    searched = stage.grid or settings.learned[0] in (MASK, *PERMUTATIONS)
    return not (stage.batch or searched or settings.first_order)


def cost_of(problem: Problem, residual: Residual, solver: str = "") -> Cost:
    """Return the solver of Gauss-Newton steps and what it takes; MemoryError if it cannot be had."""
    room = problem.settings.solver_room(problem.circuit)
    return choose_solver(residual, problem.learnable().size, room, solver or problem.settings.solver)


def limits_of(problem: Problem, norm: float = np.inf) -> Limits:
    """Return the limits of theta: signs, the range of biases, and the norm of the decoder in units of the drawn one.

    Output scales t make the decoder D diag(t).
    """
    settings, learnable, circuit = problem.settings, problem.learnable(), problem.circuit
    held, weights = [], []
    for name in learnable.learned:
        size = int(np.prod(learnable.numbers[name].shape))
        held.append(torch.full((size,), settings.nonnegative and SETS[name].signed, device=circuit.device))
        found = SETS[name].decoder_weights(problem.net)
        weights.append(torch.as_tensor(np.zeros(size) if found is None else found, device=circuit.device))
    drawn = float(np.linalg.norm(problem.net.decoder.astype(np.float64)))
    most = norm if settings.decoder_norm is None else settings.decoder_norm
    return Limits(torch.cat(held), torch.cat(weights), most * drawn, *_ranges(problem))


def _ranges(problem: Problem) -> tuple[torch.Tensor, torch.Tensor] | tuple[()]:
    """Return the least and greatest value of each number, infinite for all but biases; nothing if none is asked for."""
    given, learnable = problem.settings.bias_range, problem.learnable()
    if given is None:
        return ()
    sizes = {name: int(np.prod(learnable.numbers[name].shape)) for name in learnable.learned}
    low, high = (
        np.concatenate([np.full(size, end if name == "bias" else free) for name, size in sizes.items()])
        for end, free in zip(given, (-np.inf, np.inf), strict=True)
    )
    device = problem.circuit.device
    return torch.as_tensor(low, device=device), torch.as_tensor(high, device=device)
