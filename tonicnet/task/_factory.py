"""Functions that make tasks, by name: a task made by one is rebuilt from its spec, which names it."""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec

from .._names import shown

if TYPE_CHECKING:
    from ._spec import Spec
    from ._task import Task

Arguments = ParamSpec("Arguments")

FACTORIES: dict[str, Callable[..., Task]] = {}


def task_factory(
    name: str, *, package: str | None = None
) -> Callable[[Callable[Arguments, Task]], Callable[Arguments, Task]]:
    """Register a function that makes tasks, so that its tasks can be saved, rebuilt and sent to other processes.

    The spec of a task then holds ``name``, the function's arguments and the version of its ``package`` (by
    default the one the function is defined in). Files only name a factory; nothing in them is executed, and
    where no factory of that name is registered, :meth:`Task.from_dict` says what to import. The arguments must be
    numbers, texts, booleans, None or lists of them. Raises ValueError for a name another function has taken.

    >>> import numpy as np, tonicnet as tn
    >>> from tonicnet.task import task_factory
    >>> @task_factory("damped pendulum")
    ... def pendulum(damping: float = 0.1) -> tn.Task:
    ...     def flow(x):
    ...         return np.stack([x[..., 1], -np.sin(x[..., 0]) - damping * x[..., 1]], axis=-1)
    ...     return tn.Task(flow, name="pendulum", initial=[1.0, 0.0], kind="memory", low=[-2, -2], high=[2, 2])
    >>> tn.Task.from_dict(pendulum(damping=0.3).to_dict()).flow(np.array([0.0, 1.0]))
    array([ 1. , -0.3])
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f'a task factory needs a name, a text; got {shown(name)}: write @task_factory("name")')

    def register(function: Callable[Arguments, Task]) -> Callable[Arguments, Task]:
        signature = inspect.signature(function)
        version = functools.partial(_version, package or function.__module__.partition(".")[0])

        @functools.wraps(function)
        def factory(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Task:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            plain = {key: _plain(value, f"{key} of task factory {name!r}") for key, value in bound.arguments.items()}
            table = {"name": name, "arguments": plain, "module": function.__module__, "version": version()}
            return function(*args, **kwargs)._from_factory(table)

        taken = FACTORIES.get(name)
        if taken is not None and _place(taken) != _place(function):
            raise ValueError(f"the task factory {name!r} is already {_place(taken)}; register under another name")
        FACTORIES[name] = factory
        return factory

    return register


def remake(spec: Spec) -> Task:
    """Return the task that the factory named in a spec makes again.

    Raises ValueError if no such factory is registered, or if it fails. Warns if its package has another version.
    """
    table = spec.factory
    name, module = table["name"], table["module"]
    if name not in FACTORIES:
        raise ValueError(
            f"task {spec.name!r} was made by the task factory {name!r} of {module}, which is not registered (known: "
            f"{', '.join(sorted(FACTORIES))}); import {module} first, or register it with task_factory({name!r})"
        )
    try:
        task = FACTORIES[name](**table["arguments"])
    except Exception as error:
        raise ValueError(f"task {spec.name!r} cannot be made again by the task factory {name!r}: {error}") from error
    now = task._spec.factory.get("version")
    if now != table["version"]:
        warnings.warn(
            f"task {spec.name!r} was made by version {table['version'] or 'unknown'} of its package, now it is {now}; "
            "its field may differ",
            stacklevel=3,
        )
    return task


def registered(name: str) -> Callable[..., Task] | None:
    """Return the factory of a name, else None."""
    return FACTORIES.get(name)


def by_reference(name: str) -> Callable[..., Task] | None:
    """Return a factory that another process can import by its module, else None."""
    factory = FACTORIES.get(name)
    return None if factory is None or "<locals>" in factory.__qualname__ else factory


def _place(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(package), "__version__", ""))


def _plain(value: Any, what: str) -> Any:
    """Return an argument as a spec can hold it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, what) for item in value]
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, what) for key, item in value.items()}
    raise TypeError(
        f"{what} is {value!r:.60}, which a spec cannot hold; give numbers, texts, booleans, None, or lists or tables "
        "of them"
    )
