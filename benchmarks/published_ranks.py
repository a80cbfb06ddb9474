"""Learning by permutation at the published settings, compiled from published_ranks.c.

Pairs of hinges, relu(x + b) and relu(b - x), learn y = -sin(2 pi x) from 1600 even random x between -1 and 1, as

    y = offset + scale * sum_i c_i h_i(x).

Adam moves c, scale and offset, eight samples a step, for 6400 epochs, at a rate of 1e-3 * 0.998^epoch. Every five
epochs each c takes the drawn number of the same rank; Adam keeps its moments. The numbers c begin in a random order,
the scale at 1. `tonicnet` takes all samples in each step, and eliminates offset and scale. Here nothing is shared
with it, so that published errors can be compared at the published settings.

Source: Cai, Chen and Qiao (2024), arXiv 2407.01033, and the settings of its public repository.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray
SAMPLES, TESTED, EPOCHS, EVERY, RATE, DECAY = 1600, 400, 6400, 5, 1e-3, 0.998


def curve(x: Array) -> Array:
    """Return -sin(2 pi x)."""
    return -np.sin(2 * np.pi * x)


def drawn(draw: str, pairs: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return places of the hinges, one a pair, and the numbers c of all units."""
    units, even = 2 * pairs, np.linspace(-1, 1, pairs)
    if draw == "equidistant":
        return even, rng.permutation(np.linspace(-1, 1, units))
    if draw == "pairwise":
        places, half = rng.uniform(-1, 1, (2, pairs))
        return places, np.concatenate([half, -half])
    if draw == "uniform":
        return even, rng.uniform(-1, 1, units)
    if draw == "xavier":
        most = math.sqrt(6 / (units + 1))
        return rng.uniform(-most, most, pairs), rng.uniform(-most, most, units)
    return math.sqrt(2 / units) * rng.standard_normal(pairs), math.sqrt(2 / units) * rng.standard_normal(units)


@cache
def compiled() -> Any:
    """Return the function `learn` of published_ranks.c."""
    source, folder = Path(__file__).with_suffix(".c"), tempfile.mkdtemp()
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, str(source), "-o", f"{folder}/ranks.so", "-lm"], check=True)
    return ctypes.CDLL(f"{folder}/ranks.so").learn


def errors(draw: str, pairs: int, seeds: range) -> tuple[list[float], list[float]]:
    """Return root mean squares and largest errors on the test part, one a seed."""
    wrong = np.stack([_wrong(draw, pairs, seed) for seed in seeds])
    return np.sqrt((wrong**2).mean(1)).tolist(), np.abs(wrong).max(1).tolist()


def _wrong(draw: str, pairs: int, seed: int) -> Array:
    rng = np.random.default_rng(np.random.SeedSequence([seed, pairs, *draw.encode()]))
    x = rng.uniform(-1, 1, SAMPLES)
    places, numbers = drawn(draw, pairs, rng)
    up, place = np.repeat([1.0, -1.0], pairs), np.tile(places, 2)
    affine = np.array([1.0, rng.uniform(-1, 1)], np.float32)
    numbers = numbers.astype(np.float32)
    held = [one.astype(np.float32) for one in (up, place, x, curve(x), np.sort(numbers))]
    p = [one.ctypes.data_as(ctypes.c_void_p) for one in (*held, numbers, affine)]
    compiled()(
        2 * pairs, p[0], p[1], SAMPLES, p[2], p[3], EPOCHS, EVERY, ctypes.c_double(RATE), ctypes.c_double(DECAY),
        ctypes.c_uint64(seed), *p[4:],
    )  # fmt: skip
    tested = np.linspace(-1, 1, TESTED)
    made = affine[0] * np.maximum(up * tested[:, None] + place, 0) @ numbers + affine[1]
    return made - curve(tested)
