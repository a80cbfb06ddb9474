"""What learned biases look like: their histogram, the units they shut off, and the gains they set."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from ..bank import bare
from ..circuit import autonomous
from ..network import Network
from ._alone import Alone, Biases, alone, names, positive, whole
from ._sampled_gains import Effect, effect_of_samples

_TRANSIENT, _DURATION = 50.0, 200.0  # tau, where they are not given
_LEAST = 16  # samples of the run


def biases(
    net: Network,
    bias: Biases,
    *,
    task: str | None = None,
    before: np.ndarray | xr.DataArray | None = None,
    samples: Any = None,
    bins: int = 40,
    off: float = 0.01,
    transient: float | None = None,
    duration: float | None = None,
    trials: int = 4,
    seed: int = 0,
) -> xr.Dataset:
    """Measure what biases do to the units of a network: their histogram, who is shut off, and the gains phi'.

        gain_i = mean_{trial, t} phi'(x_i(t)),   x = W r + E D r + b, along the closed-loop run

    A unit is shut off where phi' stays below ``off`` times the largest of all units, all along the run: no signal
    passes. It is then silent if its input never exceeds the median input of the units that are not shut off, and
    saturated if it never falls below it.

    A feed-forward network has no run: the mean is over ``samples``, and rates take the place of inputs.

    Arguments: ``net`` and its bank, or one bias vector; ``task``, one of the bank's (all if not given); ``samples``, of
    a feed-forward network, its inputs, in any container that ``Task.from_samples`` takes, or a dict of them by task;
    ``before``
    (unit,), biases to compare with, e.g. those learning started from (``tn.learn.first_bias``); ``bins`` of the
    histogram; ``transient`` and ``duration`` of the run in seconds (50 and 200 tau if not given), ``trials`` of it.

    Returns ``density(task, bin)`` over ``bin`` (the middle of each), ``bias_mean``, ``bias_sd`` (task); over (task,
    unit) ``gain``, ``gain_error`` (standard error over trials and halves of the run), ``silent`` and ``saturated``
    (0 or 1); ``shut_off_share(task)``; with ``before`` also ``gain_change(task, unit)``, gain less that under these
    biases along a run of their own, and ``bias_change``. Raises ValueError for wrong shapes, a bank of another
    network, an unknown task, a run too short.
    Source: histograms of learned biases as asked for by the reviewers of Williams et al. (2025), arXiv 2407.00957.

    >>> import numpy as np
    >>> import tonicnet as tn
    >>> found = tn.measure.biases(tn.Network(units=50, seed=0), np.r_[np.zeros(25), np.full(25, -9.0)])
    >>> found.silent.values[0].tolist()[-3:], float(found.shut_off_share[0])
    ([1, 1, 1], 0.5)
    """
    held = _inputs(net, samples)
    rows = alone(net, bias, task, samples=held is not None)
    other = None if before is None else bare(net, before).bias
    start = None if other is None else [_under(row, other) for row in rows]
    values = np.stack([row.entry.bias for row in rows])
    edges = np.linspace(values.min() - 1e-9, values.max() + 1e-9, whole("bins", bins) + 1)
    count, run = whole("trials", trials), _span("duration", duration, _DURATION * net.tau)
    skipped = _span("transient", transient, _TRANSIENT * net.tau)

    def effect(row: Alone) -> Effect:
        return _effect(row, skipped, run, count, seed, off) if held is None else effect_of_samples(row, held, off)

    found = [effect(row) for row in rows]
    variables = _histogram(values, edges) | _effects(found)
    if start is not None and other is not None:
        gain = [f[0] - effect(row)[0] for f, row in zip(found, start, strict=True)]
        variables |= _changes(np.stack(gain), values - other)
    coords = names(rows) | {
        "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
        "bin": Variable(("bin",), (edges[1:] + edges[:-1]) / 2, "1", "tonic input"),
    }
    return dataset(variables, coords, network_sha256=net.sha256, seed=seed, off=float(off))


def _inputs(net: Network, samples: Any) -> Any:
    """Return the samples of a feed-forward network; None for one that moves."""
    layered = isinstance(net, Network) and net.feed_forward
    if layered == (samples is not None):
        return samples
    if layered:
        raise ValueError(
            "gains of a feed-forward network are taken over samples; give its inputs as samples=, one set for all "
            "tasks or a dict of them by task"
        )
    raise ValueError("samples are the inputs of a feed-forward network, and this one moves; leave them out")


def _span(name: str, given: float | None, default: float) -> float:
    return default if given is None else positive(name, given)


def _under(row: Alone, bias: Float[np.ndarray, " unit"]) -> Alone:
    """Return the same task under other biases."""
    return Alone(row.entry, autonomous(row.dynamics.net, {**row.entry.numbers, "bias": bias}))


def _effect(row: Alone, transient: float, duration: float, trials: int, seed: int, off: float) -> Effect:
    """Return per unit the mean gain, its error, and whether it is silent or saturated all along the run."""
    dynamics, motion, tau = row.dynamics, row.motion(None), row.dynamics.net.tau
    steps = round(duration / tau / motion.dt)
    if steps < _LEAST:
        raise ValueError(f"duration={duration:g} s is {steps} steps; gains along a run need {_LEAST} or more")
    settled = motion.run(row.starts(trials, None, seed), max(1, round(transient / tau / motion.dt)))[:, -1]
    states = motion.run(settled, steps, every=max(1, steps // 400))
    if not np.isfinite(states).all():
        raise ValueError(f"the run under {row.entry.task!r} leaves the finite numbers; take other biases")
    flat = states.reshape(-1, states.shape[2])
    drive = dynamics.drive(flat)
    gain = dynamics.gain(flat).reshape(*states.shape[:2], -1)
    shut = gain.max(axis=(0, 1)) < off * gain.max()
    open_input = np.median(drive[:, ~shut]) if (~shut).any() else 0.0
    silent, saturated = shut & (drive.max(axis=0) <= open_input), shut & (drive.min(axis=0) > open_input)
    halves = np.concatenate([part.mean(axis=1) for part in np.array_split(gain, 2, axis=1)])
    error = halves.std(axis=0, ddof=1) / np.sqrt(len(halves))
    return Effect(gain.mean(axis=(0, 1)), error, silent, saturated)


def _histogram(values: Float[np.ndarray, "task unit"], edges: Float[np.ndarray, " edge"]) -> dict[str, Variable]:
    density = [np.histogram(row, edges, density=True)[0] for row in values]
    return {
        "density": Variable(("task", "bin"), density, "1", "probability density of tonic inputs"),
        "bias_mean": Variable(("task",), values.mean(axis=1), "1", "mean tonic input"),
        "bias_sd": Variable(("task",), values.std(axis=1), "1", "standard deviation of tonic inputs"),
    }


def _effects(found: list[Effect]) -> dict[str, Variable]:
    gain, error, silent, saturated = (np.stack(column) for column in zip(*found, strict=True))
    both = ("task", "unit")
    return {
        "gain": Variable(both, gain, "1", "gain phi' along the run"),
        "gain_error": Variable(both, error, "1", "standard error of the gain"),
        "silent": Variable(both, silent, "1", "shut off below (1) or not (0)"),
        "saturated": Variable(both, saturated, "1", "shut off above (1) or not (0)"),
        "shut_off_share": Variable(("task",), (silent | saturated).mean(axis=1), "1", "share of units shut off"),
    }


def _changes(gain: Float[np.ndarray, "task unit"], bias: Float[np.ndarray, "task unit"]) -> dict[str, Variable]:
    return {
        "gain_change": Variable(("task", "unit"), gain, "1", "gain less that before"),
        "bias_change": Variable(("task", "unit"), bias, "1", "tonic input less that before"),
    }
