"""Intervals between spikes at a constant input: their mean, their spread, the updates in which a neuron is held."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._first_passage import PASSAGES, hard_passage, hard_transform, hard_variance

if TYPE_CHECKING:
    from ._lif import LIF


def renewal_rate(neuron: LIF, x: float) -> float:
    """Return the firing rate in Hz at the constant input ``x`` of a neuron that does not adapt.

    The interval lasts ``refractory / dt - 1`` held steps (whole steps, rounded down as Brian2 does; none if
    not refractory) plus the mean number of updates from one spike to the next.
    """
    passage = PASSAGES[neuron.reset_rule]
    return 1 / (neuron.dt * (held(neuron) + passage(x, noise=neuron.noise, step=neuron.dt / neuron.tau_m)))


def cv_of_intervals(neuron: LIF, x: float) -> float:
    """Return the coefficient of variation of the intervals between spikes at the constant input ``x``.

    1 for a Poisson train, 0 for a regular one; without noise the train is regular. Of a neuron that adapts it is that
    of one that does not.

    >>> from tonicnet.network import LIF
    >>> cv_of_intervals(LIF(noise=0.0), 2.0), round(cv_of_intervals(LIF(), 1.0), 2)
    (0.0, 0.53)
    """
    step = neuron.dt / neuron.tau_m
    mean = held(neuron) + hard_passage(x, noise=neuron.noise, step=step)
    return math.sqrt(hard_variance(x, noise=neuron.noise, step=step)) / mean


def renewed(neuron: LIF, x: float, decay: float) -> float:
    """Return M(s) = rho / (1 - rho): spikes expected after a spike, each weighted by exp(-s t)."""
    step = neuron.dt / neuron.tau_m
    passed = hard_transform(x, noise=neuron.noise, step=step, decay=decay * neuron.dt)
    transform = math.exp(-decay * neuron.dt * held(neuron)) * passed
    return transform / (1 - transform)


def held(neuron: LIF) -> int:
    """Return for how many updates v is held after a spike."""
    return max(math.floor(neuron.refractory / neuron.dt + 1e-3) - 1, 0)
