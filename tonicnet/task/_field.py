"""A task given by its vector field."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ._arguments import generator
from ._integrate import LOOSE, integrate
from ._scaling import moments, time_to_move
from ._source import Source, no_trials
from ._spec import Sampling
from ._trials import Trials

_TRIALS = 16  # at most so many runs are stacked to collect states
_REFERENCE = 8  # runs of the reference
_STARTS = 2000  # random starts that stand for a memory
_GRID = 200  # times at which a transient is sampled
_SCATTER = 0.1  # spread of starts round the run from the initial state, in its standard deviations


@final
class Field(Source):
    """States of an autonomous flow: found by integration, after the transient."""

    has_flow = True
    duration = float("inf")

    def __init__(
        self,
        flow: Callable[[np.ndarray], np.ndarray],
        initial: Float[np.ndarray, " component"],
        *,
        kind: str,
        sampling: Sampling,
    ) -> None:
        self._flow, self._start, self._kind, self._sampling = flow, initial, kind, sampling
        self.dimension = initial.size

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Return dx/dt at x."""
        return self._flow(x)

    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return where random starts are after the transient."""
        starts = self._starts(trials, generator(seed))
        if self._sampling.transient == 0:
            return starts
        return integrate(self._flow, starts, np.array([self._sampling.transient]), tolerance=LOOSE)[:, -1]

    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return states on the attractor; for cycles and memories half of them on the way to it."""
        rng = generator(seed)
        transient = 0 if self._kind == "chaos" else count // 2
        parts = [self._on_attractor(count - transient, rng), self._on_the_way(transient, rng)]
        return rng.permutation(np.concatenate(parts))

    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Integrate from ``start``, or from states after the transient."""
        first = self.initial(trials, seed=seed) if start is None else start
        return integrate(self._flow, first, times)

    def trials(self) -> Trials:
        """Raise TypeError: an autonomous flow has no inputs."""
        raise no_trials("a vector field")

    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return mean and standard deviation of the reference run."""
        return moments(self._reference[0])

    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return the time to move by one ``scale``, over the reference run."""
        return time_to_move(self._reference[1] / scale)

    def data(self) -> dict[str, Any]:
        """Return nothing: the spec says it all."""
        return {}

    @cached_property
    def _reference(self) -> tuple[np.ndarray, np.ndarray]:
        """States and dx/dt of long runs; of random starts for a memory, whose attractor is at rest."""
        memory = self._kind == "memory"
        x = (
            self._starts(_STARTS, generator(0))
            if memory
            else self._long_runs(_REFERENCE, self._sampling.duration, seed=0)
        )
        return x, self._flow(x)

    def _long_runs(self, trials: int, duration: float, *, seed: int) -> Float[np.ndarray, "count component"]:
        times = np.arange(0.0, duration, self._sampling.dt)
        runs = integrate(self._flow, self.initial(trials, seed=seed), times, tolerance=LOOSE)
        return runs.reshape(-1, self.dimension)

    def _on_attractor(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        trials = min(count, _TRIALS)
        enough = max(self._sampling.duration, 2 * self._sampling.dt * count / trials)
        x = self._long_runs(trials, enough, seed=int(rng.integers(2**31)))
        return x[rng.choice(len(x), count, replace=False)]

    def _on_the_way(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        """Return states of transients, crowded towards their beginning (time = transient u^3)."""
        if count == 0:
            return np.empty((0, self.dimension))
        times = self._sampling.transient * np.linspace(0.0, 1.0, _GRID) ** 3
        starts = self._starts(min(count, 16 * _TRIALS), rng)
        runs = integrate(self._flow, starts, times, tolerance=LOOSE)
        return runs[np.arange(count) % len(starts), rng.integers(_GRID, size=count)]

    def _starts(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        low, high = self._sampling.low, self._sampling.high
        if low is not None and high is not None:
            return rng.uniform(low, high, size=(count, self.dimension))
        scatter = rng.standard_normal((count, self.dimension)) * (_SCATTER * self._pilot.std(axis=0) + 1e-6)
        return self._pilot[rng.integers(len(self._pilot), size=count)] + scatter

    @cached_property
    def _pilot(self) -> Float[np.ndarray, "time component"]:
        """The run from the initial state, after the transient."""
        stop = self._sampling.transient + self._sampling.duration
        times = np.linspace(self._sampling.transient, stop, 10 * _GRID)
        return integrate(self._flow, self._start[None], times, tolerance=LOOSE)[0]
