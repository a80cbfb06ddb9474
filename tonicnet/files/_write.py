"""Writing bytes: whole or not at all, whatever happens to the disk or the process."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .._names import path_of
from ._lock import lock
from ._parts import part_of, sweep

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


def write(path: str | os.PathLike[str], *content: bytes) -> Path:
    """Write a file of these bytes; one that is there already is replaced once the new one is on the disk.

    The bytes go to a file beside the target, which then takes its name and its mode (a new file obeys the umask). A
    symbolic link stays, and what it points to is replaced. What a killed process left half written in the folder is
    removed by the next writer. Returns the path. Raises FileNotFoundError for a missing folder and OSError
    (PermissionError where something is not allowed) where the bytes cannot be written; the old file is then as it was.
    """
    target = destination(path)
    try:
        with _part(target) as (part, stream):
            stream.writelines(content)
            stream.flush()
            _to_disk(stream.fileno())
            if os.name == "nt":  # where an open file cannot take another name
                stream.close()
            part.replace(target)
        _folder_to_disk(target.parent)
    except OSError as error:
        raise _sentence(target, error) from error
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise what :func:`write` would raise for a folder that is missing or cannot be written to."""
    target = destination(path)
    try:
        with _part(target):
            pass
    except OSError as error:
        raise _sentence(target, error) from error


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the file that is to be replaced: links are followed. Raises OSError for what is no plain file."""
    target = Path(os.path.realpath(path_of(path)))
    if not target.parent.is_dir():
        folder = target.parent if os.path.islink(path) else Path(path).parent
        raise FileNotFoundError(f"no folder {folder} to write {target.name} into; create it first")
    if target.is_symlink():
        raise OSError(f"{path} is a symbolic link that leads back to itself; remove it or choose another name")
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "a device or a pipe"
        raise OSError(f"{target} is {kind}, no file to be replaced; choose another name")
    return target


@contextlib.contextmanager
def _part(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Hand out a new file in the target's folder, locked while its writer lives; it is gone afterwards."""
    sweep(target.parent)
    part, handle = _begin(target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            yield part, stream
    finally:
        part.unlink(missing_ok=True)


def _begin(folder: Path) -> tuple[Path, int]:
    """Create a part and lock it; begin again if a sweep took it for a dead writer's in between."""
    while True:
        part = part_of(folder)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if lock(handle) is not False and part.exists():
            return part, handle
        os.close(handle)


def _to_disk(handle: int) -> None:
    """Have the bytes on the disk before the name changes; some file systems cannot say when they are."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sentence(target: Path, error: OSError) -> OSError:
    allowed = error.errno not in _NOT_ALLOWED
    said = (
        f"cannot write {target} ({error.strerror or error}); what was there is as it was, so make room or choose "
        "another folder, and write it again"
        if allowed
        else f"cannot write into {target.parent} ({error.strerror}); choose a folder you can write to"
    )
    made = OSError(said) if allowed else PermissionError(said)
    made.errno = error.errno
    return made
