"""Drawing feed-forward synapses: weights of the inputs, weights between hidden layers, the readout, in this order."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from ._hinges import coefficients, directions
from ._layers import HINGED, HINGES, THIN
from ._spec import NetworkSpec

_REACH = 4  # standard deviations at which a Gaussian filter ends


def feed_forward(
    spec: NetworkSpec, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "unit input"], Float[np.ndarray, "component unit"], sp.csr_array | None]:
    """Return W, C and the synapses between layers (unit, unit; None for one hidden layer).

    W = (encoder_scale / sqrt(inputs)) J into the units of the first layer, (gain / sqrt(N_l)) J from each layer of N_l
    units to the next, J of unit variance; rows of W of later layers are zero, as are columns of C of earlier ones.
    """
    count, first = math.prod(spec.inputs), spec.layers[0]
    encoder = np.zeros((spec.units, count))
    encoder[:first] = spec.encoder_scale / np.sqrt(count) * _weights(spec, rng, first, spec.inputs)
    between = _between(spec, rng)
    decoder = np.zeros((spec.components, spec.units))
    decoder[:, -spec.layers[-1] :] = _readout(spec, rng)
    return encoder, decoder, between


def _between(spec: NetworkSpec, rng: np.random.Generator) -> sp.csr_array | None:
    """Return the synapses between layers as one matrix whose blocks lie below the diagonal."""
    if len(spec.layers) == 1:
        return None
    blocks: list[list[sp.csr_array | None]] = [[None] * len(spec.layers) for _ in spec.layers]
    for k, size in enumerate(spec.layers):
        blocks[k][k] = sp.csr_array((size, size), dtype=np.float32)
        if k:
            before = spec.layers[k - 1]
            drawn = spec.gain / np.sqrt(before) * _weights(spec, rng, size, (before,))
            blocks[k][k - 1] = sp.csr_array(drawn.astype(np.float32))
    return sp.csr_array(sp.bmat(blocks, format="csr"))


def _weights(
    spec: NetworkSpec, rng: np.random.Generator, units: int, shape: tuple[int, ...]
) -> Float[np.ndarray, "unit input"]:
    """Return J (unit, input) of unit variance; smooth only where inputs have neighbours."""
    if spec.weights == HINGES:
        return directions(spec)
    size = (units, math.prod(shape))
    drawn = _signs(rng, size) if spec.weights == "ternary" else rng.standard_normal(size)
    if spec.weights in THIN:
        drawn = drawn * (rng.random(size) < spec.density) / np.sqrt(spec.density)
    if spec.weights == "smooth" and len(shape) > 1:
        for axis in (1, 2):  # of a picture; channels are independent
            drawn = _smoothed(drawn.reshape(units, *shape), spec.width, axis)
    return drawn.reshape(size)


def _smoothed(
    drawn: Float[np.ndarray, "unit row column *channel"], width: float, axis: int
) -> Float[np.ndarray, "unit row column *channel"]:
    """Return numbers filtered by a Gaussian along an axis, with unit variance where the filter is whole.

    Sums are taken one shift at a time, in one order: no library of filters decides on the last digit.
    """
    length = drawn.shape[axis]
    reach = min(math.ceil(_REACH * width), length - 1)
    taps = [math.exp(-0.5 * (k / width) ** 2) for k in range(reach + 1)]
    norm = math.sqrt(taps[0] ** 2 + 2 * sum(tap**2 for tap in taps[1:]))
    source = np.moveaxis(drawn, axis, 0)
    total = taps[0] / norm * source
    for k in range(1, reach + 1):
        total[k:] += taps[k] / norm * source[:-k]
        total[:-k] += taps[k] / norm * source[k:]
    return np.moveaxis(total, 0, axis)


def _readout(spec: NetworkSpec, rng: np.random.Generator) -> Float[np.ndarray, "component unit"]:
    """Return C of the last layer: Gaussian, or one-hot, where each unit feeds one output with either sign.

    A row has the norm decoder_scale in the root mean square either way.
    """
    if spec.readout in HINGED:
        return coefficients(spec, rng)
    last, outputs = spec.layers[-1], spec.components
    if spec.readout == "gaussian":
        return spec.decoder_scale / np.sqrt(last) * rng.standard_normal((outputs, last))
    fed = np.arange(last) % outputs == np.arange(outputs)[:, None]
    return spec.decoder_scale * np.sqrt(outputs / last) * fed * _signs(rng, (last,))


def _signs(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return np.where(rng.random(size) < 0.5, -1.0, 1.0)
