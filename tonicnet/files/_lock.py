"""Locks that die with their process, on open files."""

from __future__ import annotations

import errno

try:
    import fcntl
except ImportError:  # not on this system: nobody can tell whether a writer lives
    fcntl = None  # type: ignore[assignment]

_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)


def lock(handle: int) -> bool | None:
    """Lock an open file and return True; return False if somebody else has, None where files cannot be locked."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _TAKEN else None
    return True
