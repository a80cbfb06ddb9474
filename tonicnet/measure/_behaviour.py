"""How well a behaviour is performed: decisions that are right, intervals and rhythms that are met, goals reached."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import choose, shown
from .arrays._behaviour import crossings_of, periods_of, turns_of

_FULL = 1 - 1e-9  # share of the largest weight from which on a sample counts in full
_SHORTEST = 3  # samples from which on a rhythm has a frequency


def response_accuracy(run: xr.Dataset) -> xr.Dataset:
    """Return the share of decisions that are right: the output is nearer to the right level than to any other.

    Levels are the values that the target of a component takes where its errors count in full (-1 and +1, or 0 and 1).
    ``run``: what :func:`tonicnet.perform` returns, or a Dataset with ``output``, ``target`` and ``mask`` (trial, time,
    component). Returns ``accuracy``, over samples; ``accuracy_error``, its standard error over trials;
    ``response_accuracy``, over responses, each a stretch of samples of one target, by their mean output;
    ``trial_accuracy``, over trials, all of whose responses are right; and ``responses``, how many. Raises ValueError
    where targets have one level only, TypeError for what is no such run.

    >>> x = xr.DataArray(np.ones((2, 4, 1)) * [[[1.0]], [[-1.0]]], dims=("trial", "time", "component"))
    >>> run = xr.Dataset({"output": abs(x) * 0.8, "target": x, "mask": xr.ones_like(x)})
    >>> float(response_accuracy(run)["accuracy"])
    0.5
    """
    made, true, weight = _parts(run)
    counts = weight >= _FULL * weight.max()
    right = np.zeros(made.shape, dtype=bool)
    whole: list[tuple[int, bool]] = []
    for k in np.flatnonzero(counts.any(axis=(0, 1))):
        levels = _levels(true[..., k], counts[..., k], int(k))
        right[..., k] = _nearest(levels, made[..., k]) == _nearest(levels, true[..., k])
        for trial, stretch in periods_of(counts[..., k], true[..., k]):
            mean, wanted = made[trial, stretch, k].mean(), true[trial, stretch.start, k]
            whole.append((trial, bool(_nearest(levels, mean) == _nearest(levels, wanted))))
    trials = [np.mean(right[n][counts[n]]) for n in range(len(made)) if counts[n].any()]
    missed = {trial for trial, good in whole if not good}
    return dataset(
        {
            "accuracy": Variable((), right[counts].mean(), "1", "share of samples whose decision is right"),
            "accuracy_error": Variable((), _error(trials), "1", "standard error over trials"),
            "response_accuracy": Variable((), np.mean([good for _, good in whole]), "1", "share of responses right"),
            "trial_accuracy": Variable((), 1 - len(missed) / len(trials), "1", "share of trials without a mistake"),
            "responses": Variable((), len(whole), "1", "responses compared"),
        },
        {},
        kind="response_accuracy",
    )


def interval_error(run: xr.Dataset, *, threshold: float = 1.0) -> xr.Dataset:
    """Return how far produced intervals are from those asked for.

        error = |t - t*| / (t* - t0)

    t and t* are the times at which output and target first rise above ``threshold`` after t0, the last sample before
    the target's rise begins; between samples they are interpolated. ``run``: as for :func:`response_accuracy`; the
    first component is taken. Returns ``interval_error``, the mean over trials, an output that never gets there counted
    as 1; its standard error; ``bias``, the mean of (t - t*) / (t* - t0) over those that do; ``missed``, the share of
    those that do not; and ``produced(trial)`` and ``interval(trial)`` in seconds. Raises ValueError where no target
    rises above the threshold, TypeError for what is no such run.

    >>> t = np.arange(40) * 0.05
    >>> ramp = np.clip(t - 0.5, 0, 1.2)[None, :, None]
    >>> x = xr.DataArray(ramp, dims=("trial", "time", "component"), coords={"time": t})
    >>> run = xr.Dataset({"output": 1.25 * x, "target": x, "mask": xr.ones_like(x)})
    >>> round(float(interval_error(run)["interval_error"]), 3)
    0.2
    """
    made, true, _ = _parts(run)
    time = np.asarray(run["time"].values, dtype=float)
    begun, end = crossings_of(true[..., 0], time, threshold)
    asked = np.isfinite(end)
    if not asked.any():
        raise ValueError(f"no target rises above the threshold {threshold:g}; give the height at which intervals end")
    _, reached = crossings_of(made[..., 0], time, threshold, after=begun)
    interval, produced = (end - begun)[asked], (reached - begun)[asked]
    share = (produced - interval) / interval
    met = np.isfinite(share)
    errors = np.where(met, np.minimum(np.abs(share), 1.0), 1.0)
    return dataset(
        {
            "interval_error": Variable((), errors.mean(), "1", "error of the produced interval, share of it"),
            "interval_error_error": Variable((), _error(errors), "1", "standard error over trials"),
            "bias": Variable((), share[met].mean() if met.any() else np.nan, "1", "mean of the signed error"),
            "missed": Variable((), 1 - met.mean(), "1", "share of trials without an end"),
            "produced": Variable(("trial",), produced, "s", "produced interval"),
            "interval": Variable(("trial",), interval, "s", "interval asked for"),
        },
        {"trial": Variable(("trial",), np.flatnonzero(asked), "1", "trial")},
        kind="interval_error",
    )


def frequency_error(run: xr.Dataset) -> xr.Dataset:
    """Return how far the frequency of a rhythm is from that of its target.

    The frequency is the slope of the phase atan2(first, second component) over the second half of a trial, by least
    squares. ``run``: as for :func:`response_accuracy`, with two components. Returns ``frequency_error``, the mean over
    trials of |f - f*| / |f*|, at most 1; its standard error; ``amplitude_error``, that of the rms radius over the same
    half; and ``frequency(trial)`` in 1/s. Raises ValueError for fewer than two components, or samples, and a target
    that stands still, TypeError for what is no such run.

    >>> t = np.arange(200) * 0.05
    >>> wave = lambda f: np.stack([np.sin(2 * np.pi * f * t), np.cos(2 * np.pi * f * t)], axis=1)[None]
    >>> held = [xr.DataArray(wave(f), dims=("trial", "time", "component"), coords={"time": t}) for f in (0.55, 0.5)]
    >>> run = xr.Dataset({"output": held[0], "target": held[1], "mask": xr.ones_like(held[1])})
    >>> round(float(frequency_error(run)["frequency_error"]), 3)
    0.1
    """
    made, true, _ = _parts(run)
    half = made.shape[1] // 2
    if made.shape[2] < 2 or made.shape[1] - half < _SHORTEST:
        raise ValueError(f"a rhythm has two components and more than {_SHORTEST} samples, got shape {made.shape}")
    time = np.asarray(run["time"].values, dtype=float)[half:]
    frequency, wanted = (turns_of(x[:, half:, :2], time) for x in (made, true))
    if not np.abs(wanted).min() > 0:
        raise ValueError("a target stands still, so it has no frequency; take the trials of a rhythm")
    radius, asked = (np.sqrt((x[:, half:, :2] ** 2).sum(axis=2).mean(axis=1)) for x in (made, true))
    errors = np.minimum(np.abs(frequency / wanted - 1), 1.0)
    return dataset(
        {
            "frequency_error": Variable((), errors.mean(), "1", "relative error of the frequency"),
            "frequency_error_error": Variable((), _error(errors), "1", "standard error over trials"),
            "amplitude_error": Variable((), np.abs(radius / asked - 1).mean(), "1", "relative error of the amplitude"),
            "frequency": Variable(("trial",), frequency, "1/s", "frequency"),
        },
        {"trial": Variable(("trial",), np.arange(len(made)), "1", "trial")},
        kind="frequency_error",
    )


def endpoint_error(run: xr.Dataset) -> xr.Dataset:
    """Return how far from its goal a movement ends, as a share of the way from its start to the goal.

    ``run``: a Dataset with ``path(trial, time, axis)`` and ``goal(trial, axis)``, as :func:`tonicnet.perform` returns
    for a behaviour with a plant. Returns ``endpoint_error``, the mean over trials at the last sample; its standard
    error; ``worst``, the largest; and ``error(trial)``. Raises TypeError for what is no such run, ValueError for a goal
    at the start.

    >>> path = xr.DataArray([[[0.0, 0.0], [0.9, 0.0]]], dims=("trial", "time", "axis"))
    >>> run = xr.Dataset({"path": path, "goal": (("trial", "axis"), [[1.0, 0.0]])})
    >>> round(float(endpoint_error(run)["endpoint_error"]), 3)
    0.1
    """
    _check(run, ("path", "goal"))
    path, goal = run["path"].transpose("trial", "time", "axis").values, run["goal"].transpose("trial", "axis").values
    way = np.linalg.norm(goal - path[:, 0], axis=1)
    if not way.min() > 0:
        raise ValueError("a goal lies at the start of its movement, so there is no way to measure by")
    errors = np.linalg.norm(goal - path[:, -1], axis=1) / way
    return dataset(
        {
            "endpoint_error": Variable((), errors.mean(), "1", "distance from the goal at the end, share of the way"),
            "endpoint_error_error": Variable((), _error(errors), "1", "standard error over trials"),
            "worst": Variable((), errors.max(), "1", "largest of all trials"),
            "error": Variable(("trial",), errors, "1", "distance from the goal at the end, share of the way"),
        },
        {"trial": Variable(("trial",), np.arange(len(errors)), "1", "trial")},
        kind="endpoint_error",
    )


PERFORMANCE: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], str]] = {
    "levels": (response_accuracy, "accuracy"),
    "interval": (interval_error, "interval_error"),
    "frequency": (frequency_error, "frequency_error"),
    "endpoint": (endpoint_error, "endpoint_error"),
}  # by what the behaviour answers with: the measure, and the one number of it that says how good


def performance(run: xr.Dataset) -> xr.Dataset:
    """Return the measure that suits the behaviour of a run: of decisions, intervals, rhythms or movements.

    ``run``: what :func:`tonicnet.perform` returns for a behaviour of the shelf. See :func:`response_accuracy`,
    :func:`interval_error`, :func:`frequency_error` and :func:`endpoint_error`; ``attrs["measure"]`` names the number
    that says how good it is. Raises TypeError for what is no such run, ValueError for a behaviour of your own, to which
    one of these is to be applied by name.

    >>> import tonicnet as tn
    >>> net = tn.Network(30, seed=0, components=3, synapses="dense", transfer="tanh", tau=0.1, dt=0.05)
    >>> bank = tn.fit(net, tn.task("go-no-go"), rounds=0, steps=2, progress=False)
    >>> performance(tn.perform(net, bank, "go-no-go", trials=4)).attrs["measure"]
    'accuracy'
    """
    _check(run, ())
    measure, name = PERFORMANCE[choose("response of a behaviour", str(run.attrs.get("response", "")), PERFORMANCE)]
    return measure(run).assign_attrs(measure=name)


def _check(run: xr.Dataset, needed: tuple[str, ...]) -> None:
    if not isinstance(run, xr.Dataset):
        raise TypeError(f"a run of a behaviour is a Dataset, as tonicnet.perform returns, got {shown(run)}")
    missing = [name for name in needed if name not in run]
    if missing:
        raise TypeError(f"the run has no {' and no '.join(missing)}; take what tonicnet.perform returns")


def _parts(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return output, target and mask (trial, time, component)."""
    _check(run, ("output", "target", "mask"))
    made, true, weight = (
        np.asarray(run[name].transpose("trial", "time", "component").values, dtype=float)
        for name in ("output", "target", "mask")
    )
    return made, true, weight


def _levels(true: Float[np.ndarray, "trial time"], counts: np.ndarray, component: int) -> Float[np.ndarray, " level"]:
    levels = np.unique(true[counts])
    if len(levels) < 2:
        raise ValueError(
            f"the targets of component {component} have one level only, {levels[0]:g}, so nothing is decided; "
            "take more trials"
        )
    return levels


def _nearest(levels: Float[np.ndarray, " level"], values: np.ndarray) -> np.ndarray:
    return np.abs(np.asarray(values)[..., None] - levels).argmin(axis=-1)


def _error(values: np.ndarray | list[float]) -> float:
    return float(np.std(values) / np.sqrt(max(1, len(values))))
