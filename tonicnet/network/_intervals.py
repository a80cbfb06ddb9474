"""Intervals between spikes at a constant input: their mean, their spread, the updates in which a neuron is held."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._first_passage import hard_passage, hard_transform, hard_variance, soft_passage

if TYPE_CHECKING:
    from ._lif import LIF


def renewal_rate(neuron: LIF, x: float) -> float:
    """Return the firing rate in Hz at the constant input ``x`` of a neuron that does not adapt.

    The interval lasts ``refractory / dt - 1`` held steps (whole steps, rounded down as Brian2 does; none if
    not refractory) plus the mean number of updates from one spike to the next.
    """
    soft = neuron.reset_rule == "soft"
    passed = (
        soft_passage(x, noise=neuron.noise, step=neuron.dt / neuron.tau_m) if soft else _hard(hard_passage, neuron, x)
    )
    return 1 / (neuron.dt * (held(neuron) + passed))


def cv_of_intervals(neuron: LIF, x: float) -> float:
    """Return the coefficient of variation of the intervals between spikes at the constant input ``x``.

    1 for a Poisson train, 0 for a regular one; without noise the train is regular. Of a neuron that adapts it is that
    of one that does not.

    >>> from tonicnet.network import LIF
    >>> cv_of_intervals(LIF(noise=0.0), 2.0), round(cv_of_intervals(LIF(), 1.0), 2)
    (0.0, 0.53)
    """
    mean = held(neuron) + _hard(hard_passage, neuron, x)
    return math.sqrt(_hard(hard_variance, neuron, x)) / mean


def renewed(neuron: LIF, x: float, decay: float) -> float:
    """Return M(s) = rho / (1 - rho): spikes expected after a spike, each weighted by exp(-s t)."""
    passed = _hard(hard_transform, neuron, x, decay=decay * neuron.dt)
    transform = math.exp(-decay * neuron.dt * held(neuron)) * passed
    return transform / (1 - transform)


def held(neuron: LIF) -> int:
    """Return for how many updates v is held after a spike."""
    return max(math.floor(neuron.refractory / neuron.dt + 1e-3) - 1, 0)


def _hard(passage: Callable[..., float], neuron: LIF, x: float, **given: float) -> float:
    """Return what is asked of the updates between a hard reset and a spike."""
    return passage(x, noise=neuron.noise, step=neuron.dt / neuron.tau_m, onset=neuron.onset, **given)
