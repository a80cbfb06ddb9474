"""What a leaky integrate-and-fire neuron does at each input, computed once and kept as tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float

from . import _adaptation as adapted
from ._intervals import cv_of_intervals, held, renewal_rate, renewed
from ._look_up import Samples, Table
from ._response import Responses, own_current, responses

if TYPE_CHECKING:
    from ._filter import Filter
    from ._lif import LIF

_POINTS = 16384  # of the interpolation table
_HIGH = 20.0  # its end, where the neuron fires at nearly 1 / refractory
_ROOTS = 400  # knots of a curve without noise
_COARSE = 4  # one knot in so many, for a small correction of a curve


@lru_cache(maxsize=32)
def table(neuron: LIF, name: str, dtype: torch.dtype, device: torch.device) -> Table:
    """Return the table of one function of the neuron's input: "rate", "power", "lead", "own", or of one that adapts
    "settled", the rate at what adaptation leaves of the input."""
    return Table.of(*samples(neuron, name), dtype, device)


@lru_cache(maxsize=32)
def samples(neuron: LIF, name: str) -> Samples:
    """Return inputs, the values of a function there, and its slopes."""
    if neuron.adapts:
        return _ADAPTED[name](neuron)
    return _none(neuron) if neuron.noise == 0 and name != "rate" else _CURVES[name](neuron)


@lru_cache(maxsize=32)
def variances(neuron: LIF, filter: Filter) -> Table:
    """Return the table of the variance of the filtered train."""
    made = _variances(neuron.at_rest, filter)
    if neuron.adapts:
        made = adapted.of_variance(_level(neuron), made, _power(neuron.at_rest), neuron, filter)
    return Table.of(*made, torch.float64, torch.device("cpu"))


def firing_rate(neuron: LIF, x: float) -> float:
    """Return the firing rate in Hz at the constant input ``x``, that of a long run.

    >>> from tonicnet.network import LIF
    >>> round(firing_rate(LIF(noise=0.0), 2.0), 1), round(firing_rate(LIF(adaptation=0.1), 2.0), 1)
    (114.1, 69.3)
    """
    if not neuron.adapts:
        return renewal_rate(neuron, x)
    level = _level(neuron)
    y = level.effective(x)
    rate = max(renewal_rate(neuron.at_rest, y) - neuron.adaptation * _answered(neuron, y), 0.0)
    return rate + level.slope(y) * neuron.rate_scale * (x - y - neuron.adapted_by * rate / neuron.rate_scale)


@lru_cache(maxsize=32)
def _rate(neuron: LIF) -> Samples:
    """Return inputs, the rates there in units of ``rate_scale``, and their slopes."""
    grid, rate, slope = _sampled(neuron, lambda x: renewal_rate(neuron, x) / neuron.rate_scale)
    return grid, np.maximum(rate, 0), slope


@lru_cache(maxsize=32)
def _power(neuron: LIF) -> Samples:
    """Return inputs, S = rate CV^2 / rate_scale^2 there, and its slopes."""
    return _sampled(neuron, lambda x: renewal_rate(neuron, x) * cv_of_intervals(neuron, x) ** 2 / neuron.rate_scale**2)


@lru_cache(maxsize=32)
def _lead(neuron: LIF) -> Samples:
    """Return inputs, kappa there, and its slopes; an update reads its input half a step before its middle."""
    grid, ahead, slope = _sampled(neuron, lambda x: _responses(neuron, x).lead / neuron.rate_scale)
    behind = neuron.dt / 2 * _rate(neuron)[2]
    return grid, ahead - behind, slope - np.gradient(behind, grid)


@lru_cache(maxsize=32)
def _own(neuron: LIF) -> Samples:
    """Return inputs, the response to own spikes there, and its slopes."""
    return _sampled(neuron, lambda x: _responses(neuron, x).own / (neuron.dt * neuron.rate_scale))


@lru_cache(maxsize=2048)
def _responses(neuron: LIF, x: float) -> Responses:
    return responses(x, **_constants(neuron))


def _constants(neuron: LIF) -> dict[str, Any]:
    step = neuron.dt / neuron.tau_m
    return {
        "noise": neuron.noise, "step": step, "held": held(neuron), "rule": neuron.reset_rule, "onset": neuron.onset
    }  # fmt: skip


_CURVES = {"rate": _rate, "power": _power, "lead": _lead, "own": _own}


def _answered(neuron: LIF, y: float) -> float:
    """Return by how much the rate in Hz, for each unit of the jump, is moved by where in an interval the current is."""
    kept = 1 - neuron.dt / neuron.adaptation_tau
    return own_current(y, kept=kept, **_constants(neuron)) / neuron.dt


@lru_cache(maxsize=32)
def _settled(neuron: LIF) -> Samples:
    """Return inputs y less the mean adaptation, the rates there in units of ``rate_scale``, and their slopes."""
    grid, rate, slope = _rate(neuron.at_rest)
    _, moved, more = _sampled(neuron, lambda y: _answered(neuron, y), every=_COARSE)
    jump = neuron.adaptation / neuron.rate_scale
    rate = rate - jump * moved
    return grid, np.maximum(rate, 0), np.where(rate > 0, np.maximum(slope - jump * more, 0), 0)


@lru_cache(maxsize=32)
def _level(neuron: LIF) -> adapted.Level:
    """Return how input, less the mean adaptation, and rate go together."""
    return adapted.Level.of(_settled(neuron), neuron.adapted_by)


def _adapted_lead(neuron: LIF) -> Samples:
    return adapted.of_lead(_level(neuron), _lead(neuron.at_rest), neuron)


_ADAPTED: dict[str, Callable[[LIF], Samples]] = {
    "rate": lambda neuron: _level(neuron).samples,
    "settled": _settled,
    "power": lambda neuron: adapted.of_power(_level(neuron), _power(neuron.at_rest)),
    "lead": _adapted_lead,
    "own": lambda neuron: adapted.of_own(_level(neuron), _own(neuron.at_rest)),
}


def _variances(neuron: LIF, filter: Filter) -> Samples:
    decays, signs = ([1 / filter.tau], [1.0]) if not filter.rise else ([1 / filter.tau, 1 / filter.rise], [1.0, -1.0])
    slowest = filter.tau - filter.rise

    def at(x: float) -> float:
        rate = renewal_rate(neuron, x)
        after = [renewed(neuron, x, decay) for decay in decays]
        terms = [
            a * b * rate / (p + q) * (1 + m + n)
            for a, p, m in zip(signs, decays, after, strict=True)
            for b, q, n in zip(signs, decays, after, strict=True)
        ]
        return (sum(terms) / slowest**2 - rate**2) / neuron.rate_scale**2

    return _sampled(neuron, at)


def _sampled(neuron: LIF, at: Callable[[float], float], every: int = 1) -> Samples:
    """Return the grid, and a function of the input and its slope on it, smooth but at the kink of noise-free ones."""
    grid = _grid(neuron)
    if neuron.noise == 0:
        exact = _noise_free(neuron, at, grid)
        fires, slope = exact > 0, np.zeros(_POINTS)
        slope[fires] = np.gradient(exact[fires], grid[fires])  # one-sided: nothing below zero beside the kink
        return grid, exact, slope
    from scipy.interpolate import CubicSpline

    knots = np.concatenate([np.linspace(grid[0], 3, 320), np.linspace(3, _HIGH, 130)[1:]])  # dense where curves bend
    knots = np.append(knots[:-1:every], knots[-1])
    spline = CubicSpline(knots, [at(x) for x in knots])
    return grid, spline(grid), spline(grid, 1)


def _noise_free(neuron: LIF, at: Callable[[float], float], grid: Float[np.ndarray, " point"]) -> np.ndarray:
    """Return a function without noise on the grid; behind an onset it is smooth in the root of what exceeds the
    rheobase, of which few knots are enough."""
    if not neuron.sharpness:
        return np.array([at(x) for x in grid])
    from scipy.interpolate import CubicSpline

    least = neuron.onset.rheobase
    root = np.linspace(0, math.sqrt(_HIGH - least), _ROOTS)
    spline = CubicSpline(root, [at(least + r**2) for r in root])
    return np.where(grid > least, spline(np.sqrt(np.maximum(grid - least, 0))), 0.0)


def _none(neuron: LIF) -> Samples:
    """Return zero, which is what neurons without noise have of a function."""
    return _grid(neuron), np.zeros(_POINTS), np.zeros(_POINTS)


def _grid(neuron: LIF) -> Float[np.ndarray, " point"]:
    return np.linspace(-6 * neuron.noise - 1.0, _HIGH, _POINTS)
