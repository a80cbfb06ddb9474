"""From spike to spike: the mean number of updates of a leaky integrate-and-fire neuron, by quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr


def hard_passage(x: float, *, noise: float, step: float) -> float:
    """Return the mean number of updates from a reset to 0 to the threshold 1, for ``step`` = dt / tau_m.

    Without noise the count of whole updates is a staircase in x; its mean over a slowly moving input,
    half an update above the continuous count, is returned.
    """
    if noise == 0:
        return math.log(x / (x - 1)) / -math.log1p(-step) + 0.5 if x > 1 else math.inf
    kernel = _kernel(x, noise, step)
    return float(1 + kernel[-1] @ _before(kernel, np.ones(kernel.shape[1])))


def hard_variance(x: float, *, noise: float, step: float) -> float:
    """Return the variance of the number of updates from a reset to 0 to the threshold 1; 0 without noise.

    With T1(v) = 1 + K T1 for the mean, the second moment obeys T2 = 1 + 2 K T1 + K T2 = 2 T1 - 1 + K T2.
    """
    if noise == 0:
        return 0.0
    kernel = _kernel(x, noise, step)
    first = _before(kernel, np.ones(kernel.shape[1]))
    second = _before(kernel, 2 * first - 1)
    mean = float(1 + kernel[-1] @ first)
    return max(float(2 * mean - 1 + kernel[-1] @ second) - mean**2, 0.0)


def hard_transform(x: float, *, noise: float, step: float, decay: float) -> float:
    """Return E[exp(-decay n)], n the number of updates from a reset to 0 to the threshold 1.

    With z = exp(-decay), G(v) = z (s(v) + K G) and s(v) the chance of a spike.
    """
    if noise == 0:
        return math.exp(-decay * hard_passage(x, noise=0, step=step))
    kernel, z = _kernel(x, noise, step), math.exp(-decay)
    spike = np.maximum(1 - kernel.sum(1), 0)
    inside = np.linalg.solve(np.eye(kernel.shape[1]) - z * kernel[:-1], z * spike[:-1])
    return float(z * (spike[-1] + kernel[-1] @ inside))


def _kernel(x: float, noise: float, step: float) -> np.ndarray:
    """Return p(v'|v) times weights: from every node, and in the last row from the reset, to every node."""
    jump = noise * math.sqrt(2 * step)
    nodes, weights = quadrature(min(0.0, x) - 6 * noise - 4 * jump, 1.0, jump)
    start = np.concatenate([nodes, [0.0]])
    return normal(nodes - (start + step * (x - start))[:, None], jump) * weights


def _before(kernel: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution T of T = right + K T at the nodes."""
    return np.linalg.solve(np.eye(kernel.shape[1]) - kernel[:-1], right)


def soft_passage(x: float, *, noise: float, step: float) -> float:
    """Return the mean number of updates between spikes where a spike takes 1 away and keeps the overshoot.

    The density of v after an update obeys p(v') = integral of p(v) [k(v'|v) + k(v' + 1|v) (v' > 0)] dv, and a
    share P of updates ends in a spike; the mean is 1 / P. Without noise the overshoot o ~ U(0, step (x - 1)) of
    one interval shortens the next by o / (step x) updates, so that the mean is 1 / (2 x) above the continuous
    count (hard: 1 / 2).
    """
    if noise == 0:
        return math.log(x / (x - 1)) / -math.log1p(-step) + 0.5 / x if x > 1 else math.inf
    jump = noise * math.sqrt(2 * step)
    low = min(0.0, x) - 6 * noise - 4 * jump
    (below, weight_below), (above, weight_above) = (quadrature(a, b, jump) for a, b in ((low, 0.0), (0.0, 1.0)))
    nodes, weights = np.concatenate([below, above]), np.concatenate([weight_below, weight_above])
    mean = nodes + step * (x - nodes)
    kernel = normal(nodes[:, None] - mean, jump) + (nodes[:, None] > 0) * normal(nodes[:, None] + 1 - mean, jump)
    system = np.eye(len(nodes)) - kernel * weights + weights
    density = np.linalg.solve(system, np.ones(len(nodes)))
    share = float((weights * density) @ ndtr((mean - 1) / jump))
    return 1 / share if share > 0 else math.inf


PASSAGES: dict[str, Callable[..., float]] = {"hard": hard_passage, "soft": soft_passage}


def normal(x: np.ndarray, sd: float) -> np.ndarray:
    """Return the normal density of mean zero."""
    return np.exp(-0.5 * (x / sd) ** 2) / (sd * math.sqrt(2 * math.pi))


def quadrature(low: float, high: float, jump: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss-Legendre nodes and weights on [low, high], six to each panel of two jumps."""
    x, w = np.polynomial.legendre.leggauss(6)
    edges = np.linspace(low, high, math.ceil((high - low) / (2 * jump)) + 1)
    half, centre = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (centre[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()
