"""The rate network with the noise of its spikes: what a spiking run is expected to do, without running it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from .._random import generator
from ..bank import Schedule, Segment, Timeline
from ..circuit import Adapting, Dynamics, LowRank, circuit_of, motion, placed
from ..network import Network
from ..simulate import starting_states
from ._external import externals
from ._lif_network import LIFNetwork
from ._plan import plan
from ._to_brian2 import Bias, sampling_step

Flow = Callable[[Tensor, Tensor], Tensor]


def power(model: LIFNetwork, x: Float[np.ndarray, "*shape unit"]) -> Float[np.ndarray, "*shape unit"]:
    """Return the white-noise intensity of each unit's rate r at input x, S_i = rate CV^2 / (m rate_scale^2), 1/Hz.

    m neurons that carry one unit fire independently at a given input, so their noise adds.
    """
    return model.lif.variability(x) / (model.neurons_per_unit * model.lif.rate_scale**2)


def variance(model: LIFNetwork, x: Float[np.ndarray, "*shape unit"]) -> Float[np.ndarray, "*shape unit"]:
    """Return the variance of each unit's filtered rate r at constant input x, slow noise and ripple."""
    return model.lif.filtered_variance(x, model.net.filter) / model.neurons_per_unit


def ripple(model: LIFNetwork, x: Float[np.ndarray, "*shape unit"]) -> Float[np.ndarray, "*shape unit"]:
    """Return the part of :func:`variance` that is not slow noise of intensity S, S / (2 tau)."""
    filter = model.net.filter
    return np.maximum(variance(model, x) - power(model, x) / (2 * (filter.tau + filter.rise)), 0)


def surrogate(
    net: Network,
    bias: Bias,
    *,
    duration: float | None = None,
    schedule: Schedule | None = None,
    task: str | None = None,
    neurons_per_unit: int = 1,
    dt: float | None = None,
    trials: int | None = None,
    initial: np.ndarray | xr.DataArray | None = None,
    inputs: np.ndarray | xr.DataArray | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Run the rate network as its spiking network is predicted to run: with the noise of its spikes (see
    :func:`predict`), and with rates that answer to moving inputs (kappa, :meth:`LIF.lead`) and to own spikes, each of
    which raises its neuron's input by w (sigma, :meth:`LIF.own`), as those of neurons do.

        tau dz = (-z + D [phi(x) + w sigma(x) + kappa(x) E f(z)]) dt + D S(x)^(1/2) dB,    x = E z + b,
        f(z) = (-z + D phi(x)) / tau,    w_i = (E D)_ii / (m tau rate_scale),    S_i = rate_i CV_i^2 / (m rate_scale^2)

    Units that adapt run with their currents instead, under the noise that these leave, S (1 - beta phi')^2. Inputs u
    are added to z in x; where they jump by v, neurons answer at once, and z jumps by D kappa(x) E v / tau.

    The output is z and, drawn anew at every sample, the ripple of spikes that is too fast for the network to follow.

    Arguments as for :func:`simulate`, whose result this predicts at a fraction of the cost and without Brian2;
    trials run side by side. Returns a run of kind "predicted". Raises ValueError as :func:`simulate` does.

    Source: diffusion limit of spiking networks, Brunel (2000), doi:10.1023/A:1008925309027.

    >>> from tonicnet.network import Network
    >>> surrogate(Network(units=20, seed=0), np.ones(20), duration=0.1, trials=2)["output"].shape
    (2, 11, 3)
    """
    segments = plan(net, bias, duration=duration, schedule=schedule, task=task)
    model = LIFNetwork(net, neurons_per_unit)
    start = starting_states(segments[0].entry, initial, trials, generator(seed))[:, -1]
    step = sampling_step(model, dt)
    return run(model, segments, start, step, seed, rows_of_inputs(inputs, segments, step, len(start), net.components))


def run(
    model: LIFNetwork, segments: list[Segment], start: Float[np.ndarray, "trial component"], dt: float, seed: int,
    inputs: Float[np.ndarray, "step trial component"] | None = None,
) -> xr.Dataset:  # fmt: skip
    """Run the surrogate and return it like a rate run, of kind "predicted"; ``inputs`` in network coordinates."""
    timeline = Timeline.of(segments, dt)
    timeline.check_size(len(start), model.net.components)
    latents = torch.stack(list(_states(model, segments, start, dt, seed, inputs)), dim=1).numpy()
    timeline.check_finite(latents)
    return timeline.dataset(
        latents, kind="predicted", seed=seed, network_sha256=model.net.sha256, neurons_per_unit=model.neurons_per_unit
    )


def _states(
    model: LIFNetwork, segments: list[Segment], start: np.ndarray, dt: float, seed: int, inputs: np.ndarray | None
) -> Iterator[Float[Tensor, "trial component"]]:
    """Yield z at every sample of

        tau dz = F(z) dt + D S(E z + b)^(1/2) dB                 (low-rank; K numbers a trial)
        tau dr = F(r) dt + S(W r + E z + b)^(1/2) dB,  z = D r   (other synapses; N numbers a trial)

    with E u + b of the step for b, F of :func:`_answering`, the drift by Runge-Kutta steps of ``dt``, the noise added
    at the end of each. With rise or delay, steps are such as resolve these, and the noise enters the stage that spikes
    enter: rise ds = (-s + p) dt + D S^(1/2) dB.
    """
    rng = generator(seed)
    ripple = np.random.Generator(np.random.Philox([seed, 1]))
    circuit, filter, parts = circuit_of(model.net), model.net.filter, model.net.filter.cuts(dt)
    first = placed(circuit, segments[0].entry.numbers)
    onto = _onto(first, inputs, 0)
    state, h = first.state(circuit.tensor(start)), dt / parts / filter.lag
    moving = (
        Adapting(first, state, h)
        if model.lif.adapts
        else motion(_answering(model, first), state, onto, filter=filter, h=h)
    )
    yield _output(model, first, moving.state, onto, ripple)
    numbers = itertools.count()
    for segment in segments:
        dynamics = placed(circuit, segment.entry.numbers)
        for k in itertools.islice(numbers, segment.steps(dt)):
            onto = _onto(dynamics, inputs, k)
            if inputs is not None and k and not model.lif.adapts:
                moving.kick(_jump(model, dynamics, moving.state, inputs[k - 1], inputs[k]) / filter.entrance)
            for _ in range(parts):
                kick = _kick(model, dynamics, moving.state, onto, rng)
                moving.advance(onto)
                moving.kick(math.sqrt(dt / parts) / filter.entrance * kick)
            yield _output(model, dynamics, moving.state, onto, ripple)


def rows_of_inputs(
    given: Any, segments: list[Segment], step: float, trials: int, components: int
) -> Float[np.ndarray, "step trial component"] | None:
    """Return inputs as a row a sample, in network coordinates; None for none."""
    each = [external.rows for external in externals(given, 0.0, segments, step, trials, components)]
    return None if each[0] is None else np.stack([rows for rows in each if rows is not None], axis=1)


def _onto(dynamics: Dynamics, inputs: np.ndarray | None, k: int) -> Tensor:
    """Return E u + b of a step."""
    if inputs is None:
        return dynamics.tonic
    return dynamics.circuit.fed(dynamics.circuit.tensor(inputs[k]), dynamics.tonic)


def _jump(model: LIFNetwork, dynamics: Dynamics, state: Tensor, before: np.ndarray, after: np.ndarray) -> Tensor:
    """Return C kappa(x) E v, what neurons answer at once to a jump v of their inputs; x is in the middle of it."""
    circuit = dynamics.circuit
    old, new = circuit.tensor(before), circuit.tensor(after)
    x = dynamics.drive(state, circuit.fed((old + new) / 2, dynamics.tonic))
    moved = circuit.fed(new - old, torch.zeros_like(dynamics.tonic))
    return circuit.collect(model.lif.lead(x)[0] * moved)


def _answering(model: LIFNetwork, dynamics: Dynamics) -> Flow:
    """Return F(z) = -z + D [phi + w sigma + kappa dx/dt] at x, or F(r) = -r + phi + w sigma + kappa dx/dt.

    dx/dt is that without these answers: kappa / tau is some per cent, and its square is left out.
    """
    circuit, lag = dynamics.circuit, model.net.filter.lag
    own, still = circuit.tensor(model.own), torch.zeros_like(dynamics.tonic)

    def flow(state: Tensor, onto: Tensor) -> Tensor:
        x = circuit.drive(state, onto)
        plain = circuit.collect(model.lif.value(x) + own * model.lif.own(x)[0]) - state
        ahead = model.lif.lead(x)[0] * circuit.drive(plain / lag, still)
        return plain + circuit.collect(ahead)

    return flow


def _output(
    model: LIFNetwork, dynamics: Dynamics, state: Tensor, onto: Tensor, rng: np.random.Generator
) -> Float[Tensor, "trial component"]:
    """Return what is read at a sample: z, and the ripple of spikes that is too fast for the network to follow."""
    x = dynamics.drive(state, onto)
    return dynamics.output(state) + _drawn(dynamics, ripple(model, x.numpy()), rng)


def _kick(model: LIFNetwork, dynamics: Dynamics, state: Tensor, onto: Tensor, rng: np.random.Generator) -> Tensor:
    """Return one draw of the noise of the state, per root second and times tau."""
    strength = power(model, dynamics.drive(state, onto).numpy())
    if isinstance(dynamics.circuit, LowRank):
        return _drawn(dynamics, strength, rng)
    return dynamics.circuit.tensor(np.sqrt(strength) * rng.standard_normal(strength.shape))


def _drawn(
    dynamics: Dynamics, variances: Float[np.ndarray, "trial unit"], rng: np.random.Generator
) -> Float[Tensor, "trial component"]:
    """Return one draw of D n, where n of the units are independent and have these variances."""
    circuit = dynamics.circuit
    pairs = (circuit.out[:, :, None] * circuit.out[:, None, :]).flatten(1)
    k = circuit.out.shape[1]
    covariance = (circuit.tensor(variances) @ pairs).view(-1, k, k)
    least = torch.finfo(covariance.dtype).eps * torch.eye(k, dtype=covariance.dtype)
    drawn = circuit.tensor(rng.standard_normal((len(covariance), k)))
    return (torch.linalg.cholesky(covariance + least) @ drawn[..., None])[..., 0]
