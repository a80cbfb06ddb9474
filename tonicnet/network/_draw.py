"""Drawing frozen synapses: one generator, one order (encoder, decoder, recurrent), float64 rounded to float32."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float32

from ._feed_forward import feed_forward
from ._layers import FEED_FORWARD
from ._spec import INDEPENDENT, NetworkSpec, dynamics
from ._structured import structured

Recurrent = np.ndarray | sp.csr_array | None

_BLOCK = 1024  # rows drawn at once, so that sparse networks never hold an N x N array


class Synapses(NamedTuple):
    """Encoder E (N x K), decoder D (K x N) and random recurrent synapses (N x N, or None when low-rank).

    Of a feed-forward network the weights of the inputs (N x inputs), the readout, and what lies between its layers.
    """

    encoder: Float32[np.ndarray, "unit input"]
    decoder: Float32[np.ndarray, "component unit"]
    recurrent: Recurrent


def draw(spec: NetworkSpec) -> Synapses:
    """Draw the synapses of a recipe; the same recipe gives the same bytes."""
    rng = np.random.Generator(np.random.Philox(spec.seed))
    if spec.synapses == FEED_FORWARD:
        into, out, between = feed_forward(spec, rng)
        return Synapses(into.astype(np.float32), out.astype(np.float32), between)
    encoder, decoder = _latent(spec, rng)
    if spec.dale:
        sign = _signs(spec)
        encoder, decoder = np.abs(encoder), np.abs(decoder) * sign
    recurrent = None if spec.synapses == "low-rank" else _recurrent(spec, rng)
    return Synapses(encoder.astype(np.float32), decoder.astype(np.float32), recurrent)


def _latent(spec: NetworkSpec, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return encoder and decoder before the signs of Dale's law; the order of the independent draw is published."""
    if spec.draw != INDEPENDENT:
        encoder, decoder = structured(spec, rng)
        return spec.encoder_scale * encoder, spec.decoder_scale * decoder
    encoder = spec.encoder_scale * rng.standard_normal((spec.units, spec.components))
    return encoder, spec.decoder_scale / np.sqrt(spec.units) * rng.standard_normal((spec.components, spec.units))


def content_hash(spec: NetworkSpec, synapses: Synapses) -> str:
    """Return the SHA-256 of the synapses' float32 bytes and of what else decides the dynamics."""
    digest = hashlib.sha256(json.dumps(dynamics(spec), sort_keys=True).encode())
    for array in _arrays(synapses):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _arrays(synapses: Synapses) -> list[np.ndarray]:
    recurrent = synapses.recurrent
    if isinstance(recurrent, sp.csr_array):
        last = [recurrent.data, recurrent.indices.astype(np.int64), recurrent.indptr.astype(np.int64)]
    else:
        last = [] if recurrent is None else [recurrent]
    return [synapses.encoder, synapses.decoder, *last]


def _recurrent(spec: NetworkSpec, rng: np.random.Generator) -> np.ndarray | sp.csr_array:
    """W = (g / sqrt(N p)) J o mask, row block by row block."""
    scale = spec.gain / np.sqrt(spec.units * spec.density)
    blocks = [_block(spec, rng, scale, start) for start in range(0, spec.units, _BLOCK)]
    return np.concatenate(blocks) if spec.synapses == "dense" else sp.csr_array(sp.vstack(blocks, format="csr"))


def _block(spec: NetworkSpec, rng: np.random.Generator, scale: float, start: int) -> np.ndarray | sp.csr_array:
    rows = min(_BLOCK, spec.units - start)
    drawn = scale * rng.standard_normal((rows, spec.units))
    if spec.dale:
        drawn = np.abs(drawn) * _signs(spec)
    if spec.synapses == "dense":
        return drawn.astype(np.float32)
    mask = rng.random((rows, spec.units)) < spec.density
    return sp.csr_array((drawn * mask).astype(np.float32))


def _signs(spec: NetworkSpec) -> np.ndarray:
    """Outgoing sign of each unit: the last ``inhibitory`` share is negative and as much stronger as it is rarer."""
    inhibitory = round(spec.inhibitory * spec.units)
    if not 0 < inhibitory < spec.units:
        raise ValueError(
            f"dale needs both kinds of unit: {spec.inhibitory} of {spec.units} units is {inhibitory} inhibitory"
        )
    excitatory = spec.units - inhibitory
    return np.concatenate([np.ones(excitatory), np.full(inhibitory, -excitatory / inhibitory)])
