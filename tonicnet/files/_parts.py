"""Parts: files and folders that are being written, and those whose writer was killed.

A part is locked while its writer lives. Its name holds a hash of the machine, since locks may not be seen from another.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import secrets
import shutil
import time
import zlib
from pathlib import Path

from ._lock import lock

_PART = re.compile(r"\.tonicnet-([0-9a-f]{8})-[0-9a-f]{12}\.part")
_STALE = 86400.0  # seconds after which a part that another machine began is given up


def part_of(folder: Path) -> Path:
    """Return the path of a new part in a folder."""
    return folder / f".tonicnet-{_host()}-{secrets.token_hex(6)}.part"


def sweep(folder: Path) -> None:
    """Remove the parts of writers that live no longer."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for found in entries:
            match = _PART.fullmatch(found.name)
            if match:
                _remove_dead(Path(found.path), here=match[1] == _host())


def _remove_dead(part: Path, *, here: bool) -> None:
    """Remove a part whose lock is free; where that cannot be told, as of other machines, one that is old."""
    with contextlib.suppress(OSError):
        handle = os.open(part, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            free = lock(handle) if here else None
            old = time.time() - os.fstat(handle).st_mtime > _STALE
            if free or (free is None and old):
                _remove(part)
        finally:
            os.close(handle)


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part)
    else:
        part.unlink()


def _host() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"
