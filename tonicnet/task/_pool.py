"""Long runs of a vector field, integrated once: states are drawn from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float, Int

from .._names import shown
from .._weight import weigh
from ._arguments import generator
from ._failure import Spent
from ._integrate import LOOSE, TIGHT, attempted, integrate
from ._spec import Sampling
from ._store import Kept

_RUNS = {"chaos": 16, "cycle": 16, "memory": 256}  # runs of a block, by kind of field
_WAYS = 256  # transients of a block
_STATES = 65_536  # at most so many states of a block are kept
_GRID = 200  # times at which a transient is sampled
_SPARE = 2  # states in the pool for each that is drawn
_LEAST = 1e-7  # the same in components that do not move, in the largest standard deviation
_RESTING = 1e-3  # of the median speed of the pilot run: a run that ends more slowly is at rest
_SEVERAL = 10  # runs of which one at least should last
_ROUNDS = 20  # times that diverging starts are drawn again
_SEED = 2**40  # of the first block, far from the seeds that users give


@final
class Pool:
    """States on the attractor of a field and on the way to it, in blocks that are computed when they are needed.

    ``scatter`` tells how far starts lie from a run, in its standard deviations. What is drawn depends on the task, the
    seed and the count only, never on what was drawn before.
    """

    def __init__(
        self,
        flow: Callable[[np.ndarray], np.ndarray],
        initial: Float[np.ndarray, " component"],
        *,
        kind: str,
        sampling: Sampling,
        kept: Kept,
        scatter: Callable[[np.ndarray], float],
    ) -> None:
        self._flow, self._initial, self._kind, self._sampling, self._kept = flow, initial, kind, sampling, kept
        self._scatter = scatter

    def on_attractor(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        """Return random states, spread evenly over the long runs, in random order."""
        weigh(f"{shown(count)} states", 32 * count * len(self._initial), "ask for fewer")
        size = self.long_runs(0).shape[0] * self.long_runs(0).shape[1]
        blocks = [self.long_runs(block) for block in range(-(-_SPARE * count // size))]
        states = np.concatenate([block.reshape(-1, block.shape[-1]) for block in blocks])
        return states[_spread(len(states), count, rng)]

    def on_the_way(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        """Return states of transients, crowded towards their beginning (time = transient u^3)."""
        blocks = range(-(-_SPARE * count // (_WAYS * _GRID)))
        if not blocks:
            return np.empty((0, len(self._initial)))
        states = np.concatenate([self._transients(block).reshape(-1, len(self._initial)) for block in blocks])
        return states[_spread(len(states), count, rng)]

    def long_runs(self, block: int) -> Float[np.ndarray, "trial time component"]:
        """Return long runs after the transient; those that diverge or come to rest are left out."""
        return self._kept.array(f"runs-{block}", lambda: self._long_runs(block))

    def _long_runs(self, block: int) -> Float[np.ndarray, "trial time component"]:
        samples = math.ceil(self._sampling.duration / self._sampling.dt)
        stride = max(1, -(-samples * _RUNS[self._kind] // _STATES))
        times = np.arange(0.0, samples, stride) * self._sampling.dt
        runs, lost = self._attempted(self._settled(block), times, LOOSE)
        if len(lost) == len(runs):
            raise lost[0]
        return np.delete(runs, list(lost), axis=0)

    def _settled(self, block: int) -> Float[np.ndarray, "trial component"]:
        """Return where the runs of a block are after the transient."""
        if self._kind != "chaos":
            return self._transients(block)[: _RUNS[self._kind], -1]
        at_end = np.array([self._sampling.transient])
        return self._surviving(at_end, _RUNS["chaos"], generator(_SEED + block), tolerance=LOOSE)[:, -1]

    def _transients(self, block: int) -> Float[np.ndarray, "trial time component"]:
        times = self._sampling.transient * np.linspace(0.0, 1.0, _GRID) ** 3
        rng = generator(_SEED + block)
        return self._kept.array(f"ways-{block}", lambda: self._surviving(times, _WAYS, rng, tolerance=LOOSE))

    def new_runs(
        self, times: Float[np.ndarray, " time"], trials: int, seed: int
    ) -> Float[np.ndarray, "trial time component"]:
        """Return runs at tight tolerance that share nothing with those of another seed.

        Chaos starts at random and drops the transient: two states of one long run would follow each other.
        """
        weigh(
            f"{shown(trials)} runs of {len(times)} samples", 16 * trials * len(times) * len(self._initial),
            "ask for fewer or shorter runs, or sample them less often",
        )  # fmt: skip
        settles = self._kind == "chaos" and self._sampling.transient > 0
        begin = self._sampling.transient if settles else 0.0
        draw = None if settles else self.on_attractor
        key = f"new-{trials}-{seed}-{len(times)}-{float(times[-1]).hex()}"
        return self._kept.array(
            key, lambda: self._surviving(begin + times, trials, generator(seed), tolerance=TIGHT, draw=draw)
        )

    def _surviving(
        self,
        times: Float[np.ndarray, " time"],
        count: int,
        rng: np.random.Generator,
        *,
        tolerance: float,
        draw: Callable[[int, np.random.Generator], np.ndarray] | None = None,
    ) -> Float[np.ndarray, "trial time component"]:
        """Return runs from random starts; those that diverge, and those of chaos that end at rest, are replaced."""
        draw = draw or self.starts
        runs, lost = self._attempted(draw(count, rng), times, tolerance)
        for _ in range(_ROUNDS):
            if not lost:
                return runs
            _check_worth(lost, count)
            rows = np.array(list(lost))
            runs[rows], again = self._attempted(draw(len(rows), rng), times, tolerance)
            lost = {int(rows[row]): error for row, error in again.items()}
        if lost:
            raise next(iter(lost.values()))
        return runs

    def _attempted(
        self, starts: Float[np.ndarray, "trial component"], times: Float[np.ndarray, " time"], tolerance: float
    ) -> tuple[Float[np.ndarray, "trial time component"], dict[int, ValueError]]:
        """Return runs, and why some are none: they diverge or, where the task is chaos, end at rest."""
        runs, lost = attempted(self._flow, starts, times, tolerance=tolerance)
        kept = [row for row in range(len(runs)) if row not in lost]
        if self._kind != "chaos" or not kept or not self._pace:
            return runs, lost
        slow = self._speed(runs[kept, -1]) < _RESTING * self._pace
        ended = ValueError(
            f"true runs end at rest within {times[-1]:g} of task time, so that chaos does not last; start closer to "
            'its attractor, ask for shorter runs, or make the task with kind="memory"'
        )
        return runs, lost | {row: ended for row, still in zip(kept, slow, strict=True) if still}

    @cached_property
    def _pace(self) -> float:
        """The median speed of the pilot run; zero where it comes to rest itself."""
        speed = self._speed(self._pilot)
        return float(np.median(speed)) if speed[-1] > _RESTING * speed.max() else 0.0

    def _speed(self, states: Float[np.ndarray, "state component"]) -> Float[np.ndarray, " state"]:
        """Return how fast states move, in spreads of the pilot run."""
        spread = self._pilot.std(axis=0)
        return np.abs(self._flow(states) / np.where(spread > 0, spread, np.inf)).max(axis=1)

    def starts(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count component"]:
        """Return random starts: in the box, or round the run from the initial state, on it where the flow conserves."""
        low, high = self._sampling.low, self._sampling.high
        if low is not None and high is not None:
            return rng.uniform(low, high, size=(count, len(low)))
        scatter = rng.standard_normal((count, len(self._initial))) * self._spread
        return self._pilot[rng.integers(len(self._pilot), size=count)] + scatter

    @cached_property
    def _spread(self) -> Float[np.ndarray, " component"]:
        """How far starts are scattered round the pilot run: not at all where the flow conserves."""
        spread = self._pilot.std(axis=0)
        share = self._scatter(self._pilot)
        return share * spread + (share > 0) * _LEAST * (spread.max() or 1.0)

    @cached_property
    def _pilot(self) -> Float[np.ndarray, "time component"]:
        """The run from the initial state, after the transient."""
        stop = self._sampling.transient + self._sampling.duration
        times = np.linspace(self._sampling.transient, stop, 10 * _GRID)
        return self._kept.array("pilot", lambda: integrate(self._flow, self._initial[None], times, tolerance=LOOSE)[0])


def _check_worth(lost: dict[int, ValueError], count: int) -> None:
    """Raise if most runs needed too many steps, or all of several are lost: those of other starts would be as well."""
    spent = [error for error in lost.values() if isinstance(error, Spent)]
    if 2 * len(spent) > count:
        raise spent[0]
    if len(lost) == count > _SEVERAL:
        raise next(iter(lost.values()))


def _spread(size: int, count: int, rng: np.random.Generator) -> Int[np.ndarray, " count"]:
    """Return ``count`` numbers below ``size``, one from each of as many equal parts, in random order."""
    places = (np.arange(count) + rng.random(count)) * (size / count)
    return rng.permutation(np.minimum(places.astype(int), size - 1))
