"""Which precision, and which library, multiplies fastest on this processor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor

_SIZE = 256  # of the matrices multiplied: a few milliseconds, or some tens where bfloat16 is emulated
_REPEATS = 5  # of which the fastest counts, so that a busy machine does not decide
_GAIN = 1.3  # how much faster another way must be: where it pays, processors are about twice as fast by it
_EXACT = 1e-5  # largest relative error of a float32 product, which is about 3e-7; of rounded inputs it is over 1e-3


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


@contextmanager
def fast_products(on: bool = True) -> Iterator[None]:
    """Multiply float32 matrices by oneDNN within the block, where that is faster on this processor and as exact.

    MKL, which torch uses otherwise, multiplied at half of the speed on an AMD processor with AVX512.
    """
    if not (on and _fast_onednn()):
        yield
        return
    with _by_onednn():
        yield


@lru_cache(maxsize=1)
def _fast_onednn() -> bool:
    """Return whether oneDNN multiplies float32 faster than what torch takes by default, and rounds no more."""
    exact = torch.linspace(-1, 1, _SIZE * _SIZE, dtype=torch.float64).mul(1e4).sin().view(_SIZE, _SIZE)
    matrix = exact.float()
    times = []
    for _ in range(_REPEATS):
        usual = _seconds(matrix)
        with _by_onednn():
            times.append((usual, _seconds(matrix)))
    with _by_onednn():
        off = (matrix @ matrix).double() - matrix.double() @ matrix.double()
    usual, other = (min(column) for column in zip(*times, strict=True))
    return other * _GAIN < usual and float(off.norm()) < _EXACT * float((exact @ exact).norm())


@contextmanager
def _by_onednn() -> Iterator[None]:
    """Let oneDNN multiply; torch has no other name for this than a precision that oneDNN may fall to, and need not."""
    products = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    held = products.fp32_precision
    products.fp32_precision = "bf16"
    try:
        yield
    finally:
        products.fp32_precision = held


def _seconds(matrix: Tensor) -> float:
    begun = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - begun
