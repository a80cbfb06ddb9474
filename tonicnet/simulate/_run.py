"""Running a rate network: trials in parallel, a schedule of tasks, inputs and noise."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from .._device import check_device
from .._labels import Variable
from .._names import choose, shown
from .._numbers import real, whole
from .._random import generator
from ..bank import Schedule, Timeline, plan
from ..circuit import METHODS, Stretch
from ..network import Network
from ._inputs import Live, given_inputs
from ._runner import Runner, circuit_for
from ._starting import starting_states

_DTYPES = {"float64": torch.float64, "float32": torch.float32}
_STEPS_PER_TAU = 10  # of a run whose dt is not given


def simulate(
    net: Network,
    bias: xr.Dataset | xr.DataArray | np.ndarray,
    *,
    duration: float | None = None,
    schedule: Schedule | None = None,
    task: str | None = None,
    dt: float | None = None,
    method: str | None = None,
    trials: int | None = None,
    initial: np.ndarray | xr.DataArray | None = None,
    inputs: np.ndarray | xr.DataArray | Live | None = None,
    noise: float = 0.0,
    rates: bool = False,
    every: int = 1,
    dtype: str = "float64",
    device: str = "cpu",
    seed: int = 0,
) -> xr.Dataset:
    """Run the network alone, in closed loop, and return its output in the task's own units.

        tau dr/dt = -r + phi(W r + E u(t) + b + noise),      x = D r

    or, where the synapses have a rise time or a delay, the two stages of :class:`Network`; these begin as if the
    run had come to its first state in the motion that it goes on with. So do the currents of units that adapt,

        r = R(x - a),    tau_a da/dt = -a + beta r,    phi(x) = R(x - beta phi(x)).

    Arguments
    ---------
    net, bias : a network, and a bank of it or one bias vector (unit,).
    duration, task : seconds under one bias, and which of the bank's.
    schedule : or [(task, seconds), ...]; the bias changes at each boundary, the state runs on.
    dt : step in seconds; tau / 10 if not given, the network's own if it is discrete. With a rise time or a delay it
        is cut into parts that resolve both (about tau / 10 that is a whole number of them, if not given).
    method : "rk4" (default; order 4), "exponential-euler" (order 1), or "euler" (what discrete networks are).
        Networks with rise or delay, or of units that adapt, are run by "rk4".
    trials : how many runs side by side (as many as ``initial`` has if not given, else 1).
    initial : (component,) or (trial, component) in the first task's units, or (trial, time, component): a
        history at steps of ``dt`` that drives the network before it is left alone (not with rise or delay, or units
        that adapt); as an array or any labelled container (dims in any order, components by name; a table with a row a
        trial). Drawn from the states stored in the bank if not given.
    inputs : u in the task's units, (time, component) or (trial, time, component), one row a step, held
        during it; it moves the fed-back output by u. A labelled container with a time of its own (s, or as its units
        say) is held from each of its samples to the next; components it does not name get none. Or a function of the
        time (s) and the output (trial, component) that returns u (trial, component) for the step that begins then,
        called once a step in order: what the network moves and sees may so be in closed loop with it.
    noise : standard deviation of the input noise of each unit, with correlation time tau, in the
        transfer function's input unit.
    rates : also keep ``rate(trial, time, unit)``.
    every : keep one sample in so many steps.
    dtype : "float64" or "float32".
    device : "cpu", or "cuda" (any torch CUDA device), for many trials, units or both; noise is drawn on the CPU.
    seed : of the noise and of the choice of starts.

    Returns a Dataset: ``output(trial, time, component)`` with ``time`` (s), ``task_time``, ``segment``.
    Raises ValueError or TypeError for a bank of another network, unknown names, wrong shapes, and a run that
    leaves the finite numbers (naming the time).

    >>> from tonicnet.network import Network
    >>> run = simulate(Network(units=50, seed=0), np.zeros(50), duration=1.0)
    >>> run["output"].shape
    (1, 101, 3)
    """
    segments = plan(net, bias, duration=duration, schedule=schedule, task=task)
    step_size, scheme = _resolve(net, dt, method)
    precision = _DTYPES[choose("dtype", dtype, _DTYPES)]
    circuit = circuit_for(net, precision, segments, rates, check_device(device))
    rng = generator(seed)
    start = starting_states(segments[0].entry, initial, trials, rng, step_size)
    live = inputs if callable(inputs) else None
    u = None if live else given_inputs(inputs, segments, step_size, len(start), net.components)
    _check_history(net, start)
    runner = Runner(circuit, segments, step_size, scheme, noise, rng, keeps=rates, live=live)
    timeline = Timeline.of(segments, step_size, whole("every", every))
    timeline.check_size(len(start), net.components + (net.units if rates else 0))
    return _collect(runner, timeline, runner.stretches(start, u), seed)


def _collect(runner: Runner, timeline: Timeline, run: Iterable[Stretch], seed: int) -> xr.Dataset:
    """Return the labelled run from its pieces, one sample in ``every`` kept."""
    net, kept, rates, first = runner.circuit.net, [], [], 0
    for piece in run:
        later = slice(-first % timeline.every, None, timeline.every)
        kept.append(piece.output[:, later].double())
        rates += [] if piece.states is None else [piece.states[:, later].double()]
        first += piece.output.shape[1]
    z = torch.cat(kept, 1).numpy(force=True)
    timeline.check_finite(z)
    extra = {}
    if rates:
        values = net.transfer.rate_scale * torch.cat(rates, 1).numpy(force=True)
        extra["rate"] = Variable(("trial", "time", "unit"), values, net.transfer.rate_unit, "rate of each unit")
    known = {"network_sha256": net.sha256, "threads": torch.get_num_threads()}
    return timeline.dataset(z, kind="rate", extra=extra, seed=seed, **known)


def _resolve(net: Network, dt: float | None, method: str | None) -> tuple[float, str]:
    own, dt = net.spec.dt, None if dt is None else _positive(dt)
    if own is not None and (dt not in (None, own) or method not in (None, "euler")):
        raise ValueError(f'a discrete network runs at its own dt {own} s with method "euler"; leave both out')
    size = next(s for s in (own, dt, net.filter.near(net.tau / _STEPS_PER_TAU)) if s is not None)
    if own is None and size > net.tau:
        raise ValueError(f"dt {size} s is longer than tau {net.tau} s; use tau / 5 or less")
    scheme = choose("method", method or ("euler" if own else "rk4"), METHODS)
    if not net.first_order and scheme != "rk4":
        raise ValueError(
            f'a network with rise or delay, or of units that adapt, is run by method "rk4", got {scheme!r}; '
            "leave method out"
        )
    net.filter.cuts(size)  # refuses a step that cannot resolve the delay
    return size, scheme


def _positive(dt: float) -> float:
    if not 0 < real(dt) < math.inf:
        raise ValueError(f"dt is a positive number of seconds, got {shown(dt)}")
    return real(dt)


def _check_history(net: Network, start: Float[np.ndarray, "trial time component"]) -> None:
    if start.shape[1] > 1 and not net.first_order:
        raise ValueError(
            f"a network with rise or delay, or of units that adapt, begins at a state and not after a history, got "
            f"one of {start.shape[1]} steps; give initial as (component,) or (trial, component)"
        )
