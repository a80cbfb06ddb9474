"""Where a network's field is held against the target's: on the attractor, in a tube round it, and far away."""

from __future__ import annotations

import numpy as np

from ..simulate import Circuit
from ..task import recorded
from ._flow import FlowResidual
from ._rare import half_rare
from ._setup import Setup
from ._target import Target, funnelled
from ._windows import Windows

_FAR_SPREAD = 1.5  # standard deviation of the far states, in scaled units: where another task may have been
_FAR_SHARE = 0.25
_FAR_WEIGHT = 5e-4
_BESIDE = 0.08  # share of near states round fixed points
_COUNTS = (2000, 12000)  # least and most near states


def flow_residual(target: Target, circuit: Circuit, rng: np.random.Generator, setup: Setup) -> FlowResidual:
    """Return the flow residual at 3 N states (2,000 to 12,000) on the attractor and in a tube of width ``noise``.

    A quarter as many far states, at a weight that leaves the near field its precision, hold the funnel in
    place. For a discrete network the target is the exact map over one step.
    """
    states = near_states(target, rng, _count(target), setup.noise, rests=True)
    far = _far(target, rng)
    z = np.concatenate([states, far])
    wanted = np.concatenate([target.response(states), far + target.guarded_flow(far)])
    return _weighted(target, circuit, z, wanted, len(states), setup)


def recorded_flow(target: Target, circuit: Circuit, rng: np.random.Generator, setup: Setup) -> FlowResidual:
    """Return the flow residual of a recording: smoothed states, slopes measured on them, the same funnel far away."""
    from scipy.spatial import cKDTree

    k = target.net.components
    values, slopes = (x.reshape(-1, k) for x in (target.smooth.values, target.unit * target.smooth.slopes))
    near = half_rare(values, _count(target), rng)
    far = _far(target, rng)
    distance, nearest = cKDTree(values).query(far)
    share = funnelled(distance)[:, None]
    home = values[nearest]
    wanted = far + slopes[nearest] + share * (home - far)
    z = np.concatenate([values[near], far])
    return _weighted(target, circuit, z, np.concatenate([values[near] + slopes[near], wanted]), len(near), setup)


def _count(target: Target) -> int:
    return int(np.clip(3 * target.net.units, *_COUNTS))


def _far(target: Target, rng: np.random.Generator) -> np.ndarray:
    return _FAR_SPREAD * rng.standard_normal((int(_FAR_SHARE * _count(target)), target.net.components))


def _weighted(
    target: Target, circuit: Circuit, z: np.ndarray, wanted: np.ndarray, near: int, setup: Setup
) -> FlowResidual:
    """Return the residual with far states at their weight, and errors relative where the field is fast."""
    _check_finite(target, z, wanted)
    weights = np.where(np.arange(len(z)) < near, 1.0, _FAR_WEIGHT)
    weights /= 1 + ((wanted - z) ** 2).sum(1)  # relative where the field is faster than the leak
    tensor = circuit.tensor
    curved = setup.curved(target.net) if setup.precision == "bfloat16" else None
    shares = tensor(weights / weights.sum())
    return FlowResidual(circuit, tensor(z), tensor(wanted), shares, room=setup.room, curved=curved)


def _check_finite(target: Target, z: np.ndarray, wanted: np.ndarray) -> None:
    bad = ~np.isfinite(wanted).all(axis=1)
    if bad.any():
        state = target.entry.to_task(z[np.argmax(bad)])[: target.task.dimension]
        raise ValueError(
            f"the field of task {target.task.name!r} is not finite at {np.array2string(state, precision=4)}; "
            "give a field that is defined round its attractor, or a smaller noise="
        )


def near_states(
    target: Target, rng: np.random.Generator, count: int, noise: float, *, rests: bool = False
) -> np.ndarray:
    """Half of the states as they come, half scattered by ``noise`` in every component, idle ones included.

    With ``rests`` a few of the scattered ones lie round fixed points beside the attractor, where it seldom comes
    but where a slightly wrong field has a trap. (Windows do not begin there: saddles would rule their loss.)
    """
    states = target.scaled(target.task.states(count, seed=int(rng.integers(2**31))))
    scattered = rng.permutation(count)[: count // 2]
    points = target.rests if rests and target.task.kind == "chaos" else ()
    beside = scattered[: round(_BESIDE * count) * bool(len(points))]
    if len(beside):
        states[beside] = points[rng.integers(len(points), size=len(beside))]
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
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, driven: int, steps: int, h: float,
    scored: tuple[int, ...] | None = None,
) -> Windows:  # fmt: skip
    """Return windows cut from reference runs or recordings: ``driven`` steps, then closed loop, four scored."""
    length = driven + steps
    dt = h * target.unit
    if length * dt > target.task.duration * (1 + 1e-9):
        raise ValueError(
            f"task {target.task.name!r} lasts {target.task.duration:g}, a window needs {length * dt:g}; "
            "record for longer, or raise its speed"
        )
    path = _cut(target, rng, count, length, round(dt / target.task.dt)) if _on_samples(target, dt) else None
    if path is None:
        run = target.task.trajectory(length * dt, dt, trials=count, seed=int(rng.integers(2**31)))
        path = target.scaled(run["output"].values)
    quarters = tuple(sorted({driven + max(1, round(steps * share)) for share in (0.25, 0.5, 0.75, 1.0)}))
    return Windows(circuit.tensor(path), driven=driven, scored=scored or quarters)


def _on_samples(target: Target, dt: float) -> bool:
    stride = dt / target.task.dt
    return target.task.kind == "recording" and round(stride) >= 1 and abs(stride - round(stride)) < 1e-6


def _cut(target: Target, rng: np.random.Generator, count: int, steps: int, stride: int) -> np.ndarray:
    """Return windows of a recording, half of them from where its samples are rare."""
    values, smooth = target.scaled(recorded(target.task)), target.smooth.values
    room = values.shape[1] - steps * stride
    trial, first = np.divmod(half_rare(smooth[:, :room].reshape(-1, smooth.shape[2]), count, rng), room)
    return values[trial[:, None], first[:, None] + stride * np.arange(steps + 1)]


_SCORED_ROWS = 40  # steps of a trial that are scored in one stage: the rows of its Jacobian


def whole_trials(target: Target, circuit: Circuit, rng: np.random.Generator, steps: int, h: float) -> Windows:
    """Return the first ``steps`` of runs or recorded trials from their own starts, all scored, nothing fed back."""
    dt = h * target.unit
    recording = target.task.kind == "recording"
    count = len(recorded(target.task)) if recording else 1
    if recording:
        initial = recorded(target.task)[:, 0]
        run = target.task.trajectory(steps * dt, dt, initial=initial)
    else:
        run = target.task.trajectory(steps * dt, dt, trials=count, seed=int(rng.integers(2**31)))
    return Windows(circuit.tensor(target.scaled(run["output"].values)), driven=0, scored=tuple(range(1, steps + 1)))


def trial_windows(
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, forcing: float, h: float,
    thinned: bool = True,
) -> Windows:  # fmt: skip
    """Return trials of a behaviour: targets, inputs and mask in network coordinates, scored at random steps."""
    drawn = target.task.trials(count, seed=int(rng.integers(2**31)))
    stride = round(h * target.unit / target.task.dt)
    targets, inputs, mask = (drawn[name].values[:, ::stride] for name in ("target", "input", "mask"))
    scored = np.flatnonzero(mask[:, 1:].any(axis=(0, 2))) + 1
    if thinned and len(scored) > _SCORED_ROWS:
        scored = np.sort(rng.choice(scored, _SCORED_ROWS, replace=False))
    path = circuit.tensor(target.scaled(targets))
    outside = circuit.tensor(target.embed(inputs / target.task.scale))
    counts = circuit.tensor(target.embed(mask))
    return Windows(path, 0, tuple(int(k) for k in scored), forcing=forcing, inputs=outside, mask=counts)
