"""A task named on the command line: from the shelf, a TOML file, or a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tonicnet as tn

_RECORDINGS = (".nc", ".csv", ".npy")


def read_tasks(given: Sequence[str], *, dt: float | None = None, variable: str | None = None) -> list[tn.Task]:
    """Return the tasks of shelf names, TOML files and recordings; ``dt`` is for NPY, ``variable`` for NetCDF."""
    suffixes = {Path(name).suffix for name in given}
    if dt is not None and ".npy" not in suffixes:
        raise ValueError("--dt is the sampling step of an NPY recording, and none is given; leave it out")
    if variable is not None and ".nc" not in suffixes:
        raise ValueError("--variable names what to learn in a NetCDF recording, and none is given; leave it out")
    return [_task(name, dt, variable) for name in given]


def files(given: Sequence[str]) -> list[Path]:
    """Return the files among the tasks."""
    return [Path(name) for name in given if name not in tn.tasks() and Path(name).is_file()]


def _task(name: str, dt: float | None, variable: str | None) -> tn.Task:
    path = Path(name)
    if name in tn.tasks() or path.suffix not in _RECORDINGS:
        return tn.task(name)
    array = tn.read_recording(
        path, dt=dt if path.suffix == ".npy" else None, variable=variable if path.suffix == ".nc" else None
    )
    return tn.Task.from_array(array, name=path.stem)
