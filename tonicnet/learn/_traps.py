"""Stable fixed points beside an attractor that has none: where a network that looks right ends after a long time."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Filter
from ..simulate import Circuit
from ._points import distance_to, distinct

_STARTS = 400
_STEPS = 40  # of Newton's method
_STILL = 1e-4  # |F| of a fixed point, in units of z per tau
_NEAR = 0.8  # from a known state: as far as the funnel lets the field be free


def traps(
    circuit: Circuit, bias: Tensor, known: Float[np.ndarray, "state component"], filter: Filter
) -> Float[np.ndarray, "point component"]:
    """Return the stable fixed points of a low-rank network near known states.

    Newton's method on F(z) = -z + D phi(E z + b) from known states and their surroundings; stable where loops of all
    eigenvalues of D diag(phi') E through the synaptic filter decay.
    """
    rng = np.random.default_rng(0)
    start = known[rng.integers(len(known), size=_STARTS)]
    z = circuit.tensor(start + 0.3 * rng.standard_normal(start.shape))
    b = bias.to(circuit.dtype)
    for _ in range(_STEPS):
        flow, jacobian = _linear(circuit, z, b)
        z = z - torch.linalg.lstsq(jacobian, flow[..., None]).solution[..., 0].clamp(-0.5, 0.5)
    flow, jacobian = _linear(circuit, z, b)
    still = flow.norm(dim=1) < _STILL
    gain = 1 + torch.linalg.eigvals(jacobian[still].double()).cpu().numpy()
    stable = filter.growth(gain).real.max(axis=1, initial=-np.inf) < 0
    kept = z[still].double().cpu().numpy()[stable]
    return distinct(kept[distance_to(known, kept) < _NEAR])


def _linear(circuit: Circuit, z: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    rate, gain = circuit.phi.both(torch.addmm(b, z, circuit.into))
    jacobian = (gain[:, None, :] * circuit.out.T) @ circuit.into.T
    return rate @ circuit.out - z, jacobian - torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
