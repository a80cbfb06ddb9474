"""Structured draws of low-rank synapses: encoders and decoders that are not independent of each other.

Each has the scales of the independent draw: encoders of standard deviation ``encoder_scale``, rows of the decoder of
norm ``decoder_scale`` in the root mean square, so that spikes make as much noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from ._spec import NetworkSpec

Encoder = Float[np.ndarray, "unit component"]
Decoder = Float[np.ndarray, "component unit"]

_BITS = 32  # to which points of a low-discrepancy sequence are computed


def structured(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return encoder and decoder of unit scale, both before the signs of Dale's law."""
    return _BY_NAME[spec.draw](spec, rng)


def halton(column: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, " point"]:
    """Return one coordinate of the first ``count`` scrambled Halton points, as a standard normal number.

        x_n = sum_k pi_k(digit_k of n in base p) p^-(k+1),    p the prime number of the column

    Each digit has a random permutation pi_k of its own, so columns may be drawn at different times and stay joint
    points. Source: Owen (2017), arXiv 1706.02808.

    >>> bool(abs(halton(0, 1024, np.random.default_rng(0)).mean()) < 0.001)
    True
    """
    base = _prime(column)
    places = np.arange(math.ceil(_BITS / math.log2(base)))
    digits = np.arange(count)[:, None] // base**places % base
    permutations = rng.permuted(np.tile(np.arange(base), (len(places), 1)), axis=1)
    weights = float(base) ** -(places + 1)
    return ndtri(permutations[places, digits] @ weights + weights[-1] / 2)


def _prime(index: int) -> int:
    """Return a prime number by its index, from 2 on."""
    found: list[int] = []
    number = 2
    while len(found) <= index:
        if all(number % p for p in found):
            found.append(number)
        number += 1
    return found[-1]


def _independent(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return normal encoders, then normal decoders."""
    encoder = rng.standard_normal((spec.units, spec.components))
    return encoder, rng.standard_normal((spec.components, spec.units)) / np.sqrt(spec.units)


def _paired(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return units i and i + N / 2 of equal encoder and opposite decoder."""
    encoder, decoder = _half(spec, rng)
    return np.concatenate([encoder, encoder]), np.concatenate([decoder, -decoder], axis=1)


def _paired_low_discrepancy(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return pairs as :func:`_paired` does, whose encoders are scrambled Halton points."""
    encoder, decoder = _even(spec, spec.units // 2, rng), _half(spec, rng)[1]
    return np.concatenate([encoder, encoder]), np.concatenate([decoder, -decoder], axis=1)


def _antithetic(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return units i and i + N / 2 of opposite encoder and decoder."""
    encoder, decoder = _half(spec, rng)
    return np.concatenate([encoder, -encoder]), np.concatenate([decoder, -decoder], axis=1)


def _half(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return normal encoders and decoders of the first half of the units."""
    encoder = rng.standard_normal((spec.units // 2, spec.components))
    return encoder, rng.standard_normal((spec.components, spec.units // 2)) / np.sqrt(spec.units)


def _orthogonal(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return encoders in orthogonal blocks of K with the norms of normal ones, and orthonormal rows of the decoder.

    Source: orthogonal random features, Yu et al. (2016), arXiv 1610.09072.
    """
    n, k = spec.units, spec.components
    blocks = _rotations(rng.standard_normal((-(-n // k), k, k)))
    norms = np.sqrt(rng.chisquare(k, size=n))
    decoder = _rotations(rng.standard_normal((n, k))).T
    return blocks.reshape(-1, k)[:n] * norms[:, None], decoder


def _rotations(normal: Float[np.ndarray, "*batch row column"]) -> Float[np.ndarray, "*batch row column"]:
    """Return evenly distributed orthonormal columns, from normal matrices (Mezzadri 2007, arXiv math-ph/0609050)."""
    q, r = np.linalg.qr(normal)
    return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


def _low_discrepancy(spec: NetworkSpec, rng: np.random.Generator) -> tuple[Encoder, Decoder]:
    """Return encoders that are scrambled Halton points, and normal decoders."""
    encoder = _even(spec, spec.units, rng)
    return encoder, rng.standard_normal((spec.components, spec.units)) / np.sqrt(spec.units)


def _even(spec: NetworkSpec, count: int, rng: np.random.Generator) -> Encoder:
    """Return so many encoders as scrambled Halton points, a coordinate a component."""
    return np.stack([halton(k, count, rng) for k in range(spec.components)], axis=1)


_BY_NAME: dict[str, Callable[[NetworkSpec, np.random.Generator], tuple[Encoder, Decoder]]] = {
    "paired": _paired,
    "paired-low-discrepancy": _paired_low_discrepancy,
    "antithetic": _antithetic,
    "orthogonal": _orthogonal,
    "low-discrepancy": _low_discrepancy,
    "silent": _independent,
}
