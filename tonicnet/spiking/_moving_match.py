"""What neurons that adapt should put out on paths of a network, as a residual in their tonic inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..circuit import Dynamics, moved_response
from ..parameters import Response
from ._lif_network import LIFNetwork
from ._matched_field import MatchedField

PATH_STEP = 0.05  # between moments of a path, in tau


@dataclass(frozen=True)
class MovingMatch(MatchedField):
    """The matched field where currents of adaptation run beside: p = R(y) + w sigma(y) + kappa(y) dy/dt, y = h - a.

    ``dynamics`` are the neurons' at any tonic input, ``moments`` paths of z at steps of ``step`` seconds, of which the
    first ``before`` are there for the currents alone.
    """

    dynamics: Dynamics
    moments: Float[Tensor, "moment path component"]
    step: float
    before: int

    def response(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates at the states, and their derivative by the tonic inputs."""
        units = replace(self.dynamics.units, tonic=theta)
        made = _on(replace(self.dynamics, units=units), self.moments, self.step, self.before, self._answer)
        return made.rate, made.through

    def _answer(self, left: Any, pace: Any) -> list[Tensor]:
        """Return w sigma + kappa dy/dt, and its derivative by the tonic input."""
        plain = self.neuron.at_rest
        (sigma, sigma_slope), (kappa, kappa_slope) = plain.own(left[0]), plain.lead(left[0])
        steep = (self.own * sigma_slope + kappa_slope * pace[0]) * left[1]
        return [self.own * sigma + kappa * pace[0], steep + kappa * pace[1]]


def matched_in_motion(
    learned: Dynamics,
    other: LIFNetwork,
    moments: Float[Tensor, "moment path component"],
    step: float,
    before: int,
) -> MovingMatch:
    """Return what the neurons of a model should put out on paths of learned dynamics."""
    circuit = learned.circuit
    wanted = circuit.collect(_on(learned, moments, step, before).rate)
    units = replace(learned.units, phi=other.lif)
    still = torch.zeros(0, dtype=circuit.dtype)
    return MovingMatch(
        other.lif, circuit.tensor(other.own), still, still, wanted, circuit.out, replace(learned, units=units), moments,
        step, before,
    )  # fmt: skip


def _on(dynamics: Dynamics, moments: Tensor, step: float, before: int, answer: Any = None) -> Response:
    return moved_response(dynamics, (dynamics.drive(z) for z in moments), step, before, answer)
