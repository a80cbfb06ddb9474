"""Which precision this processor multiplies fastest."""

from __future__ import annotations

import time
from functools import lru_cache

import torch
from torch import Tensor

_SIZE = 256  # of the matrices multiplied: a few milliseconds, or some tens where bfloat16 is emulated
_REPEATS = 5  # of which the fastest counts, so that a busy machine does not decide
_GAIN = 1.3  # how much faster bfloat16 must be: with it processors are about twice as fast, without it slower


@lru_cache(maxsize=1)
def fast_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 faster than float32, by timing a small product of each.

    Timed once a process: what a processor says of itself does not tell, since some claim bfloat16 and emulate it.
    """
    exact = torch.linspace(-1, 1, _SIZE * _SIZE).view(_SIZE, _SIZE)
    rough = exact.to(torch.bfloat16)
    _seconds(exact)  # the first products set threads and buffers up
    if _seconds(rough) > 20 * _seconds(exact):  # emulated: no need to wait for more of them
        return False
    times = [(_seconds(exact), _seconds(rough)) for _ in range(_REPEATS)]
    full, half = (min(column) for column in zip(*times, strict=True))
    return half * _GAIN < full


def _seconds(matrix: Tensor) -> float:
    begun = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - begun
