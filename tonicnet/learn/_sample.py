"""Where a network's field is held against the target's: on the attractor, in a tube round it, and far away."""

from __future__ import annotations

import numpy as np

from ..simulate import Circuit
from ._flow import FlowResidual
from ._setup import Setup
from ._target import Target
from ._windows import Windows

_FAR_SPREAD = 1.5  # standard deviation of the far states, in scaled units: where another task may have been
_FAR_SHARE = 0.25
_FAR_WEIGHT = 5e-4


def flow_residual(target: Target, circuit: Circuit, rng: np.random.Generator, setup: Setup) -> FlowResidual:
    """Return the flow residual at max(2000, 3 N) states on the attractor and in a tube of width ``noise``.

    A quarter as many far states, at a weight that leaves the near field its precision, hold the funnel in
    place. For a discrete network the target is the exact map over one step.
    """
    count = max(2000, 3 * target.net.units)
    states = near_states(target, rng, count, setup.noise)
    far = _FAR_SPREAD * rng.standard_normal((int(_FAR_SHARE * count), target.net.components))
    z = np.concatenate([states, far])
    wanted = np.concatenate([target.response(states), far + target.guarded_flow(far)])
    _check_finite(target, z, wanted)
    weights = np.concatenate([np.ones(len(states)), np.full(len(far), _FAR_WEIGHT)])
    weights /= 1 + ((wanted - z) ** 2).sum(1)  # relative where the field is faster than the leak
    tensor = circuit.tensor
    return FlowResidual(circuit, tensor(z), tensor(wanted), tensor(weights / weights.sum()), room=setup.room)


def _check_finite(target: Target, z: np.ndarray, wanted: np.ndarray) -> None:
    bad = ~np.isfinite(wanted).all(axis=1)
    if bad.any():
        state = target.entry.to_task(z[np.argmax(bad)])[: target.task.dimension]
        raise ValueError(
            f"the field of task {target.task.name!r} is not finite at {np.array2string(state, precision=4)}; "
            "give a field that is defined round its attractor, or a smaller noise="
        )


def near_states(target: Target, rng: np.random.Generator, count: int, noise: float) -> np.ndarray:
    """Half of the states as they come, half scattered by ``noise`` in every component, idle ones included."""
    states = target.scaled(target.task.states(count, seed=int(rng.integers(2**31))))
    scattered = rng.permutation(count)[: count // 2]
    states[scattered] += noise * rng.standard_normal((len(scattered), states.shape[1]))
    return states


def flow_windows(
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, steps: int, h: float, noise: float
) -> Windows:
    """Return closed-loop windows along true paths that start on the attractor or in the tube, scored four times."""
    start = near_states(target, rng, 2 * count, noise)
    with np.errstate(over="ignore", invalid="ignore"):
        path = target.paths(start, steps, h)
    size = np.abs(path).max(axis=(1, 2))
    kept = np.flatnonzero(size <= 1.5 * np.abs(target.known).max())  # a tube may touch states that run away
    path = path[kept[:count]]
    scored = tuple(sorted({max(1, round(steps * share)) for share in (0.25, 0.5, 0.75, 1.0)}))
    return Windows(circuit.tensor(path), driven=0, scored=scored)


def recorded_windows(
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, driven: int, steps: int, h: float
) -> Windows:
    """Return windows cut from reference runs or recordings: ``driven`` steps, then closed loop, four scored."""
    dt = h * target.unit
    length = driven + steps
    if length * dt > target.task.duration:
        raise ValueError(
            f"task {target.task.name!r} lasts {target.task.duration:g}, a window needs {length * dt:g}; "
            "record for longer, or raise its speed"
        )
    run = target.task.trajectory(length * dt, dt, trials=count, seed=int(rng.integers(2**31)))
    path = target.scaled(run["output"].values)
    scored = tuple(sorted({driven + max(1, round(steps * share)) for share in (0.25, 0.5, 0.75, 1.0)}))
    return Windows(circuit.tensor(path), driven=driven, scored=scored)
