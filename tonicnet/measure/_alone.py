"""A network left alone under each bias of a bank: its dynamics, where it may start, and the task's own units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable
from .._names import name_of, shown
from .._numbers import is_whole, real
from .._random import generator
from ..bank import Entry, bare, check_bank, entry, given_initial, rows_of, states_of
from ..circuit import Autonomous, Variation, autonomous
from ..network import Network, check_moving

Biases = xr.Dataset | xr.DataArray | np.ndarray


@dataclass(frozen=True)
class Alone:
    """One task of a bank on its network."""

    entry: Entry
    dynamics: Autonomous

    @property
    def unit(self) -> float:
        """Task time in one tau."""
        return self.dynamics.net.tau * self.entry.speed

    @property
    def stride(self) -> float | None:
        """Task time in one step of a discrete network; None for a continuous one."""
        step = self.dynamics.net.spec.dt
        return None if step is None else step * self.entry.speed

    def motion(self, dt: float | None) -> Variation:
        """Return the motion at steps of ``dt`` seconds (tau / 10 or the network's own if not given)."""
        return Variation.alone(self.dynamics, dt)

    def starts(self, trials: int, initial: np.ndarray | None, seed: int) -> Float[np.ndarray, "row state"]:
        """Return states to start from: ``initial`` in task units, else drawn from those stored in the bank."""
        if initial is None:
            rng = generator(seed)
            known = self.entry.start
            chosen = known[rng.choice(len(known), size=trials, replace=trials > len(known))]
            scatter = 0.0 if len(known) > 1 else 0.1  # a bare bias knows one state only
            z = self.entry.to_network(chosen)
            return self.dynamics.state(z + scatter * rng.standard_normal(z.shape))
        given = given_initial(self.entry, initial)
        if given.sizes["time"] > 1:
            raise ValueError(
                f"initial is (component,) or (trial, component) here, got a history of {given.sizes['time']} samples; "
                "give one state a trial"
            )
        return self.dynamics.state(states_of(self.entry, given)[:, 0])


def alone(
    net: Network, bias: Biases, task: str | None = None, *, still: bool = False, samples: bool = False
) -> list[Alone]:
    """Return the tasks of a bank on its network (or the one named), or a bare bias vector as the task "bias".

    ``still`` says that only states of rest are asked for, which synapses with rise or delay leave where they are, and
    ``samples`` that a network without state is meant.
    Raises ValueError for a bank of another network, an unknown task, a vector of the wrong length, for units that
    adapt, and for synapses with rise or delay where motion is asked for.
    """
    task = name_of(task)
    if not isinstance(net, Network):
        raise TypeError(f"this measure is of a network under a bias: the first argument is a Network, got {shown(net)}")
    if not samples:
        check_moving(net, "this measure")
    if not samples:
        check_settled(net)
    if not still:
        check_first_order(net)
    if isinstance(bias, xr.Dataset):
        bias = check_bank(net, bias)
        rows = [entry(bias, str(name)) for name in (rows_of(bias) if task is None else [task])]
    else:
        rows = [_named(bare(net, bias, name), name) for name in (rows_of(bias) if task is None else [task])]
    return [Alone(row, autonomous(net, row.numbers)) for row in rows]


def _named(row: Entry, name: str | None) -> Entry:
    """Return a row of biases alone by the name of its task, where it has one."""
    return row if name is None else replace(row, scaling=replace(row.scaling, task=name))


def check_settled(net: Network) -> None:
    """Refuse a network whose state holds more than its rates: currents of units that adapt."""
    if net.transfer.adapts:
        raise ValueError(
            "this measure takes the rates of a network for its whole state, and this one's units adapt, each with a "
            "current of its own; measure its runs (tonicnet.compare)"
        )


def check_first_order(net: Network) -> None:
    """Refuse a network that does not move by its first-order equation alone."""
    if not net.filter.first_order:
        raise ValueError(
            f"this measure moves a network by its first-order equation, and this one's synapses have rise "
            f"{net.spec.rise:g} s and delay {net.spec.delay:g} s; measure its runs (tonicnet.compare), or its fixed "
            "points, which know the filter"
        )


def names(rows: list[Alone]) -> dict[str, Variable]:
    """Return the coordinate of tasks, for results."""
    return {"task": Variable(("task",), [r.entry.task for r in rows], "1", "task")}


def positive(name: str, number: float) -> float:
    """Return a positive finite number; raise ValueError for anything else."""
    if not 0 < real(number) < np.inf:
        raise ValueError(f"{name} is a positive number, got {shown(number)}")
    return real(number)


def whole(name: str, number: int, least: int = 1) -> int:
    """Return a whole number of at least ``least``; raise ValueError for anything else."""
    if not is_whole(number, least):
        raise ValueError(f"{name} is a whole number of at least {least}, got {shown(number)}")
    return int(number)
