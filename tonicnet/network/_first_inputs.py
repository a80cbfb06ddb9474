"""The first tonic inputs: where learning starts, drawn so that they suit the synapses."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float

from ._hinges import hinges
from ._layers import FEED_FORWARD, HINGES
from ._spec import HALVES, NetworkSpec
from ._structured import halton
from ._transfer import Transfer

_DENSE = 0.1  # of the spread of first tonic inputs: broad ones silence what random synapses do by themselves
_NEWTON_STEPS = 30  # at most, to silence
_SILENT = 1e-9  # outputs below it, in units of the decoder's norm, count as zero

Inputs = Float[np.ndarray, " unit"]


def first_tonic_inputs(
    spec: NetworkSpec, decoder: Float[np.ndarray, "component unit"], rng: np.random.Generator
) -> Inputs:
    """Return first tonic inputs with the mean and spread of the transfer function (``Transfer.spread``).

    A tenth of that spread where synapses are recurrent and not low-rank; of a feed-forward network the spread over the
    root of the number of inputs, since the more inputs, the more the weights themselves tile their space. Units in
    pairs share theirs; those of a low-discrepancy draw are the next coordinate of the points that its encoders are;
    those of a silent one are moved, as little as possible, to where D phi(b) = 0. Hinges are placed over their input.

    Raises ValueError where no tonic inputs make the output zero.

    >>> from tonicnet.network import Network
    >>> net = Network(units=50, seed=0, draw="paired")
    >>> b = first_tonic_inputs(net.spec, net.decoder, np.random.default_rng(0))
    >>> bool((b[:25] == b[25:]).all())
    True
    """
    mean, spread = spec.transfer.spread
    if spec.weights == HINGES:
        return mean + hinges(spec, rng)
    share = {"low-rank": 1.0, FEED_FORWARD: 1 / math.sqrt(math.prod(spec.inputs))}.get(spec.synapses, _DENSE)
    drawn = mean + share * spread * _standard(spec, rng)
    return _silenced(drawn, decoder, spec.transfer) if spec.draw == "silent" else drawn


def _standard(spec: NetworkSpec, rng: np.random.Generator) -> Inputs:
    """Return standard normal numbers, one a unit, that suit the draw."""
    count = spec.units // 2 if spec.draw in HALVES else spec.units
    even = spec.draw in ("low-discrepancy", "paired-low-discrepancy")
    drawn = halton(spec.components, count, rng) if even else rng.standard_normal(count)
    return np.tile(drawn, spec.units // count)


def _silenced(first: Inputs, decoder: Float[np.ndarray, "component unit"], transfer: Transfer) -> Inputs:
    """Return the tonic inputs with D phi(b) = 0 that Newton steps of least norm find near ``first``."""
    out, bias = decoder.astype(np.float64), first
    zero, far = _SILENT * float(np.linalg.norm(out)), transfer.spread[1] * np.sqrt(len(first))
    for _ in range(_NEWTON_STEPS):
        rate, slope = (x.numpy() for x in transfer.both(torch.as_tensor(bias)))
        output = out @ rate
        if np.linalg.norm(output) <= zero:
            return bias
        bias = bias - np.linalg.lstsq(out * slope, output, rcond=None)[0]
        if np.linalg.norm(bias - first) > far:  # units so far from threshold are silent one by one, and cannot learn
            break
    raise ValueError(
        f'draw="silent" found no tonic inputs with zero output for {len(bias)} units and {len(out)} components; '
        'raise units, or use draw="paired"'
    )
