"""Networks of one input whose units are hinges, phi(x - k) and phi(k - x), as in learning by permutation.

Source: Cai, Chen and Qiao (2024), arXiv 2407.01033.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ._layers import NARROW

if TYPE_CHECKING:
    from ._spec import NetworkSpec

_RANGE = math.sqrt(3)  # ends of an evenly distributed input of unit variance


def directions(spec: NetworkSpec) -> Float[np.ndarray, "unit input"]:
    """Return 1 for the first half of the units and -1 for the second."""
    return np.repeat([1.0, -1.0], spec.units // 2)[:, None]


def coefficients(spec: NetworkSpec, rng: np.random.Generator) -> Float[np.ndarray, "component unit"]:
    """Return readouts whose rows have the norm decoder_scale: only their ratios are those of the law.

    "equidistant" numbers are evenly spaced from -1 to 1, in a random order. "pairwise" ones are evenly distributed
    there, and the second half of the units has the opposite of the first. "uniform", "xavier" and "he" ones are
    independent.
    """
    size, half = (spec.components, spec.units), (spec.components, spec.units // 2)
    if spec.readout == "equidistant":
        drawn = rng.permuted(np.tile(np.linspace(-1, 1, spec.units), (spec.components, 1)), axis=1)
    elif spec.readout == "pairwise":
        first = rng.uniform(-1, 1, half)
        drawn = np.concatenate([first, -first], axis=1)
    else:
        drawn = rng.standard_normal(size) if spec.readout == "he" else rng.uniform(-1, 1, size)
    return spec.decoder_scale * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def even(spec: NetworkSpec) -> Float[np.ndarray, " pair"]:
    """Return evenly spaced numbers from -1 to 1, one for each pair of units."""
    return np.linspace(-1, 1, spec.units // 2)


def hinges(spec: NetworkSpec, rng: np.random.Generator) -> Float[np.ndarray, " unit"]:
    """Return the tonic inputs, up to the threshold of the units, that place both units of a pair at one input.

    The places cover an even input of unit variance evenly; with N units those of "xavier" are within sqrt(6 / (N + 1))
    of half its range, those of "he" have the standard deviation sqrt(2 / N) of it: the wider the network, the narrower.
    """
    places = _narrow(spec, rng) if spec.readout in NARROW else even(spec)
    return -spec.encoder_scale * _RANGE * np.concatenate([places, -places])


def _narrow(spec: NetworkSpec, rng: np.random.Generator) -> Float[np.ndarray, " pair"]:
    if spec.readout == "xavier":
        return math.sqrt(6 / (spec.units + 1)) * rng.uniform(-1, 1, spec.units // 2)
    return math.sqrt(2 / spec.units) * rng.standard_normal(spec.units // 2)
