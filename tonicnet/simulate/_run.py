"""Running a rate network: trials in parallel, a schedule of tasks, inputs and noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from .._names import choose
from .._numbers import whole
from .._runs import Recording, sampled
from ..network import Entry, Network, Schedule, Segment, plan
from ._field import Circuit
from ._method import METHODS, step
from ._motion import Motion, motion

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
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    rates: bool = False,
    every: int = 1,
    dtype: str = "float64",
    seed: int = 0,
) -> xr.Dataset:
    """Run the network alone, in closed loop, and return its output in the task's own units.

        tau dr/dt = -r + phi(W r + E u(t) + b + noise),      x = D r

    or, where the synapses have a rise time or a delay, the two stages of :class:`Network`; these begin as if the
    run had come to its first state in the motion that it goes on with.

    Arguments
    ---------
    net, bias : a network, and a bank of it or one bias vector (unit,).
    duration, task : seconds under one bias, and which of the bank's.
    schedule : or [(task, seconds), ...]; the bias changes at each boundary, the state runs on.
    dt : step in seconds; tau / 10 if not given, the network's own if it is discrete. With a rise time or a delay it
        is cut into parts that resolve both (about tau / 10 that is a whole number of them, if not given).
    method : "rk4" (default; order 4), "exponential-euler" (order 1), or "euler" (what discrete networks are).
        Networks with rise or delay are run by "rk4".
    trials : how many runs side by side (as many as ``initial`` has if not given, else 1).
    initial : (component,) or (trial, component) in the first task's units, or (trial, time, component): a
        history at steps of ``dt`` that drives the network before it is left alone (not with rise or delay). Drawn
        from the states stored in the bank if not given.
    inputs : u in the task's units, (time, component) or (trial, time, component), one row a step, held
        during it; it moves the fed-back output by u.
    noise : standard deviation of the input noise of each unit, with correlation time tau, in the
        transfer function's input unit.
    rates : also keep ``rate(trial, time, unit)``.
    every : keep one sample in so many steps.
    dtype : "float64" or "float32".
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
    circuit = Circuit(net, _DTYPES[choose("dtype", dtype, _DTYPES)])
    rng = np.random.Generator(np.random.Philox(seed))
    start = starting_states(segments[0].entry, initial, trials, rng)
    u = _inputs(inputs, segments, step_size, len(start), net.components)
    _check_history(net, start)
    runner = _Runner(circuit, net, step_size / net.tau, scheme, noise, rates, rng)
    samples = runner.run(segments, start, u, step_size)
    recording = Recording.of(segments, step_size, whole("every", every))
    return _collect(net, recording, samples, rates, seed)


def starting_states(
    entry: Entry, initial: np.ndarray | xr.DataArray | None, trials: int | None, rng: np.random.Generator
) -> Float[np.ndarray, "trial time component"]:
    """Return the states (a history of one or more steps) a run begins from, in network coordinates."""
    if initial is None:
        count = 1 if trials is None else whole("trials", trials)
        chosen = rng.choice(len(entry.start), size=count, replace=count > len(entry.start))
        return entry.to_network(entry.start[np.sort(chosen)])[:, None]
    given = np.asarray(initial, dtype=np.float64)
    given = given[None, None] if given.ndim == 1 else given[:, None] if given.ndim == 2 else given
    k = len(entry.center)
    if given.ndim != 3 or 0 in given.shape or given.shape[-1] not in (entry.dimension, k):
        raise ValueError(
            f"initial is (component,), (trial, component) or (trial, time, component) with {entry.dimension} "
            f"components for task {entry.task!r}, got shape {np.shape(initial)}"
        )
    if not np.isfinite(given).all():
        raise ValueError("initial holds values that are not finite")
    if trials is not None and len(given) not in (1, whole("trials", trials)):
        raise ValueError(f"initial has {len(given)} trials and trials={trials}; give one state, or one a trial")
    given = np.repeat(given, trials, axis=0) if trials is not None and len(given) == 1 else given
    idle = np.broadcast_to(entry.center[given.shape[-1] :], (*given.shape[:-1], k - given.shape[-1]))
    return entry.to_network(np.concatenate([given, idle], axis=-1))


@dataclass
class _Runner:
    """Advances rates or latents through the segments of a run."""

    circuit: Circuit
    net: Network
    h: float
    method: str
    noise: float
    rates: bool
    rng: np.random.Generator

    def run(self, segments: list[Segment], start: np.ndarray, inputs: np.ndarray | None, dt: float) -> Iterator[Tensor]:
        """Yield the state at every sample, the first one included."""
        if not (math.isfinite(self.noise) and self.noise >= 0):
            raise ValueError(f"noise is a standard deviation, zero or positive, got {self.noise}")
        moving = self._begin(segments[0].entry, start, dt)
        fluctuation = self._fluctuation(len(start))
        yield moving.state
        done = 0
        for segment in segments:
            tonic = self.circuit.tensor(segment.entry.bias)
            for _ in range(segment.steps(dt)):
                drive = self._drive(tonic, inputs, done, segment.entry)
                drive = drive + next(fluctuation) if self.noise else drive
                moving.advance(drive)
                done += 1
                yield moving.state

    @property
    def _flow(self) -> Callable[..., Tensor]:
        return self.circuit.latent_flow if self._latent else self.circuit.rate_flow

    @property
    def _latent(self) -> bool:
        return self.net.low_rank and not self.rates

    def _begin(self, entry: Entry, start: np.ndarray, dt: float) -> Motion:
        bias = self.circuit.tensor(entry.bias)
        state = self._first(bias, start)
        filter = self.net.filter
        return motion(self._flow, state, bias, filter=filter, h=dt / filter.lag, method=self.method)

    def _first(self, bias: Tensor, start: np.ndarray) -> Tensor:
        history = self.circuit.tensor(start)
        first = history[:, 0]
        r = self.circuit.resting_rates(first, bias)
        for k in range(1, history.shape[1]):
            drive = torch.addmm(bias, history[:, k - 1], self.circuit.into)
            r = step(partial(self.circuit.driven_flow, drive=drive), r, self.h, self.method)
        if not self._latent:
            return r
        return first if history.shape[1] == 1 else r @ self.circuit.out

    def _drive(self, tonic: Tensor, inputs: np.ndarray | None, k: int, entry: Entry) -> Tensor:
        if inputs is None:
            return tonic
        return torch.addmm(tonic, self.circuit.tensor(inputs[:, k] / entry.scale), self.circuit.into)

    def _fluctuation(self, trials: int) -> Iterator[Tensor]:
        """Coloured noise of correlation time tau, exact at any step."""
        keep = math.exp(-self.h)
        value = self.noise * self._normal(trials)
        while True:
            yield value
            value = keep * value + self.noise * math.sqrt(1 - keep**2) * self._normal(trials)

    def _normal(self, trials: int) -> Tensor:
        return self.circuit.tensor(self.rng.standard_normal((trials, self.net.units)))


def _collect(net: Network, recording: Recording, samples: Iterator[Tensor], rates: bool, seed: int) -> xr.Dataset:
    decoder = torch.tensor(net.decoder.T, dtype=torch.float64)
    kept, latents = [], []
    for k, state in enumerate(samples):
        if k % recording.every == 0:
            wide = state.to(torch.float64)
            latents.append(wide @ decoder if _holds_rates(net, rates) else wide)
            kept += [wide] if rates else []
    z = torch.stack(latents, dim=1).numpy()
    recording.check_finite(z)
    rate = net.transfer.rate_scale * torch.stack(kept, dim=1).numpy() if rates else None
    return sampled(
        recording, z, rate=rate, rate_unit=net.transfer.rate_unit, kind="rate", seed=seed, network_sha256=net.sha256
    )


def _holds_rates(net: Network, rates: bool) -> bool:
    return rates or not net.low_rank


def _resolve(net: Network, dt: float | None, method: str | None) -> tuple[float, str]:
    own = net.spec.dt
    if own is not None and (dt not in (None, own) or method not in (None, "euler")):
        raise ValueError(f'a discrete network runs at its own dt {own} s with method "euler"; leave both out')
    size = next(s for s in (own, dt, net.filter.near(net.tau / _STEPS_PER_TAU)) if s is not None)
    if not (math.isfinite(size) and size > 0):
        raise ValueError(f"dt is a positive number of seconds, got {dt}")
    if own is None and size > net.tau:
        raise ValueError(f"dt {size} s is longer than tau {net.tau} s; use tau / 5 or less")
    scheme = choose("method", method or ("euler" if own else "rk4"), METHODS)
    if not net.filter.first_order and scheme != "rk4":
        raise ValueError(f'a network with rise or delay is run by method "rk4", got {scheme!r}; leave method out')
    net.filter.cuts(size)  # refuses a step that cannot resolve the delay
    return size, scheme


def _check_history(net: Network, start: Float[np.ndarray, "trial time component"]) -> None:
    if start.shape[1] > 1 and not net.filter.first_order:
        raise ValueError(
            f"a network with rise or delay begins at a state and not after a history, got one of {start.shape[1]} "
            "steps; give initial as (component,) or (trial, component)"
        )


def _inputs(
    given: np.ndarray | xr.DataArray | None, segments: list[Segment], dt: float, trials: int, components: int
) -> np.ndarray | None:
    if given is None:
        return None
    u = np.asarray(given, dtype=np.float64)
    u = u[None] if u.ndim == 2 else u
    steps = sum(s.steps(dt) for s in segments)
    if u.ndim != 3 or u.shape[0] not in (1, trials) or u.shape[1:] != (steps, components):
        raise ValueError(
            f"inputs must be (time, component) = ({steps}, {components}), or with {trials} trials in front, "
            f"got {np.shape(given)}"
        )
    if not np.isfinite(u).all():
        raise ValueError(f"inputs are not finite at step {int(np.argmin(np.isfinite(u).all(axis=(0, 2))))}")
    return np.broadcast_to(u, (trials, steps, components))
