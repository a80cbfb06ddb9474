"""A task named on the command line: from the shelf, a TOML file, or a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tonicnet as tn


def read_tasks(
    given: Sequence[str], *, dt: float | None = None, variable: str | None = None, time: str | None = None
) -> list[tn.Task]:
    """Return the tasks of shelf names, TOML files and recordings; the options are for the last."""
    recordings = [name for name in given if _is_recording(name)]
    for flag, value, means in (
        ("--dt", dt, "is the sampling step of a recording"),
        ("--time", time, "names what is time in a recording"),
        ("--variable", variable, "names what to learn in a NetCDF recording"),
    ):
        if value is not None and not recordings:
            raise ValueError(f"{flag} {means}, and none is given; leave it out")
    if variable is not None and not any(Path(name).suffix == ".nc" for name in recordings):
        raise ValueError("--variable names what to learn in a NetCDF recording, and none is given; leave it out")
    return [_recording(Path(n), dt, variable, time) if n in recordings else tn.task(n) for n in given]


def files(given: Sequence[str]) -> list[Path]:
    """Return the files among the tasks."""
    return [Path(name) for name in given if name not in tn.tasks() and Path(name).is_file()]


def _is_recording(name: str) -> bool:
    """Return whether a name is that of a file other than a task's TOML; which kinds can be read, reading it tells."""
    suffix = Path(name).suffix
    return name not in tn.tasks() and suffix != ".toml" and (bool(suffix) or Path(name).is_file())


def _recording(path: Path, dt: float | None, variable: str | None, time: str | None) -> tn.Task:
    array = tn.read_recording(path, dt=dt, variable=variable if path.suffix == ".nc" else None, time=time)
    return tn.Task.from_array(array, name=path.stem)
