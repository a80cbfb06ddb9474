"""Correcting biases after conversion: where neurons answer in another way than their unit, biases are changed until the
output is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from .._names import name_of
from .._random import generator
from ..bank import Segment, as_bank, carried, hash_of, in_order, rows_of
from ..circuit import Autonomous, LowRank, circuit_of, placed
from ..network import Network, check_moving
from ..simulate import lasting, simulate, starting_states, trials_of
from ..solve import GaussNewton, distinct, minimise, zeros
from . import _surrogate
from ._external import check_one_task
from ._lif_network import LIFNetwork
from ._matched_field import MatchedField
from ._moving_match import PATH_STEP, matched_in_motion
from ._plan import plan
from ._to_brian2 import Bias, sampling_step

_TRIALS, _SECONDS = 8, 20.0  # runs side by side in which states are visited, and how long they last
_STATES = 4000  # of them that are matched, at most
_PATHS, _SEEN = 100, 2.0  # paths of units that adapt, and how long each is seen, in tau
_STEPS, _STALL = 20, 0.01  # Gauss-Newton steps; the share of the loss below which a step is the last
_SEEKERS, _STILL, _APART, _AMONG = 200, 1e-6, 1e-3, 0.8  # starts of Newton's method; what is a point, another, near
_BESIDE, _ROUND = 0.08, 0.1  # states round fixed points: their share of the others, and how far they lie
_DAMPING = 1e-4  # the first, in mean diagonals of the curvature


def recalibrate(
    net: Network,
    bias: Bias,
    *,
    onto: Network | None = None,
    task: str | None = None,
    neurons_per_unit: int = 1,
    duration: float | None = None,
    inputs: np.ndarray | xr.DataArray | None = None,
    seed: int = 0,
) -> Bias:
    """Return the biases corrected for how neurons answer in the network; only tonic inputs change.

    Biases are learned for units that fire at phi(x). To an input that moves, and that their own spikes lift by w each,
    neurons fire at

        rho(x, dx/dt) = psi(x) + w sigma(x) + kappa(x) dx/dt

    (:meth:`LIF.lead`, :meth:`LIF.own`), which makes a cycle at noise 0.1 run about one per cent fast, and the more the
    fewer neurons carry a unit; and the neurons of ``onto`` may have another curve psi as well. New biases b' give
    the output the field that the learned ones gave it,

        min over b' of mean_s |D rho(E z_s + b', E f(z_s)) - D phi(E z_s + b)|^2,

    f(z) = (-z + D phi(E z + b)) / tau, by damped Gauss-Newton steps from b, at states z_s of the network with the noise
    of its spikes. Neurons that adapt are matched on paths of the network, with their currents beside. Where synapses
    are not low-rank each unit is held to its own rates instead,
    which brings back their mean and cannot undo a lead. The new biases are for spikes: the rate network keeps the old
    ones, and spikes are held against the truth or against a rate run with those.

    Arguments
    ---------
    net, bias : the network on which the biases were learned, and a bank of it or one vector.
    onto : the network whose neurons are run: the same synapses and tau, another LIF neuron; ``net`` if not given.
    task : which of the bank's tasks; each of them if not given.
    neurons_per_unit : LIF neurons for each unit, which sets w and the noise of the states.
    duration : seconds of the runs that visit states; 20 if not given, or as long as ``inputs`` last.
    inputs : of a task that has some, as for :func:`tonicnet.simulate`: x = E (z + u) + b is what is matched. Several
        trials of them side by side visit more states.
    seed : of these runs.

    Returns a bank of ``onto`` that holds these tasks, named in ``attrs["recalibrated"]``; a vector for a vector.
    Raises ValueError for a network with other synapses, inputs to several tasks at once or to units that adapt, and as
    :func:`tonicnet.simulate` does.

    Source: the response to slow inputs, Brunel, Chance, Fourcaud and Abbott (2001),
    doi:10.1103/PhysRevLett.86.2186; its place in a loop was derived here.

    >>> from tonicnet.network import LIF, Network
    >>> quieter = Network(units=20, seed=0, transfer=LIF(noise=0.2))
    >>> recalibrate(Network(units=20, seed=0), np.ones(20), onto=quieter, duration=0.2).shape
    (20,)
    """
    check_moving(net, "recalibrate")
    onto = net if onto is None else check_moving(onto, "recalibrate")
    _check_synapses(net, onto)
    model, other = (LIFNetwork(n, neurons_per_unit) for n in (net, onto))
    bias, task = as_bank(bias), name_of(task)
    names = rows_of(bias) if task is None else [task]
    _check_inputs(inputs, names, model, other)
    rows = {}
    for name in names:
        segments = _planned(model, bias, duration, name, inputs)
        field = _field(model, other, segments, inputs, seed)
        rows[name or segments[0].entry.task] = _matched(field, segments[0].entry.bias)
    return _carried(bias, onto, rows)


def _check_inputs(inputs: Any, names: list[str | None], model: LIFNetwork, other: LIFNetwork) -> None:
    """Refuse inputs that cannot be those of all tasks, and neurons that are matched on paths without any."""
    check_one_task(inputs, names)
    if inputs is not None and (model.lif.adapts or other.lif.adapts):
        raise ValueError("units that adapt are recalibrated without inputs; leave inputs out")


def _planned(model: LIFNetwork, bias: Bias, duration: float | None, task: str | None, inputs: Any) -> list[Segment]:
    """Return the one segment of a run that visits states."""
    segments = plan(model.net, bias, duration=_SECONDS if duration is None else duration, schedule=None, task=task)
    if duration is not None or inputs is None:
        return segments
    lasts = lasting(inputs, segments[0], sampling_step(model, None))
    return plan(model.net, bias, duration=lasts, schedule=None, task=task)


def _check_synapses(net: Network, onto: Network) -> None:
    """Refuse a network on which these biases mean something else."""
    one, other = ((n.tau, n.filter, *n.tensors()) for n in (net, onto))
    if any(not _equal(a, b) for a, b in zip(one, other, strict=True)):
        raise ValueError(
            f"onto has other synapses or another tau ({onto!r}) than the network of the biases ({net!r}); draw it with "
            "the same arguments and another transfer=LIF(...)"
        )


def _equal(a: object, b: object) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and a.layout == b.layout and bool((a - b).abs().sum() == 0)
    return a == b


def _field(model: LIFNetwork, other: LIFNetwork, segments: list[Segment], inputs: Any, seed: int) -> MatchedField:
    """Return what neurons of the other model should put out where the network goes under its learned bias."""
    if model.lif.adapts or other.lif.adapts:
        return _moving(model, other, segments, seed)
    circuit = circuit_of(model.net)
    dynamics = placed(circuit, segments[0].entry.numbers)
    still = torch.zeros_like(dynamics.tonic)
    visited, u = _visited(model, segments, inputs, seed)
    if u is None and model.latent:
        visited = np.concatenate([visited, _round_rests(Autonomous(dynamics), visited, seed)])
    state, fed = circuit.tensor(visited), still if u is None else circuit.fed(circuit.tensor(u), still)
    flow = dynamics.flow(state, dynamics.tonic + fed)
    pace = circuit.drive(flow / model.net.filter.lag, still)
    out = circuit.out if isinstance(circuit, LowRank) else None
    return MatchedField(other.lif, circuit.tensor(other.own), circuit.drive(state, fed), pace, state + flow, out)


def _moving(model: LIFNetwork, other: LIFNetwork, segments: list[Segment], seed: int) -> MatchedField:
    """Return the same where units adapt: on paths of the network from states that it visits, with their currents."""
    if not model.latent:
        raise ValueError(
            f"units that adapt are recalibrated on low-rank networks, and this one's synapses are "
            f'{model.net.spec.synapses}; draw it with synapses="low-rank"'
        )
    entry, circuit = segments[0].entry, circuit_of(model.net)
    visited, _ = _visited(model, segments, None, seed)
    step = PATH_STEP * model.net.tau
    before, seen = (round(part / step) for part in (3 * model.lif.adaptation_tau, _SEEN * model.net.tau))
    start = visited[:: max(1, len(visited) // _PATHS)]
    run = simulate(model.net, entry.bias, duration=(before + seen) * step, dt=step, initial=start)
    moments = circuit.tensor(run["output"].values).transpose(0, 1)[:-1]
    return matched_in_motion(placed(circuit, entry.numbers), other, moments, step, before)


def _visited(
    model: LIFNetwork, segments: list[Segment], inputs: Any, seed: int
) -> tuple[Float[np.ndarray, "state variable"], Float[np.ndarray, "state component"] | None]:
    """Return latents of a low-rank network with the noise of its spikes, or rates of another one; and u there."""
    entry, dt = segments[0].entry, sampling_step(model, None)
    start = starting_states(entry, None, trials_of(inputs) or _TRIALS, generator(seed))[:, -1]
    rows = _surrogate.rows_of_inputs(inputs, segments, dt, len(start), model.net.components)
    if model.latent:
        visited = entry.to_network(_surrogate.run(model, segments, start, dt, seed, rows)["output"].values)
    else:
        duration = segments[0].duration  # under a bare vector: in network coordinates
        u = None if rows is None else rows.swapaxes(0, 1)
        run = simulate(model.net, entry.bias, duration=duration, dt=dt, initial=start, inputs=u, rates=True, seed=seed)
        visited = run["rate"].values / model.lif.rate_scale
    states = visited if rows is None else visited[:, 1:]  # the last state of a step, and the input that was held in it
    every = slice(None, None, max(1, states.shape[0] * states.shape[1] // _STATES))
    flat = states.reshape(-1, states.shape[-1])[every]
    return flat, None if rows is None else rows.swapaxes(0, 1).reshape(-1, rows.shape[-1])[every]


def _round_rests(
    alone: Autonomous, visited: Float[np.ndarray, "state component"], seed: int
) -> Float[np.ndarray, "near component"]:
    """Return states round the fixed points among those that are visited.

    Runs seldom come there. But a focus that is hardly unstable needs only slightly other slopes to hold them for ever.
    """
    rng = generator(seed)
    start = visited[rng.integers(len(visited), size=_SEEKERS)]
    ends = zeros(alone.flow, alone.jacobian, start, tolerance=_STILL)
    points = distinct(ends.location[ends.speed < _STILL], _APART)
    points = points[np.linalg.norm(points[:, None] - visited, axis=2).min(1) < _AMONG] if len(points) else points
    near = np.repeat(points, round(_BESIDE * len(visited) / max(1, len(points))), axis=0)
    return near + _ROUND * rng.standard_normal(near.shape)


def _matched(field: MatchedField, first: Float[np.ndarray, " unit"]) -> Float[np.ndarray, " unit"]:
    """Return the biases that match best."""
    start = torch.as_tensor(first, dtype=torch.float64)
    return minimise(field, start, GaussNewton(damping=_DAMPING), steps=_STEPS, stall=_STALL).numpy()


def _carried(bias: Bias, onto: Network, rows: dict[str, np.ndarray]) -> Bias:
    """Return a bank of ``onto`` with these rows alone, or the one vector."""
    if not isinstance(bias, xr.Dataset):
        return _alone(bias, onto, rows) if isinstance(bias, xr.DataArray) else next(iter(rows.values()))
    moved = carried(bias.sel(task=list(rows)), onto, bias=np.stack(list(rows.values())))
    return moved.assign_attrs(recalibrated=", ".join(rows))


def _alone(bias: xr.DataArray, onto: Network, rows: dict[str, np.ndarray]) -> xr.DataArray:
    """Return biases alone of ``onto`` with these rows: one vector, or a row a task where there were several."""
    made = in_order(bias.to_dataset(name="bias"))["bias"].rename(bias.name)
    if hash_of(bias):
        made = made.drop_vars("network_sha256", errors="ignore").assign_attrs(network_sha256=onto.sha256)
    if "task" not in made.dims:
        return made.copy(data=next(iter(rows.values())))
    chosen = made.sel(task=list(rows)) if "task" in made.coords else made
    return chosen.transpose("task", "unit").copy(data=np.stack(list(rows.values())))
