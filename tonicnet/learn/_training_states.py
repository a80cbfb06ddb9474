"""Where a network's field is held against the target's: on the attractor, in a tube round it, and far away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Autonomous, Learnable, circuit_of
from ._course import Problem
from ._field_residual import FieldResidual
from ._rare_states import half_rare
from ._spurious import FAR, distance_to, stable_anywhere
from ._target import AWAY, Target, led_back

_FAR_SHARE = 0.25
_FAR_WEIGHT = 5e-4
_BESIDE = 0.08  # share of near states round fixed points
_ROUND_REST, _TUBE = 40, 0.1  # states round each stable fixed point of the network, and their distance from it
_COUNTS = (2000, 12000)  # least and most near states
_IDLE = 0.03  # weight of squared errors in components that the task leaves idle
_UNITS_OWN = {"bias", "gain", "scale", "mask"}  # numbers that such weights suit


def field_residual(problem: Problem, learnable: Learnable, rng: np.random.Generator) -> FieldResidual:
    """Return the field residual at 3 N states (2,000 to 12,000) on the attractor and in a tube of width ``noise``.

    A quarter as many far states, at a weight that leaves the near field its precision, keep the way back to the
    attractor. For a discrete network the target is the exact map over one step.
    """
    target = problem.target
    states = near_states(target, rng, sample_count(target), problem.settings.noise, rests=True)
    far = _far(target, rng)
    z = np.concatenate([states, far])
    wanted = np.concatenate([target.response(states), far + target.guarded_flow(far)])
    return _weighted(problem, learnable, z, wanted, len(states))


def far_residual(problem: Problem, learnable: Learnable, rng: np.random.Generator) -> FieldResidual:
    """Return the field residual at far states alone."""
    far = _far(problem.target, rng)
    return _weighted(problem, learnable, far, far + problem.target.guarded_flow(far), len(far))


def rest_residual(
    problem: Problem, learnable: Learnable, theta: Tensor, rng: np.random.Generator
) -> FieldResidual | None:
    """Return the field residual round the stable fixed points of a network with ``theta``; None where it has none.

    They may lie far from the attractor, where a switch of tasks would leave the network for ever.
    """
    target = problem.target
    points = _resting(problem, learnable, theta)
    if not len(points):
        return None
    z = np.repeat(points, _ROUND_REST, axis=0)
    z = z + _TUBE * rng.standard_normal(z.shape)
    return _weighted(problem, learnable, z, z + target.guarded_flow(z), len(z))


def _resting(problem: Problem, learnable: Learnable, theta: Tensor) -> Float[np.ndarray, "point latent"]:
    """Return stable fixed points of the network, those left out that a memory should have."""
    target = problem.target
    if torch.equal(theta, learnable.first):  # nothing is learned yet: the stage is only weighed
        return np.empty((0, problem.net.components))
    exact = replace(learnable, circuit=circuit_of(problem.net))
    found = stable_anywhere(Autonomous(exact.at(theta.cpu())))
    return found[distance_to(target.known, found) > AWAY[0]] if target.task.kind == "memory" else found


def recorded_field(problem: Problem, learnable: Learnable, rng: np.random.Generator) -> FieldResidual:
    """Return the field residual of a recording: smoothed states, slopes measured on them, the same field far away."""
    from scipy.spatial import cKDTree

    target = problem.target
    k = target.net.components
    values, slopes = (x.reshape(-1, k) for x in (target.smooth.values, target.unit * target.smooth.slopes))
    near = half_rare(values, sample_count(target), rng)
    far = _far(target, rng)
    distance, nearest = cKDTree(values).query(far)
    share = led_back(distance)[:, None]
    home = values[nearest]
    wanted = far + slopes[nearest] + share * (home - far)
    z = np.concatenate([values[near], far])
    return _weighted(problem, learnable, z, np.concatenate([values[near] + slopes[near], wanted]), len(near))


def sample_count(target: Target) -> int:
    """Return how many near states are taken."""
    return int(np.clip(3 * target.net.units, *_COUNTS))


def _far(target: Target, rng: np.random.Generator) -> np.ndarray:
    return FAR * rng.standard_normal((int(_FAR_SHARE * sample_count(target)), target.net.components))


def _weighted(problem: Problem, learnable: Learnable, z: np.ndarray, wanted: np.ndarray, near: int) -> FieldResidual:
    """Return the residual with far states at their weight, and errors relative where the field is fast."""
    weights = np.where(np.arange(len(z)) < near, 1.0, _FAR_WEIGHT)
    weights = sample_weights(problem.target, z, wanted, weights)
    settings, tensor = problem.settings, problem.circuit.tensor
    curved = settings.curved(problem.net) if settings.precision == "bfloat16" else None
    shares = idle_shares(problem, _IDLE)
    return FieldResidual(
        learnable, tensor(z), tensor(wanted), tensor(weights), room=settings.room, curved=curved,
        roots=None if shares is None else tensor(np.sqrt(shares)),
    )  # fmt: skip


def idle_shares(problem: Problem, idle: float) -> Float[np.ndarray, " component"] | None:
    """Return weights of errors by component, ``idle`` where the task leaves it idle; None where all count alike.

    N numbers have N / K of themselves for each output that they must shape. An idle output need not be zero: it has to
    stay small, and what it does to the others is part of the closed loop that polish corrects.
    """
    d, k = problem.target.task.dimension, problem.net.components
    if d == k or not _UNITS_OWN.issuperset(problem.settings.learned):
        return None
    return np.where(np.arange(k) < d, 1.0, idle)


def sample_weights(
    target: Target, z: np.ndarray, wanted: np.ndarray, weights: np.ndarray | float = 1.0
) -> Float[np.ndarray, " state"]:
    """Return weights of states that sum to one, with errors relative where the field is faster than the leak."""
    _check_finite(target, z, wanted)
    made = weights / (1 + ((wanted - z) ** 2).sum(1))
    return made / made.sum()


def _check_finite(target: Target, z: np.ndarray, wanted: np.ndarray) -> None:
    bad = ~np.isfinite(wanted).all(axis=1)
    if bad.any():
        state = target.scaling.to_task(z[np.argmax(bad)])[: target.task.dimension]
        raise ValueError(
            f"the field of task {target.task.name!r} is not finite at {np.array2string(state, precision=4)}; "
            "give a field that is defined round its attractor, or a smaller noise="
        )


def near_states(
    target: Target, rng: np.random.Generator, count: int, noise: float, *, rests: bool = False
) -> np.ndarray:
    """Half of the states as they come, half scattered by ``noise`` in every component, idle ones included.

    With ``rests`` a few of the scattered ones lie round fixed points beside the attractor, where it seldom comes
    but where a slightly wrong field has a spurious fixed point. (Windows do not begin there: saddles would rule
    their loss.)
    """
    states = target.scaled(target.task.states(count, seed=int(rng.integers(2**31))))
    scattered = rng.permutation(count)[: count // 2]
    points = target.rests if rests and target.task.kind == "chaos" else ()
    beside = scattered[: round(_BESIDE * count) * bool(len(points))]
    if len(beside):
        states[beside] = points[rng.integers(len(points), size=len(beside))]
    states[scattered] += noise * rng.standard_normal((len(scattered), states.shape[1]))
    return states
