"""What a task is and what it gives: read from its spec and its source, however it was made."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import choose
from ._arguments import count_of, given_grid, given_numbers, given_starts
from ._behaviour import Behaviour, stream
from ._chart import Chart
from ._definition import Definition
from ._layout import run_dataset, samples_dataset, trials_dataset
from ._plant import Plant
from ._sample_set import PARTS, sample_set
from ._source import Source
from ._spec import Spec
from ._truth import Facts


class Described:
    """A spec, which says what a task is, and a source, which gives its field, runs, trials or samples."""

    _spec: Spec
    _source: Source

    @property
    def name(self) -> str:
        """The task's name."""
        return self._spec.name

    @property
    def kind(self) -> str:
        """What it is: "chaos", "cycle", "memory", "recording", "behaviour", "regression" or "classification"."""
        return self._spec.kind

    @property
    def title(self) -> str:
        """What it is, in words."""
        return self._spec.title

    @property
    def cite(self) -> str:
        """Where it comes from."""
        return self._spec.cite

    @property
    def components(self) -> tuple[str, ...]:
        """The names of its components."""
        return self._spec.components

    @property
    def dimension(self) -> int:
        """How many components it has."""
        return self._source.dimension

    @property
    def duration(self) -> float:
        """The longest run there is, in task time: infinite for a vector field, a trial's length for a behaviour."""
        return self._source.duration

    @property
    def dt(self) -> float:
        """The sampling step that resolves the task, in task time; the samples' own if it is made of samples."""
        return self._spec.sampling.dt

    @property
    def speed(self) -> int | float | None:
        """Task-time units per second, if given; 1 for a behaviour, and for a recording that asks for no other."""
        return self._spec.speed

    @property
    def truth(self) -> dict[str, Any]:
        """Known facts about the system, by name; a KeyError says which there are."""
        return Facts(self.name, self._spec.truth)

    @property
    def chart(self) -> Chart:
        """The map between the system's own state, with its phases, and the task's components (:class:`Chart`).

        Both are the same but for systems of :func:`from_dysts` with phases.

        >>> import tonicnet as tn
        >>> tn.task("lorenz").chart.to_own([[1.0, 2.0, 3.0]])
        array([[1., 2., 3.]])
        """
        return self._source.chart or Chart(self.components)

    @property
    def has_flow(self) -> bool:
        """Whether there is a vector field."""
        return self._source.has_flow

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Return dx/dt (..., d) at states x (..., d), in task units per task-time unit.

        Raises ValueError for states of another dimension and TypeError for a recording or a
        behaviour, which has no field.

        >>> import numpy as np, tonicnet as tn
        >>> tn.task("hopf").flow(np.array([[1.0, 0.0]]))
        array([[0., 1.]])
        """
        x = given_numbers(x, what="a state")
        if x.shape[-1:] != (self.dimension,):
            raise ValueError(
                f"task {self.name!r} has {self.dimension} components, got states of shape {x.shape}; "
                f"the last axis must be {self.dimension} long"
            )
        return self._source.flow(x)

    def trajectory(
        self, duration: int | float, dt: int | float, *, seed: int = 0, trials: int = 1, initial: Any = None
    ) -> xr.Dataset:
        """Return reference runs: x(k dt) for k dt = 0 .. duration, after the transient.

        Arguments: ``duration`` and ``dt`` in task time; ``seed`` and ``trials`` of the random starts; or
        ``initial`` (trial, d), states to start from at once, with no transient. Returns a Dataset with
        ``output(trial, time, component)`` in task units; ``time`` and ``task_time`` are the same. Windows of
        a recording start at random samples, or at the recorded states ``initial``, and are interpolated by a
        cubic spline if ``dt`` is not the recording's. A behaviour gives the targets of random trials from
        their start (of random ones that start at ``initial``); ``dt`` is the trials' or a multiple of it.
        Random starts that diverge are replaced by others. Raises ValueError for a run from ``initial`` that
        diverges (the time is named), an integration that takes too many steps (the time reached and the reason
        are named), and a run longer than the recording or the trials. Source: Hairer, Nørsett and Wanner 1993,
        doi:10.1007/978-3-540-78862-1 (DOP853, relative tolerance 1e-9).

        >>> import tonicnet as tn
        >>> run = tn.task("van-der-pol").trajectory(2.0, 0.5, trials=3)
        >>> dict(run.output.sizes)
        {'trial': 3, 'time': 5, 'component': 2}
        """
        times = given_grid(duration, dt)
        start = None if initial is None else given_starts(initial, self.components)
        x = self._source.run(times, start, trials=count_of(trials, what="trials"), seed=seed)
        return run_dataset(x, times, spec=self._spec, seed=seed)

    def trials(self, count: int, *, seed: int = 0) -> xr.Dataset:
        """Return random trials of a behaviour: ``input``, ``target`` and ``mask`` (trial, time, component).

        All in task units; no trial comes twice unless ``count`` exceeds them. The same ``seed`` draws the
        same trials for :meth:`trajectory` and :meth:`initial`. A behaviour of the shelf draws new trials by its rule,
        as many as are asked for. Raises TypeError for tasks of other kinds.

        >>> import numpy as np, tonicnet as tn
        >>> u = np.zeros((5, 20, 2))
        >>> task = tn.Task.from_trials(u, u + np.arange(20)[:, None], name="ramp", dt=0.1, mask=np.arange(20) > 9)
        >>> some = task.trials(3, seed=1)
        >>> dict(some["target"].sizes), float(some["mask"].mean())
        ({'trial': 3, 'time': 20, 'component': 2}, 0.5)
        """
        drawn = self._source.drawn(count_of(count, what="count"), seed=seed)
        return trials_dataset(drawn, spec=self._spec, seed=seed)

    def held_out(self, count: int, *, seed: int = 0) -> xr.Dataset:
        """Return trials of a behaviour of the shelf that no fit learns from, laid out as by :meth:`trials`.

        They come from random numbers of their own, whatever the seed; where a behaviour has conditions (goals of a
        reach), these are not those of training either. Raises TypeError for tasks of other kinds, and for a behaviour
        of trials that were given.

        >>> import tonicnet as tn
        >>> task = tn.task("flip-flop", bits=2)
        >>> bool((task.held_out(4)["input"] == task.trials(4)["input"]).all())
        False
        """
        drawn = self._source.drawn(count_of(count, what="count"), seed=seed, held_out=True)
        return trials_dataset(drawn, spec=self._spec, seed=seed)

    def samples(self, part: str | None = None) -> xr.Dataset:
        """Return the samples of a regression or classification: ``input`` and ``label``, or ``target``, by ``sample``.

        ``part``: "train", "validation" or "test"; all if not given. Raises TypeError for tasks of other kinds,
        ValueError for an unknown part.

        >>> import numpy as np, tonicnet as tn
        >>> task = tn.Task.from_samples(np.eye(10), np.arange(10) % 2, name="odd", classes=("even", "odd"))
        >>> task.samples("test")["label"].values.tolist()
        ['even', 'odd']
        """
        held = sample_set(self)
        chosen = np.arange(len(held.part)) if part is None else np.flatnonzero(held.part == _part_number(part))
        return samples_dataset(held, chosen, spec=self._spec)

    def initial(self, trials: int, *, seed: int = 0) -> Float[np.ndarray, "trial component"]:
        """Return random states (trial, d) on the attractor, in task units; samples of a recording, first targets
        of random trials.

        >>> import numpy as np, tonicnet as tn
        >>> bool(np.allclose(np.hypot(*tn.task("hopf").initial(5).T), 1.0))
        True
        """
        return self._source.initial(count_of(trials, what="trials"), seed=seed)

    def states(self, count: int, *, seed: int = 0) -> Float[np.ndarray, "count component"]:
        """Return states (count, d) where the field matters, in task units.

        For chaos, states on the attractor; for cycles and memories half of them on the way to it, from the
        box of random starts; for a recording, its samples; for a behaviour, targets that count.

        >>> import tonicnet as tn
        >>> tn.task("two-well").states(10).shape
        (10, 2)
        """
        return self._source.states(count_of(count, what="count"), seed=seed)

    @cached_property
    def center(self) -> Float[np.ndarray, " component"]:
        """The origin (d,) of the scaled state z = (x - center) / scale, in task units."""
        given = self._spec.scaling.get("center")
        return _still(self._source.scaling()[0] if given is None else np.array(given))

    @cached_property
    def scale(self) -> Float[np.ndarray, " component"]:
        """The unit (d,) of the scaled state, in task units; one that never moves takes the largest."""
        given = self._spec.scaling.get("scale")
        return _still(self._source.scaling()[1] if given is None else np.array(given))

    @cached_property
    def time_scale(self) -> float:
        """The time, in task time, in which a component moves by one standard deviation.

        1 / rms over states and components of (dx/dt) / scale, over the reference run; over the box of random
        starts for a memory, whose attractor is at rest. Infinite if nothing moves. A behaviour's targets may
        jump: the mean of |dx/dt| over time is taken, over components that move; at most a trial's length.
        """
        return self._source.time_scale(self.scale)


def rule_of(task: Described) -> Definition | None:
    """Return the rule that draws the trials of a behaviour of the shelf; None for any other task."""
    return task._source.rule if isinstance(task._source, Behaviour) else None


def plant_of(task: Described, count: int, *, seed: int, held_out: bool) -> Plant | None:
    """Return what the output moves in the trials that a seed draws; None where it moves nothing."""
    rule = rule_of(task)
    return None if rule is None else rule.plant(stream(seed, held_out), count, held_out=held_out)


def _part_number(part: str) -> int:
    return PARTS.index(choose("part of the samples", part, PARTS))


def _still(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values
