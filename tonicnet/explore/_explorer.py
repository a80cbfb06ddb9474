"""The explorer without its widgets: a network between two tasks of its bank, which runs on as the choice changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from .._names import choose, shown
from ..bank import Entry, check_bank, entry
from ..network import Network, check_moving
from ..parameters import SETS
from ..simulate import simulate

_FROM, _TO = "one", "other"


class Explorer:
    """A network between two tasks of its bank; ``run`` is what it does now.

        b = (1 - share) b_one + share b_other,      share in [0, 1]

    Each change of ``choice`` runs on from the state in which the last run ended, as a change of context does, and
    calls the functions given to :meth:`watch`. At share 0 or 1 the output is in the units of that task; between
    two tasks no scale holds, and it is in network coordinates, z = D r; its segment is then named after both.

    Arguments: ``net`` and a ``bank`` of it, or biases alone, as ``bank["bias"]``, in network coordinates;
    ``seconds``, the length of each run; ``seed``, of starts and noise.
    Raises ValueError for a bank of another network or a length that is not positive.

    >>> import tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> explorer = Explorer(net, bank.sel(task=["hopf", "cosine"]), seconds=2.0)
    >>> explorer.set(share=1.0)
    >>> str(explorer.run["segment"].values[0])
    'cosine'
    """

    def __init__(self, net: Network, bank: xr.Dataset | xr.DataArray, *, seconds: float = 12.0, seed: int = 0) -> None:
        """Check the bank and the length, and run the first task."""
        bank = check_bank(check_moving(net, "explore"), bank)
        _check_biases(bank)
        if not 0 < seconds < float("inf"):
            raise ValueError(f"seconds is the length of a run, a positive number, got {shown(seconds)}")
        self.net, self.bank, self.seconds, self.seed = net, bank, float(seconds), seed
        self.tasks = [str(name) for name in bank["task"].values]
        self._watchers: list[Callable[[Explorer], None]] = []
        self._choice: dict[str, Any] = {_FROM: self.tasks[0], _TO: self.tasks[-1], "share": 0.0, "noise": 0.0}
        self._z: np.ndarray | None = None
        self.run = self._simulate()

    @property
    def choice(self) -> dict[str, Any]:
        """What is chosen: the tasks "one" and "other", "share" of the other, and "noise" in input units."""
        return dict(self._choice)

    @property
    def bias(self) -> np.ndarray:
        """The tonic inputs in force (unit)."""
        one, other = self._ends()
        share = self._choice["share"]
        return (1 - share) * one.bias + share * other.bias

    def watch(self, function: Callable[[Explorer], None]) -> None:
        """Call a function with this explorer after every run."""
        self._watchers.append(function)

    def set(self, **choice: Any) -> None:
        """Change any of ``choice`` and run on. Raises ValueError for unknown names and numbers out of range."""
        for name in choice:
            choose("choice", name, self._choice)
        wanted = {**self._choice, **choice}
        for end in (_FROM, _TO):
            choose("task in this bank", wanted[end], self.tasks)
        if not 0 <= wanted["share"] <= 1:
            raise ValueError(f"share is a number from 0 to 1, got {wanted['share']}")
        self._choice = wanted
        self._run_on()

    def restart(self) -> None:
        """Run anew from a state of the first task."""
        self._z = None
        self._run_on()

    def _run_on(self) -> None:
        """Run with what is chosen now, and tell the functions that watch."""
        self.run = self._simulate()
        for function in self._watchers:
            function(self)

    def _ends(self) -> tuple[Entry, Entry]:
        """Return the two tasks between whose biases the network stands."""
        return entry(self.bank, self._choice[_FROM]), entry(self.bank, self._choice[_TO])

    def _simulate(self) -> xr.Dataset:
        """Run on from the last state, in units of a task where one is in force."""
        share, noise = self._choice["share"], self._choice["noise"]
        one, other = self._ends()
        z = one.to_network(one.start[0]) if self._z is None else self._z
        how: dict[str, Any] = {"duration": self.seconds, "noise": noise, "seed": self.seed}
        if share in (0, 1):
            now = other if share else one
            run = simulate(self.net, self.bank, task=now.task, initial=now.to_task(z), **how)
            self._z = now.to_network(run["output"].values[0, -1])
        else:
            run = simulate(self.net, self.bias, initial=z, **how)
            self._z = run["output"].values[0, -1]
            mixed = f"{1 - share:.2f} {one.task} + {share:.2f} {other.task}"
            run = run.assign_coords(segment=run["segment"].copy(data=np.full(run.sizes["time"], mixed)))
        return run


def _check_biases(bank: xr.Dataset) -> None:
    """Refuse a bank whose tasks differ in more than tonic inputs, between which nothing is mixed here."""
    for name, one in SETS.items():
        if name != "bias" and one.variable in bank:
            raise ValueError(
                f"this bank holds {one.long_name}s, and explore mixes tonic inputs alone; give tasks learned "
                'by them (learn="bias")'
            )
