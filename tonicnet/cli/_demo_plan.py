"""What a demo does, how long its runs last, and how long it may take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tonicnet as tn

from ._signatures import taken

if TYPE_CHECKING:
    import xarray as xr

QUICK_NETWORK = "atlas-1000"
# Seconds of a run of each kind, for scores above their floors; a cycle is seen so many times.
_LASTING = {"chaos": 100.0, "memory": 10.0, "recording": 20.0, "behaviour": 10.0}
_CYCLES, _LEAST, _UNKNOWN = 7, 16.0, 32.0
_QUICK_LASTING, _QUICK_CYCLES, _QUICK_LEAST = 12.0, 4.5, 6.0
_FIT = taken("learn/_fit.py", "fit")
# Seconds on two idle cores: to learn and to correct one task of 1000 units, to build a program, and to run 1000
# neurons for a second (by C++, or otherwise), to compare a task, to draw, and to run chaos alone for long.
_LEARN, _CORRECT, _BUILD, _RUN, _RUN_OTHERWISE, _COMPARE, _DRAW, _LONG_RUN = 10.0, 4.0, 7.0, 0.035, 0.2, 1.5, 4.0, 7.0


@dataclass(frozen=True)
class DemoPlan:
    """A demo: which tasks, on which network, in which way."""

    tasks: tuple[str, ...]
    quick: bool
    units: int
    seed: int
    seconds: float | None
    neurons_per_unit: int
    steps: int
    rounds: int
    codegen: str

    @classmethod
    def of(
        cls, tasks: str, *, quick: bool, units: int | None, seed: int, seconds: float | None,
        neurons_per_unit: int | None, steps: int | None, rounds: int | None, codegen: str,
    ) -> DemoPlan:  # fmt: skip
        """Return the plan of what was asked for; raise ValueError for what --quick has not."""
        names = tuple(name.strip() for name in tasks.split(",") if name.strip())
        if not names:
            raise ValueError("--tasks names no task; give at least one, such as lorenz (tonicnet list shows all)")
        if quick:
            _check_quick(names, {"units": units, "steps": steps, "rounds": rounds})
        given = {
            "units": units or 1000, "steps": steps or _FIT["steps"].default, "rounds": 1 if rounds is None else rounds,
            "neurons_per_unit": (2 if quick else 4) if neurons_per_unit is None else neurons_per_unit,
        }  # fmt: skip
        return cls(names, quick, seed=seed, seconds=seconds, codegen=codegen, **given)

    def expected(self, *, verify: bool) -> dict[str, float]:
        """Return about how many seconds each step takes on two idle cores, nothing being built yet."""
        count, size = len(self.tasks), (self.units / 1000) ** 2
        total = sum(lasting(None, name, self) for name in self.tasks)
        thousands = self.units * self.neurons_per_unit / 1000
        spiking = (
            _BUILD + _RUN * thousands * total if self.codegen == "standalone" else _RUN_OTHERWISE * thousands * total
        )
        learning = {} if self.quick else {"learning": _LEARN * count * size, "recalibrating": _CORRECT * count * size}
        verifying = {"verifying": 3 * _BUILD} if verify else {}
        return learning | {"rate run": 3.0, "spiking run": spiking, "script": 0.3} | verifying | {
            "comparing": _COMPARE * count, "picture": _DRAW,
        } | ({} if self.quick or self.seconds else {"long run": _LONG_RUN})  # fmt: skip


def lasting(bank: xr.Dataset | None, name: str, plan: DemoPlan) -> float:
    """Return the seconds of a task's run: as asked for, or long enough; without a bank a guess at them."""
    if plan.seconds is not None:
        return plan.seconds
    task = None if bank is None else tn.Task.from_dict(json.loads(bank.attrs["tasks"])[name])
    if bank is None or task is None:
        return 15.0 if plan.quick else 55.0
    if task.kind != "cycle":
        return min(_QUICK_LASTING, _LASTING[task.kind]) if plan.quick else _LASTING[task.kind]
    cycles, least = (_QUICK_CYCLES, _QUICK_LEAST) if plan.quick else (_CYCLES, _LEAST)
    if "period" not in task.truth:
        return _QUICK_LASTING if plan.quick else _UNKNOWN
    return max(least, float(round(cycles * task.truth["period"] / float(bank["speed"].sel(task=name)))))


def _check_quick(names: tuple[str, ...], given: dict[str, object]) -> None:
    useless = [f"--{name}" for name, value in given.items() if value is not None]
    if useless:
        raise ValueError(f"--quick learns nothing and draws no network; leave out {' and '.join(useless)}")
    held = [str(name) for name in tn.load_bank(QUICK_NETWORK)["task"].values]
    for name in names:
        if name not in held:
            raise ValueError(f"--quick takes the tasks of {QUICK_NETWORK}: {', '.join(held)}; {name!r} is not one")
