"""Windows drawn from what a task knows: true paths, reference runs, recordings, trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from ..circuit import Circuit
from ..task import recorded
from ._rare_states import half_rare
from ._spurious import distance_to
from ._target import AWAY, Target, led_back
from ._training_states import near_states
from ._window_length import check_length
from ._windows import Windows

_DISCOUNT, _DIFFERENCE = 0.3, 1e-5  # of errors where paths part as in the median window; between paths


def true_windows(
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, steps: int, h: float, noise: float,
    shares: np.ndarray | None = None,
) -> Windows:  # fmt: skip
    """Return closed-loop windows along true paths that start on the attractor or in the tube, scored four times.

    ``shares``: weights of the squared errors by component, if they differ. Errors of chaos are discounted where true
    paths part most, and count as long as a path stays: see :func:`parting_weights` and :func:`staying_weights`.
    """
    start = near_states(target, rng, 2 * count, noise)
    with np.errstate(over="ignore", invalid="ignore"):
        path = target.paths(start, steps, h)
    size = np.abs(path).max(axis=(1, 2))
    kept = np.flatnonzero(size <= 1.5 * np.abs(target.known).max())  # a tube may touch states that run away
    path = path[kept]
    path = path[:count]
    scored = tuple(sorted({max(1, round(steps * share)) for share in (0.25, 0.5, 0.75, 1.0)}))
    windows = Windows(circuit.tensor(path), driven=0, scored=scored)
    if target.task.kind == "chaos":
        weights = parting_weights(target, path, h) * staying_weights(target, path)
        windows = windows.weighted(circuit.tensor(weights)[:, :, None])
    return windows if shares is None else replace(windows.weighted(circuit.tensor(shares)), total=windows.total)


def staying_weights(target: Target, path: Float[np.ndarray, "window step latent"]) -> Float[np.ndarray, "window step"]:
    """Return weights of errors along paths: 1 as long as a path stays by the attractor, 0 once it has left.

    A tube may reach beyond the basin. Paths from there can go much further in one window than all others, so that their
    errors are most of the loss. The beginning of such a path still counts: without it the network may come to rest
    there. The weight falls from 1 to 0 between the two distances ``AWAY`` from known states, over which
    :meth:`Target.guarded_flow` goes over to the field that leads back. It never rises again along a path. Where a path
    begins further away than the first of them, distances are divided by that of its start: known states of many
    components lie far from each other.
    """
    away = distance_to(target.known, path.reshape(-1, path.shape[2])).reshape(path.shape[:2])
    gone = AWAY[0] * away / np.maximum(away[:, :1], AWAY[0])
    return np.minimum.accumulate(1 - led_back(gone), axis=1)


def parting_weights(
    target: Target, path: Float[np.ndarray, "window step latent"], h: float
) -> Float[np.ndarray, "window step"]:
    """Return weights of squared errors, w = 1 / (1 + 0.3 a^2 / median a^2), a as true paths part.

    a(t)^2 is the mean square over directions of |dz(t) / dz(0)|, by differences; the median is that of all windows at
    the same time. An error of the field grows by about a. In a few windows, which pass a saddle, a is ten times what it
    is elsewhere: without weights these rule the loss, and the field loses its precision where the state mostly is.
    """
    start, k = path[:, 0], path.shape[2]
    aside = np.concatenate([start + step for step in _DIFFERENCE * np.eye(k)])
    moved = target.paths(aside, path.shape[1] - 1, h).reshape(k, *path.shape)
    grown = ((moved - path) ** 2).sum(axis=(0, 3))
    return 1 / (1 + _DISCOUNT * grown / np.median(grown, axis=0))


def recorded_windows(
    target: Target, circuit: Circuit, rng: np.random.Generator, *, count: int, driven: int, steps: int, h: float,
    scored: tuple[int, ...] | None = None,
) -> Windows:  # fmt: skip
    """Return windows cut from reference runs or recordings: ``driven`` steps, then closed loop, four scored."""
    length = driven + steps
    dt = h * target.unit
    check_length(target, length * dt)
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
    scored: int | None = None, warm: int = 0, wait: int = 0,
) -> Windows:  # fmt: skip
    """Return trials of a behaviour: targets, inputs and mask in network coordinates, scored at so many random steps.

    All steps that count are scored if ``scored`` is None. In ``warm`` steps before a trial its first target is fed
    back, as it is where a run begins: see ``Dynamics.state``. Each trial begins up to ``wait`` steps late, at random.
    """
    drawn = target.task.trials(count, seed=int(rng.integers(2**31)))
    stride = round(h * target.unit / target.task.dt)
    targets, inputs, mask = (drawn[name].values[:, ::stride] for name in ("target", "input", "mask"))
    targets = held_where_free(targets, mask)
    if wait:
        late = rng.integers(wait + 1, size=count)
        targets, inputs, mask = delayed(targets, late), delayed(inputs, late, 0.0), delayed(mask, late)
    counts = np.flatnonzero(mask[:, 1:].any(axis=(0, 2))) + 1
    chosen = counts if scored is None or len(counts) <= scored else np.sort(rng.choice(counts, scored, replace=False))
    before = ((0, 0), (warm, 0), (0, 0))
    path = circuit.tensor(target.scaled(np.pad(targets, before, mode="edge")))
    outside = circuit.tensor(target.embed(np.pad(inputs / target.task.scale, before)))
    weights = circuit.tensor(target.embed(np.pad(mask, before)))
    at = tuple(warm + int(k) for k in chosen)
    return Windows(path, warm, at, forcing=forcing, inputs=outside, mask=weights)


def in_a_tube(windows: Windows, width: float, rng: np.random.Generator) -> Windows:
    """Return windows of which the target is fed back with noise of standard deviation ``width``, new at every step.

    What a perfect network feeds back is the target alone, so that nothing is learned about states beside it. There
    numbers that are fitted freely may do anything, and the network is lost as soon as it is left alone. With noise it
    learns to lead back. Only the share of the target that is fed back in a step is noisy.
    """
    share = np.array([1.0 - windows.closed(step) for step in range(windows.path.shape[1])])
    noise = width * share[:, None] * rng.standard_normal(tuple(windows.path.shape))
    added = torch.as_tensor(noise).to(windows.path)
    return replace(windows, inputs=added if windows.inputs is None else windows.inputs + added)


def delayed(
    values: Float[np.ndarray, "trial time component"], late: np.ndarray, before: float | None = None
) -> Float[np.ndarray, "trial longer component"]:
    """Return each trial so many steps late: before it ``before``, or its first value; zero after its end.

    >>> delayed(np.array([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]), np.array([1, 0]))[..., 0]
    array([[1., 1., 2., 3.],
           [4., 5., 6., 0.]])
    """
    steps = values.shape[1]
    at = np.arange(steps + late.max()) - late[:, None]
    moved = np.take_along_axis(values, np.clip(at, 0, steps - 1)[:, :, None], axis=1)
    first = moved if before is None else np.where((at >= 0)[:, :, None], moved, before)
    return np.where((at < steps)[:, :, None], first, 0.0)


def held_where_free(targets: np.ndarray, mask: np.ndarray) -> Float[np.ndarray, "trial time component"]:
    """Return targets that keep their last value that counted, or their first, while they are free.

    What is fed back would tell the answer before it counts, and the network would learn to repeat it.

    >>> held_where_free(np.array([[[0.0], [1.0], [1.0]]]), np.array([[[1.0], [0.0], [1.0]]])).ravel()
    array([0., 0., 1.])
    """
    at = np.where(mask > 0, np.arange(mask.shape[1])[:, None], 0)
    return np.take_along_axis(targets, np.maximum.accumulate(at, axis=1), axis=1)
