"""The rate network with the noise of its spikes: what a spiking run is expected to do, without running it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from .._runs import Recording, sampled
from ..network import Network, Schedule, Segment, plan
from ..simulate import Circuit, motion, starting_states
from ._lif_network import LIFNetwork
from ._to_brian2 import Bias, sampling_step

Flow = Callable[..., Tensor]


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
    seed: int = 0,
) -> xr.Dataset:
    """Run the rate network as its spiking network is predicted to run: with the noise of its spikes (see
    :func:`predict`), and with rates that answer to moving inputs (kappa, :meth:`LIF.lead`) and to own spikes, each of
    which raises its neuron's input by w (sigma, :meth:`LIF.own`), as those of neurons do.

        tau dz = (-z + D [phi(x) + w sigma(x) + kappa(x) E f(z)]) dt + D S(x)^(1/2) dB,    x = E z + b,
        f(z) = (-z + D phi(x)) / tau,    w_i = (E D)_ii / (m tau rate_scale),    S_i = rate_i CV_i^2 / (m rate_scale^2)

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
    start = starting_states(segments[0].entry, initial, trials, np.random.Generator(np.random.Philox(seed)))
    return run(model, segments, start[:, -1], sampling_step(model, dt), seed)


def run(
    model: LIFNetwork, segments: list[Segment], start: Float[np.ndarray, "trial component"], dt: float, seed: int
) -> xr.Dataset:
    """Run the surrogate and return it like a rate run, of kind "predicted"."""
    recording = Recording.of(segments, dt)
    latents = torch.stack(list(_states(model, segments, start, dt, seed)), dim=1).numpy()
    recording.check_finite(latents)
    return sampled(
        recording, latents, kind="predicted", seed=seed, network_sha256=model.net.sha256,
        neurons_per_unit=model.neurons_per_unit,
    )  # fmt: skip


def _states(
    model: LIFNetwork, segments: list[Segment], start: np.ndarray, dt: float, seed: int
) -> Iterator[Float[Tensor, "trial component"]]:
    """Yield z at every sample of

        tau dz = F(z) dt + D S(E z + b)^(1/2) dB                 (low-rank; K numbers a trial)
        tau dr = F(r) dt + S(W r + E z + b)^(1/2) dB,  z = D r   (other synapses; N numbers a trial)

    with F of :func:`_answering`, the drift by Runge-Kutta steps of ``dt``, the noise added at the end of each. With
    rise or delay, steps are such as resolve these, and the noise enters the stage that spikes enter:
    rise ds = (-s + p) dt + D S^(1/2) dB.
    """
    circuit, rng = Circuit(model.net), np.random.Generator(np.random.Philox(seed))
    ripple = np.random.Generator(np.random.Philox([seed, 1]))
    latent, filter, first = model.net.low_rank, model.net.filter, circuit.tensor(segments[0].entry.bias)
    state = circuit.tensor(start) if latent else circuit.resting_rates(circuit.tensor(start), first)
    parts = filter.cuts(dt)
    moving = motion(_answering(model, circuit), state, first, filter=filter, h=dt / parts / filter.lag)
    yield _output(model, circuit, moving.state, first, ripple)
    for segment in segments:
        bias = circuit.tensor(segment.entry.bias)
        for _ in range(segment.steps(dt)):
            for _ in range(parts):
                kick = _kick(model, circuit, moving.state, bias, rng)
                moving.advance(bias)
                moving.kick(math.sqrt(dt / parts) / filter.entrance * kick)
            yield _output(model, circuit, moving.state, bias, ripple)


def _answering(model: LIFNetwork, circuit: Circuit) -> Flow:
    """Return F(z) = -z + D [phi + w sigma + kappa dx/dt] at x, or F(r) = -r + phi + w sigma + kappa dx/dt.

    dx/dt is that without these answers: kappa / tau is some per cent, and its square is left out.
    """
    latent, lag, still = model.net.low_rank, model.net.filter.lag, circuit.tensor(np.zeros(model.net.units))
    coupling, own = None if latent else circuit.coupling(1.0), circuit.tensor(model.own)

    def fed(y: Tensor, drive: Tensor) -> Tensor:
        return torch.addmm(drive, y, circuit.into) if coupling is None else coupling.forward(y, drive)

    def flow(state: Tensor, drive: Tensor) -> Tensor:
        x = fed(state, drive)
        rate = model.lif.value(x) + own * model.lif.own(x)[0]
        plain = (rate @ circuit.out if latent else rate) - state
        ahead = model.lif.lead(x)[0] * fed(plain / lag, still)
        return plain + (ahead @ circuit.out if latent else ahead)

    return flow


def _output(
    model: LIFNetwork, circuit: Circuit, state: Tensor, bias: Tensor, rng: np.random.Generator
) -> Float[Tensor, "trial component"]:
    """Return what is read at a sample: z, and the ripple of spikes that is too fast for the network to follow."""
    z, x = _read(model, circuit, state, bias)
    return z + _drawn(circuit, ripple(model, x.numpy()), rng)


def _kick(model: LIFNetwork, circuit: Circuit, state: Tensor, bias: Tensor, rng: np.random.Generator) -> Tensor:
    """Return one draw of the noise of the state, per root second and times tau."""
    _, x = _read(model, circuit, state, bias)
    if model.net.low_rank:
        return _drawn(circuit, power(model, x.numpy()), rng)
    return circuit.tensor(np.sqrt(power(model, x.numpy())) * rng.standard_normal(x.shape))


def _read(model: LIFNetwork, circuit: Circuit, state: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Return the output z and the input x of all units."""
    if model.net.low_rank:
        return state, torch.addmm(bias, state, circuit.into)
    return state @ circuit.out, circuit.coupling(1.0).forward(state, bias)


def _drawn(circuit: Circuit, variances: Float[np.ndarray, "trial unit"], rng: np.random.Generator) -> Tensor:
    """Return one draw of D n, where n of the units are independent and have these variances."""
    pairs = (circuit.out[:, :, None] * circuit.out[:, None, :]).flatten(1)
    k = circuit.out.shape[1]
    covariance = (circuit.tensor(variances) @ pairs).view(-1, k, k)
    least = torch.finfo(covariance.dtype).eps * torch.eye(k, dtype=covariance.dtype)
    drawn = circuit.tensor(rng.standard_normal((len(covariance), k)))
    return (torch.linalg.cholesky(covariance + least) @ drawn[..., None])[..., 0]
