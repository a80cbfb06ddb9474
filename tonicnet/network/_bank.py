"""Reading a bank: which biases run when, and how the network's coordinates map to the task's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._names import unknown
from ._network import Network

Schedule = Sequence[tuple[str, float]]

_NEEDED = ("bias", "center", "scale", "speed", "dimension", "start")


@dataclass(frozen=True)
class Entry:
    """One task of a bank: its bias and the map z = (x - center) / scale between task and network.

    ``speed`` is in task-time units per second; components from ``dimension`` on are idle.
    ``start`` holds states of the task, in its own units, from which runs may begin.
    """

    task: str
    bias: Float[np.ndarray, " unit"]
    center: Float[np.ndarray, " component"]
    scale: Float[np.ndarray, " component"]
    speed: float
    dimension: int
    start: Float[np.ndarray, "trial component"]

    def to_network(self, x: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return z for x in the task's units."""
        return (x - self.center) / self.scale

    def to_task(self, z: Float[np.ndarray, "*any component"]) -> Float[np.ndarray, "*any component"]:
        """Return x in the task's units for z."""
        return self.center + self.scale * z


@dataclass(frozen=True)
class Segment:
    """A stretch of a run under one bias."""

    entry: Entry
    duration: float

    def steps(self, dt: float) -> int:
        """Return how many steps of ``dt`` the segment lasts."""
        count = round(self.duration / dt)
        if count < 1:
            raise ValueError(f"segment {self.entry.task!r} of {self.duration} s is shorter than one step of {dt} s")
        return count


def plan(
    net: Network,
    bias: xr.Dataset | xr.DataArray | np.ndarray,
    *,
    duration: float | None,
    schedule: Schedule | None,
    task: str | None = None,
) -> list[Segment]:
    """Return the segments of a run from either a duration (one task) or a schedule of (task, seconds).

    Raises ValueError for a bank of another network, an unknown task, or when it is not clear what to run.
    """
    if (duration is None) == (schedule is None):
        raise ValueError("give either duration= (seconds under one bias) or schedule= ([(task, seconds), ...])")
    if schedule is not None and task is not None:
        raise ValueError("a schedule names its tasks; leave task= out, or give duration= with it")
    if not isinstance(bias, xr.Dataset):
        if schedule is not None or task is not None:
            raise ValueError("a schedule names tasks and needs a bank; a bare bias vector runs with duration= only")
        return [Segment(bare(net, bias), _seconds(duration))]
    check_bank(net, bias)
    if schedule is None:
        return [Segment(entry(bias, _only(bias, task)), _seconds(duration))]
    pairs = _pairs(schedule)
    made = {name: entry(bias, name) for name, _ in pairs}
    return [Segment(made[name], seconds) for name, seconds in pairs]


def check_bank(net: Network, bank: xr.Dataset) -> None:
    """Refuse a bank learned on other synapses, with both hashes and the remedy; hash the synapses as they are now."""
    if "bias" not in bank or "task" not in bank["bias"].dims or "unit" not in bank["bias"].dims:
        raise ValueError("this Dataset is not a bank: it has no bias(task, unit); make one with tonicnet.fit")
    mine, theirs = net.verify(), bank.attrs.get("network_sha256")
    if theirs != mine:
        raise ValueError(
            f"this bank was learned on network {theirs}, not on this one ({mine}); "
            "load its own network with tonicnet.load_network(<bank file>) or learn the tasks again"
        )
    if bank.sizes["unit"] != net.units:
        raise ValueError(f"this bank has biases for {bank.sizes['unit']} units, the network has {net.units}")
    for name in _NEEDED:
        if name not in bank:
            raise ValueError(f"this bank has no {name!r}; take an intact copy or learn it again")
        if not np.isfinite(bank[name]).all():
            raise ValueError(
                f"this bank holds values of {name!r} that are not finite; take an intact copy or learn it again"
            )


def entry(bank: xr.Dataset, task: str) -> Entry:
    """Return one task of a bank."""
    names = [str(n) for n in bank["task"].values]
    if task not in names:
        raise ValueError(unknown("task in this bank", task, names))
    row = bank.isel(task=names.index(task))
    return Entry(
        task=task,
        bias=row["bias"].values.astype(np.float64),
        center=row["center"].values.astype(np.float64),
        scale=row["scale"].values.astype(np.float64),
        speed=float(row["speed"]),
        dimension=int(row["dimension"]),
        start=row["start"].values.astype(np.float64),
    )


def bare(net: Network, bias: xr.DataArray | np.ndarray) -> Entry:
    """Return an entry for a bias vector of one's own: task units are the network's, one task unit is a second."""
    vector = np.asarray(bias, dtype=np.float64)
    if vector.shape != (net.units,):
        raise ValueError(f"a bias vector for this network has shape ({net.units},), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(f"the bias of unit {int(np.argmin(np.isfinite(vector)))} is not finite")
    k = net.components
    return Entry("bias", vector, np.zeros(k), np.ones(k), 1.0, k, np.zeros((1, k)))


def _only(bank: xr.Dataset, task: str | None) -> str:
    names = [str(n) for n in bank["task"].values]
    if task is None and len(names) > 1:
        raise ValueError(f"this bank holds {len(names)} tasks; say which with task= (one of {', '.join(names)})")
    return names[0] if task is None else task


def _pairs(schedule: Schedule) -> list[tuple[str, float]]:
    if not isinstance(schedule, tuple | list) or not all(isinstance(p, tuple | list) and len(p) == 2 for p in schedule):
        raise TypeError(f"schedule is a list of (task, seconds) pairs, got {schedule!r}")
    if not schedule:
        raise ValueError("the schedule is empty; give at least one (task, seconds) pair")
    return [(str(name), _seconds(seconds)) for name, seconds in schedule]


def _seconds(duration: float | None) -> float:
    seconds = float(duration)  # type: ignore[arg-type]
    if not (np.isfinite(seconds) and seconds > 0):
        raise ValueError(f"a duration is a positive number of seconds, got {duration}")
    return seconds
