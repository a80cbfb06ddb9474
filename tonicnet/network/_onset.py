"""How a spike begins: at a threshold, or by a current that grows exponentially around it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Nodes = tuple[Float[np.ndarray, " node"], Float[np.ndarray, " node"]]
_SPACED = 0.5  # width of a panel of log distances from where v is slowest
_TINY = 1e-12  # of drift, above which a neuron without noise fires


class Onset(NamedTuple):
    """A current s exp((v - 1) / s) beside the leak, s = ``sharpness``, and a spike where v passes 1 + ``peak`` s.

    v is in units from reset (0) to threshold (1). Without sharpness there is no current, and a spike at v > 1.

    >>> Onset().top, Onset(0.1, 5.0).top, round(float(Onset(0.1, 5.0).pull(np.array(1.0))), 3)
    (1.0, 1.5, 0.1)
    """

    sharpness: float = 0.0
    peak: float = 0.0

    @property
    def top(self) -> float:
        """v above which there is a spike."""
        return 1.0 + self.peak * self.sharpness

    @property
    def rheobase(self) -> float:
        """The least constant input at which a neuron without noise fires."""
        return 1.0 - self.sharpness

    def pull(self, v: np.ndarray) -> np.ndarray | float:
        """Return the current."""
        return self.sharpness * np.exp((v - 1) / self.sharpness) if self.sharpness else 0.0

    def moved(self, v: np.ndarray, x: float | np.ndarray, step: float) -> np.ndarray:
        """Return v after an update without noise, ``step`` = dt / tau_m."""
        return v + step * (x - v + self.pull(v))

    def nodes(self, low: float, jump: float, step: float) -> Nodes:
        """Return Gauss-Legendre nodes and weights from ``low`` to the top, six to a panel of two jumps of the noise.

        Where the current makes an update's mean steeper in v, panels are narrower, as what comes after an update is
        then steeper in v too, and none is much wider than the exponential's own scale. Rates, variances and responses
        change by less than 3e-5 of them where panels are cut in two.
        """
        plain = quadrature(low, 1.0, jump)
        if not self.sharpness:
            return plain
        return tuple(np.concatenate(parts) for parts in zip(plain, on_panels(self._edges(jump, step)), strict=True))  # type: ignore[return-value]

    def _edges(self, jump: float, step: float) -> Float[np.ndarray, " edge"]:
        """Return the edges of panels above the threshold; where the next update is a spike for sure they are wide."""
        edges, sure = [1.0], 2 * self.top + 9 * jump
        while edges[-1] < self.top:
            growth = step * math.exp((edges[-1] - 1) / self.sharpness)
            narrow = min(3 * jump / min(1 + growth, 1 + self.peak), 1.5 * self.sharpness)
            edges.append(edges[-1] + (2 * jump if growth * self.sharpness > sure else narrow))
        return np.array([*edges[:-1], self.top])


def quadrature(low: float, high: float, jump: float) -> Nodes:
    """Return Gauss-Legendre nodes and weights on [low, high], six to each panel of two jumps."""
    return on_panels(np.linspace(low, high, math.ceil((high - low) / (2 * jump)) + 1))


def on_panels(edges: Float[np.ndarray, " edge"]) -> Nodes:
    """Return Gauss-Legendre nodes and weights, six to each panel."""
    x, w = _six_nodes()
    half, centre = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (centre[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


@lru_cache(maxsize=1)
def _six_nodes() -> Nodes:
    return np.polynomial.legendre.leggauss(6)


def sharp_passage(x: float, onset: Onset, step: float) -> float:
    """Return the number of updates from a reset to 0 to the top, without noise, in the mean over a slowly moving input.

    Updates are points of a flow g, v + h F(v) = exp(g) v, that is

        g = h F (1 - h F' / 2 + h^2 (F'^2 / 3 + F F'' / 12) - ...),    F = x - v + s exp((v - 1) / s),

    with h = ``step``. The integral of dv / g counts updates while they are short, to threshold + s; the rest, where the
    exponential is steeper than a series can say, is counted update by update, in the mean over the place of the first
    one. Near the least input that fires, at F = d at its lowest point v = 1, F is near d + (v - 1)^2 / (2 s): then
    v = 1 + (2 s d)^(1/2) sinh q makes it smooth for any d > 0.

    Infinite where it does not fire.

    >>> round(sharp_passage(1.0, Onset(0.1, 5.0), 0.02), 1)
    222.7
    """
    rest = x - onset.rheobase
    if rest <= _TINY:
        return math.inf
    width = math.sqrt(2 * onset.sharpness * rest)
    steep = 1 + onset.sharpness
    low, high = math.asinh(-1 / width), math.asinh((steep - 1) / width)
    q, weight = on_panels(np.linspace(low, high, math.ceil((high - low) / _SPACED) + 1))
    v = 1 + width * np.sinh(q)
    return float(weight @ (width * np.cosh(q) / _flow(v, x, onset, step))) + _counted(steep, x, onset, step) + 0.5


def _flow(v: np.ndarray, x: float, onset: Onset, step: float) -> np.ndarray:
    """Return g, what v moves by in an update."""
    pull = onset.pull(v)
    drift, slope, bend = x - v + pull, pull / onset.sharpness - 1, pull / onset.sharpness**2
    return step * drift * (1 - step * slope / 2 + step**2 * (slope**2 / 3 + drift * bend / 12))


def _counted(v: float, x: float, onset: Onset, step: float) -> float:
    """Return the updates from v to the top: a whole number, and the share of one by which v must start ahead of its
    place to end at the top."""
    from scipy.optimize import brentq

    whole, end = 0, _moved(v, x, onset, step)
    while end <= onset.top:
        whole, end = whole + 1, _moved(end, x, onset, step)

    def beyond(share: float) -> float:
        at = _moved(v, x, onset, step, share)
        for _ in range(whole):
            at = _moved(at, x, onset, step)
        return at - onset.top

    return whole + float(brentq(beyond, 0.0, 1.0, xtol=1e-6))


def _moved(v: float, x: float, onset: Onset, step: float, share: float = 1.0) -> float:
    """Return where an update leads, or a share of the flow that it is a point of."""
    steep = math.exp((v - 1) / onset.sharpness)
    drift = x - v + onset.sharpness * steep
    return v + share * step * drift * (1 + (share - 1) * step * (steep - 1) / 2)
