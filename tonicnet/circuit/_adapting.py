"""Units that adapt: a current of each, driven by its own rate, stands against its input.

    tau_a da/dt = -a + beta p,    p = R(h - a),    r = p (or what scales and masks make of p)

In a long run p = phi(h), the curve after adaptation. While the input moves, what is left of it is more:

    p = phi(h + tau_a da/dt)

exactly, since h - a = h + tau_a da/dt - beta p. Both are used here: the first to run, the second to begin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ..network import LIF
from ..parameters import Response
from ._dynamics import Dynamics
from ._motion import Motion
from ._runge_kutta import RK4, runge_kutta
from ._units import Units

Pair = list[Tensor]  # values, and their derivatives by the tonic input
Answer = Callable[[Pair, Pair], Pair]

_TURNS, _SHARE = 40, 0.5  # steps towards a current in motion, and how much of each is taken


def _neuron(units: Units) -> LIF:
    """Return the neuron of units that adapt."""
    assert isinstance(units.phi, LIF)
    return units.phi


@final
class Adapting(Motion):
    """tau dx/dt = -x + C r and the currents of all units, by Runge-Kutta steps of order 4.

    The run begins with the currents of a network that moves as it does at its first state.
    """

    def __init__(self, dynamics: Dynamics, state: Tensor, h: float) -> None:
        self._dynamics, self._h, self._size = dynamics, h, state.shape[1]
        self._both = torch.cat([state, starting_current(dynamics, state)], 1)

    @property
    def state(self) -> Tensor:  # type: ignore[override]
        """What the filter puts out."""
        return self._both[:, : self._size]

    def under(self, dynamics: Dynamics) -> None:
        """Go on under other numbers; state and currents run on."""
        self._dynamics = dynamics

    def advance(self, onto: Tensor) -> None:
        """Move on by ``h`` tau."""
        self._both = runge_kutta(lambda both: self._slope(both, onto), self._both, self._h, RK4)

    def kick(self, change: Tensor) -> None:
        """Add to the state."""
        self._both = torch.cat([self.state + change, self._both[:, self._size :]], 1)

    def _slope(self, both: Float[Tensor, "trial both"], onto: Tensor) -> Float[Tensor, "trial both"]:
        """Return the slopes of state and currents per tau."""
        state, current = both[:, : self._size], both[:, self._size :]
        dynamics, neuron, fired = self._dynamics, _neuron(self._dynamics.units), []

        def fire(x: Tensor) -> Tensor:
            fired.append(neuron.settled(x - current)[0])
            return fired[0]

        rate = dynamics.units.around(fire)(dynamics.drive(state, onto))
        per_tau = dynamics.circuit.net.tau / neuron.adaptation_tau
        return torch.cat(
            [dynamics.circuit.collect(rate) - state, per_tau * (neuron.adapted_by * fired[0] - current)], 1
        )


def starting_current(
    dynamics: Dynamics, state: Float[Tensor, "trial state"], onto: Tensor | None = None
) -> Float[Tensor, "trial unit"]:
    """Return the currents a of a network in motion at a state, to first order: a = beta p - l,

        p = phi(h + l),    l = tau_a da/dt = tau_a beta phi'(h) dh/dt,

    where dh/dt is that of the network with these currents: l is found step by step.
    """
    units, neuron, circuit = dynamics.units, _neuron(dynamics.units), dynamics.circuit
    h, still = dynamics.drive(state, onto), torch.zeros_like(dynamics.tonic)
    x = inner_input(units, h)
    late = neuron.adaptation_tau * neuron.adapted_by * neuron.slope(x)
    lift = torch.zeros_like(x)
    for _ in range(_TURNS):
        rate = units.around(lambda inner: neuron.value(inner + lift))(h)  # noqa: B023  (called at once)
        pace = circuit.drive((circuit.collect(rate) - state) / circuit.net.tau, still)
        wanted = late * (inner_input(units, h + pace) - x)
        lift = lift + _SHARE * (wanted - lift)
    return neuron.adapted_by * neuron.value(x + lift) - lift


def inner_input(units: Units, h: Tensor) -> Tensor:
    """Return what the neurons themselves receive of inputs h: gains are in it."""
    seen: list[Tensor] = []

    def see(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    units.around(see)(h)
    return seen[0]


def moved_response(
    dynamics: Dynamics,
    inputs: Iterable[Float[Tensor, "path unit"]],
    step: float,
    before: int,
    answer: Answer | None = None,
) -> Response:
    """Return the rates of units whose inputs h are known, moment by moment, path by path; and how the tonic input moves
    them.

        a' = a + (1 - exp(-step / tau_a)) (beta p - a),    r = R(h - a),    p = r + (r - r of the moment before) / 2

    and the like for da/db, of second order in ``step`` (seconds). The currents begin as in a long run, and the first
    ``before`` moments are not returned. Only tonic inputs may act on the units. ``answer`` is what a rate has beside R,
    for what is left y of the input and its movement: pairs, of values and their derivatives by the tonic input.
    """
    neuron = _neuron(dynamics.units)
    seen: list[Pair] = []
    taken = -math.expm1(-step / neuron.adaptation_tau)
    current: Pair = []
    last: Pair = []
    left: Pair = []
    for k, h in enumerate(inputs):
        current = current or [neuron.adapted_by * f for f in neuron.both(h)]
        earlier, left = left, [h - current[0], 1 - current[1]]
        rate, steep = neuron.settled(left[0])
        now = [rate, steep * left[1]]
        if answer is not None:
            pace = [(b - a) / step for a, b in zip(earlier or left, left, strict=True)]
            now = [a + b for a, b in zip(now, answer(left, pace), strict=True)]
        ahead = [1.5 * b - 0.5 * a for a, b in zip(last or now, now, strict=True)]
        current = [a + taken * (neuron.adapted_by * p - a) for a, p in zip(current, ahead, strict=True)]
        last = now
        seen += [now] if k >= before else []
    rate, slope = (torch.stack(parts, 1).flatten(0, 1) for parts in zip(*seen, strict=True))
    return Response(rate, slope, dict.fromkeys(dynamics.units.learned, slope))
