"""A task given by its vector field."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ._arguments import generator
from ._chart import Chart
from ._contraction import contracts
from ._integrate import integrate
from ._pool import Pool
from ._scaling import moments, time_to_move
from ._source import Source, no_trials
from ._spec import Sampling
from ._store import Kept
from ._trials import Trials

SCATTER = 0.1  # spread of starts round the run from the initial state, in its standard deviations
_ZERO = 1e-8  # beside the largest component a smaller one is zero at the start, which says nothing of its size
_APART = 1e3  # sizes of components that differ by more are not solved in one unit
_STILL = 1e-6  # of the largest spread: starts are scattered by less where nothing moves
_STARTS = 2000  # random starts that stand for a memory


@final
class Field(Source):
    """States of an autonomous flow: found by integration, after the transient.

    ``identity``: the hash of what determines its runs, which tasks of the same hash share; None keeps them to
    itself. ``own``: the chart to the system's own state and the field there, where the task has other coordinates.
    ``scatter``: how far starts lie from the run from ``initial``, in its standard deviations, where the flow contracts.
    """

    has_flow = True
    duration = float("inf")

    def __init__(
        self,
        flow: Callable[[np.ndarray], np.ndarray],
        initial: Float[np.ndarray, " component"],
        *,
        kind: str,
        sampling: Sampling,
        identity: str | None = None,
        own: tuple[Chart, Callable[[np.ndarray], np.ndarray]] | None = None,
        scatter: float = SCATTER,
    ) -> None:
        self._flow, self._start, self._kind, self._sampling, self._identity = flow, initial, kind, sampling, identity
        self._own, self.chart, self._scatter = own, None if own is None else own[0], scatter
        self.dimension = initial.size
        self._unit = _units(initial if own is None else own[0].sizes(initial), sampling)
        low, high = (None if corner is None else tuple(corner / self._unit) for corner in (sampling.low, sampling.high))
        within = replace(sampling, low=low, high=high)
        self._solved = flow if (self._unit == 1).all() else _Scaled(flow, self._unit)
        self._pool = Pool(
            self._solved, initial / self._unit, kind=kind, sampling=within, kept=Kept(identity), scatter=self._scattered
        )

    def __reduce__(self) -> tuple[Callable[..., Field], tuple[Any, ...]]:
        return _again, (self._flow, self._start, self._kind, self._sampling, self._identity, self._own, self._scatter)

    def _scattered(self, run: Float[np.ndarray, "time component"]) -> float:
        """Return how far from a run, in the units it is solved in, starts come to the same attractor."""
        chart, flow = self._own or (None, self._flow)
        x = self._unit * run
        return self._scatter * contracts(flow, x if chart is None else chart.entering(x))

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Return dx/dt at x."""
        return self._flow(x)

    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return states of the long runs."""
        return self._unit * self._pool.on_attractor(trials, generator(seed))

    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return states on the attractor; for cycles and memories half of them on the way to it."""
        rng = generator(seed)
        transient = 0 if self._kind == "chaos" else count // 2
        parts = [self._pool.on_attractor(count - transient, rng), self._pool.on_the_way(transient, rng)]
        return self._unit * rng.permutation(np.concatenate(parts))

    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Integrate from ``start``, or from random states after the transient."""
        if start is None:
            return self._unit * self._pool.new_runs(times, trials, seed)
        return self._unit * integrate(self._solved, start / self._unit, times)

    def trials(self) -> Trials:
        """Raise TypeError: an autonomous flow has no inputs."""
        raise no_trials("a vector field")

    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return mean and standard deviation of the reference runs."""
        center, scale = moments(self._reference, _STILL)
        return self._unit * center, self._unit * scale

    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return the time to move by one ``scale``, over the reference runs."""
        return time_to_move(self._solved(self._reference) * (self._unit / scale))

    def data(self) -> dict[str, Any]:
        """Return nothing: the spec says it all."""
        return {}

    def check_picklable(self, task: str) -> None:
        """Raise TypeError, naming the field, if its function cannot be sent to another process."""
        try:
            pickle.dumps(self._flow)
        except Exception as error:
            raise TypeError(
                f"the vector field of task {task!r} cannot be pickled ({error}); define its function at the top "
                "of a module, or make the task by a function registered with task_factory"
            ) from error

    @cached_property
    def _reference(self) -> Float[np.ndarray, "count component"]:
        """States of long runs, in the units they are solved in; random starts for a memory, which comes to rest."""
        if self._kind == "memory":
            return self._pool.starts(_STARTS, generator(0))
        return self._pool.long_runs(0).reshape(-1, self.dimension)


@final
@dataclass(frozen=True)
class _Scaled:
    """A field in other units: y = x / unit, dy/dt = flow(x) / unit."""

    flow: Callable[[np.ndarray], np.ndarray]
    unit: Float[np.ndarray, " component"]

    def __call__(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(self.flow(y * self.unit)) / self.unit


def _units(initial: Float[np.ndarray, " component"], sampling: Sampling) -> Float[np.ndarray, " component"]:
    """Return the units in which a field is solved: 1, but where components differ widely in size each one's own.

    The error of a solution is held to one size for all components, that of the largest.
    """
    corners = [corner for corner in (sampling.low, sampling.high) if corner is not None and len(corner) == len(initial)]
    size = np.abs(np.array([initial, *corners])).max(axis=0)
    size = np.where(size > _ZERO * size.max(), size, size.max() or 1.0)
    return size if size.max() > _APART * size.min() else np.ones_like(size)


def _again(
    flow: Callable[[np.ndarray], np.ndarray],
    initial: np.ndarray,
    kind: str,
    sampling: Sampling,
    identity: str | None,
    own: tuple[Chart, Callable[[np.ndarray], np.ndarray]] | None,
    scatter: float,
) -> Field:
    return Field(flow, initial, kind=kind, sampling=sampling, identity=identity, own=own, scatter=scatter)
