"""What networks do before they learn: the largest Lyapunov exponent under the biases that learning starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

import tonicnet as tn
from tonicnet.learn import first_bias

LONG, BEFORE, TRIALS = 50.0, 25.0, 4  # tau measured, tau before that, starts
STEP, STEEP = 0.25, 4.0  # step in tau, halved with every doubling of the decoder beyond: the loop is so much faster
_KNOWN: dict[tuple[str, int], tuple[float, float]] = {}  # many tasks stand on one network


def exponent(net: tn.Network, seed: int) -> tuple[float, float]:
    """Return the largest exponent of a network under its first biases and its standard error, in 1/tau."""
    key = (net.sha256, seed)
    if key not in _KNOWN:
        _KNOWN[key] = _measured(net, seed)
    return _KNOWN[key]


def _measured(net: tn.Network, seed: int) -> tuple[float, float]:
    step = STEP / max(1.0, net.spec.decoder_scale / STEEP)
    found = tn.measure.lyapunov_spectrum(
        net, first_bias(net, seed=seed), k=1, duration=LONG * net.tau, transient=BEFORE * net.tau, trials=TRIALS,
        dt=net.spec.dt or step * net.tau,
    )  # fmt: skip
    return net.tau * found["exponent"].item(), net.tau * found["exponent_error"].item()  # task time is the second


def exponents(dims: Mapping[str, Sequence[Any]], draw: Callable[..., tn.Network]) -> xr.Dataset:
    """Return the exponents over some dims, one of them the seed; ``draw`` makes the network of one place."""
    values = np.array([exponent(draw(**place), place["seed"]) for place in _places(dims)])
    shaped = values.reshape(*(len(one) for one in dims.values()), 2)
    told = "largest Lyapunov exponent of the untouched network"
    words = {"exponent": told, "exponent_error": f"standard error of the {told}"}
    arrays = {
        name: (tuple(dims), shaped[..., at], {"units": "1/tau", "long_name": text})
        for at, (name, text) in enumerate(words.items())
    }
    return xr.Dataset(arrays, coords={name: list(one) for name, one in dims.items()})


def _places(dims: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(dims, values, strict=True)) for values in product(*dims.values())]
