"""How a bias does in closed loop: the network alone, held against the task."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from ..measure import (
    attractor_distance_of,
    attractor_threshold_of,
    collapsed_of,
    escaped_of,
    limit_cycle_of,
    orbit_distance_of,
    state_space_divergence_of,
    valid_time_of,
)
from ..network import Network
from ..simulate import Circuit, motion, step
from ._horizon import WARM_UP
from ._target import Target
from ._traps import traps

NAMES = {
    "field_error": ("1", "rms error of tau dz/dt over rms of tau dz/dt"),
    "valid_time": ("task", "median time to a normalised error of 0.4"),
    "valid_time_low": ("task", "lower quartile of valid time over starts"),
    "valid_time_high": ("task", "upper quartile of valid time over starts"),
    "divergence": ("1", "D_stsp, state-space divergence"),
    "divergence_floor": ("1", "D_stsp of one true run against another of the same T"),
    "divergence_samples": ("1", "T, samples behind D_stsp and its floor"),
    "period_error": ("1", "relative error of the period"),
    "amplitude_error": ("1", "largest relative error of an amplitude"),
    "orbit_distance": ("1", "distance of phase-aligned orbits in standard deviations"),
    "r_squared": ("1", "share of the targets' variance that the network alone explains"),
    "attractor_distance": ("1", "mean distance to the nearest true state in standard deviations"),
    "traps": ("1", "stable fixed points of the network beside an attractor that has none"),
    "lost": ("1", "share of starts that ended off the attractor or stuck"),
}


@dataclass(frozen=True)
class Score:
    """Measures of one bias in closed loop (NaN where a measure does not apply) and the one number that ranks it."""

    values: dict[str, float] = field(default_factory=dict)
    rank: float = np.inf
    good: bool = False

    @property
    def lost(self) -> bool:
        """Whether some starts were lost."""
        return bool(self.values.get("lost", 0.0) > 0)

    def sentence(self) -> str:
        """Return the measures that were taken, in words."""
        shown = (
            "valid_time",
            "divergence",
            "period_error",
            "amplitude_error",
            "attractor_distance",
            "r_squared",
            "traps",
            "lost",
        )
        return ", ".join(f"{n.replace('_', ' ')} {self.values[n]:.3g}" for n in shown if n in self.values)


_STEP = 0.2  # of closed-loop runs, in tau
_SIZES = {"chaos": (20, 5000), "recording": (20, 5000), "cycle": (6, 4000), "memory": (40, 600)}  # starts, samples
_GOOD_PERIOD, _GOOD_AMPLITUDE, _GOOD_DISTANCE = 5e-4, 2e-3, 1e-2


@dataclass(frozen=True)
class Examiner:
    """Runs biases of one task in closed loop against the same reference runs.

    ``truth`` (trial, time, component) in scaled coordinates, sampled every ``h`` tau (every ``h`` lags of synapses with
    rise or delay), is what the network is started from and held against, after it was driven by ``history`` if it has
    a memory of its own; ``other`` is an independent run, for floors.
    """

    target: Target
    circuit: Circuit
    truth: Float[np.ndarray, "trial time component"]
    other: Float[np.ndarray, "trial time component"]
    history: Float[np.ndarray, "trial step latent"]
    h: float

    @classmethod
    def of(cls, target: Target, circuit: Circuit) -> Examiner:
        """Prepare the reference runs that suit the kind of task."""
        task, d = target.reference, target.task.dimension
        starts, samples = _SIZES.get(task.kind, _SIZES["chaos"])
        h = _sampling(target.net)
        dt = h * target.unit
        warm = 0 if target.net.low_rank else round(WARM_UP / h)
        samples = int(min(samples, task.duration / dt - warm))
        runs = [
            target.scaled(task.trajectory((warm + samples) * dt, dt, trials=starts, seed=seed)["output"].values)
            for seed in (101, 202)
        ]
        return cls(target, circuit, runs[0][:, warm:, :d], runs[1][:, warm:, :d], runs[0][:, : warm + 1], h)

    def run(self, bias: torch.Tensor) -> Float[np.ndarray, "trial time component"]:
        """Return the closed loop from every reference run's first state, scaled, idle components left out."""
        net = self.target.net
        b = bias.to(self.circuit.dtype)
        history = self.circuit.tensor(self.history)
        state = history[:, 0] if net.low_rank else self._driven(history, b)
        flow = self.circuit.latent_flow if net.low_rank else self.circuit.rate_flow
        moving = motion(flow, state, b, filter=net.filter, h=self.h, method=self._method)
        made = [state if net.low_rank else state @ self.circuit.out]
        for _ in range(self.truth.shape[1] - 1):
            moving.advance(b)
            made.append(moving.state if net.low_rank else moving.state @ self.circuit.out)
        return torch.stack(made, dim=1).double().cpu().numpy()[..., : self.truth.shape[2]]

    def _driven(self, history: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        state = self.circuit.resting_rates(history[:, 0], b)
        for k in range(history.shape[1] - 1):
            drive = torch.addmm(b, history[:, k], self.circuit.into)
            state = step(partial(self.circuit.driven_flow, drive=drive), state, self.h, self._method)
        return state

    @property
    def _method(self) -> str:
        return "rk4" if self.target.net.spec.dt is None else "euler"

    def score(self, bias: torch.Tensor) -> Score:
        """Return the closed-loop score of a bias; a run that blows up ranks last."""
        made = self.run(bias)
        if not np.isfinite(made).all():
            return Score({"lost": 1.0})
        kind = self.target.task.kind
        if kind == "cycle" or (kind == "recording" and np.isfinite(self.target.period)):
            score = self._cycle(made)
        else:
            score = self._memory(made) if kind == "memory" else self._chaos(made, bias)
        return replace(score, values={"field_error": self.field_error(bias)} | score.values)

    def field_error(self, bias: torch.Tensor) -> float:
        """Return the rms error of the network's field at the states a task knows over the rms of the true field."""
        if not (self.target.net.low_rank and self.target.task.has_flow and self.target.net.spec.dt is None):
            return np.nan
        z = self.target.known
        d = self.truth.shape[2]
        true = self.target.flow(z)[:, :d]
        made = (
            self.circuit.latent_flow(self.circuit.tensor(z), bias.to(self.circuit.dtype)).double().cpu().numpy()[:, :d]
        )
        return float(np.sqrt(np.mean((made - true) ** 2) / np.mean(true**2)))

    def _chaos(self, made: np.ndarray, bias: torch.Tensor) -> Score:
        dt = self.h * self.target.unit
        valid = valid_time_of(self.truth, made, dt)
        flat = self.truth.reshape(-1, self.truth.shape[2])
        divergence = state_space_divergence_of(self._embedded(self.truth), self._embedded(made))
        lost = float(self._lost(made).mean())
        low, middle, high = np.quantile(valid, [0.25, 0.5, 0.75])
        values = {
            "valid_time": middle,
            "valid_time_low": low,
            "valid_time_high": high,
            "divergence": divergence,
            "divergence_floor": self.floor(),
            "divergence_samples": float(len(flat)),
            "traps": float(self._traps(bias)),
            "lost": lost,
        }
        if not self.target.task.has_flow:  # a known field pins its fixed points; what a recording left open ends there
            lost = max(lost, min(1.0, values["traps"]))
        good = lost == 0 and divergence < 1.25 * values["divergence_floor"] + 0.01
        return Score(values, rank=divergence + 0.02 * values["traps"] + 10 * lost, good=good)

    def _traps(self, bias: torch.Tensor) -> int:
        return (
            len(traps(self.circuit, bias, self.target.known, self.target.net.filter)) if self.target.net.low_rank else 0
        )

    def _lost(self, made: np.ndarray) -> np.ndarray:
        window = made.shape[1] // 2
        return collapsed_of(self.truth, made, window) | escaped_of(self.truth, made)

    def floor(self) -> float:
        """Return D_stsp of one true run against another of the same length."""
        return state_space_divergence_of(self._embedded(self.truth), self._embedded(self.other))

    def _embedded(self, x: Float[np.ndarray, "trial time component"]) -> Float[np.ndarray, "state coordinate"]:
        """Return all states; of a single component, its delay embedding in three dimensions, a time scale apart."""
        if x.shape[2] > 1:
            return x.reshape(-1, x.shape[2])
        lag = max(1, round(self.target.time_scale / (self.h * self.target.unit)))
        length = x.shape[1] - 2 * lag
        return np.concatenate([x[:, k * lag : k * lag + length] for k in range(3)], axis=2).reshape(-1, 3)

    def _cycle(self, made: np.ndarray) -> Score:
        dt = self.h * self.target.unit
        true = limit_cycle_of(self.truth[0], dt)
        cycles = [limit_cycle_of(trial, dt) for trial in made]
        alive = [c for c in cycles if c.cycles and abs(c.period / true.period - 1) < 0.2]
        lost = 1 - len(alive) / len(cycles)
        if not alive:
            return Score({"lost": lost}, rank=10.0)
        period = float(np.mean([c.period for c in alive]) / true.period - 1)
        size = np.mean([c.amplitude for c in alive], axis=0) / true.amplitude - 1
        orbit = float(np.mean([orbit_distance_of(self.truth[0], trial, dt).distance for trial in made[:2]]))
        values = {
            "period_error": period,
            "amplitude_error": float(size[np.argmax(np.abs(size))]),
            "orbit_distance": orbit,
            "lost": lost,
        }
        amplitude = abs(values["amplitude_error"])
        good = lost == 0 and abs(period) < _GOOD_PERIOD and amplitude < _GOOD_AMPLITUDE
        return Score(values, rank=abs(period) + 0.2 * amplitude + 10 * lost, good=good)

    def _memory(self, made: np.ndarray) -> Score:
        d = self.truth.shape[2]
        final = self.truth[:, -1]
        distance = attractor_distance_of(final, made[:, -1], scale=np.ones(d))
        threshold = attractor_threshold_of(self.truth[:, -2:])
        lost = float((distance > threshold).mean())
        values = {"attractor_distance": float(distance.mean()), "lost": lost}
        good = lost == 0 and values["attractor_distance"] < _GOOD_DISTANCE
        return Score(values, rank=values["attractor_distance"] + 10 * lost, good=good)


def _sampling(net: Network) -> float:
    """Return the step of closed-loop runs in tau (or lag): a discrete network's own, else one that suits its filter."""
    if net.spec.dt is not None:
        return net.spec.dt / net.tau
    lag = net.filter.lag
    return _STEP if net.filter.first_order else net.filter.near(_STEP * lag) / lag
