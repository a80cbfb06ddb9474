"""How many threads torch computes with: sums taken apart in another way end in other last digits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def held_threads(count: int | None) -> Iterator[None]:
    """Let torch compute with so many threads for a while; with as many as it has if ``count`` is None.

    >>> before = torch.get_num_threads()
    >>> with held_threads(1):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count is not None:
            torch.set_num_threads(before)
