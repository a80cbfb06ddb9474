"""What arrays would take, weighed before they are allocated."""

from __future__ import annotations

import os

GIB = 2**30
_STEPS = 10**9  # of a run: hours, or days
_LARGEST = 2**900  # what is more is no float


def machine_memory() -> int:
    """Return the bytes of memory that this machine has.

    >>> machine_memory() > 2**27
    True
    """
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say: as much as most have
        return 16 * GIB


def weigh(what: str, count: float, advice: str) -> None:
    """Raise MemoryError, in a sentence, where ``what`` would take more bytes than this machine has.

    >>> weigh("a run of 10 samples", 80, "sample less often")
    """
    have = machine_memory()
    if count > have:
        size = min(count, _LARGEST) / GIB
        raise MemoryError(f"{what} would take {size:.3g} GiB, this machine has {have / GIB:.3g} GiB; {advice}")


def check_end(steps: float, advice: str) -> None:
    """Raise ValueError, in a sentence, for a run of so many steps that nobody would see its end.

    >>> check_end(1e6, "run for less time")
    """
    if steps > _STEPS:
        raise ValueError(f"a run of {min(steps, _LARGEST):.3g} steps would not end, {_STEPS:.0e} are allowed; {advice}")
