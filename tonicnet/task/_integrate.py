"""Reference solutions of vector fields: many trials at once, each with its own steps and error control."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
from jaxtyping import Float

from ..compiled import Rules
from ._failure import Failure, budget_spent, diverges, drawn, draws, ends_early, not_finite, reason_of
from ._lanes import Lanes
from ._runge_kutta import ORDER, Attempt, interpolated, packed
from ._stiff import Evaluations, implicit
from ._traced import traced

TIGHT = 1e-9  # for reference trajectories
LOOSE = 1e-7  # for states that only have to lie on the attractor
_LOST = 1e9  # how far beyond the start a state counts as diverged
_SAFETY, _SHRINK, _GROW = 0.8, 0.2, 10.0  # of the next step, as the last one's error asks for it
_FLOOR = 1e-7  # of a trial's longest step: there a jump of the field is stepped over
_JUMP = 1.5  # observed order of the error below which it is a jump's
_VANISHED = 10  # spacings of floating-point numbers: the shortest step
_STABLE, _HITS, _MISSES = 6.1, 15, 6  # Hairer's test of stiffness: steps at the limit of stability, and others
_STRAYED = 100  # tolerances: a smooth step's interpolant stays within a third, one that fails goes far beyond
_PARTS = 8  # of a step to a sample whose error is too large: none so long has been seen to need more
_SELDOM = 32  # steps between two tests, while none finds the limit
_WORTH = 12_000  # steps still to go, for each trial under way, for which a stiff trial is solved alone, implicitly
_STEPS, _STEPS_A_SAMPLE = 60_000, 20  # the budget of a trial
_HELD = 300  # steps below the floor, one after another: the field holds the state on a jump, or jumps everywhere
_FORESEEN, _BEYOND = 2000, 1.5  # steps from which on a trial that will need so many budgets is ended
_LOOK = 200  # steps between two looks ahead
_ASK = 64  # steps between two questions whether the field is random: two evaluations in 768
_JUMPY = 0.3  # share of rejected steps from which on jumps are the reason: a smooth field has a few per cent
_TURNS = 50_000  # steps of one call of compiled code, which cannot be interrupted
_BUFFER = 64  # steps between two evaluations of the dense output


def integrate(
    flow: Callable[[np.ndarray], np.ndarray],
    start: Float[np.ndarray, "trial component"],
    times: Float[np.ndarray, " time"],
    *,
    tolerance: float = TIGHT,
) -> Float[np.ndarray, "trial time component"]:
    """Solve dx/dt = flow(x) from each start at time 0 and return the states at ``times``.

    An explicit pair of order 8(5,3); steps and errors are those of each trial, so that one at a kink of the
    field does not slow the others. Samples come from dense output of order 7. Where this strays from the states
    of the step by 100 tolerances (steps at their limit of stability), they come from steps that end at them.
    A kink (a continuous field) is passed within the tolerance, by shorter steps. A jump of the field by df is
    stepped over at 1e-7 of the trial's longest step h, which leaves an error of at most 1e-7 h df. A trial whose
    steps are limited by stability goes on by an implicit method. Raises ValueError, naming the time, if the
    solution diverges, the step vanishes, or more steps are needed than 60,000 and 20 for each of ``times``:
    where that is foreseen after 2000 of them, at once.
    A field of arithmetic alone is integrated in compiled code, where there is a compiler, by the same rules.
    Source: Hairer, Nørsett and Wanner 1993, doi:10.1007/978-3-540-78862-1 (DOP853).
    """
    states, failures = attempted(flow, start, times, tolerance=tolerance)
    for failure in failures.values():
        raise failure
    return states


def attempted(
    flow: Callable[[np.ndarray], np.ndarray],
    start: Float[np.ndarray, "trial component"],
    times: Float[np.ndarray, " time"],
    *,
    tolerance: float = TIGHT,
) -> tuple[Float[np.ndarray, "trial time component"], dict[int, ValueError]]:
    """Return the states at ``times`` as :func:`integrate` does, and the errors of the trials that came to none."""
    run = _Run(flow, np.array(start, dtype=float), times, tolerance)
    with np.errstate(all="ignore"):
        run.solve()
    return run.states, {row: run.failures[row] for row in sorted(run.failures)}


def _spread(owner: np.ndarray, first: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each owner once for each of the numbers first ... stop - 1, and those numbers."""
    counts = stop - first
    before = np.cumsum(counts) - counts
    return np.repeat(owner, counts), np.arange(counts.sum()) + np.repeat(first - before, counts)


@final
class _Run:
    """One integration: the states found so far, and why trials ended before their time."""

    def __init__(self, flow: Callable[[np.ndarray], np.ndarray], x: np.ndarray, times: np.ndarray, tolerance: float):
        self._flow, self._times, self._tolerance = flow, times, tolerance
        self._end = float(times[-1])
        size = float(np.abs(x).max()) or 1.0
        self._limit, self._atol = _LOST * size, tolerance * size
        self._budget = _STEPS + _STEPS_A_SAMPLE * len(times)
        self._evaluations = Evaluations(len(times))
        self.states = np.full((len(x), len(times), x.shape[1]), np.nan)
        self.states[:, times <= 0] = x[:, None]
        self.failures: dict[int, ValueError] = {}
        self._pieces: list[tuple[np.ndarray, ...]] = []
        self._start, self._turn = x, 0

    def solve(self) -> None:
        """Advance all trials to their end, or to their failure."""
        with np.errstate(all="ignore"):
            f = self._flow(self._start)
            lanes = Lanes.at(self._start, f, self._first_steps(self._start, f))
        lanes.sample += np.searchsorted(self._times, 0.0, side="right")
        lanes.only(self._well(lanes))
        while len(lanes.row) and self._end > 0 and self._deterministic(lanes):
            if self._turn or not self._advance_compiled(lanes):
                self._advance(lanes)
        self._flush()
        self._name_diverged()

    def _advance_compiled(self, lanes: Lanes) -> bool:
        """Take all steps of all trials in compiled code, by the rules of :meth:`_advance`, if the field is made for it.

        Trials that have to end before their time are ended here, by :meth:`_end_lanes`.
        """
        program = traced(self._flow, lanes.x)
        if program is None:
            return False
        rules = Rules(
            self._tolerance, self._atol, self._end, self._limit, _SAFETY, _SHRINK, _GROW, _FLOOR, _JUMP, _VANISHED,
            _STABLE, _STRAYED, _WORTH, _BEYOND, self._budget, _HITS, _MISSES, _PARTS, _SELDOM, _HELD, _FORESEEN, _LOOK,
            _TURNS,
        )  # fmt: skip
        times = np.ascontiguousarray(self._times, dtype=float)
        while len(lanes.row):
            program.solve(packed(), rules, lanes, times, self.states)
            self._end_lanes(lanes)
        return True

    def _deterministic(self, lanes: Lanes) -> bool:
        """Return whether the field, asked twice now and then, gives one value; note the failure if it does not."""
        if self._turn % _ASK or not draws(self._flow, lanes.x):
            return True
        for row, t in zip(lanes.row, lanes.t, strict=True):
            self.failures[int(row)] = drawn(float(t), self._end)
        return False

    def _well(self, lanes: Lanes) -> np.ndarray:
        """Return which trials start where the field is finite; note the others."""
        fine = np.isfinite(lanes.f).all(axis=1)
        for lane in np.flatnonzero(~fine):
            self.failures[int(lanes.row[lane])] = not_finite(lanes.x[lane], 0.0)
        return fine

    def _first_steps(self, x: np.ndarray, f: np.ndarray) -> np.ndarray:
        """Return first steps of each trial, by the rule of Hairer, Nørsett and Wanner 1993, section II.4."""
        scale = self._atol + self._tolerance * np.abs(x)
        sizes, slopes = (np.sqrt(np.mean((v / scale) ** 2, axis=1)) for v in (x, f))
        h = np.where((sizes < 1e-5) | (slopes < 1e-5), 1e-6, 0.01 * sizes / slopes)
        bends = np.sqrt(np.mean(((self._flow(x + h[:, None] * f) - f) / scale) ** 2, axis=1)) / h
        most = np.fmax(slopes, bends)
        second = np.where(most <= 1e-15, np.maximum(1e-6, 1e-3 * h), (0.01 / most) ** (1 / ORDER))
        return np.fmin(np.fmin(100 * h, second), self._end)

    def _advance(self, lanes: Lanes) -> None:
        """Try one step of every trial and keep those whose error is small enough."""
        left = self._end - lanes.t
        last = lanes.h >= left
        h = np.where(last, left, lanes.h)
        step = Attempt(self._flow, lanes.x, lanes.f, h)
        error = step.error(self._tolerance, self._atol)
        jump = self._at_jump(lanes, h, error)
        kept = (error < 1) | jump
        now = np.where(last, self._end, lanes.t + h)
        self._note_samples(lanes, step, kept, now)
        self._count(lanes, step, h, kept)
        self._set_steps(lanes, h, error, kept)
        if kept.all():
            lanes.t, lanes.x, lanes.f = now, step.end, step.slope
        else:
            lanes.t = np.where(kept, now, lanes.t)
            lanes.x, lanes.f = (np.where(kept[:, None], *pair) for pair in ((step.end, lanes.x), (step.slope, lanes.f)))
        self._end_lanes(lanes)

    def _at_jump(self, lanes: Lanes, h: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return which steps are short enough to step over a jump: their error falls no faster than they do."""
        short = (h < _FLOOR * lanes.longest) & (lanes.failed > 0) & np.isfinite(error)
        if not short.any():
            return short
        order = np.log(lanes.failed / error) / np.log(lanes.failed_h / h)
        return short & (order < _JUMP)

    def _note_samples(self, lanes: Lanes, step: Attempt, kept: np.ndarray, now: np.ndarray) -> None:
        """Keep the interpolant of the steps in which samples lie, for :meth:`_flush`."""
        first = lanes.sample
        stop = np.where(kept, np.searchsorted(self._times, now, side="right"), first)
        lanes.sample, holding = stop, stop > first
        if not holding.any():
            return
        terms = step.dense()
        strayed = holding & (step.strayed(terms, self._tolerance, self._atol) > _STRAYED)
        if strayed.any():
            self._step_to_samples(lanes, strayed, first, stop)
            holding &= ~strayed
        piece = (lanes.row, lanes.t, step.h[:, 0], first, stop)
        self._pieces.append((*(part[holding] for part in piece), terms[:, holding]))
        if len(self._pieces) >= _BUFFER:
            self._flush()

    def _step_to_samples(self, lanes: Lanes, which: np.ndarray, first: np.ndarray, stop: np.ndarray) -> None:
        """Find the samples of a step by steps that end at them, where an interpolant will not do."""
        lane, sample = _spread(np.flatnonzero(which), first[which], stop[which])
        x, f, h = lanes.x[lane], lanes.f[lane], self._times[sample] - lanes.t[lane]
        step = Attempt(self._flow, x, f, h)
        rough = ~(step.error(self._tolerance, self._atol) < 1)
        found = step.end
        if rough.any():  # a step that is longer than is stable may pass by chance, and a part of it need not
            found[rough] = self._in_parts(x[rough], f[rough], h[rough])
        self.states[lanes.row[lane], sample] = found

    def _in_parts(self, x: np.ndarray, f: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return the states after steps of these lengths, taken in parts."""
        for _ in range(_PARTS):
            step = Attempt(self._flow, x, f, h / _PARTS)
            x, f = step.end, step.slope
        return x

    def _flush(self) -> None:
        """Evaluate the interpolants that were kept at the sample times."""
        if not self._pieces:
            return
        row, t, h, first, stop = (np.concatenate(part) for part in list(zip(*self._pieces, strict=True))[:5])
        terms = np.concatenate([piece[5] for piece in self._pieces], axis=1)
        piece, sample = _spread(np.arange(len(row)), first, stop)
        share = (self._times[sample] - t[piece]) / h[piece]
        self.states[row[piece], sample] = interpolated(terms[:, piece], share)
        self._pieces = []

    def _count(self, lanes: Lanes, step: Attempt, h: np.ndarray, kept: np.ndarray) -> None:
        """Count steps, rejected and short ones, and steps at the limit of stability."""
        lanes.tried += 1
        lanes.refused += ~kept
        lanes.held = np.where(kept, (lanes.held + 1) * (h < _FLOOR * lanes.longest), lanes.held)
        lanes.longest = np.where(kept, np.maximum(lanes.longest, h), lanes.longest)
        self._turn += 1
        if self._turn % _SELDOM and not lanes.hits.any():
            return
        limited = kept & (step.stiffness() > _STABLE)
        lanes.misses = np.where(limited, 0, lanes.misses + kept)
        lanes.hits = np.where(lanes.misses >= _MISSES, 0, lanes.hits + limited)

    def _set_steps(self, lanes: Lanes, h: np.ndarray, error: np.ndarray, kept: np.ndarray) -> None:
        """Set the next steps; right after a rejected step they do not grow."""
        most = np.where(kept & (lanes.failed == 0), _GROW, 1.0)
        factor = np.clip(_SAFETY * np.maximum(error, 1e-300) ** (-1 / ORDER), _SHRINK, most)
        lanes.h = h * np.where(np.isfinite(factor), factor, _SHRINK)
        lanes.failed = np.where(kept, 0.0, np.where(error >= 0, error, np.inf))
        lanes.failed_h = h

    def _end_lanes(self, lanes: Lanes) -> None:
        """Drop the trials that have reached their end, diverged, or cannot or should not go on like this."""
        done = lanes.t >= self._end
        far = ~(np.abs(lanes.x) < self._limit).all(axis=1)
        vanished = ~done & (lanes.h < _VANISHED * np.spacing(np.maximum(lanes.t, self._end * 1e-9)))
        spent = ~done & ((lanes.tried >= self._budget) | (lanes.held >= _HELD) | self._hopeless(lanes))
        stiff = ~done & (lanes.hits >= _HITS) & (self._end - lanes.t > _WORTH * len(lanes.t) * lanes.h)
        ended = done | far | vanished | spent | stiff
        if not ended.any():
            return
        for lane in np.flatnonzero(far | vanished | spent):
            self.failures[int(lanes.row[lane])] = self._failure(lanes, lane, bool(far[lane]), bool(vanished[lane]))
        for lane in np.flatnonzero(stiff & ~(far | vanished | spent)):
            self._go_on_implicitly(int(lanes.row[lane]), lanes.x[lane], float(lanes.t[lane]))
        lanes.only(~ended)

    def _hopeless(self, lanes: Lanes) -> np.ndarray:
        """Return which trials will, at the pace so far, need several budgets: they are ended early."""
        asked = (lanes.tried >= _FORESEEN) & (lanes.tried % _LOOK == 0)
        return asked & (lanes.tried * self._end > _BEYOND * self._budget * lanes.t)

    def _failure(self, lanes: Lanes, lane: int, far: bool, vanished: bool) -> ValueError:
        t, h = float(lanes.t[lane]), float(lanes.h[lane])
        if far and h > 1e-6 * t:
            return diverges(self._limit, t)
        if vanished and np.isinf(lanes.failed[lane]):
            return not_finite(lanes.x[lane], t)
        if far or vanished:
            return ends_early(t, self._end)
        jumps = lanes.held[lane] >= _HELD or lanes.refused[lane] > _JUMPY * lanes.tried[lane]
        reason = reason_of(self._flow, lanes.x[lane], "jumps" if jumps else "fast")
        return budget_spent(Failure(t, self._end, f"{lanes.tried[lane]} steps", reason))

    def _go_on_implicitly(self, row: int, x: np.ndarray, t: float) -> None:
        """Finish a stiff trial by an implicit method."""
        self._flush()
        rest = self._times > t
        times, tolerance, floor = self._times[rest], self._tolerance, self._atol
        found = implicit(self._flow, x, times, begin=t, tolerance=tolerance, floor=floor, left=self._evaluations)
        if isinstance(found, ValueError):
            self.failures[row] = found
            return
        self.states[row, rest] = found
        if not (np.abs(found) < self._limit).all():
            self.failures[row] = diverges(self._limit, self._end)

    def _name_diverged(self) -> None:
        """Name the first sample at which a diverged trial is lost, where there is one."""
        for row, failure in self.failures.items():
            lost = np.abs(self.states[row]).max(axis=1) >= self._limit
            if lost.any() and str(failure).startswith("the trajectory diverges"):
                self.failures[row] = diverges(self._limit, float(self._times[lost.argmax()]))
