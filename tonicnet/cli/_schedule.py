"""What to run: a schedule in one word, or a task and a duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

EACH = 10.0  # seconds of each task of a bank where nothing is asked for

Pairs = list[tuple[str, float]]


def read_schedule(text: str) -> Pairs:
    """Read ``task:seconds,task:seconds``.

    >>> read_schedule("lorenz:20, hopf:5")
    [('lorenz', 20.0), ('hopf', 5.0)]
    """
    return [_pair(part, text) for part in text.split(",")]


def _pair(part: str, text: str) -> tuple[str, float]:
    name, colon, number = part.strip().rpartition(":")
    try:
        seconds = float(number)
    except ValueError:
        seconds = 0.0
    if not (name.strip() and colon and 0 < seconds < float("inf")):
        raise ValueError(
            f"a schedule reads task:seconds,task:seconds (as in lorenz:20,van-der-pol:20); "
            f"cannot read {part.strip()!r} in {text!r}"
        )
    return name.strip(), seconds


def asked(bank: xr.Dataset, schedule: str | None, task: str | None, duration: float | None) -> Pairs:
    """Return the schedule asked for, or every task of the bank in turn if nothing is asked for."""
    if schedule is not None:
        if task is not None or duration is not None:
            raise ValueError("give either --schedule, or --task with --duration, not both")
        return read_schedule(schedule)
    seconds = EACH if duration is None else duration
    names = [str(name) for name in bank["task"].values] if task is None else [task]
    return [(name, seconds) for name in names]


def written(pairs: Pairs) -> str:
    """Return a schedule as it would be typed.

    >>> written([("lorenz", 20.0)])
    'lorenz:20'
    """
    return ",".join(f"{name}:{seconds:g}" for name, seconds in pairs)
