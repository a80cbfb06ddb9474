"""Disks that are full or read-only, and writers that are killed: the old file stays, and nothing else does."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import xarray as xr

import tonicnet as tn
from tonicnet.files import write

from .kinds import scratch

_KILOBYTES = 256


def full(count: int, seed: int) -> dict[str, int]:
    """Return what became of so many files saved on a disk with less room than they take."""
    with _disk() as disk:
        random.seed(seed)
        return _counted(count, disk, lambda old: _save_full(old, random.randrange(8, 200)), errno.ENOSPC)


def _save_full(old: Path, left: int) -> None:
    """Save with so many kilobytes left on the disk, of which the file needs more than there are."""
    filler = old.with_name("filler")
    state = os.statvfs(old.parent)
    with contextlib.suppress(OSError):
        filler.write_bytes(bytes(max(state.f_bavail * state.f_frsize - left * 1024, 0)))
    try:
        tn.save(tn.load_bank("atlas-1000").assign(more=("x", list(map(float, range(8000))))), old)
    finally:
        filler.unlink()


def read_only(count: int, seed: int) -> dict[str, int]:
    """Return what became of so many files saved on a disk that takes none."""
    del seed
    with _disk() as disk:
        (disk / "old.nc").write_bytes(b"")
        tn.save(_small(), disk / "old.nc")
        _mount("-o", "remount,ro", str(disk))
        return _counted(count, disk, lambda old: tn.save(_small(), old) and None, errno.EROFS)


def _counted(count: int, disk: Path, save: Callable[[Path], None], number: int) -> dict[str, int]:
    old, found = disk / "old.nc", Counter()
    with contextlib.suppress(OSError):
        tn.save(_small(), old)
    before = old.read_bytes()
    for _ in range(count):
        try:
            save(old)
            found["written"] += 1
        except OSError as error:
            found["one OSError"] += error.errno == number
        found["old file intact"] += old.read_bytes() == before
        found["nothing left behind"] += [p.name for p in disk.iterdir()] == ["old.nc"]
    return {"tried": count, "process alive": count} | dict(found)


def killed(count: int, seed: int) -> dict[str, int]:
    """Return what became of so many writers killed at a random moment, and of what the next one finds."""
    folder, found = scratch(), Counter()
    old = folder / "old.nc"
    random.seed(seed)
    good = tn.load_bank("atlas-1000")
    content = tn.save(good, old).read_bytes()
    for _ in range(count):
        writer = _writer(old, content)
        time.sleep(random.uniform(0, 0.1))
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        found["old file intact"] += tn.load(old).identical(good)
        found["left a part"] += len(list(folder.iterdir())) > 1
        write(old, content)
        found["nothing left behind"] += [p.name for p in folder.iterdir()] == ["old.nc"]
    return {"tried": count} | dict(found)


def _writer(path: Path, content: bytes) -> int:
    """Return a process that writes the file again and again, once it has begun to."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(there, b"x")
        while True:
            write(path, content)
    os.read(here, 1)
    os.close(here)
    os.close(there)
    return child


def _small() -> xr.Dataset:
    return tn.task("hopf").trajectory(1.0, 0.1, seed=0)


@contextlib.contextmanager
def _disk() -> Iterator[Path]:
    """A small disk in memory; mounting one needs root (``unshare --mount --map-root-user``)."""
    disk = scratch()
    _mount("-t", "tmpfs", "-o", f"size={_KILOBYTES}k", "tmpfs", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        disk.rmdir()


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)
