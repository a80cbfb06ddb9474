"""A task: a target that a network is to reproduce, in its own units and its own time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import choose
from ..labelled import resample_recording
from ._arguments import (
    count_of,
    given_grid,
    given_labels,
    given_numbers,
    given_row,
    given_scaling,
    given_speed,
    given_starts,
    given_state,
)
from ._behaviour import Behaviour, behaviour, stream
from ._card import task_card
from ._chart import Chart
from ._definition import Definition
from ._embedding import embed_recording
from ._factory import by_reference, remake
from ._field import Field
from ._given_samples import given_samples
from ._layout import run_dataset, samples_dataset, trials_dataset
from ._plant import Plant
from ._recording import recording
from ._sample_set import PARTS, sample_set
from ._sampled import STORED, restored, sampled
from ._source import Source
from ._spec import FLOWS, STILL, Sampling, Spec, spec_from_dict
from ._store import identity_of
from ._systems import SYSTEMS
from ._truth import Facts
from ._user_field import checked_flow


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
    test can check; ``plane``, the two components in whose plane pictures show it (by default the first and the last of
    its first three).

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
        plane: Sequence[str] = (),
    ) -> None:
        start = given_state(initial, what="initial")
        choose("kind of a vector field", kind, FLOWS)
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
            plane=tuple(plane),
        )
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
        time: str | None = None,
        resample: Any = None,
        embed: Any = None,
        speed: Any = 1.0,
        components: Sequence[str] | None = None,
        center: Any = None,
        scale: Any = None,
        title: str = "",
        cite: str = "",
    ) -> Task:
        """Make a task of a recording.

        ``array``: DataArray or Dataset with dims (time), (time, component) or (trial, time, component); a DataFrame or
        Series with time as its index or in a column; Tsd or TsdFrame of pynapple; the path of a file
        (:func:`read_recording`); all with even time, in seconds unless its units (or its name, ``time_ms``) tell
        another unit, or as dates. Or an array, masked array, Brian2 quantity or tensor of these shapes with ``dt`` in
        seconds; with time that is rounded, ``dt`` gives the exact step. A list of several of one length are trials.
        ``time`` names the column or dim that is time where it is not clear. Raises TypeError or ValueError for other
        dims, values that are missing, masked (the first time is named), complex or objects, uneven time, gaps, an
        array that seems transposed, or fewer than four samples. :func:`tonicnet.cut_trials` makes trials of a recording
        with gaps.

        ``resample``: the step in seconds to which uneven time, missing samples and trials of different lengths are
        brought, or "auto" (:func:`tonicnet.resample_recording`). ``embed``: for one component, (lag in seconds, number
        of coordinates), or "auto": delayed coordinates x(t), x(t - lag), ... become the components
        (:func:`tonicnet.embed_recording`). ``speed``: recorded seconds in a second of the network, or "auto", chosen
        when learning as for a flow; 1 keeps the recording's own time.

        >>> import numpy as np
        >>> t = np.arange(0, 10, 0.01)
        >>> task = Task.from_array(np.stack([np.sin(t), np.cos(t)], axis=1), name="circle", dt=0.01)
        >>> task.kind, task.dimension, task.speed
        ('recording', 2, 1.0)
        """
        words = {"name": name, "title": title, "cite": cite}
        held = (
            (array, dt, time)
            if resample is None
            else (resample_recording(array, step=resample, dt=dt, time=time), None, None)
        )
        held = held if embed is None else (embed_recording(held[0], embed, dt=held[1], time=held[2]), None, None)
        made = sampled("recording", recording(*held), components=components, center=center, scale=scale, **words)
        return cls._made(replace(made[0], speed=given_speed(speed)), made[1])

    @classmethod
    def from_trials(
        cls,
        inputs: Any,
        targets: Any,
        *,
        name: str,
        dt: int | float | None = None,
        time: str | None = None,
        mask: Any = None,
        components: Sequence[str] | None = None,
        center: Any = None,
        scale: Any = None,
        title: str = "",
        cite: str = "",
    ) -> Task:
        """Make a task of an input/output behaviour: what goes in, what should come out, and where that counts.

        A fit makes m (x - x*)^2 small, x the output, x* ``targets``, m ``mask``. ``inputs`` u and ``targets``:
        anything that :meth:`from_array` takes (``dt`` and ``time`` are as there); trials and components that both
        name are paired by their names. Both have the same shape, since u enters as
        E u in the K components through which the output is fed back, in the task's units: a component that
        is only an input has mask 0, one that is only an output has input 0. ``mask`` m >= 0 (default 1)
        broadcasts to that shape, or is (trial, time) or (time,), which are tried first. ``center`` is 0
        unless given; ``scale`` the standard deviation of the targets that count, or the rms of the inputs of
        a component where no such target moves. Raises TypeError or ValueError for shapes, times or labels
        that differ, what is not finite, and a mask that is negative or zero everywhere.

        >>> import numpy as np
        >>> pulses = np.random.default_rng(0).choice([0.0, 1.0, -1.0], p=[0.9, 0.05, 0.05], size=(8, 100, 1))
        >>> task = Task.from_trials(pulses, np.sign(pulses.cumsum(axis=1)), name="sign of the sum", dt=0.01)
        >>> task.kind, task.dimension, task.has_flow
        ('behaviour', 1, False)
        """
        words = {"name": name, "title": title, "cite": cite}
        made = sampled(
            "behaviour",
            behaviour(inputs, targets, mask, dt, time),
            components=components,
            center=center,
            scale=scale,
            **words,
        )
        return cls._made(*made)

    @classmethod
    def from_samples(
        cls,
        x: Any,
        y: Any,
        *,
        name: str,
        test: Any = 0.2,
        validation: Any = 0.1,
        classes: Sequence[str] | None = None,
        components: Sequence[str] | None = None,
        shift: int = 0,
        title: str = "",
        cite: str = "",
        seed: int = 0,
    ) -> Task:
        """Make a task of samples without time: a classification, or a regression, for a feed-forward network.

        ``x`` (sample, feature), (sample, row, column) or (sample, row, column, channel): an array, tensor, DataFrame
        with a row a sample, DataArray with a dim ``sample``, or Dataset with such a variable ``input``. ``y``: whole
        numbers or texts are labels of classes; decimal numbers (sample,) or (sample, component) are targets. Samples
        that both name are paired by their names. ``test`` and then ``validation``, on which learning is stopped, are
        shares of the samples, the same of each class, or a pair (x, y) of their own. ``classes`` are the names of
        classes 0, 1, ..., ``components`` those of targets. ``shift``: pictures may be moved by so many pixels while
        learning. ``seed`` draws the parts. Raises TypeError or ValueError for shapes that differ, what is not finite,
        labels out of range, and a class of which there is nothing to learn from.

        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(100, 4))
        >>> task = Task.from_samples(x, np.where(x[:, 0] > 0, "right", "left"), name="side")
        >>> task.kind, task.components, task.samples("test").sizes["sample"]
        ('classification', ('left', 'right'), 20)
        """
        source, names = given_samples(x, y, test=test, validation=validation, classes=classes, shift=shift, seed=seed)
        if components is not None and source.classes:
            raise ValueError("components are names of targets; the names of classes are classes=")
        words = {"name": name, "title": title, "cite": cite}
        kind = "classification" if source.classes else "regression"
        return cls._made(*sampled(kind, (source, names), components=components, center=None, scale=None, **words))

    @classmethod
    def from_spec(cls, spec: Spec) -> Task:
        """Make a task of a system of the shelf, from its spec."""
        if spec.system not in SYSTEMS:
            raise ValueError(
                f"task {spec.name!r} was made from a {spec.system}, which its spec does not hold; "
                "make it again with Task(...), Task.from_array(...), Task.from_trials(...) or Task.from_samples(...)"
            )
        flow = SYSTEMS[spec.system].bind(spec.parameters)
        sampling = spec.sampling
        if sampling.low is None or sampling.high is None:
            raise ValueError(f"task {spec.name!r}: [sampling] needs low and high, the box of random starts")
        middle = (np.array(sampling.low) + np.array(sampling.high)) / 2
        identity = identity_of({key: spec.to_dict()[key] for key in ("system", "kind", "parameters", "sampling")})
        return cls._made(spec, Field(flow, middle, kind=spec.kind, sampling=sampling, identity=identity))

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> Task:
        """Make the task that :meth:`to_dict` described. Raises ValueError if the spec does not suffice.

        >>> import tonicnet as tn
        >>> Task.from_dict(tn.task("hopf").to_dict()).name
        'hopf'
        """
        spec = spec_from_dict(tables, where="task spec")
        if spec.system == "factory":
            return cls._made(spec, remake(spec)._source)
        if spec.system not in STORED:
            return cls.from_spec(spec)
        return cls._made(*restored(spec, tables))

    @classmethod
    def _made(cls, spec: Spec, source: Source) -> Task:
        task = cls.__new__(cls)
        task._fill(spec, source)
        return task

    def _from_factory(self, table: Mapping[str, Any]) -> Task:
        """Return the task with its factory in the spec, where the spec does not suffice by itself."""
        if self._spec.system not in ("callable", *STILL) and rule_of(self) is None:
            return self
        return Task._made(replace(self._spec, system="factory", factory=table), self._source)

    def __reduce__(self) -> tuple[Callable[..., Task], tuple[Any, ...]]:
        if self._spec.system == "factory":
            return _remade, (self._spec, by_reference(self._spec.factory["name"]))
        if isinstance(self._source, Field):
            self._source.check_picklable(self.name)
        return Task._made, (self._spec, self._source)

    def __copy__(self) -> Task:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Task:
        return self

    def _fill(self, spec: Spec, source: Source) -> None:
        if len(spec.components) != source.dimension:
            raise ValueError(
                f"task {spec.name!r} has {source.dimension} components, got {len(spec.components)} names for them"
            )
        vars(self).update(_spec=spec, _source=source)

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"a Task is frozen: {key} cannot be set; make a new Task instead")

    def __repr__(self) -> str:
        return f"Task({self.name!r}, kind={self.kind!r}, components={self.components})"

    def _repr_html_(self) -> str:
        return task_card(self)

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

        >>> import numpy as np
        >>> u = np.zeros((5, 20, 2))
        >>> task = Task.from_trials(u, u + np.arange(20)[:, None], name="ramp", dt=0.1, mask=np.arange(20) > 9)
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

        >>> import numpy as np
        >>> task = Task.from_samples(np.eye(10), np.arange(10) % 2, name="odd", classes=("even", "odd"))
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

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain tables that JSON can hold, its scaling included.

        A recording or a behaviour carries its samples, or raises ValueError if they are too many; a task made from a
        function carries everything but the function (``"system": "callable"``), unless it was made by a
        registered factory (:func:`task_factory`), which :meth:`from_dict` calls again.

        >>> import tonicnet as tn
        >>> tn.task("hopf").to_dict()["parameters"]
        {'mu': 1.0, 'omega': 1.0}
        """
        scaling = {"center": tuple(self.center.tolist()), "scale": tuple(self.scale.tolist())}
        data = {} if self._spec.system == "factory" else self._source.data()
        return {**replace(self._spec, scaling=scaling).to_dict(), **data}


def rule_of(task: Task) -> Definition | None:
    """Return the rule that draws the trials of a behaviour of the shelf; None for any other task."""
    return task._source.rule if isinstance(task._source, Behaviour) else None


def plant_of(task: Task, count: int, *, seed: int, held_out: bool) -> Plant | None:
    """Return what the output moves in the trials that a seed draws; None where it moves nothing."""
    rule = rule_of(task)
    return None if rule is None else rule.plant(stream(seed, held_out), count, held_out=held_out)


def _remade(spec: Spec, _registered: Callable[..., Task] | None) -> Task:
    """Return a task of a factory in another process: unpickling the function has imported and registered it."""
    return Task._made(spec, remake(spec)._source)


def _part_number(part: str) -> int:
    return PARTS.index(choose("part of the samples", part, PARTS))


def _still(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values
