"""What tonic inputs do to the units of a feed-forward network: gains over samples, and who is shut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from ..task import given_inputs
from ._alone import Alone

_CHUNK = 2**22  # numbers of rates that are held at once


class Effect(NamedTuple):
    """Of each unit: its mean gain, the error of that, and whether it is silent or saturated all along."""

    gain: Float[np.ndarray, " unit"]
    error: Float[np.ndarray, " unit"]
    silent: np.ndarray
    saturated: np.ndarray


def effect_of_samples(row: Alone, samples: Any, off: float) -> Effect:
    """Return the gains of one task over its samples.

    A unit that is shut off is silent if its rate never exceeds the median rate of the units that are not, and saturated
    if not. Raises ValueError for samples of another shape, and where a dict has none of the task.
    """
    gain, rate = _responses(row, _inputs(row, samples))
    shut = gain.max(axis=0) < off * gain.max()
    usual = float(np.median(rate[:, ~shut])) if (~shut).any() else 0.0
    silent = shut & (rate.max(axis=0) <= usual)
    error = gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
    return Effect(gain.mean(axis=0), error, silent, shut & ~silent)


def _inputs(row: Alone, samples: Any) -> Float[np.ndarray, "sample input"]:
    """Return the inputs that the network gets."""
    name, net = row.entry.task, row.dynamics.net
    if isinstance(samples, Mapping):
        if name not in samples:
            raise ValueError(f"samples has none of task {name!r}, it has {', '.join(map(str, samples)) or 'none'}")
        samples = samples[name]
    values = given_inputs(samples, "samples")[0]
    if values.shape[1:] not in (net.inputs, (net.encoder.shape[1],)) or len(values) < 2:
        raise ValueError(
            f"samples has {len(values)} samples of shape {values.shape[1:]}, the network takes {net.inputs}; give two "
            "or more of that shape"
        )
    return row.entry.scaling.inputs_to_network(values.reshape(len(values), -1))


def _responses(row: Alone, z: Float[np.ndarray, "sample input"]) -> tuple[np.ndarray, np.ndarray]:
    """Return gains and rates (sample, unit)."""
    dynamics = row.dynamics.dynamics
    parts = [dynamics.respond(part) for part in torch.as_tensor(z).split(max(1, _CHUNK // row.dynamics.net.units))]
    return torch.cat([p.through for p in parts]).numpy(), torch.cat([p.rate for p in parts]).numpy()
