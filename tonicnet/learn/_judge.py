"""How a theta does in closed loop: the network alone, held against the task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Autonomous, Circuit, Dynamics, Learnable, LowRank, circuit_of, driven, kernel, loop_of
from ..measure import attractor_distance_of, attractor_threshold_of, limit_cycle_of, orbit_distance_of, valid_time_of
from ..measure.arrays import Parts, Reach, Visited
from ._course import Problem
from ._moving_field import field_error_of
from ._score import Score, Standing, reached
from ._settings import EXACT_BELOW
from ._spurious import spurious_fixed_points
from ._target import Target
from ._window_length import WARM_UP

_STEP, _WIDE = 0.2, 0.5  # between samples of closed-loop runs, in tau; of chaos, where rare events have to be seen
_SIZES = {"chaos": (20, 5000), "recording": (20, 5000), "cycle": (6, 4000), "memory": (40, 600)}  # starts, samples
_FULL, _ADAPTING = 2000, 1500  # samples of chaos where every unit has a state, and where it has a current, to be run
_GOOD_CHAOS = (1.5, 0.01)  # floors of D_stsp, and nat beside them, within which chaos is good
_FAIR_CHAOS = (2.0, 0.03)  # the same, of what is fair
_LONG_CHAOS = (2.0, 0.04)  # the same, of what is good or fair in runs that confirm it, in which the floor is lower
_NEAR = 3.0  # times what is good, up to which a longer look tells more
_FAR = 1.0  # nat of D_stsp beyond three floors, from where no flow of dysts was seen to come back
_SMALL = 1 << 16  # units in all runs, from where a card is as fast as compiled code: benchmarks/gpu.py simulate
_GOOD_PERIOD, _GOOD_AMPLITUDE, _GOOD_DISTANCE = 5e-4, 2e-3, 1e-2


@dataclass(frozen=True)
class AttractorJudge:
    """Runs thetas of one task in closed loop against the same reference runs.

    ``truth`` (trial, time, component) in units of the task's scale, sampled every ``h`` tau (every ``h`` lags of
    synapses with rise or delay), is what the network is held against; ``history``, in network coordinates, is what it
    is started from, or driven by first if it has a memory of its own; ``other`` is an independent run, for floors.
    Samples are ``apart`` times as far apart as they usually are, and runs as much longer.
    """

    target: Target
    circuit: Circuit
    truth: Float[np.ndarray, "trial time component"]
    other: Float[np.ndarray, "trial time component"]
    history: Float[np.ndarray, "trial step latent"]
    h: float
    apart: int = 1

    @classmethod
    def of(cls, problem: Problem, apart: int = 1, *, seed: int = 101) -> AttractorJudge:
        """Prepare the reference runs that suit the kind of task."""
        target = problem.target
        task, d = target.reference, target.task.dimension
        starts, samples = _SIZES.get(task.kind, _SIZES["chaos"])
        step = _sampling(problem)
        finer = 1 if problem.latent else apart  # what drives a network with a memory of its own is sampled as usual
        h, dt = apart * step, apart * step * target.unit / finer
        warm = 0 if problem.latent else round(WARM_UP / step)
        samples = min(samples, _most(problem))
        samples = int(min(samples, (task.duration / dt - warm) / finer))
        both = task.trajectory((warm + finer * samples) * dt, dt, trials=2 * starts, seed=seed)["output"].values
        driven_by = target.scaled(both[:starts, : warm + 1])
        true, other = np.split(target.standard(target.scaled(both[:, warm::finer])), 2)
        return cls(target, problem.circuit, true[..., :d], other[..., :d], driven_by, h, apart)

    def run(self, dynamics: Dynamics, fine: int = 1) -> Float[np.ndarray, "trial time component"]:
        """Return the closed loop from every reference run's first state, scaled, idle components left out.

        The network takes ``fine`` steps where one is usual: some attractors depend on the errors of larger ones.
        """
        fine *= self.apart
        history = dynamics.circuit.tensor(self.history)
        latent = isinstance(dynamics.circuit, LowRank)
        state = history[:, 0] if latent else driven(dynamics, history, self.h / self.apart, self._method)
        loop = loop_of(dynamics, state, filter=self.target.net.filter, h=self.h / fine, method=self._method)
        samples = loop.advance(fine * (self.truth.shape[1] - 1)).output[:, fine - 1 :: fine]
        outputs = torch.cat([dynamics.output(state)[:, None], samples], 1)
        return self.target.standard(outputs.double().cpu().numpy())[..., : self.truth.shape[2]]

    @cached_property
    def _running(self) -> Circuit:
        """The circuit that is run: chaos of many units in single precision, in which compiled code is much faster.

        Its rounding is far below the errors of what is learned, and true chaos parts from any rounding. What is learned
        on a card runs on the processor: a run is many small steps, each of which takes a card longer to begin than
        compiled code to end, up to so many units in all.
        """
        circuit, net = self.circuit, self.target.net
        if not isinstance(circuit, LowRank) or kernel() is None:
            return circuit
        if circuit.device.type != "cpu" and net.units * len(self.truth) > _SMALL:
            return circuit
        wide = net.units > EXACT_BELOW and self.target.task.kind == "chaos"
        dtype = torch.float32 if wide else circuit.dtype
        return circuit if (dtype, "cpu") == (circuit.dtype, circuit.device.type) else circuit_of(net, dtype)

    @property
    def _method(self) -> str:
        return "rk4" if self.target.net.spec.dt is None else "euler"

    def score(self, learnable: Learnable, theta: Tensor, fine: int = 1, best: Score | None = None) -> Score:
        """Return the closed-loop score of a theta; a run that leaves the finite numbers ranks last."""
        del best  # one look is all there is
        dynamics = learnable.at(theta)
        running = self._running
        outputs = self.run(replace(learnable, circuit=running).at(theta.to(running.device)), fine)
        if not np.isfinite(outputs).all():
            return Score({"lost": 1.0}, standing=Standing.FAR)
        kind = self.target.task.kind
        if kind == "cycle" or (kind == "recording" and np.isfinite(self.target.period)):
            score = self._cycle(outputs)
        else:
            score = self._memory(outputs) if kind == "memory" else self._chaos(outputs, learnable, theta)
        return replace(score, values={"field_error": self.field_error(dynamics)} | score.values)

    def field_error(self, dynamics: Dynamics) -> float:
        """Return the rms error of the network's field at the states a task knows over the rms of the true field."""
        circuit = dynamics.circuit
        if not (isinstance(circuit, LowRank) and self.target.task.has_flow and self.target.net.spec.dt is None):
            return np.nan
        if self.target.net.transfer.adapts:
            return field_error_of(self.target, dynamics)
        z = self.target.known
        d = self.truth.shape[2]
        true = self.target.flow(z)[:, :d]
        learned = dynamics.flow(circuit.tensor(z)).double().cpu().numpy()[:, :d]
        return float(np.sqrt(np.mean((learned - true) ** 2) / np.mean(true**2)))

    def _chaos(self, made: np.ndarray, learnable: Learnable, theta: Tensor) -> Score:
        """Return the score of chaos: near the floor of its divergence, fewer spurious points rank first.

        Divergences rank by how many times they are what would be good.
        """
        valid = valid_time_of(self.truth, made, self.h * self.target.unit)
        divergence = self._visited.divergence(self._embedded(made))
        lost, floor = float(self._lost(made).mean()), self.floor
        low, middle, high = np.quantile(valid, [0.25, 0.5, 0.75])
        spurious = float(self._spurious(learnable, theta))
        values = {
            "valid_time": middle, "valid_time_low": low, "valid_time_high": high,
            "divergence": divergence, "divergence_floor": floor,
            "divergence_samples": float(self.truth.shape[0] * self.truth.shape[1]),
            "traps": spurious, "lost": lost,
        }  # fmt: skip
        if not self.target.task.has_flow:  # a known field pins its fixed points; what a recording left open ends there
            lost = max(lost, min(1.0, spurious))
        good, fair = (_GOOD_CHAOS, _FAIR_CHAOS) if self.apart == 1 else (_LONG_CHAOS, _LONG_CHAOS)
        excess = divergence / _within(good, floor)
        if lost or excess >= _NEAR:
            standing = Standing.FAR if divergence > _FAR + 3 * floor else Standing.OFF
        elif excess >= 1:
            standing = Standing.FAIR if divergence < _within(fair, floor) else Standing.NEAR
        else:
            standing = Standing.GOOD
        return Score(values, rank=(lost, max(excess, 1.0), spurious, excess), standing=standing)

    def _spurious(self, learnable: Learnable, theta: Tensor) -> int:
        if not isinstance(learnable.circuit, LowRank):
            return 0
        exact = replace(learnable, circuit=circuit_of(self.target.net))
        alone = Autonomous(exact.at(theta.cpu()))
        return len(spurious_fixed_points(alone, self.target.known))

    def _lost(self, made: np.ndarray) -> np.ndarray:
        return self._parts.hold(made[:, -self._window :]) | self._reach.left(made)

    @property
    def _window(self) -> int:
        return self.truth.shape[1] // 2

    @cached_property
    def _parts(self) -> Parts:
        return Parts.of(self.truth, self._window)

    @cached_property
    def _reach(self) -> Reach:
        return Reach.of(self.truth)

    @cached_property
    def _visited(self) -> Visited:
        return Visited.of(self._embedded(self.truth))

    @cached_property
    def floor(self) -> float:
        """D_stsp of one true run against another of the same length."""
        return self._visited.divergence(self._embedded(self.other))

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
            return Score({"lost": lost}, rank=(lost, np.inf))
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
        return Score(
            values, rank=(lost, max(abs(period) / _GOOD_PERIOD, amplitude / _GOOD_AMPLITUDE)), standing=reached(good)
        )

    def _memory(self, made: np.ndarray) -> Score:
        d = self.truth.shape[2]
        final = self.truth[:, -1]
        distance = attractor_distance_of(final, made[:, -1], scale=np.ones(d))
        threshold = attractor_threshold_of(self.truth[:, -2:])
        lost = float((distance > threshold).mean())
        values = {"attractor_distance": float(distance.mean()), "lost": lost}
        good = lost == 0 and values["attractor_distance"] < _GOOD_DISTANCE
        return Score(values, rank=(lost, values["attractor_distance"]), standing=reached(good))


def _within(bound: tuple[float, float], floor: float) -> float:
    floors, beside = bound
    return floors * floor + beside


def _most(problem: Problem) -> int:
    """Return how many samples of a run are taken at most, for what they cost."""
    if problem.net.transfer.adapts:
        return _ADAPTING
    chaotic = problem.target.task.kind == "chaos" and problem.net.spec.dt is None
    return _FULL if chaotic and not problem.latent else max(samples for _, samples in _SIZES.values())


def _sampling(problem: Problem) -> float:
    """Return the step of closed-loop runs in tau (or lag): a discrete network's own, else one that suits its filter.

    RK4 steps of half a tau are exact to a few 1e-4, and samples further apart tell more of an attractor.
    """
    net = problem.net
    if net.spec.dt is not None:
        return net.spec.dt / net.tau
    lag = net.filter.lag
    if net.first_order and problem.target.task.kind == "chaos":
        return _WIDE
    return _STEP if net.filter.first_order else net.filter.near(_STEP * lag) / lag
