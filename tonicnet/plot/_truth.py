"""The truth beneath a run: which true runs are of its tasks."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from ..measure._true_runs import Truths, truths_of
from ._segments import Segment, segments


def true_segments(truth: Truths | None, run: xr.Dataset) -> dict[str, list[Segment]]:
    """Return the segments of the truth by the name of their task; one that names none is of any task of the run.

    ``truth`` is a true run, a mapping from task to true run, or the bank of the run, whose tasks are then run.
    """
    given = truths_of(truth, run)
    if given is None:
        return {}
    if isinstance(given, Mapping) and not isinstance(given, xr.Dataset):
        return {str(name): segments(one, f"truth of {name}") for name, one in given.items()}
    found: dict[str, list[Segment]] = {}
    for segment in segments(given, "truth"):
        for name in [segment.task] if segment.task else dict.fromkeys(s.task for s in segments(run)):
            found.setdefault(name, []).append(segment)
    return found
