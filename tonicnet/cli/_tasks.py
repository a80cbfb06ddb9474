"""A task named on the command line: from the shelf, a TOML file, or a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tonicnet as tn

_MEANS = {
    "dt": "is the sampling step of a recording",
    "time": "names what is time in a recording",
    "variable": "names what to learn in a NetCDF recording",
    "resample": "brings a recording to even steps",
    "embed": "makes delayed coordinates of a recording",
}  # what each option of recordings does


def read_tasks(
    given: Sequence[str], *, dt: float | None = None, variable: str | None = None, time: str | None = None,
    resample: str | None = None, embed: str | None = None,
) -> list[tn.Task]:  # fmt: skip
    """Return the tasks of shelf names, TOML files and recordings; the options are for the last."""
    recordings = [name for name in given if _is_recording(name)]
    shipped = [name for name in given if name in tn.recordings()]
    options = {"dt": dt, "time": time, "variable": variable, "resample": resample, "embed": embed}
    for flag, value in options.items():
        if value is not None and not recordings and not (flag == "embed" and shipped):
            raise ValueError(f"--{flag} {_MEANS[flag]}, and none is given; leave it out")
    if variable is not None and not any(Path(name).suffix == ".nc" for name in recordings):
        raise ValueError("--variable names what to learn in a NetCDF recording, and none is given; leave it out")
    delays = None if embed is None else _delays(embed)
    own = {"dt": dt, "time": time, "variable": variable, "resample": _step(resample), "embed": delays}
    return [_task(name, own, name in recordings, name in shipped) for name in given]


def files(given: Sequence[str]) -> list[Path]:
    """Return the files among the tasks."""
    return [Path(name) for name in given if name not in tn.tasks() and Path(name).is_file()]


def _task(name: str, own: Mapping[str, Any], is_recording: bool, is_shipped: bool) -> tn.Task:
    if is_recording:
        return _recording(Path(name), **own)
    return tn.recording(name, embed=own["embed"]) if is_shipped else tn.task(name)


def _is_recording(name: str) -> bool:
    """Return whether a name is that of a file other than a task's TOML; which kinds can be read, reading it tells."""
    suffix = Path(name).suffix
    return name not in tn.tasks() and suffix != ".toml" and (bool(suffix) or Path(name).is_file())


def _recording(
    path: Path, dt: float | None, variable: str | None, time: str | None, resample: Any, embed: Any
) -> tn.Task:
    variable = variable if path.suffix == ".nc" else None
    if resample is None:
        array = tn.read_recording(path, dt=dt, variable=variable, time=time)
        return tn.Task.from_array(array, name=path.stem, embed=embed)
    from ..labelled import opened  # here, for help must not wait for numpy

    held = path if variable is None else opened(path)[variable]
    return tn.Task.from_array(held, name=path.stem, dt=dt, time=time, resample=resample, embed=embed)


def _step(given: str | None) -> str | float | None:
    """Return the step of even samples: "auto", or seconds."""
    try:
        return given if given in (None, "auto") else float(given)
    except ValueError as error:
        raise ValueError(f"--resample is auto, or a step in seconds; got {given!r:.60}") from error


def _delays(given: str) -> str | tuple[float, int]:
    """Return delayed coordinates: "auto", or lag and count."""
    if given == "auto":
        return given
    found = re.fullmatch(r"([\d.eE+-]+),(\d+)", given.replace(" ", ""))
    try:
        return float(found[1]), int(found[2])  # type: ignore[index]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"--embed is auto, or LAG,COUNT in seconds and coordinates, such as 0.1,3; got {given!r:.60}"
        ) from error
