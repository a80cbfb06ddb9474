"""A task given by trials: inputs, the targets they call for, and a mask of where that counts."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from jaxtyping import Float

from .._moving import moving, sizes
from .._names import shown
from .._random import checked_seed
from .._weight import weigh
from ..labelled import Door, aligned, same_units
from ._arguments import generator, picks
from ._definition import Definition
from ._mask import given_mask
from ._samples import Samples, check_times, samples, storable
from ._scaling import not_still
from ._source import Source
from ._trials import Trials

_INPUTS = Door("the array of inputs", variables=("input",))
_TARGETS = Door("the array of targets", variables=("target", "output"))
_SHORTEST = 2  # samples: a trial lasts a step
_SAME = 1e-6  # of a component's size: states this near are the same
_SLOWEST = 1e-6  # of the fastest scaled component's pace: a slower one does not count
_WHOLE = 1e-4  # a step this near to a multiple of the trials' is one
_POOL, _FIRST = 128, 20130401  # trials by which a rule is scaled, and their seed
_HELD_OUT = 1  # the stream of held-out trials, beside 0 of all others


@final
class Behaviour(Source):
    """Trials of an input/output behaviour; its states are the targets that count.

    Either trials are given, or a ``rule`` draws them: other ones for each seed, and then a pool of them stands for all.
    """

    has_flow = False

    def __init__(self, held: Trials, dt: float, rule: Definition | None = None) -> None:
        self._held, self.dt, self.rule = held, dt, rule
        _, self._steps, self.dimension = held.targets.shape
        self.duration = (self._steps - 1) * dt

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Raise TypeError: a behaviour answers its inputs, it has no vector field."""
        raise TypeError(
            f"an input/output behaviour has no vector field to evaluate at states of shape {x.shape}; "
            "take its inputs, targets and mask with task.trials()"
        )

    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return the first targets of random trials."""
        return self.drawn(trials, seed=seed).targets[:, 0]

    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return targets at times at which one of them counts."""
        x = self._held.targets[(self._held.mask > 0).any(axis=2)]
        return x[picks(len(x), count, seed=seed)]

    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Return the beginnings of targets: of random trials, or of random ones that start at ``start``."""
        stride = self._stride(float(times[1]))
        stop = stride * (len(times) - 1) + 1
        if stop > self._steps:
            raise ValueError(
                f"the trials last {self.duration:.6g}, a run of {times[-1]:.6g} was asked for; ask for less"
            )
        drawn = self.drawn(trials, seed=seed) if start is None else self._starting(start, seed)
        return drawn.targets[:, :stop:stride]

    def trials(self) -> Trials:
        """Return all trials that were given, or the pool of those that are drawn."""
        return self._held

    def drawn(self, count: int, *, seed: int, held_out: bool = False) -> Trials:
        """Return random trials. Raises TypeError for held-out ones where all trials were given."""
        if self.rule is not None:
            weigh(f"{shown(count)} trials", 3 * 8 * count * self._steps * self.dimension, "ask for fewer")
            return self.rule.draw(stream(seed, held_out), count, held_out=held_out)
        if held_out:
            raise TypeError(
                "this behaviour was made of trials, and all of them are learned from; keep some back, make a second "
                "task of them, and take its trials()"
            )
        return self._held.drawn(count, seed=seed)

    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return 0, and the standard deviation of the targets that count; else the rms of the inputs.

        Where the targets of a component do not move, or none counts, its inputs say how far it goes; where
        they are zero too, the largest of the others does.
        """
        spread, size = _spread_and_size(self._held.targets, self._held.mask > 0)
        rms = np.sqrt(np.mean(self._held.inputs**2, axis=(0, 1)))
        reach = np.where(moving(spread, size), spread, rms)
        return np.zeros(self.dimension), not_still(reach, reach)

    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return the time in which a moving component travels one scale, at most the length of a trial.

        The path's length is taken, the mean of |dx/dt|, since targets that jump have no mean square slope:
        it would grow without bound as dt shrinks. If no target moves the inputs are asked.
        """
        counts = self._held.mask > 0
        paces = _pace(self._held.targets, counts, self.dt) / scale
        if not paces.any():
            paces = _pace(self._held.inputs, np.ones_like(counts), self.dt) / scale
        some = paces[paces > _SLOWEST * paces.max()]
        return float(min(self.duration, 1 / np.sqrt(np.mean(some**2)))) if some.size else self.duration

    def data(self) -> dict[str, Any]:
        """Return the trials as nested lists. Raises ValueError for more than a spec can carry."""
        storable(self._held.size, what="behaviour")
        return {"trials": {"dt": self.dt, **self._held.tables()}}

    def _stride(self, dt: float) -> int:
        stride = round(dt / self.dt)
        if stride < 1 or abs(dt / self.dt - stride) > _WHOLE:
            raise ValueError(
                f"the trials are sampled every {self.dt:.6g}, steps of {dt:.6g} were asked for; "
                f"give dt={self.dt:.6g} or a whole multiple of it"
            )
        return stride

    def _starting(self, start: Float[np.ndarray, "trial component"], seed: int) -> Trials:
        rng, first = generator(seed), self._held.targets[:, 0]
        near = (np.abs(first - start[:, None]) <= _SAME * sizes(first)).all(axis=2)
        if not near.any(axis=1).all():
            raise ValueError(
                "trials only start at their first targets: state "
                f"{int(near.any(axis=1).argmin())} of initial is none of them; take states of task.initial()"
            )
        return self._held.chosen(np.array([rng.choice(np.flatnonzero(row)) for row in near]))


def behaviour(
    inputs: Any, targets: Any, mask: Any, dt: Any, time: str | None = None
) -> tuple[Behaviour, tuple[str, ...]]:
    """Return checked trials and the labels of their components.

    ``inputs`` and ``targets``: as :func:`samples` takes them, of the same shape and at the same times; ``mask`` as
    :func:`given_mask` takes it. Components and trials that both name are paired by their names. Raises TypeError or
    ValueError in a sentence.
    """
    u = samples(inputs, dt, door=_INPUTS, shortest=_SHORTEST, time=time)
    x = samples(targets, dt, door=_TARGETS, shortest=_SHORTEST, time=time)
    _check_shapes(u, x)
    same_units(u.units, x.units, "inputs and targets")
    ordered = aligned(u.array, x.array, "inputs and targets")
    check_times(u.array, x.array, "inputs and targets")
    held = Trials(ordered.values, x.values, given_mask(mask, x.array))
    return Behaviour(held, x.dt), x.labels or u.labels or tuple(map(str, range(x.values.shape[2])))


def by_rule(rule: Definition) -> tuple[Behaviour, tuple[str, ...]]:
    """Return the behaviour whose trials a rule draws, and the labels of its components."""
    pool = rule.draw(generator(_FIRST), _POOL, held_out=False)
    return Behaviour(pool, rule.dt, rule), rule.components


def stream(seed: int, held_out: bool) -> np.random.Generator:
    """Return the random numbers of trials: held-out ones have a stream that no other seed draws from."""
    return np.random.Generator(np.random.Philox(key=[checked_seed(seed), _HELD_OUT if held_out else 0]))


def _check_shapes(inputs: Samples, targets: Samples) -> None:
    if inputs.values.shape != targets.values.shape:
        raise ValueError(
            f"inputs have shape {inputs.values.shape}, targets {targets.values.shape} (trial, time, component); "
            "give both every component: mask 0 for what is only an input, input 0 for what is only an output"
        )


def _spread_and_size(
    x: Float[np.ndarray, "trial time component"], counts: np.ndarray
) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
    """Return standard deviation and largest size (component) of what counts; 0 where nothing does."""
    n = np.maximum(counts.sum(axis=(0, 1)), 1)
    mean = (x * counts).sum(axis=(0, 1)) / n
    return np.sqrt((((x - mean) * counts) ** 2).sum(axis=(0, 1)) / n), np.abs(x * counts).max(axis=(0, 1))


def _pace(
    x: Float[np.ndarray, "trial time component"], counts: np.ndarray, dt: float
) -> Float[np.ndarray, " component"]:
    """Return the mean of |dx/dt| (component) over steps both of whose ends count; 0 where there is none."""
    steps = counts[:, 1:] & counts[:, :-1]
    return (np.abs(np.diff(x, axis=1)) * steps).sum(axis=(0, 1)) / (np.maximum(steps.sum(axis=(0, 1)), 1) * dt)
