"""A task: a target that a network is to reproduce, in its own units and its own time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import choose
from ._field import Field
from ._flow import checked_flow
from ._given import given_grid, given_labels, given_row, given_scaling, given_state
from ._recording import recording
from ._source import Source, count_of
from ._spec import KINDS, Sampling, Spec, spec_from_dict
from ._systems import SYSTEMS

_DEGENERATE = 1e-6  # a component whose spread is this share of the largest does not move


@final
class Task:
    """A dynamical system dx/dt = f(x) of your own, as a target. Frozen once made.

    Arguments: ``flow``, a function of a state (d,) or states (..., d) in the task's units that returns dx/dt
    per task-time unit; ``name``; ``initial`` (d,), a state from which the system finds its attractor;
    ``kind``, "chaos", "cycle" or "memory"; ``components``, their names; ``center`` and ``scale`` (d,) of the
    scaled state z = (x - center) / scale, by default mean and standard deviation of the reference run;
    ``speed``, task-time units per second (chosen when learning if not given); ``dt``, ``transient`` and
    ``duration`` of the reference run in task time; ``low`` and ``high`` (d,), corners of the box of random
    starts (needed for a memory; by default starts scatter round the run from ``initial``); ``truth``, facts a
    test can check.

    Raises TypeError or ValueError, in one sentence, for a flow of the wrong shape, one that raises or gives
    NaN, and for anything of the wrong type or length.

    >>> import numpy as np, tonicnet as tn
    >>> def pendulum(x):
    ...     return np.stack([x[..., 1], -np.sin(x[..., 0]) - 0.1 * x[..., 1]], axis=-1)
    >>> task = tn.Task(pendulum, name="pendulum", initial=[1.0, 0.0], kind="memory",
    ...                low=[-2, -2], high=[2, 2])
    >>> task.flow(np.zeros((4, 2))).shape
    (4, 2)
    """

    _spec: Spec
    _source: Source

    def __init__(
        self,
        flow: Callable[..., Any],
        *,
        name: str,
        initial: Any,
        kind: str = "chaos",
        components: Sequence[str] | None = None,
        center: Any = None,
        scale: Any = None,
        speed: int | float | None = None,
        dt: int | float = 0.01,
        transient: int | float = 50.0,
        duration: int | float = 50.0,
        low: Any = None,
        high: Any = None,
        truth: Mapping[str, Any] | None = None,
        title: str = "",
        cite: str = "",
    ) -> None:
        start = given_state(initial, what="initial")
        choose("kind of a vector field", kind, [k for k in KINDS if k != "recording"])
        sampling = Sampling(dt, transient, duration, given_row(low, what="low"), given_row(high, what="high"))
        spec = Spec(
            name=name,
            system="callable",
            kind=kind,
            components=given_labels(components, start.size),
            title=title,
            cite=cite,
            speed=speed,
            sampling=sampling,
            scaling=given_scaling(center, scale),
            truth=truth or {},
        )
        _check_length(spec, start.size)
        if kind == "memory" and sampling.low is None:
            raise ValueError(f"task {name!r} is a memory and needs low and high, the box of random starts")
        source = Field(checked_flow(flow, start), start, kind=kind, sampling=sampling)
        self._fill(spec, source)

    @classmethod
    def from_array(
        cls,
        array: Any,
        *,
        name: str,
        dt: int | float | None = None,
        components: Sequence[str] | None = None,
        center: Any = None,
        scale: Any = None,
        title: str = "",
        cite: str = "",
    ) -> Task:
        """Make a task of a recording.

        ``array``: DataArray with dims (time), (time, component) or (trial, time, component), its time in
        seconds and evenly spaced; or a plain array of these shapes with ``dt`` in seconds. Raises TypeError
        or ValueError for other dims, NaN (the first time is named), uneven time, or fewer than four samples.

        >>> import numpy as np
        >>> t = np.arange(0, 10, 0.01)
        >>> task = Task.from_array(np.stack([np.sin(t), np.cos(t)], axis=1), name="circle", dt=0.01)
        >>> task.kind, task.dimension, task.speed
        ('recording', 2, 1.0)
        """
        source, labels = recording(array, dt)
        spec = Spec(
            name=name,
            system="recording",
            kind="recording",
            components=labels if components is None else given_labels(components, source.dimension),
            title=title,
            cite=cite,
            speed=1.0,
            sampling=Sampling(dt=source.dt, transient=0.0, duration=source.duration),
            scaling=given_scaling(center, scale),
        )
        _check_length(spec, source.dimension)
        return cls._made(spec, source)

    @classmethod
    def from_spec(cls, spec: Spec) -> Task:
        """Make a task of a system of the shelf, from its spec."""
        if spec.system not in SYSTEMS:
            raise ValueError(
                f"task {spec.name!r} was made from a {spec.system}, which its spec does not hold; "
                "make it again with Task(...) or Task.from_array(...)"
            )
        flow = SYSTEMS[spec.system].bind(spec.parameters)
        sampling = spec.sampling
        if sampling.low is None or sampling.high is None:
            raise ValueError(f"task {spec.name!r}: [sampling] needs low and high, the box of random starts")
        middle = (np.array(sampling.low) + np.array(sampling.high)) / 2
        return cls._made(spec, Field(flow, middle, kind=spec.kind, sampling=sampling))

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> Task:
        """Make the task that :meth:`to_dict` described. Raises ValueError if the spec does not suffice.

        >>> import tonicnet as tn
        >>> Task.from_dict(tn.task("hopf").to_dict()).name
        'hopf'
        """
        spec = spec_from_dict(tables, where="task spec")
        if spec.system != "recording":
            return cls.from_spec(spec)
        held = tables.get("recording", {})
        if set(held) != {"dt", "values"}:
            raise ValueError(f"task spec {spec.name!r} is a recording and needs [recording] with dt and values")
        source, _ = recording(held["values"], held["dt"])
        _check_length(spec, source.dimension)
        return cls._made(spec, source)

    @classmethod
    def _made(cls, spec: Spec, source: Source) -> Task:
        task = cls.__new__(cls)
        task._fill(spec, source)
        return task

    def _fill(self, spec: Spec, source: Source) -> None:
        vars(self).update(_spec=spec, _source=source)

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"a Task is frozen: {key} cannot be set; make a new Task instead")

    def __repr__(self) -> str:
        return f"Task({self.name!r}, kind={self.kind!r}, components={self.components})"

    @property
    def name(self) -> str:
        """The task's name."""
        return self._spec.name

    @property
    def kind(self) -> str:
        """What it is: "chaos", "cycle", "memory" or "recording"."""
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
        """The longest run there is, in task time: infinite for a vector field."""
        return self._source.duration

    @property
    def dt(self) -> float:
        """The sampling step that resolves the task, in task time; the recording's own for a recording."""
        return self._spec.sampling.dt

    @property
    def speed(self) -> int | float | None:
        """Task-time units per second, if given; 1 for a recording."""
        return self._spec.speed

    @property
    def truth(self) -> dict[str, Any]:
        """Known facts about the system, by name."""
        return dict(self._spec.truth)

    @property
    def has_flow(self) -> bool:
        """Whether there is a vector field."""
        return self._source.has_flow

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Return dx/dt (..., d) at states x (..., d), in task units per task-time unit.

        Raises ValueError for states of another dimension and TypeError for a recording, which has no field.

        >>> import numpy as np, tonicnet as tn
        >>> tn.task("hopf").flow(np.array([[1.0, 0.0]]))
        array([[0., 1.]])
        """
        x = np.asarray(x, dtype=float)
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
        cubic spline if ``dt`` is not the recording's. Raises ValueError for a run that diverges (the time is
        named), or is longer than the recording. Source: Hairer, Nørsett and Wanner 1993,
        doi:10.1007/978-3-540-78862-1 (DOP853, relative tolerance 1e-9).

        >>> import tonicnet as tn
        >>> run = tn.task("van-der-pol").trajectory(2.0, 0.5, trials=3)
        >>> dict(run.output.sizes)
        {'trial': 3, 'time': 5, 'component': 2}
        """
        times = given_grid(duration, dt)
        start = None if initial is None else self._starts(initial)
        x = self._source.run(times, start, trials=count_of(trials, what="trials"), seed=seed)
        return self._labelled(x, times, seed)

    def initial(self, trials: int, *, seed: int = 0) -> Float[np.ndarray, "trial component"]:
        """Return random states (trial, d) on the attractor, in task units; samples of a recording.

        >>> import numpy as np, tonicnet as tn
        >>> bool(np.allclose(np.hypot(*tn.task("hopf").initial(5).T), 1.0))
        True
        """
        return self._source.initial(count_of(trials, what="trials"), seed=seed)

    def states(self, count: int, *, seed: int = 0) -> Float[np.ndarray, "count component"]:
        """Return states (count, d) where the field matters, in task units.

        For chaos, states on the attractor; for cycles and memories half of them on the way to it, from the
        box of random starts; for a recording, its samples.

        >>> import tonicnet as tn
        >>> tn.task("two-well").states(10).shape
        (10, 2)
        """
        return self._source.states(count_of(count, what="count"), seed=seed)

    @cached_property
    def center(self) -> Float[np.ndarray, " component"]:
        """The origin (d,) of the scaled state z = (x - center) / scale, in task units."""
        given = self._spec.scaling.get("center")
        return _still(self._source.reference()[0].mean(axis=0) if given is None else np.array(given))

    @cached_property
    def scale(self) -> Float[np.ndarray, " component"]:
        """The unit (d,) of the scaled state, in task units; one that never moves takes the largest."""
        given = self._spec.scaling.get("scale")
        return _still(_spread(self._source.reference()[0]) if given is None else np.array(given))

    @cached_property
    def time_scale(self) -> float:
        """The time, in task time, in which a component moves by one standard deviation.

        1 / rms over states and components of (dx/dt) / scale, over the reference run; over the box of random
        starts for a memory, whose attractor is at rest. Infinite if nothing moves.
        """
        slope = self._source.reference()[1] / self.scale
        rms = float(np.sqrt(np.mean(slope**2)))
        return 1 / rms if rms > 0 else float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain tables that JSON can hold, its scaling included.

        A recording carries its samples, or raises ValueError if they are too many; a task made from a
        function carries everything but the function (``"system": "callable"``).

        >>> import tonicnet as tn
        >>> tn.task("hopf").to_dict()["parameters"]
        {'mu': 1.0, 'omega': 1.0}
        """
        scaling = {"center": tuple(self.center.tolist()), "scale": tuple(self.scale.tolist())}
        return {**replace(self._spec, scaling=scaling).to_dict(), **self._source.data()}

    def _starts(self, initial: Any) -> Float[np.ndarray, "trial component"]:
        start = np.atleast_2d(np.asarray(initial, dtype=float))
        if start.ndim != 2 or start.shape[1] != self.dimension or not np.isfinite(start).all():
            raise ValueError(
                f"initial must hold finite states of shape (trial, {self.dimension}), got shape {start.shape}"
            )
        return start

    def _labelled(
        self, x: Float[np.ndarray, "trial time component"], times: Float[np.ndarray, " time"], seed: int
    ) -> xr.Dataset:
        n = len(times)
        return dataset(
            {"output": Variable(("trial", "time", "component"), x, "1", f"state of {self.name}")},
            coords={
                "trial": Variable(("trial",), np.arange(len(x)), "1", "trial"),
                "time": Variable(("time",), times, "1", "time in the task's own units"),
                "component": Variable(("component",), list(self.components), "1", "component of the task"),
                "task_time": Variable(("time",), times, "1", "time in the task's own units"),
                "segment": Variable(("time",), np.full(n, self.name), "1", "task in force"),
                "segment_index": Variable(("time",), np.zeros(n, int), "1", "position in the schedule"),
                "dimension": Variable(("time",), np.full(n, self.dimension), "1", "components in use"),
            },
            kind="truth",
            task_kind=self.kind,
            seed=int(seed),
        )


def _check_length(spec: Spec, dimension: int) -> None:
    if len(spec.components) != dimension:
        raise ValueError(f"task {spec.name!r} has {dimension} components, got {len(spec.components)} names for them")


def _spread(x: Float[np.ndarray, "count component"]) -> Float[np.ndarray, " component"]:
    spread = x.std(axis=0)
    largest = float(spread.max()) or 1.0
    return np.where(spread > _DEGENERATE * largest, spread, largest)


def _still(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values
