"""In which coordinates a network learns a task: plain ones, unless its speed is too uneven in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..bank import CoordinateMap
from ..task import Task

_STATES = 4000
_UNEVEN = 15.0  # of speeds along an attractor: above it plain coordinates are left; see chosen_coordinates
_THIN = 0.01  # least eigenvalue of the correlations of components: below it they are made uncorrelated
_TAIL = 6.0  # kurtosis of a component above which it is compressed (3 for a normal distribution)
_DECADES = 30.0  # ratio of its 99.5 % and 0.5 % quantiles above which a positive component is taken as its logarithm
_FLOOR = 0.05  # of a standard deviation: the least width of a map
_NORMAL = 1.349  # quartiles of a normal distribution are so many standard deviations apart

States = Float[np.ndarray, "state component"]


@dataclass(frozen=True)
class Frame:
    """Coordinates z = A (g(x) - center) / scale of a task's own components, and what the task is in them.

    ``states`` x of the attractor, and their velocities ``slopes`` dx/dt, in task units and time.
    """

    coordinates: CoordinateMap | None
    mixing: Float[np.ndarray, "component own"] | None
    states: States
    slopes: States

    @cached_property
    def _moved(self) -> tuple[States, States]:
        """States and velocities under the map g alone."""
        if self.coordinates is None:
            return self.states, self.slopes
        return self.coordinates.forward(self.states), self.coordinates.push(self.states, self.slopes)

    @property
    def center(self) -> Float[np.ndarray, " component"]:
        """The mean of g(x)."""
        return self._moved[0].mean(axis=0)

    @property
    def scale(self) -> Float[np.ndarray, " component"]:
        """The standard deviation of g(x)."""
        return self._moved[0].std(axis=0)

    @cached_property
    def z(self) -> States:
        """The states in these coordinates."""
        return self._mixed((self._moved[0] - self.center) / self.scale)

    @cached_property
    def velocity(self) -> States:
        """dz/dt at these states."""
        return self._mixed(self._moved[1] / self.scale)

    @cached_property
    def time_scale(self) -> float:
        """The time, in task time, in which a component of z moves by one standard deviation."""
        return float(1 / np.sqrt(np.mean(self.velocity**2)))

    @property
    def unevenness(self) -> float:
        """How much faster than half of the states the fastest hundredth is: quantiles 99 % and 50 % of |dz/dt|."""
        low, high = np.quantile(np.linalg.norm(self.velocity, axis=1), [0.5, 0.99])
        return float(high / low) if low > 0 else np.inf

    def _mixed(self, z: States) -> States:
        return z if self.mixing is None else z @ self.mixing.T


def chosen_coordinates(task: Task) -> Frame | None:
    """Return the coordinates that suit a task, or None where these are its own, each component at its scale.

    A network follows a field well whose speed is of one order. On spiky attractors it is not: the state lingers, and
    then bursts far out at many times that speed, so that no one speed of the network suits both. How uneven a field
    is, is measured on its attractor by u = q99 / q50 of |dz/dt|, quantiles over states. Where u <= 15 coordinates are
    plain. Else that one of

        separate  log of positive components whose quantiles (0.5 and 99.5 %) are a factor 30 apart, asinh of components
                  of kurtosis above 6, the others as they are,
        asinh     of every component,
        radial    the length of the whole state compressed by asinh,

    is taken in which u is least. Origins are medians and widths come from quartiles. Components that are then nearly a
    linear function of each other (least eigenvalue of their correlations below 0.01) are made uncorrelated, of unit
    variance, by A = R^(-1/2), so that what is thin is seen. Cycles and memories, whose states are those on the way to
    them, recordings and behaviours keep plain coordinates.
    """
    if not (task.has_flow and task.kind == "chaos" and task.dimension > 1):
        return None
    states = task.states(_STATES, seed=11)
    plain = Frame(None, None, states, task.flow(states))
    if not np.isfinite(plain.slopes).all():
        return None
    chosen = plain
    if plain.unevenness > _UNEVEN:
        framed = (Frame(one, None, plain.states, plain.slopes) for one in _candidates(states))
        chosen = min((plain, *framed), key=lambda frame: frame.unevenness)
    mixing = _whitening(chosen.z)
    if mixing is not None:
        return Frame(chosen.coordinates, mixing, plain.states, plain.slopes)
    return None if chosen is plain else chosen


def _candidates(x: States) -> Iterator[CoordinateMap]:
    """Yield the maps that are compared: each component by itself, asinh of all, and the length of the state."""
    d = x.shape[1]
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    width = np.maximum((high - low) / _NORMAL, _FLOOR * x.std(axis=0))
    kinds = tuple(_separate(x[:, k]) for k in range(d))
    shifted = np.array([kind not in ("log", "identity") for kind in kinds])
    scaled = np.array([kind != "identity" for kind in kinds])
    yield CoordinateMap(kinds, np.where(shifted, middle, 0.0), np.where(scaled, width, 1.0))
    yield CoordinateMap(("asinh",) * d, middle, width)
    yield CoordinateMap(("radial",) * d, middle, width)


def _separate(x: Float[np.ndarray, " state"]) -> str:
    """Return the kind of map that suits one component."""
    low, high = np.quantile(x, [0.005, 0.995])
    if x.min() > 0 and high > _DECADES * low:
        return "log"
    return "asinh" if np.mean((x - x.mean()) ** 4) > _TAIL * x.var() ** 2 else "identity"


def _whitening(z: States) -> Float[np.ndarray, "component own"] | None:
    """Return A = R^(-1/2) of the correlations R of components, None where none is nearly a function of others."""
    values, vectors = np.linalg.eigh(np.cov(z.T))
    if not 0 < values[0] < _THIN:
        return None
    return vectors / np.sqrt(values) @ vectors.T
