"""How the rate of a leaky integrate-and-fire neuron runs ahead of a slowly moving input, or behind it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import lu_factor, lu_solve
from scipy.special import ndtr

from ._passage import normal, quadrature

Matrix = Float[np.ndarray, "state state"]


class _Updates(NamedTuple):
    """The chances of one update, from state (row) to state: without a spike and with one, and how they move with x."""

    stay: Matrix
    spike: Matrix
    stay_slope: Matrix
    spike_slope: Matrix


def response_lead(x: float, *, noise: float, step: float, held: int, rule: str) -> float:
    """Return kappa, in spikes per unit of input: an input that moves slowly through x makes

        spikes per update = nu(x) + kappa dx,    dx its movement in one update.

    With P(x) the chances of one update of v, spikes among them, pi = pi P, s(v) the chance of a spike and ``held``
    updates after each during which v waits, the relative value u of a state, the spikes still to come from it
    beyond the mean, obeys

        (1 - P) u = s (1 - nu held) - nu,        nu = pi s / (1 + held pi s).

    The density p of all states, waiting ones too, runs behind that of the present input by q, (1 - P) q = dp/dx, and
    so kappa = -u dp/dx. Input is read at the beginning of an update. Nystroem's method on Gauss-Legendre nodes.

    Source: Poisson's equation of Markov chains, Glynn and Meyn (1996), doi:10.1214/aop/1039639370; low-frequency
    response of this neuron, Brunel, Chance, Fourcaud and Abbott (2001), doi:10.1103/PhysRevLett.86.2186.

    >>> fast = response_lead(1.2, noise=0.1, step=0.02, held=9, rule="hard")
    >>> slow = response_lead(0.8, noise=0.1, step=0.02, held=9, rule="hard")
    >>> fast > 0 > slow
    True
    """
    updates = _updates(x, noise, step, rule)
    count = len(updates.stay)
    spikes = updates.spike.sum(1)
    factors = lu_factor(np.eye(count) - updates.stay - updates.spike + 1)  # ones: sums are fixed, not free
    density = lu_solve(factors, np.ones(count), trans=1)
    share = density @ spikes
    rate = share / (1 + held * share)
    value = lu_solve(factors, spikes * (1 - rate * held) - rate)
    moved = lu_solve(factors, density @ (updates.stay_slope + updates.spike_slope), trans=1)
    after, after_moved = density @ updates.spike, moved @ updates.spike + density @ updates.spike_slope
    waiting = rate * held * (held + 1) / 2
    mean = (density @ value + held * after @ value - waiting * share) / (1 + held * share)
    change = moved @ value + held * after_moved @ value - (waiting + mean * held) * after_moved.sum()
    return float(-change / (1 + held * share))


def _updates(x: float, noise: float, step: float, rule: str) -> _Updates:
    jump = noise * math.sqrt(2 * step)
    low = min(0.0, x) - 6 * noise - 4 * jump
    pieces = [(low, 1.0)] if rule == "hard" else [(low, 0.0), (0.0, 1.0)]  # a soft reset leaves v between 0 and 1
    nodes, weights = (np.concatenate(c) for c in zip(*(quadrature(*piece, jump) for piece in pieces), strict=True))
    start = nodes if rule == "soft" else np.append(nodes, 0.0)
    mean = (start + step * (x - start))[:, None]
    stay, stay_slope = _landing(nodes - mean, jump, step, weights)
    if rule == "soft":
        spike, spike_slope = (np.where(nodes > 0, m, 0.0) for m in _landing(nodes + 1 - mean, jump, step, weights))
        return _Updates(stay, spike, stay_slope, spike_slope)
    over = (mean[:, 0] - 1) / jump
    to_reset = np.append(np.zeros(len(nodes)), 1.0)
    return _Updates(
        np.pad(stay, ((0, 0), (0, 1))),
        ndtr(over)[:, None] * to_reset,
        np.pad(stay_slope, ((0, 0), (0, 1))),
        (step * normal(over, 1.0) / jump)[:, None] * to_reset,
    )


def _landing(
    off: Float[np.ndarray, "start node"], jump: float, step: float, weights: Float[np.ndarray, " node"]
) -> tuple[Float[np.ndarray, "start node"], Float[np.ndarray, "start node"]]:
    """Return the chances to land at nodes this far from the mean, and their derivative in x."""
    chance = normal(off, jump) * weights
    return chance, chance * (step * off / jump**2)
