"""Claims: one process at a time goes on with what a file holds."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from ._lock import lock


@contextlib.contextmanager
def claim(path: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other processes from claiming the same file, by a locked file ``.<name>.lock`` beside it.

    The lock goes with the process that holds it, however it ends. Raises RuntimeError, naming the process, if another
    one has claimed the file, and PermissionError where the folder cannot be written to.
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.lock")
    handle = _taken(target, beside)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
        os.close(handle)


def _taken(target: Path, beside: Path) -> int:
    """Return the open, locked file; one that its last holder has removed since it was opened is no lock."""
    while True:
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            raise PermissionError(
                f"cannot keep {target.name} in {target.parent} ({error.strerror}); choose a folder you can write to"
            ) from error
        if lock(handle) is False:
            holder = os.read(handle, 200).decode(errors="replace").strip()
            os.close(handle)
            raise RuntimeError(
                f"{target} is in use by {holder or 'another process'}, which learns into it now; wait until that has "
                "ended, or give another path"
            )
        if _same(handle, beside):
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {platform.node()}\n".encode())
            return handle
        os.close(handle)


def _same(handle: int, beside: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), beside.stat())
    except OSError:
        return False
