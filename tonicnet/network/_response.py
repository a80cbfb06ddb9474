"""How the rate of a leaky integrate-and-fire neuron answers to an input that moves, and to its own spikes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import lu_factor, lu_solve
from scipy.special import ndtr

from ._first_passage import THRESHOLD, normal
from ._onset import Onset, quadrature

Matrix = Float[np.ndarray, "state state"]
Row = Float[np.ndarray, " state"]


class _Updates(NamedTuple):
    """The chances of one update, from state (row) to state: without a spike and with one, and how they move with x."""

    stay: Matrix
    spike: Matrix
    stay_slope: Matrix
    spike_slope: Matrix


class Responses(NamedTuple):
    """What a neuron's rate has beside that of a constant input, in spikes per update: ``lead`` for each unit by which
    the input moves in one update, ``own`` for each unit by which a spike of its own lifts its input."""

    lead: float
    own: float


def responses(x: float, *, noise: float, step: float, held: int, rule: str, onset: Onset = THRESHOLD) -> Responses:
    """Return the first-order responses at the input ``x`` of a neuron that waits ``held`` updates after each spike.

    With P(x) the chances of one update of v, spikes among them, pi = pi P, and s(v) the chance of a spike, the relative
    value u of a state, the spikes still to come from it beyond the mean, obeys

        (1 - P) u = s (1 - nu held) - nu,        nu = pi s / (1 + held pi s).

    With q from (1 - P) q = dp/dx the lead is -u dp/dx. With f_a the density of v at age a since the last spike, and
    y = dP/dx u + ds/dx (1 - nu held) what more input in one update at v is worth, the response to own spikes is
    nu sum_a nu (<a> - a) f_a y. Both are derived step by step in docs/theory/lead.md and docs/theory/own-spikes.md.

    Nystroem's method on Gauss-Legendre nodes; sums over ages are geometric.

    Source: Poisson's equation of Markov chains, Glynn and Meyn (1996), doi:10.1214/aop/1039639370; low-frequency
    response of this neuron, Brunel, Chance, Fourcaud and Abbott (2001), doi:10.1103/PhysRevLett.86.2186. What own
    spikes do was derived here.

    >>> options = {"noise": 0.1, "step": 0.02, "held": 9, "rule": "hard"}
    >>> fast, slow = responses(1.2, **options), responses(0.8, **options)
    >>> fast.lead > 0 > slow.lead, fast.own < 0
    (True, True)
    """
    at = _stationary(_updates(x, noise, step, rule, onset), held)
    return Responses(_lead(at, held), _own(at, held))


def own_current(
    x: float, *, noise: float, step: float, held: int, rule: str, kept: float, onset: Onset = THRESHOLD
) -> float:
    """Return the response to own spikes, each of which lifts the input by w for all times, ``kept`` of it after each
    update, in spikes per update and w, to first order in w and beside what the mean lift does.

    The lift at age a since the last spike is w kept^a / (1 - rho) in the mean, rho = E[kept^interval], as the spikes
    before the last one know nothing of a; its own mean is w nu / (1 - kept). So the rate changes by w times

        sum_a nu f_a y [kept^a / (1 - rho) - nu / (1 - kept)],

    f_a and y as in :func:`responses`; docs/theory/adaptation.md derives it.

    >>> options = {"noise": 0.2, "step": 0.02, "held": 9, "rule": "hard"}
    >>> own_current(1.2, kept=0.998, **options) < 0
    True
    """
    at = _stationary(_updates(x, noise, step, rule, onset), held)
    stay, size = at.updates.stay, len(at.reset)
    seen = kept**held * lu_solve(lu_factor(np.eye(size) - kept * stay), at.reset, trans=1)
    again = float(kept * seen @ at.updates.spike.sum(1))
    always = lu_solve(lu_factor(np.eye(size) - stay), at.reset, trans=1)
    return float(at.rate * (seen / (1 - again) - always * at.rate / (1 - kept)) @ at.worth)


class _Stationary(NamedTuple):
    """A neuron at a constant input: the density of v, that after a spike, and what states and input are worth."""

    updates: _Updates
    factors: tuple[np.ndarray, np.ndarray]
    density: Row
    rate: float
    value: Row
    worth: Row
    reset: Row


def _stationary(updates: _Updates, held: int) -> _Stationary:
    count = len(updates.stay)
    spikes, more_spikes = updates.spike.sum(1), updates.spike_slope.sum(1)
    factors = lu_factor(np.eye(count) - updates.stay - updates.spike + 1)  # ones: sums are fixed, not free
    density = lu_solve(factors, np.ones(count), trans=1)
    share = density @ spikes
    rate = share / (1 + held * share)
    value = lu_solve(factors, spikes * (1 - rate * held) - rate)
    worth = (updates.stay_slope + updates.spike_slope) @ value + more_spikes * (1 - rate * held)
    return _Stationary(updates, factors, density, float(rate), value, worth, density @ updates.spike / share)


def _lead(at: _Stationary, held: int) -> float:
    """Return -u dp/dx: p is the density over updates, and that of the states that wait after a spike."""
    updates, density, value = at.updates, at.density, at.value
    moved = lu_solve(at.factors, density @ (updates.stay_slope + updates.spike_slope), trans=1)
    after, after_moved = density @ updates.spike, moved @ updates.spike + density @ updates.spike_slope
    length = 1 + held * after.sum()
    waiting = after.sum() / length * held * (held + 1) / 2
    mean = (density @ value + held * after @ value - waiting * after.sum()) / length
    change = moved @ value + held * after_moved @ value - (waiting + mean * held) * after_moved.sum()
    return float(-change / length)


def _own(at: _Stationary, held: int) -> float:
    """Return sum_a nu (<a> - a) nu f_a y from the density after a spike, f_0, and the worth y of input."""
    stay = at.updates.stay
    factors = lu_factor(np.eye(len(at.reset)) - stay)
    visits = lu_solve(factors, at.reset, trans=1)
    ages = held * visits + lu_solve(factors, visits @ stay, trans=1)
    rate = 1 / (held + visits.sum())
    mean_age = rate * (held * (held - 1) / 2 + ages.sum())
    return float(rate**2 * (mean_age * visits - ages) @ at.worth)


def _updates(x: float, noise: float, step: float, rule: str, onset: Onset = THRESHOLD) -> _Updates:
    jump = noise * math.sqrt(2 * step)
    low = min(0.0, x) - 6 * noise - 4 * jump
    # a soft reset leaves v between 0 and 1
    pieces = (
        [quadrature(low, 0.0, jump), quadrature(0.0, 1.0, jump)] if rule == "soft" else [onset.nodes(low, jump, step)]
    )
    nodes, weights = (np.concatenate(c) for c in zip(*pieces, strict=True))
    start = nodes if rule == "soft" else np.append(nodes, 0.0)
    mean = onset.moved(start, x, step)[:, None]
    stay, stay_slope = _landing(nodes - mean, jump, step, weights)
    if rule == "soft":
        spike, spike_slope = (np.where(nodes > 0, m, 0.0) for m in _landing(nodes + 1 - mean, jump, step, weights))
        return _Updates(stay, spike, stay_slope, spike_slope)
    over = (mean[:, 0] - onset.top) / jump
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
