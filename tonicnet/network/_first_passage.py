"""From spike to spike: the mean number of updates of a leaky integrate-and-fire neuron, by quadrature."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_banded
from scipy.special import ndtr

from ._onset import Onset, quadrature, sharp_passage

_REACH = 9.0  # standard deviations that an update may jump: what lies beyond is below the rounding of a chance
THRESHOLD = Onset()  # a spike at v > 1, as leaky integrate-and-fire neurons have it


class Updates(NamedTuple):
    """Chances of one update below threshold: from node to node, in bands, and from the reset to every node.

    ``bands[above + i - j, j]`` is the chance to come from node i to node j, zero ``above`` columns to the right of the
    diagonal and ``below`` to the left of it.
    """

    bands: Float[np.ndarray, "band node"]
    below: int
    above: int
    from_reset: Float[np.ndarray, " node"]

    @classmethod
    def of(cls, x: float, noise: float, step: float, onset: Onset) -> Updates:
        """Return the chances at the constant input ``x``: a density p(v'|v) times weights of a quadrature."""
        jump = noise * math.sqrt(2 * step)
        nodes, weights = onset.nodes(min(0.0, x) - 6 * noise - 4 * jump, jump, step)
        mean = onset.moved(nodes, x, step)
        place = np.arange(len(nodes))
        first, last = np.searchsorted(nodes, mean - _REACH * jump), np.searchsorted(nodes, mean + _REACH * jump)
        below, above = int(max((place - first).max(), 0)), int(max((last - place).max(), 0))
        start = np.clip(place + np.arange(-above, below + 1)[:, None], 0, len(nodes) - 1)
        begun = onset.moved(np.zeros(1), x, step)
        return cls(normal(nodes - mean[start], jump) * weights, below, above, normal(nodes - begun, jump) * weights)

    def before(self, right: Float[np.ndarray, " node"], discount: float = 1.0) -> Float[np.ndarray, " node"]:
        """Return the solution T of T = right + discount K T at the nodes."""
        system = -discount * self.bands
        system[self.above] += 1
        return solve_banded((self.below, self.above), system, right, overwrite_ab=True, check_finite=False)

    def spikes(self) -> Float[np.ndarray, " node"]:
        """Return the chance of a spike from every node."""
        place = np.arange(self.bands.shape[1])
        staying = np.zeros(len(place))
        for offset in range(-self.below, self.above + 1):
            start = place[max(-offset, 0) : len(place) - max(offset, 0)]
            staying[start] += self.bands[self.above - offset, start + offset]
        return np.maximum(1 - staying, 0)


def hard_passage(x: float, *, noise: float, step: float, onset: Onset = THRESHOLD) -> float:
    """Return the mean number of updates from a reset to 0 to a spike at the threshold 1, or at the top of its onset,
    for ``step`` = dt / tau_m.

    Without noise the count of whole updates is a staircase in x; its mean over a slowly moving input,
    half an update above the continuous count, is returned.
    """
    if noise == 0 and onset.sharpness:
        return sharp_passage(x, onset, step)
    if noise == 0:
        return math.log(x / (x - 1)) / -math.log1p(-step) + 0.5 if x > 1 else math.inf
    updates = Updates.of(x, noise, step, onset)
    return float(1 + updates.from_reset @ updates.before(np.ones_like(updates.from_reset)))


def hard_variance(x: float, *, noise: float, step: float, onset: Onset = THRESHOLD) -> float:
    """Return the variance of the number of updates from a reset to 0 to the threshold 1; 0 without noise.

    With T1(v) = 1 + K T1 for the mean, the second moment obeys T2 = 1 + 2 K T1 + K T2 = 2 T1 - 1 + K T2.
    """
    if noise == 0:
        return 0.0
    updates = Updates.of(x, noise, step, onset)
    first = updates.before(np.ones_like(updates.from_reset))
    second = updates.before(2 * first - 1)
    mean = float(1 + updates.from_reset @ first)
    return max(float(2 * mean - 1 + updates.from_reset @ second) - mean**2, 0.0)


def hard_transform(x: float, *, noise: float, step: float, decay: float, onset: Onset = THRESHOLD) -> float:
    """Return E[exp(-decay n)], n the number of updates from a reset to 0 to the threshold 1.

    With z = exp(-decay), G(v) = z (s(v) + K G) and s(v) the chance of a spike.
    """
    if noise == 0:
        return math.exp(-decay * hard_passage(x, noise=0, step=step, onset=onset))
    updates, z = Updates.of(x, noise, step, onset), math.exp(-decay)
    inside = updates.before(z * updates.spikes(), z)
    return float(z * (max(1 - updates.from_reset.sum(), 0.0) + updates.from_reset @ inside))


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


def normal(x: np.ndarray, sd: float) -> np.ndarray:
    """Return the normal density of mean zero."""
    return np.exp(-0.5 * (x / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
