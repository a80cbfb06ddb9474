"""The field residual of units that adapt: their rates with the currents that the target's motion has left them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics, Learnable, moved_response
from ..network import LIF, Network
from ..parameters import Response
from ..solve import Sum
from ._course import Problem
from ._field_residual import FieldResidual
from ._target import Target
from ._training_states import far_residual, sample_count, sample_weights

_STEP = 0.05  # between moments, in tau or tau_a, whichever is shorter
_BEFORE, _SEEN = 3.0, 2.0  # how long a path is before its first sample, in tau_a, and how long it is seen, in tau
_FAR_SHARE = 1.25e-4  # of the states far away, beside those near the attractor
_KICKED, _BENT = 0.5, 2  # share of paths with a kick; one sample in so many enters the curvature
_CHECKED = 64  # paths on which the error of a field is told


@dataclass(frozen=True)
class MovingField(FieldResidual):
    """e_s = D r(z_s) - y_s with the rates of units that adapt, on paths z(t) of the target.

        tau_a da/dt = -a + beta r,    r = R(E z(t) + b - a)

    Where the latent moves as the target does, the input of each unit is known, and so are its current and its rate, for
    any tonic input, with their derivatives (:func:`tonicnet.circuit.moved_response`). A network with e = 0 moves as the
    target. ``moments`` are paths at steps of ``step`` seconds, of which the first ``before`` are no samples; ``states``
    are the others, path by path.
    """

    moments: Float[Tensor, "moment path component"] = field(default_factory=lambda: torch.empty(0))
    before: int = 0
    step: float = 0.0

    @property
    def seen(self) -> int:
        """How many samples a path has."""
        return len(self.moments) - self.before

    @property
    def bends(self) -> bool:
        """Paths are run anew at each theta."""
        return False

    @property
    def few(self) -> int:
        """All samples: a path is evaluated as a whole."""
        return len(self.states)

    def exchange(self, theta: Tensor) -> None:
        """Return none."""
        del theta

    def moves(self, theta: Tensor) -> None:
        """Return none."""
        del theta

    def thinned(self, every: int) -> FieldResidual:
        """Return the residual on one path in ``every``."""
        kept = torch.arange(len(self.states)).view(-1, self.seen)[::every].flatten()
        weights = self.weights[kept] / self.weights[kept].sum()
        return replace(
            self,
            states=self.states[kept],
            targets=self.targets[kept],
            weights=weights,
            moments=self.moments[:, ::every],
        )

    def tiles(self, copies: int = 4) -> Iterator[slice]:
        """Yield parts of the samples: whole paths."""
        room = self.room // (copies * self.learnable.columns * self.states.element_size() * self.seen)
        for first in range(0, len(self.states), max(1, room) * self.seen):
            yield slice(first, min(first + max(1, room) * self.seen, len(self.states)))

    def rate(self, dynamics: Dynamics, part: slice) -> Float[Tensor, "sample unit"]:
        """Return the rates at a part of the samples."""
        return self.response(dynamics, part).rate

    def response(self, dynamics: Dynamics, part: slice) -> Response:
        """Return rates and derivatives at a part of the samples."""
        paths = slice(part.start // self.seen, part.stop // self.seen)
        inputs = (dynamics.drive(z[paths]) for z in self.moments)
        return moved_response(dynamics, inputs, self.step, self.before)


def moving_field(problem: Problem, learnable: Learnable, rng: np.random.Generator, thin: int = 1) -> Sum:
    """Return the residual on paths of the target, half of them kicked off it, and that of units at rest far away.

    A path in ``thin`` and a far state in as many are taken; without that half of the samples enter the curvature.
    """
    target, settings = problem.target, problem.settings
    path = Path.of(target, *_starts(target, settings.noise, rng))
    z, tensor = path.samples, problem.circuit.tensor
    wanted = target.response(z)
    near = MovingField(
        learnable, tensor(z), tensor(wanted), tensor(sample_weights(target, z, wanted)), room=settings.room,
        moments=tensor(path.moments), before=path.before, step=path.step,
    )  # fmt: skip
    far = far_residual(problem, learnable, rng)
    return Sum(((1.0, near.thinned(thin) if thin > 1 else replace(near, bent=_BENT)), (_FAR_SHARE, far.thinned(thin))))


def field_error_of(target: Target, dynamics: Dynamics) -> float:
    """Return the rms of D r - z - F(z) on paths of the target over the rms of F, for units that adapt."""
    known, d, circuit = target.known, target.task.dimension, dynamics.circuit
    path = Path.of(target, known[:: max(1, len(known) // _CHECKED)], 0.0)
    inputs = (dynamics.drive(circuit.tensor(z)) for z in path.moments)
    made = circuit.collect(moved_response(dynamics, inputs, path.step, path.before).rate).double().cpu().numpy()
    true = target.flow(path.samples)
    return float(np.sqrt(np.mean((made - path.samples - true)[:, :d] ** 2) / np.mean(true[:, :d] ** 2)))


@dataclass(frozen=True)
class Path:
    """Paths of a target at steps of ``step`` seconds; ``before`` moments are there for the currents alone."""

    moments: Float[np.ndarray, "moment path latent"]
    before: int
    step: float

    @classmethod
    def of(
        cls, target: Target, start: Float[np.ndarray, "path latent"], kick: Float[np.ndarray, "path latent"] | float
    ) -> Self:
        """Return the paths from some states; each is moved by its kick right before its first sample."""
        before, seen, step = _clock(target.net)
        moments = [start]
        for k in range(before + seen - 1):
            z = moments[-1] + kick if k == before - 1 else moments[-1]
            moments.append(target.advance(z, step))
        return cls(np.stack(moments), before, step * target.net.tau)

    @property
    def samples(self) -> Float[np.ndarray, "sample latent"]:
        """The states that count, path by path."""
        return self.moments[self.before :].swapaxes(0, 1).reshape(-1, self.moments.shape[2])


def _starts(target: Target, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return where paths begin, and their kicks, zero for half of them."""
    count = math.ceil(sample_count(target) / _clock(target.net)[1])
    start = target.scaled(target.task.states(count, seed=int(rng.integers(2**31))))
    kicked = rng.uniform(size=(count, 1)) < _KICKED
    return start, noise * kicked * rng.standard_normal(start.shape)


def _clock(net: Network) -> tuple[int, int, float]:
    """Return how many moments are before the first sample, how many are samples, and the step between them in tau."""
    assert isinstance(net.transfer, LIF)
    late = net.transfer.adaptation_tau / net.tau
    step = _STEP * min(1.0, late)
    return math.ceil(_BEFORE * late / step), math.ceil(_SEEN / step), step


def check_adaptation(net: Network, learned: tuple[str, ...] = ("bias",)) -> None:
    """Refuse what units that adapt cannot learn: other numbers, and currents that outlast the synapses.

    A loop of units with g = beta R' keeps still and then runs away where tau_a g / (1 + g) > tau: what the currents
    bring back is more than what decays.
    """
    if not isinstance(net.transfer, LIF) or not net.transfer.adapts or net.feed_forward:
        return
    if learned != ("bias",):
        raise ValueError(
            f'units that adapt learn their tonic inputs alone, and learn="{"+".join(learned)}" was asked for; use '
            'learn="bias", or LIF(adaptation=0)'
        )
    x = torch.linspace(-1, 5, 601, dtype=torch.float64)
    most = net.transfer.adaptation_tau * net.transfer.adapted_by * float(net.transfer.slope(x).max())
    if most >= net.tau:
        raise ValueError(
            f"currents that last adaptation_tau {net.transfer.adaptation_tau} s hold slow motion back for "
            f"{most:.3g} s, more than synapses of tau {net.tau} s carry it, and the network would swing by itself; "
            "use a shorter adaptation_tau, less adaptation, or a longer tau"
        )
