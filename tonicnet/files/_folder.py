"""Folders to work in: gone at the end, whatever the end is."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .._interrupt import Interrupts, uninterrupted
from ._lock import lock
from ._parts import part_of, sweep


@contextlib.contextmanager
def workplace(parent: str | os.PathLike[str], mode: int = 0o777) -> Iterator[Path]:
    """Hand out a new folder inside another; it is removed at the end unless it was moved elsewhere.

    Ctrl-C and SIGTERM remove it too, and what a killed process has left is removed by the next one that works in
    ``parent``. ``mode`` is what the umask takes from. Raises OSError where no folder can be made.
    """
    with Interrupts():
        sweep(Path(parent))
        with contextlib.ExitStack() as end:
            with uninterrupted():
                folder, handle = _begin(Path(parent), mode)
                end.callback(os.close, handle)
                end.callback(shutil.rmtree, folder, ignore_errors=True)
            yield folder


def _begin(parent: Path, mode: int) -> tuple[Path, int]:
    while True:
        folder = part_of(parent)
        folder.mkdir(mode)
        with contextlib.suppress(FileNotFoundError):  # a sweep took it for a dead process's in between
            handle = os.open(folder, os.O_RDONLY)
            if lock(handle) is not False and folder.exists():
                return folder, handle
            os.close(handle)
