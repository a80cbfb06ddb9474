"""Learning while the network runs: each unit changes its own bias by a local rule."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import numpy as np
import xarray as xr

from .._bar import bar
from .._labels import Variable
from .._names import name_of
from ..bank import Entry, Scaling, check_bank, entry, written
from ..network import Network, check_moving
from ..task import Task
from ..task import task as named_task
from ._first_bias import first_bias
from ._fit import started
from ._online_learner import OnlineLearner
from ._online_settings import OnlineSettings, check_readable, check_shown
from ._online_units import PerUnit
from ._row import spec_of
from ._target import Target


def learn_online(
    net: Network,
    task: str | Task,
    *,
    rule: str = "e-prop",
    duration: float = 800.0,
    rate: float = 1.0,
    units: str = "auto",
    neurons_per_unit: int = 1,
    broadcast: str = "decoder",
    noise: float = 0.3,
    start: xr.Dataset | None = None,
    progress: bool = True,
    seed: int = 0,
) -> xr.Dataset:
    """Learn the tonic inputs of a running network, spike by spike, by a rule that is local to each unit.

    A teacher says, at the state u where the network is, what its units should send: u + tau f(u) for a field f, or for
    a behaviour the target of the moment. Through the synapses this would come to y*, and what they do send comes to y:

        tau dy/dt = -y + D s(t),    tau dy*/dt = -y* + (u + tau f(u)),    e = y - y*

    with s(t) the spikes. A unit sees its own membrane and what is broadcast to it, and changes its bias so:

        "e-prop"              db_i/dt ~ -(B' e)_i p_i,          tau dp_i/dt = -p_i + psi_i
        "node-perturbation"   db_i/dt ~ -(|e|^2 - mean) h_i,    tau dh_i/dt = -h_i + xi_i

    psi_i is how steeply it answers just now (of spikes the pseudo-derivative of the membrane, of rates phi'), xi_i a
    small perturbation of its own input. The first is the gradient of |e|^2 / 2 where the output is not fed back, the
    second has it as its mean. Episodes are driven first, u the teacher's own state, and run alone, u = z, more and more
    often later. Once in a tau biases move, each by

        "e-prop"              db_i = -rate <(B' e)_i p_i> / ((m_i + 0.01) |B|^2 / K),       m_i the mean of p_i^2
        "node-perturbation"   db_i = -rate <g_i> / (N mean g_i^2 / mean |e|^2),             g_i as above

    which is normalised least mean squares: at a rate of 1 the first takes away the error of the moment, whatever the
    sizes of decoder, slopes and error are. Synapses, encoders and decoders stay as they are.

    Arguments
    ---------
    net, task : a low-rank network, and a task with a vector field or a behaviour of given trials.
    rule : "e-prop", or "node-perturbation", its control, which needs no decoder and is slower the more units there are.
    duration : seconds of the network's time that it learns for.
    rate : share of the error of the moment that a change takes away, at the start; it falls to zero linearly. 2 at
        most, since above it changes make the error larger; a bank that is nearly right needs less.
    units : what runs while it learns, "spikes" or "rates"; "auto" is spikes where the network has LIF units.
    neurons_per_unit : LIF neurons that share a unit's bias.
    broadcast : what carries errors to units in e-prop: the "decoder", or "random" numbers of its size, fixed as well.
    noise : how far from the task's states episodes begin, in standard deviations.
    start : a bank of this network to start from; first biases are drawn as by :func:`fit` if not given.
    progress : show a bar of the network's seconds where somebody watches.
    seed : of first biases, episodes and noise; the same call gives the same biases.

    Returns a bank of one row: ``bias(task, unit)``, the scalings of :func:`fit`, ``loss(task, epoch)``, the mean |e|^2
    between updates, and which rule, for how long. Ctrl-C returns what was learned so far. Raises ValueError for
    networks and tasks that the rule cannot read: synapses that are not low-rank, that rise or are late, units that
    adapt, no noise in neurons that spike, tasks of samples and recordings, a behaviour with a body.

    Source: e-prop, Bellec et al. (2020), doi:10.1038/s41467-020-17236-y; node perturbation, Fiete and Seung (2006),
    doi:10.1103/PhysRevLett.97.048104; normalised steps, Nagumo and Noda (1967), doi:10.1109/TAC.1967.1098599.

    >>> from tonicnet.network import Network
    >>> bank = learn_online(Network(units=40, seed=0, components=2), "hopf", duration=2.0, progress=False)
    >>> bank["bias"].shape, bank.attrs["rule"]
    ((1, 40), 'e-prop')
    """
    settings = OnlineSettings(rule, duration, rate, units, neurons_per_unit, broadcast, noise, seed)
    check_readable(check_moving(net, "learn_online"))
    task = task if isinstance(task, Task) else named_task(name_of(task))
    check_shown(task)
    target = Target(task, net)
    learner = settings.learner(target, _first(target, start, settings.seed))
    before, began = net.verify(), time.perf_counter()
    with bar(progress, total=settings.duration, unit="s", desc=f"learning {task.name}") as told:
        outcome = learner.learn(settings.duration, told)
    if net.verify() != before:
        raise RuntimeError("the frozen synapses changed during learning")
    return _row(target, learner, settings, {"seconds": time.perf_counter() - began, "outcome": outcome})


def _first(target: Target, start: xr.Dataset | None, seed: int) -> PerUnit:
    """Return where the biases begin."""
    begun = started(target.net, start, target.task, ("bias",))
    if start is None or begun is None:
        return first_bias(target.net, seed=seed)
    bank = check_bank(target.net, start)
    if target.task.name in bank["task"].values:
        _check_same(target.scaling, entry(bank, target.task.name).scaling)
    return np.asarray(begun["bias"], dtype=np.float64)


def _check_same(ours: Scaling, given: Scaling) -> None:
    """Refuse a row of the same task at another speed or scale: its biases have another field."""
    pairs = ((ours.speed, given.speed), (ours.scale, given.scale), (ours.center, given.center))
    if not all(np.allclose(one, other, rtol=1e-6, atol=1e-9) for one, other in pairs):
        raise ValueError(
            f"start has {given.task!r} at speed {given.speed:.4g} and another scale than the task has here, speed "
            f"{ours.speed:.4g}; give a bank that was learned of this very task"
        )


def _row(
    target: Target, learner: OnlineLearner, settings: OnlineSettings, ended: Mapping[str, float | str]
) -> xr.Dataset:
    """Return the bank of what was learned."""
    losses = np.array(learner.losses or [np.nan])[None]
    kind = "spikes" if settings.spikes(target.net) else "rates"
    columns = {
        "loss": Variable(("task", "epoch"), losses, "1", "loss by epoch"),
        "method": Variable(("task",), [f"{settings.rule}, online, {kind}"], "1", "objective and method of learning"),
        "noise": Variable(("task",), [settings.noise], "1", "tube width in standard deviations"),
        "learning_seed": Variable(("task",), [settings.seed], "1", "seed of learning"),
        "duration": Variable(("task",), [settings.duration], "s", "network time given to learning"),
        "seconds": Variable(("task",), [ended["seconds"]], "s", "time learning took"),
        "outcome": Variable(("task",), [ended["outcome"]], "1", "how learning ended"),
    }
    coords = {"epoch": Variable(("epoch",), np.arange(losses.shape[1]), "1", "step of the method")}
    return written(
        target.net, [Entry(target.scaling, {"bias": learner.bias})], columns, coords, learn="bias", method="online",
        rule=settings.rule, broadcast=settings.broadcast, units=kind, rate=settings.rate, seed=settings.seed,
        neurons_per_unit=settings.neurons_per_unit, tasks=json.dumps({target.task.name: spec_of(target.task)}),
    )  # fmt: skip
