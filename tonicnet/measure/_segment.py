"""One segment of a run: what lies between two switches."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from .._names import name_of, shown, unknown
from .._numbers import is_whole, real
from ._run import Labelled, Stretch, as_run, output_of, parts_of, task_of, time_of


def segment(run: Labelled, which: int | str, *, discard: float = 0.0) -> Labelled:
    """Return one segment of a run, by its number or its task's name, without its first ``discard``.

    Arguments: ``run``, a Dataset or DataArray with dim ``time``; ``which``, the number of the segment (from
    0) or the name of a task that is in force in one segment only; ``discard`` in task time.
    Raises ValueError for an unknown or ambiguous name, a number out of range, or nothing left.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import segment
    >>> t = np.arange(6) * 0.1
    >>> run = xr.DataArray(np.zeros((6, 1)), dims=("time", "component"),
    ...     coords={"time": t, "segment": ("time", ["a"] * 3 + ["b"] * 3)}, name="output")
    >>> segment(run, "b").sizes["time"]
    3
    """
    run, which = as_run(run), name_of(which)
    output = output_of(run, "run")
    time = time_of(output, "run")
    parts = parts_of(output, time)
    part = parts[_number(which, [task_of(output.isel(time=p)) for p in parts])]
    kept = _kept(time[part], discard)
    return run.isel(time=np.arange(output.sizes["time"])[part][kept])


def settled(stretch: Stretch, discard: float) -> Stretch:
    """Return a stretch without its first ``discard`` of task time."""
    count = int(_kept(stretch.time, discard).sum())
    return stretch.cut(count, start=len(stretch.time) - count)


def _kept(time: Float[np.ndarray, " time"], discard: float) -> Bool[np.ndarray, " time"]:
    kept = time - time[0] >= real(discard) - 1e-9
    if not real(discard) >= 0 or kept.sum() < 2:
        raise ValueError(
            f"discard={shown(discard)} does not fit a segment of {time[-1] - time[0]:g} task time; "
            "it must be at least 0 and leave 2 samples"
        )
    return kept


def _number(which: int | str, tasks: list[str]) -> int:
    if isinstance(which, str):
        found = [i for i, name in enumerate(tasks) if name == which]
        if not found:
            raise ValueError(unknown("segment", which, tasks))
        if len(found) > 1:
            raise ValueError(f"task {which!r} is in force in segments {found}; give the number of one")
        return found[0]
    if not is_whole(which, -len(tasks)) or which >= len(tasks):
        raise ValueError(f"there is no segment {shown(which)}: the run has {len(tasks)}, numbered from 0")
    return int(which)
