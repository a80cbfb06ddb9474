"""Floquet multipliers of a network's limit cycle under a bias."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from ..network import Network
from ._alone import Alone, Biases, alone, names, positive
from .arrays._floquet import Floquet, closed
from .arrays._limit_cycle import limit_cycle_of, refuse_none

_TRANSIENT, _DURATION = 200.0, 300.0  # tau, where they are not given
_PHASES = 128


def floquet(
    net: Network,
    bias: Biases,
    *,
    task: str | None = None,
    transient: float | None = None,
    duration: float | None = None,
    initial: np.ndarray | None = None,
    dt: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Measure the Floquet multipliers of the limit cycle a network settles on under a bias.

        M = V(T),   dV/dt = J(t) V,   V(0) = 1;   multipliers: the eigenvalues of M

    The network runs alone until it cycles (:func:`limit_cycle_of` finds its period by section crossings), the closed
    orbit is then sharpened by Newton's method (:func:`floquet_of`). A low-rank network is worked out in the K
    dimensions of its output; its other N - K multipliers are exactly exp(-T / tau). With other synapses M is N x N,
    which takes N^3 operations a step.

    Arguments: ``net`` and its bank, or one bias vector (its task time is the second); ``task``, one of the bank's (all
    if not given); ``transient`` and ``duration`` of the run in seconds (200 and 300 tau if not given; at least
    three periods must fit); ``initial`` (component,) in task units, or drawn from the bank; ``dt`` in seconds, tau / 10
    if not given.

    Returns ``multiplier(task, mode, part)``, largest modulus first, ``modulus``, ``exponent`` per task time
    (log modulus / T), ``period``, ``trivial_error``: |mu - 1| of the multiplier along the flow, the error of all (their
    floor),
    ``closure`` (scaled), ``orbit(task, phase, component)`` in task units, and ``outcome(task)``; NaN where the network
    does not cycle, and then ``outcome`` says why. Raises ValueError where it cycles under none of the tasks, for a
    discrete network (a map's cycle has no period to speak of), a bank of another network, an unknown task.
    Source: Guckenheimer and Holmes (1983), doi:10.1007/978-1-4612-1140-2, section 1.5.

    >>> import tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> found = tn.measure.floquet(net, bank, task="hopf", transient=4.0, duration=8.0)
    >>> round(found["period"].item(), 2), round(found["exponent"].values[0, 1].item(), 1)    # truth: 2 pi and -2
    (6.28, -2.0)
    """
    rows = alone(net, bias, task)
    if net.spec.dt is not None:
        raise ValueError(
            f"this network is a map (dt = {net.spec.dt:g} s): its cycles need not be whole steps long, so they have no "
            "multipliers; use lyapunov_spectrum, or jacobian_spectrum"
        )
    spans = [
        default * net.tau if given is None else positive(name, given)
        for name, given, default in (("transient", transient, _TRANSIENT), ("duration", duration, _DURATION))
    ]
    found = [_of(row, row.starts(1, initial, seed)[:1], spans[0], spans[1], dt) for row in rows]
    lost = {row.entry.task: f for row, f in zip(rows, found, strict=True) if isinstance(f, str)}
    if len(lost) == len(rows):
        refuse_none("the network does not cycle", lost)
    return _table(net, rows, found, seed)


def _of(
    row: Alone, x: Float[np.ndarray, "1 state"], transient: float, duration: float, dt: float | None
) -> Floquet | str:
    """Return the cycle of one task, period in tau; or why there is none."""
    motion, tau = row.motion(dt), row.dynamics.net.tau
    settled = motion.run(x, max(1, round(transient / tau / motion.dt)))[:, -1]
    states = motion.run(settled, round(duration / tau / motion.dt))[0]
    cycle = limit_cycle_of(row.dynamics.output(states), motion.dt)
    if not cycle.cycles:
        return cycle.outcome
    try:
        return closed(motion, states[round(cycle.crossings[-1] / motion.dt)], cycle.period)
    except ValueError as error:
        return str(error)


def _table(net: Network, rows: list[Alone], found: list[Floquet | str], seed: int) -> xr.Dataset:
    each = [_nothing(row) if isinstance(f, str) else f for row, f in zip(rows, found, strict=True)]
    unit = np.array([row.unit for row in rows])
    multiplier = np.stack([m.multiplier for m in each])
    period = np.array([m.period for m in each]) * unit
    with np.errstate(divide="ignore"):
        exponent = np.log(np.abs(multiplier)) / period[:, None]
    outcome = [f if isinstance(f, str) else "a cycle" for f in found]
    parts = np.stack([multiplier.real, multiplier.imag], axis=-1)
    both, name = ("task", "mode"), "Floquet multiplier"
    variables = {
        "multiplier": Variable((*both, "part"), parts, "1", name),
        "modulus": Variable(both, np.abs(multiplier), "1", f"modulus of the {name}"),
        "exponent": Variable(both, exponent, "1/task", "Floquet exponent"),
        "period": Variable(("task",), period, "task", "period in task time"),
        "trivial_error": Variable(("task",), [m.trivial_error for m in each], "1", "distance from 1 along the flow"),
        "closure": Variable(("task",), [m.closure for m in each], "1", "gap of the closed orbit, scaled"),
        "orbit": Variable(("task", "phase", "component"), list(map(_orbit, rows, each)), "task", "the cycle"),
        "outcome": Variable(("task",), outcome, "1", "what was found"),
    }  # fmt: skip
    coords = names(rows) | {
        "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
        "part": Variable(("part",), ["re", "im"], "1", "real or imaginary part"),
        "phase": Variable(("phase",), np.arange(_PHASES) / _PHASES, "1", "phase, turns since the section"),
    }
    return dataset(variables, coords, network_sha256=net.sha256, seed=seed)


def _orbit(row: Alone, found: Floquet) -> Float[np.ndarray, "phase component"]:
    """Return the output along the orbit at equal phases, in task units; what the task does not use is NaN."""
    z = row.dynamics.output(found.orbit)
    at = np.linspace(0, len(z), _PHASES, endpoint=False)
    around = np.concatenate([z, z[:1]])
    x = row.entry.to_task(np.stack([np.interp(at, np.arange(len(around)), c) for c in around.T], axis=1))
    x[:, row.entry.dimension :] = np.nan
    return x


def _nothing(row: Alone) -> Floquet:
    d = row.dynamics.size
    return Floquet(np.full(d, complex(np.nan, np.nan)), np.nan, np.full((2, d), np.nan), np.nan, np.nan)
