"""A task: a target that a network is to reproduce, in its own units and its own time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np

from .._names import choose
from ..labelled import resample_recording
from ._arguments import (
    given_labels,
    given_row,
    given_scaling,
    given_speed,
    given_state,
)
from ._behaviour import behaviour
from ._card import task_card
from ._described import Described, rule_of
from ._embedding import embed_recording
from ._factory import by_reference, remake
from ._field import Field
from ._given_samples import given_samples
from ._recording import recording
from ._sampled import STORED, restored, sampled
from ._source import Source
from ._spec import FLOWS, STILL, Sampling, Spec, spec_from_dict
from ._store import identity_of
from ._systems import SYSTEMS
from ._user_field import checked_flow


@final
class Task(Described):
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


def _remade(spec: Spec, _registered: Callable[..., Task] | None) -> Task:
    """Return a task of a factory in another process: unpickling the function has imported and registered it."""
    return Task._made(spec, remake(spec)._source)
