"""The shelf of tasks that come with the package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .._names import choose, name_of, shown
from .._share import shelf
from ..labelled import is_file
from ._behaviour_shelf import behaviours, made_behaviour
from ._recording_shelf import RECORDINGS, recording
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


def task(name: str | os.PathLike[str], **options: Any) -> Task:
    """Return a task of the shelf by its name, or the one a TOML file describes.

    ``name``: one of :func:`tasks`, :func:`behaviours`, :func:`recordings` or :func:`sample_tasks`, or a path that ends
    in ``.toml``.
    ``options``: those of a behaviour, as :func:`behaviour_options` lists them, and ``label``, a name of your own for
    it. Raises ValueError for an unknown name or option (the nearest is suggested) or a file that is not a task,
    FileNotFoundError for a missing file. A file is parsed strictly and never executed.

    >>> import tonicnet as tn
    >>> tn.task("lorenz").components, tn.task("flip-flop", bits=2).components
    (('x', 'y', 'z'), ('bit 1', 'bit 2'))
    """
    name = name_of(name)
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"task takes a name or the path of a TOML file, got {type(name).__name__}")
    if str(name) in behaviours():
        return made_behaviour(str(name), options)
    if options:
        choose("behaviour with options", str(name), [*tasks(), *SAMPLES, *RECORDINGS, *behaviours()])
        raise ValueError(
            f"task {shown(str(name))} takes no options, got {', '.join(options)}; those of a system stand in its TOML "
            "file, those of samples are given to sample_task, those of recordings to recording"
        )
    if Path(name).suffix == ".toml":
        return Task.from_spec(read_spec(name))
    if is_file(name):
        raise ValueError(
            f"{shown(str(name))[1:-1]} is no task's TOML file; if it is a recording, make a task of it with "
            "Task.from_array(path, name=...)"
        )
    if str(name) in SAMPLES:
        return sample_task(str(name))
    if str(name) in RECORDINGS:
        return recording(str(name))
    choose("task", str(name), [*tasks(), *behaviours(), *RECORDINGS, *SAMPLES])
    return Task.from_spec(read_spec(shelf("tasks") / f"{name}.toml"))
