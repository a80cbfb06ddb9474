"""Runs that were integrated once: kept in the process, and in a folder where the user asks for it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from ..files import seal, unsealed, write

FOLDER = "TONICNET_CACHE"  # environment variable: the folder in which runs are kept beyond the process
_ROOM = 256 * 2**20  # bytes that runs of one store may take
_EDITION = 3  # of what is kept; raise it when the same task would be integrated otherwise


@final
class Store:
    """Arrays by name, the latest used, as many as fit into ``room`` bytes. An array handed out is read-only."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room, self._held, self._lock = room, OrderedDict[str, np.ndarray](), threading.Lock()

    @property
    def size(self) -> int:
        """How many bytes the arrays take."""
        return sum(array.nbytes for array in self._held.values())

    def array(self, key: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the array of this key, computed if it is not there."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        found = compute()
        found.flags.writeable = False
        with self._lock:
            self._held[key] = found
            while len(self._held) > 1 and self.size > self._room:
                self._held.popitem(last=False)
        return found


_SHARED = Store()


@final
class Kept:
    """What is kept of one task: shared by all tasks of the same ``identity``, or its own where that is None."""

    def __init__(self, identity: str | None) -> None:
        self._identity = identity
        self._store = Store() if identity is None else _SHARED

    def array(self, what: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return an array of the task by its name, computed, or read from the folder, if it is not in memory."""
        key = f"{self._identity}-{what}"
        folder = os.environ.get(FOLDER)
        if self._identity is None or not folder:
            return self._store.array(key, compute)
        return self._store.array(key, lambda: _on_disk(Path(folder), key, compute))


def identity_of(tables: Mapping[str, Any]) -> str:
    """Return the hash of what determines the runs of a task."""
    text = json.dumps({"edition": _EDITION, **tables}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _on_disk(folder: Path, key: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the array of a file; compute and write it if there is no such file, or a damaged one."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder} to keep runs in, which {FOLDER} names; create it or unset {FOLDER}"
        )
    file = folder / f"tonicnet-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    found = _read(file, key)
    if found is None:
        found = compute()
        archive = io.BytesIO()
        np.savez(archive, key=np.array(key), values=found)
        write(file, archive.getvalue(), seal(archive.getvalue()))
    return found


def _read(file: Path, key: str) -> np.ndarray | None:
    """Return the array of a file, or None if it is missing, damaged, or another task's."""
    try:
        with np.load(io.BytesIO(unsealed(file.read_bytes())), allow_pickle=False) as held:
            return np.array(held["values"]) if str(held["key"]) == key else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
