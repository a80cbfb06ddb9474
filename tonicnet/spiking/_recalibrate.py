"""Correcting biases after conversion: where neurons answer in another way than their unit, biases are changed until the
output is the same."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from ..network import LIF, Network, Segment, plan
from ..simulate import Circuit, simulate, starting_states
from . import _surrogate
from ._lif_network import LIFNetwork
from ._to_brian2 import Bias, sampling_step

_TRIALS = 8  # runs side by side in which states are visited
_STATES = 4000  # of them that are matched, at most
_STEPS, _STALL = 20, 0.01  # of Levenberg and Marquardt's method; the share of the loss below which a step is the last
_RIDGE = 1e-4  # first damping, in mean diagonals of the curvature


def recalibrate(
    net: Network,
    bias: Bias,
    *,
    onto: Network | None = None,
    task: str | None = None,
    neurons_per_unit: int = 1,
    duration: float = 20.0,
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
    of its spikes. Where synapses are not low-rank each unit is held to its own rates instead,
    which brings back their mean and cannot undo a lead. The new biases are for spikes: the rate network keeps the old
    ones, and spikes are held against the truth or against a rate run with those.

    Arguments
    ---------
    net, bias : the network on which the biases were learned, and a bank of it or one vector.
    onto : the network whose neurons are run: the same synapses and tau, another LIF neuron; ``net`` if not given.
    task : which of the bank's tasks; each of them if not given.
    neurons_per_unit : LIF neurons for each unit, which sets w and the noise of the states.
    duration : seconds of the runs that visit states.
    seed : of these runs.

    Returns a bank of ``onto`` that holds these tasks, named in ``attrs["recalibrated"]``; a vector for a vector.
    Raises ValueError for a network with other synapses, and as :func:`tonicnet.simulate` does.

    Source: the response to slow inputs, Brunel, Chance, Fourcaud and Abbott (2001),
    doi:10.1103/PhysRevLett.86.2186; its place in a loop was derived here.

    >>> from tonicnet.network import LIF, Network
    >>> quieter = Network(units=20, seed=0, transfer=LIF(noise=0.2))
    >>> recalibrate(Network(units=20, seed=0), np.ones(20), onto=quieter, duration=0.2).shape
    (20,)
    """
    onto = net if onto is None else onto
    _check_synapses(net, onto)
    model, other = (LIFNetwork(n, neurons_per_unit) for n in (net, onto))
    names: list[str | None] = [task]
    if isinstance(bias, xr.Dataset) and task is None:
        names = [str(name) for name in bias["task"].values]
    rows = {}
    for name in names:
        segments = plan(net, bias, duration=duration, schedule=None, task=name)
        rows[segments[0].entry.task] = _matched(_match(model, other, segments, seed), segments[0].entry.bias)
    return _carried(bias, onto, rows)


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


@dataclass(frozen=True)
class _Match:
    """What neurons should put out at some states: sum_s |out' r(fed_s + b, pace_s) - wanted_s|^2 / S.

    ``fed`` is their input beside the bias and ``pace`` its movement, per second; ``own`` is by how much a spike lifts
    the input of its own neuron; ``out`` decodes (unit, row), or None where every unit is a row of its own.
    """

    neuron: LIF
    own: Float[Tensor, " unit"]
    fed: Float[Tensor, "state unit"]
    pace: Float[Tensor, "state unit"]
    wanted: Float[Tensor, "state row"]
    out: Float[Tensor, "unit row"] | None

    def loss(self, bias: Float[Tensor, " unit"]) -> float:
        """Return the mean square that is left."""
        return float(self._error(self._both(bias)[0]).square().sum() / len(self.fed))

    def normal(self, bias: Float[Tensor, " unit"]) -> tuple[Float[Tensor, " unit"], Float[Tensor, "unit unit"]]:
        """Return half the gradient, and the Gauss-Newton curvature."""
        rate, slope = self._both(bias)
        error = self._error(rate)
        if self.out is None:
            return (error * slope).mean(0), slope.square().mean(0).diag()
        gradient = ((error.T @ slope) * self.out.T).sum(0) / len(error)
        return gradient, (slope.T @ slope) * (self.out @ self.out.T) / len(error)

    def _both(self, bias: Float[Tensor, " unit"]) -> tuple[Tensor, Tensor]:
        """Return the rate at the states, psi + w sigma + kappa dx/dt, and its derivative in the bias."""
        x = self.fed + bias
        parts = zip(self.neuron.both(x), self.neuron.own(x), self.neuron.lead(x), strict=True)
        rate, slope = (plain + self.own * own + lead * self.pace for plain, own, lead in parts)
        return rate, slope

    def _error(self, rate: Float[Tensor, "state unit"]) -> Float[Tensor, "state row"]:
        return (rate if self.out is None else rate @ self.out) - self.wanted


def _match(model: LIFNetwork, other: LIFNetwork, segments: list[Segment], seed: int) -> _Match:
    """Return what neurons of the other model should put out where the network goes under its learned bias."""
    circuit, entry, latent = Circuit(model.net), segments[0].entry, model.net.low_rank
    bias, state = circuit.tensor(entry.bias), circuit.tensor(_visited(model, segments, seed))
    flow = (circuit.latent_flow if latent else circuit.rate_flow)(state, drive=bias)
    still = torch.zeros_like(bias)

    def fed(y: Tensor) -> Tensor:
        return y @ circuit.into if latent else circuit.coupling(1.0).forward(y, still)

    wanted = state + flow  # of a low-rank network D phi, else phi
    pace, out = fed(flow / model.net.filter.lag), circuit.out if latent else None
    return _Match(other.lif, circuit.tensor(other.own), fed(state), pace, wanted, out)


def _visited(model: LIFNetwork, segments: list[Segment], seed: int) -> Float[np.ndarray, "state variable"]:
    """Return latents of a low-rank network with the noise of its spikes, or rates of another one."""
    entry, dt = segments[0].entry, sampling_step(model, None)
    start = starting_states(entry, None, _TRIALS, np.random.Generator(np.random.Philox(seed)))[:, -1]
    if model.net.low_rank:
        made = entry.to_network(_surrogate.run(model, segments, start, dt, seed)["output"].values)
    else:
        duration = segments[0].duration  # under a bare vector: in network coordinates
        run = simulate(model.net, entry.bias, duration=duration, dt=dt, initial=start, rates=True, seed=seed)
        made = run["rate"].values / model.lif.rate_scale
    states = made.reshape(-1, made.shape[-1])
    return states[:: max(1, len(states) // _STATES)]


def _matched(match: _Match, first: Float[np.ndarray, " unit"]) -> Float[np.ndarray, " unit"]:
    """Return the biases that match best, by Levenberg and Marquardt's method."""
    bias, ridge = torch.as_tensor(first, dtype=torch.float64), _RIDGE
    loss = match.loss(bias)
    for _ in range(_STEPS):
        gradient, curvature = match.normal(bias)
        mean = curvature.diagonal().mean()
        if not mean > 0:  # silent neurons answer to nothing
            break
        curvature.diagonal().add_(ridge * mean)
        moved = bias - torch.linalg.solve(curvature, gradient)
        fallen = match.loss(moved)
        if fallen > loss:
            ridge *= 10
            continue
        done, bias, loss, ridge = fallen > (1 - _STALL) * loss, moved, fallen, ridge / 3
        if done:
            break
    return bias.numpy()


def _carried(bias: Bias, onto: Network, rows: dict[str, np.ndarray]) -> Bias:
    """Return a bank of ``onto`` with these rows alone, or the one vector."""
    if not isinstance(bias, xr.Dataset):
        (row,) = rows.values()
        return bias.copy(data=row) if isinstance(bias, xr.DataArray) else row
    made = bias.sel(task=list(rows))
    made = made.assign(bias=made["bias"].copy(data=np.stack(list(rows.values()))))
    return made.assign_attrs(
        network_sha256=onto.sha256, network=json.dumps(onto.to_dict()), recalibrated=", ".join(rows)
    )
