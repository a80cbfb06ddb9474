"""A store: a folder with one small file a job, named by the job's key. Studies may share one."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np

from .._names import path_of, shown
from ..files import load, parse_json, write
from ._record import Record, decoded
from ._work import Reply

MARK = "tonicnet-store.json"
VERSION = 1  # of what a store holds
_CELL, _BANK, _ASIDE = ".nc", ".bank.nc", ".unreadable"


class Store:
    """The results of jobs by key, in a folder; a study without a store has one that keeps nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def has(self, key: str, *, bank: bool = False) -> bool:
        """Return whether the result of a job is there, with its bank if that is asked for."""
        return self._path(key, _CELL).exists() and (not bank or self._path(key, _BANK).exists())

    def held(self, *, banks: bool = False) -> set[str]:
        """Return the keys of all jobs that are there, by the names of files alone."""
        if self.folder is None:
            return set()
        names = {one.name for part in os.scandir(self.folder) if part.is_dir() for one in os.scandir(part.path)}
        cells = {name.removesuffix(_CELL) for name in names if name.endswith(_CELL) and not name.endswith(_BANK)}
        return cells & {name.removesuffix(_BANK) for name in names if name.endswith(_BANK)} if banks else cells

    def read(self, key: str) -> Record | None:
        """Return the record of a job; None for a file that cannot be read, which is set aside with a warning."""
        path = self._path(key, _CELL)
        try:
            return decoded(path.read_bytes(), key)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, OSError, MemoryError) as error:
            self._set_aside(path, error)
            return None

    def bias(self, key: str) -> np.ndarray | None:
        """Return the tonic inputs of a job's bank; None for a file that cannot be read, which is set aside."""
        path = self._path(key, _BANK)
        try:
            return np.asarray(load(path)["bias"].values[0])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, OSError, MemoryError) as error:
            self._set_aside(path, error)
            return None

    def keep(self, key: str, reply: Reply) -> None:
        """Write what a job has found: its bank first, so that a record never stands without it."""
        if self.folder is None or reply.record is None:
            return
        self._path(key, _CELL).parent.mkdir(exist_ok=True)
        if reply.bank:
            write(self._path(key, _BANK), reply.bank)
        write(self._path(key, _CELL), reply.content)

    def bank_path(self, key: str) -> Path:
        """Return where the bank of a job is."""
        return self._path(key, _BANK)

    def _path(self, key: str, suffix: str) -> Path:
        return (self.folder or Path(os.devnull)) / key[:2] / f"{key}{suffix}"

    def _set_aside(self, path: Path, error: Exception) -> None:
        aside = path.with_name(path.name + _ASIDE)
        path.replace(aside)
        warnings.warn(f"{path} is not read ({error}); it is {aside.name} now, and its job is run again", stacklevel=3)


def open_store(path: str | os.PathLike[str] | None) -> Store:
    """Return the store in a folder, a new one where there is none or an empty folder.

    Raises ValueError for a folder that holds something else, and for a store of another version of tonicnet.
    """
    if path is None:
        return Store()
    folder = path_of(path)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"store is a folder, and {shown(str(folder))[1:-1]} is a file; give another path")
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists():
        if any(one.name[:1] != "." for one in folder.iterdir()):
            raise ValueError(f"{folder} holds other files and is no store of studies; give a new or an empty folder")
        write(mark, json.dumps({"kind": "tonicnet store", "version": VERSION}).encode())
    _check_version(mark)
    return Store(folder)


def _check_version(mark: Path) -> None:
    told = parse_json(mark.read_text(errors="replace"), str(mark))
    version = told.get("version") if isinstance(told, dict) else None
    if version != VERSION:
        raise ValueError(
            f"{mark.parent} is a store of version {shown(version)}, and this tonicnet reads version {VERSION}; give "
            "another folder, or use the tonicnet that wrote it"
        )
