"""The shelf of tasks that come with the package."""

from __future__ import annotations

import os
from pathlib import Path

from .._names import choose, name_of, shown
from .._share import shelf
from ..labelled import is_file
from ._sample_shelf import SAMPLES, sample_task
from ._spec import read_spec
from ._task import Task


def tasks() -> list[str]:
    """Return the names of the tasks on the shelf.

    >>> import tonicnet as tn
    >>> "lorenz" in tn.tasks()
    True
    """
    return sorted(file.stem for file in shelf("tasks").glob("*.toml"))


def task(name: str | os.PathLike[str]) -> Task:
    """Return a task of the shelf by its name, or the one a TOML file describes.

    ``name``: one of :func:`tasks` or :func:`sample_tasks`, or a path that ends in ``.toml``. Raises ValueError for an
    unknown name (the nearest is suggested) or a file that is not a task, FileNotFoundError for a missing file. A file
    is parsed strictly and never executed.

    >>> import tonicnet as tn
    >>> tn.task("lorenz").components
    ('x', 'y', 'z')
    """
    name = name_of(name)
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"task takes a name or the path of a TOML file, got {type(name).__name__}")
    if Path(name).suffix == ".toml":
        return Task.from_spec(read_spec(name))
    if is_file(name):
        raise ValueError(
            f"{shown(str(name))[1:-1]} is no task's TOML file; if it is a recording, make a task of it with "
            "Task.from_array(path, name=...)"
        )
    if str(name) in SAMPLES:
        return sample_task(str(name))
    choose("task", str(name), [*tasks(), *SAMPLES])
    return Task.from_spec(read_spec(shelf("tasks") / f"{name}.toml"))
